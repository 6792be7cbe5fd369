"""DATEFORMAT and TIMEFORMAT of COPY: text to a date or a timestamp as PostgreSQL reads it.

https://docs.aws.amazon.com/redshift/latest/dg/r_DATEFORMAT_and_TIMEFORMAT_strings.html and
.../automatic-recognition.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from functools import lru_cache

# A reader gives PostgreSQL's text, or None for a value that does not have the format.
Reader = Callable[[str], str | None]
EpochTexts = Callable[[Iterable[int]], list[str]]

DEFAULT_DATE = "YYYY-MM-DD"
# What Redshift prints as the format it expected when no TIMEFORMAT was given.
SHOWN_DEFAULT = {
    "timestamp": "YYYY-MM-DD HH24:MI:SS",
    "timestamptz": "YYYY-MM-DD HH24:MI:SSOF",
}
# These keywords are case-sensitive, the parts of a format string are not.
EPOCHS = {"epochsecs": 1, "epochmillisecs": 1000}
# An epoch is in UTC.
ZONES = {"timestamp": "", "timestamptz": "+00"}

_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_MONTH = "(?P<month_name>" + "|".join(f"{name[:3]}(?:{name[3:]})?" for name in _MONTHS) + ")"
_SECONDS = r"(?P<second>\d{1,2})(?:\.(?P<fraction>\d+))?"
_PARTS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<short_year>\d{2})",
    "MON": _MONTH,
    "MM": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{1,2})",
    "HH24": r"(?P<hour>\d{1,2})",
    "HH12": r"(?P<hour>\d{1,2})",
    "HH": r"(?P<hour>\d{1,2})",
    "MI": r"(?P<minute>\d{1,2})",
    "SS": _SECONDS,
    "AM": "(?P<meridian>[ap]m)",
    "PM": "(?P<meridian>[ap]m)",
}
_PART = re.compile("|".join(_PARTS) + r"|(?P<literal>[-/,.;:\s]|T)", re.IGNORECASE)

_OFFSET = r"[+-]\d{1,2}(?::?\d{2})?"
_ZONE = rf"(?P<zone>Z|UTC|GMT|{_OFFSET})"
_CLOCK = rf"(?P<hour>\d{{1,2}}):(?P<minute>\d{{1,2}})(?::{_SECONDS})?(?:\s*(?P<meridian>[ap]m))?"
# Names of zones that 'auto' reads.
_ZONE_NAMES = {
    "z": "+00", "utc": "+00", "gmt": "+00", "cet": "+01", "cest": "+02",
    "est": "-05", "edt": "-04", "cst": "-06", "cdt": "-05",
    "mst": "-07", "mdt": "-06", "pst": "-08", "pdt": "-07",
}  # fmt: skip
_AUTO_ZONE = rf"(?P<zone>{'|'.join(_ZONE_NAMES)}|{_OFFSET})"
_AUTO_DATES = (
    r"(?P<year>\d{4})(?P<mark>[-/.])(?P<month>\d{1,2})(?P=mark)(?P<day>\d{1,2})",
    r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
    r"(?P<short_year>\d{2})(?P<month>\d{2})(?P<day>\d{2})",
    r"(?P<month>\d{1,2})[-/](?P<day>\d{1,2})[-/](?P<year>\d{4})",
    rf"{_MONTH}[- ](?P<day>\d{{1,2}})(?:,? |-)(?P<year>\d{{4}})",
    rf"(?P<day>\d{{1,2}})[- ]{_MONTH}[- ](?P<year>\d{{4}})",
    r"(?P<month>\d{1,2})\.(?P<day>\d{1,2})\.(?P<year>\d{4})",
    r"(?P<year>\d{4})\.(?P<year_day>\d{3})",
    r"J(?P<julian>\d{1,9})",
)
_AUTO_TIMES = (
    rf"(?:(?:T|\s+){_CLOCK}(?:\s*{_AUTO_ZONE})?)?",
    rf"(?:T|\s+)(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}})(?:\s*{_AUTO_ZONE})?",
)
_AUTO_MOMENTS = (
    rf"(?P<day>\d{{1,2}}) {_MONTH} {_CLOCK} (?P<year>\d{{4}})(?:\s*{_AUTO_ZONE})?",
    rf"{_MONTH}-(?P<day>\d{{1,2}})-(?P<bc_year>\d{{1,4}}) BC",
)

# Redshift's timestamps end with the year 294276 and, as PostgreSQL's, begin in 4714 BC; seconds
# since 1970.
_FIRST_SECOND = -210_866_803_200
_END_SECOND = 9_224_318_016_000
_HOUR = 3600
_DAY = 24 * _HOUR
_JULIAN_1970 = 2_440_588
# The first whole year is the one after it.
_FIRST_YEAR_BC = 4714
# Seconds of so many digits end with the year 33658.
_SECONDS_DIGITS = 12
# Hours whose text is remembered.
_MOST_HOURS = 4096
_MINUTES_AND_SECONDS = [f"{second // 60:02}:{second % 60:02}" for second in range(_HOUR)]


def date_reader(date_format: str | None) -> Reader:
    """The reader of a DATE column; a time of day after the date is dropped."""
    if date_format == "auto":
        return _reader(_auto_patterns(), _date_text)
    pattern = _pattern(date_format or DEFAULT_DATE)
    return _reader([pattern + r"(?:[ T].*)?"] if pattern else [], _date_text)


def timestamp_reader(time_format: str | None, *, with_zone: bool) -> Reader:
    """The reader of a TIMESTAMP or, with a zone, TIMESTAMPTZ column for text that is no epoch."""
    if time_format == "auto":
        patterns = _auto_patterns()
    else:
        pattern = _pattern(time_format or "YYYY-MM-DD HH:MI:SS")
        zone = _ZONE + "?" if with_zone and time_format is None else ""
        patterns = [pattern + zone] if pattern else []
    return _reader(patterns, _zoned_text if with_zone else _timestamp_text)


def epoch_text(count: int, per_second: int) -> str | None:
    """The UTC timestamp `count` units after 1970, None when Redshift cannot hold it."""
    seconds, rest = divmod(count, per_second)
    if not _FIRST_SECOND <= seconds < _END_SECOND:
        return None
    hour, second = divmod(seconds, _HOUR)
    begin, era = _hour_text(hour)
    return f"{begin}{_MINUTES_AND_SECONDS[second]}{_fraction_text(rest)}{era}"


def plain_digits(per_second: int) -> int:
    """So few digits that every count of units after 1970 lies within Redshift's calendar."""
    return _SECONDS_DIGITS + len(str(per_second)) - 1


def plain_epochs(per_second: int, zone: str) -> EpochTexts:
    """The function from counts of units after 1970, of plain_digits, to their timestamps."""
    per_hour = _HOUR * per_second
    hours, clocks = _Hours(), _MINUTES_AND_SECONDS
    fractions = [_fraction_text(rest) + zone for rest in range(per_second)]

    def texts_of(counts: Iterable[int]) -> list[str]:
        # no call within: this is done for every event of a log
        return [
            hours[count // per_hour]
            + clocks[(rest := count % per_hour) // per_second]
            + fractions[rest % per_second]
            for count in counts
        ]

    return texts_of


class _Hours(dict[int, str]):
    """Day and hour by the hours after 1970, those that were asked for lately."""

    def __missing__(self, hours: int) -> str:
        if len(self) >= _MOST_HOURS:
            self.clear()
        text = self[hours] = _hour_text(hours)[0]
        return text


def _fraction_text(milliseconds: int) -> str:
    """The fraction of a second as it is written behind the seconds."""
    return f".{milliseconds:03}" if milliseconds else ""


@lru_cache(maxsize=_MOST_HOURS)
def _hour_text(hours: int) -> tuple[str, str]:
    """Day and hour, `hours` after 1970-01-01, and the era as _day_text has it."""
    days, hour = divmod(hours, 24)
    day, era = _day_text(days)
    return f"{day} {hour:02}:", era


@lru_cache(maxsize=4096)
def _day_text(days: int) -> tuple[str, str]:
    """The day `days` after 1970-01-01 and ' BC' where it belongs; datetime ends with 9999."""
    # the count starts at 0000-03-01, so that a leap day ends its year, 400 years being one cycle
    cycle, day = divmod(days + 719_468, 146_097)
    year = (day - day // 1460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5 - 1
    year += 400 * cycle + (month >= 10)
    month = month + 3 if month < 10 else month - 9
    if year > 0:
        return f"{year:04}-{month:02}-{day:02}", ""
    return f"{1 - year:04}-{month:02}-{day:02}", " BC"


def _pattern(format_text: str) -> str | None:
    """The regular expression of a format string, None when it has parts COPY does not know."""
    position, pattern = 0, ""
    while position < len(format_text):
        part = _PART.match(format_text, position)
        if part is None:
            return None
        pattern += re.escape(part[0]) if part["literal"] else _PARTS[part[0].upper()]
        position = part.end()
    return pattern


def _auto_patterns() -> list[str]:
    return [*(day + time for day in _AUTO_DATES for time in _AUTO_TIMES), *_AUTO_MOMENTS]


def _reader(patterns: list[str], to_text: Callable[[dict[str, str]], str]) -> Reader:
    try:
        compiled = [re.compile(pattern, re.IGNORECASE) for pattern in patterns]
    except re.error:  # a part named twice: nothing can have such a format
        compiled = []

    def read(value: str) -> str | None:
        for pattern in compiled:
            match = pattern.fullmatch(value)
            if match:
                try:
                    return to_text({name: text for name, text in match.groupdict().items() if text})
                except (ValueError, KeyError):  # no such day or hour, or a format without a year
                    return None
        return None

    return read


def _date_text(parts: dict[str, str]) -> str:
    return "".join(_day_and_era(parts))


def _day_and_era(parts: dict[str, str]) -> tuple[str, str]:
    """As _day_text has them; ValueError for a day that there is not."""
    if "julian" in parts:
        days = int(parts["julian"]) - _JULIAN_1970
        if not _FIRST_SECOND <= days * _DAY < _END_SECOND:
            raise ValueError("day of Redshift's calendar")
        return _day_text(days)
    month, day = _month(parts), int(parts.get("day", 1))
    if "bc_year" in parts:
        return _day_before_christ(int(parts["bc_year"]), month, day), " BC"
    if "short_year" in parts:
        year = int(parts["short_year"])
        year += 1900 if year >= 70 else 2000
    else:
        year = int(parts["year"])
    if "year_day" not in parts:
        return date(year, month, day).isoformat(), ""
    found = date(year, 1, 1) + timedelta(days=int(parts["year_day"]) - 1)
    if found.year != year:
        raise ValueError("day of the year")
    return found.isoformat(), ""


def _month(parts: dict[str, str]) -> int:
    if "month_name" not in parts:
        return int(parts.get("month", 1))
    name = parts["month_name"].lower()
    return next(n for n, full in enumerate(_MONTHS, 1) if full.startswith(name[:3]))


def _day_before_christ(year: int, month: int, day: int) -> str:
    """1 BC is a leap year, and the calendar repeats itself after 400 years."""
    if not 1 <= year < _FIRST_YEAR_BC:
        raise ValueError("year of Redshift's calendar")
    same = date(400 - (year - 1) % 400, month, day)
    return f"{year:04}-{same.month:02}-{same.day:02}"


def _timestamp_text(parts: dict[str, str], zone: str = "") -> str:
    hour = int(parts.get("hour", 0))
    if "meridian" in parts:
        if not 1 <= hour <= 12:
            raise ValueError("hour of a 12-hour clock")
        hour = hour % 12 + (12 if parts["meridian"].lower() == "pm" else 0)
    minute, second = int(parts.get("minute", 0)), int(parts.get("second", 0))
    if hour > 23 or minute > 59 or second > 59:
        raise ValueError("time of day")
    fraction = "." + parts["fraction"][:6] if "fraction" in parts else ""
    day, era = _day_and_era(parts)
    return f"{day} {hour:02}:{minute:02}:{second:02}{fraction}{zone}{era}"


def _zoned_text(parts: dict[str, str]) -> str:
    zone = parts.get("zone", "+00")
    return _timestamp_text(parts, _ZONE_NAMES.get(zone.lower(), zone))
