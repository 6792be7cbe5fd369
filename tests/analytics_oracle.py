"""The analytics team's answers, worked out in plain Python from what the star must hold.

Like tests/oracle.py it knows none of the project's SQL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise
from statistics import median
from typing import Any

from tests.oracle import Star, nulls_last, start_time

Rows = list[list[Any]]


@dataclass(frozen=True)
class Play:
    """A play as the files tell it."""

    user: int
    session: int
    at: datetime
    event: dict[str, Any]
    song: dict[str, Any] | None

    @property
    def level(self) -> str:
        return str(self.event["level"])

    @property
    def visit(self) -> tuple[int, int]:
        return self.user, self.session

    @property
    def monday(self) -> datetime:
        midnight = self.at.replace(hour=0, minute=0, second=0, microsecond=0)
        return midnight - timedelta(days=self.at.weekday())


def plays_of(star: Star) -> list[Play]:
    """All plays, in order of user and time."""
    return sorted(
        (
            Play(user, session, start_time(ts), dict(play["event"]), play["song"])
            for (user, session, ts), play in star.plays.items()
        ),
        key=lambda play: (play.user, play.at),
    )


def tenths(part: float, whole: float) -> float:
    return float((Decimal(part) / Decimal(whole)).quantize(Decimal("0.1"), ROUND_HALF_UP))


def share(part: int, whole: int) -> float:
    return tenths(100 * part, whole)


def users(plays: list[Play]) -> int:
    return len({play.user for play in plays})


def grouped(plays: list[Play], key: Callable[[Play], Any]) -> dict[Any, list[Play]]:
    groups: dict[Any, list[Play]] = {}
    for play in plays:
        groups.setdefault(key(play), []).append(play)
    return groups


def most_first(rows: Rows, plays_at: int, limit: int | None = 10) -> Rows:
    """By plays, most first, then by what stands before them."""
    return sorted(
        rows, key=lambda row: (-row[plays_at], [nulls_last(value) for value in row[:plays_at]])
    )[:limit]


def seconds(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat()


def totals(plays: list[Play], star: Star) -> Rows:
    moments = [play.at for play in plays]
    return [
        [
            len(plays),
            users(plays),
            len({play.visit for play in plays}),
            share(sum(play.song is not None for play in plays), len(plays)),
            share(sum(play.level == "paid" for play in plays), len(plays)),
            seconds(min(moments)),
            seconds(max(moments)),
        ]
    ]


def top_songs(plays: list[Play], star: Star) -> Rows:
    known = grouped([play for play in plays if play.song], lambda play: play.song["song_id"])
    rows = []
    for song_id, group in known.items():
        song = star.known_songs[song_id]
        artist = star.artists[song["artist_id"]]["artist_name"]
        rows.append([song["title"], artist, len(group), users(group)])
    return most_first(rows, 2)


def top_artists(plays: list[Play], star: Star) -> Rows:
    known = grouped(
        [play for play in plays if play.song],
        lambda play: star.known_songs[play.song["song_id"]]["artist_id"],
    )
    rows = [
        [
            star.artists[artist_id]["artist_name"],
            len(group),
            users(group),
            len({play.song["song_id"] for play in group if play.song}),
        ]
        for artist_id, group in known.items()
    ]
    return most_first(rows, 1)


def known_songs(plays: list[Play], star: Star) -> Rows:
    groups = grouped(plays, lambda play: "known" if play.song else "unknown")
    return [
        [kind, len(group), users(group), share(len(group), len(plays))]
        for kind, group in sorted(groups.items())
    ]


def most_wanted(plays: list[Play], star: Star) -> Rows:
    unknown = [play for play in plays if play.song is None]
    groups = grouped(unknown, lambda play: (play.event["song"], play.event["artist"]))
    return most_first([[*key, len(group), users(group)] for key, group in groups.items()], 2)


def plays_by_day(plays: list[Play], star: Star) -> Rows:
    first_day = {play.user: play.at.date() for play in reversed(plays)}
    return [
        [
            day.isoformat(),
            len(group),
            sum(play.level == "free" for play in group),
            sum(play.level == "paid" for play in group),
            users(group),
            sum(first == day for first in first_day.values()),
        ]
        for day, group in sorted(grouped(plays, lambda play: play.at.date()).items())
    ]


def plays_by_hour(plays: list[Play], star: Star) -> Rows:
    groups = grouped(plays, lambda play: play.at.hour)
    return [[hour, len(group), users(group)] for hour, group in sorted(groups.items())]


def plays_by_weekday(plays: list[Play], star: Star) -> Rows:
    rows = []
    for _, group in sorted(grouped(plays, lambda play: play.at.weekday()).items()):
        days = len({play.at.date() for play in group})
        name = f"{group[0].at:%A}"
        rows.append([name, len(group), users(group), days, tenths(len(group), days)])
    return rows


def plays_by_week(plays: list[Play], star: Star) -> Rows:
    return [
        [
            f"{monday:%Y-%m-%d}",
            monday.isocalendar().week,
            len(group),
            users(group),
            len({play.at.date() for play in group}),
        ]
        for monday, group in sorted(grouped(plays, lambda play: play.monday).items())
    ]


def plays_by_level(plays: list[Play], star: Star) -> Rows:
    rows = [
        [
            level,
            len(group),
            users(group),
            share(len(group), len(plays)),
            tenths(len(group), users(group)),
        ]
        for level, group in grouped(plays, lambda play: play.level).items()
    ]
    return most_first(rows, 1, None)


def upgrade_times(plays: list[Play]) -> dict[int, datetime]:
    """When a user first went from a free play to a paid one."""
    times: dict[int, datetime] = {}
    for before, after in pairwise(plays):
        levels = (before.level, after.level)
        if before.user == after.user and levels == ("free", "paid"):
            times.setdefault(after.user, after.at)
    return times


def upgrades(plays: list[Play], star: Star) -> Rows:
    rows = []
    for user, moment in upgrade_times(plays).items():
        before = [play for play in plays if play.user == user and play.at < moment]
        newest = star.newest[user][-1]
        row = [
            str(user),
            f"{newest['firstName']} {newest['lastName']}",
            seconds(moment),
            len(before),
            len({play.session for play in before}),
            (moment.date() - before[0].at.date()).days,
            newest["level"],
        ]
        rows.append((moment, user, row))
    rows.sort(key=lambda entry: (-entry[0].timestamp(), entry[1]))
    return [row for _, _, row in rows[:20]]


def before_upgrade(plays: list[Play], star: Star) -> Rows:
    times = upgrade_times(plays)
    before = [play for play in plays if play.user in times and play.at < times[play.user]]
    groups = grouped(before, lambda play: play.event["artist"])
    return most_first([[artist, len(group), users(group)] for artist, group in groups.items()], 1)


def active_users(plays: list[Play], star: Star) -> Rows:
    groups = grouped(plays, lambda play: play.user)
    ranked = sorted(groups.items(), key=lambda entry: (-len(entry[1]), entry[0]))
    rows = []
    for user, group in ranked[:10]:
        newest = star.newest[user][-1]
        rows.append(
            [
                str(user),
                f"{newest['firstName']} {newest['lastName']}",
                newest["level"],
                len(group),
                len({play.session for play in group}),
                seconds(group[-1].at),
            ]
        )
    return rows


def sessions(plays: list[Play], star: Star) -> Rows:
    by_level: dict[str, list[tuple[int, int]]] = {}
    for group in grouped(plays, lambda play: play.visit).values():
        level = "paid" if any(play.level == "paid" for play in group) else "free"
        # Full seconds at either end, as DATEDIFF counts.
        length = group[-1].at.replace(microsecond=0) - group[0].at.replace(microsecond=0)
        by_level.setdefault(level, []).append((len(group), int(length.total_seconds())))
    return [
        [
            level,
            len(visits),
            tenths(sum(count for count, _ in visits), len(visits)),
            float(median(count for count, _ in visits)),
            tenths(sum(length for _, length in visits), 60 * len(visits)),
            tenths(max(length for _, length in visits), 60),
        ]
        for level, visits in sorted(by_level.items())
    ]


def session_sizes(plays: list[Play], star: Star) -> Rows:
    counts = Counter(play.visit for play in plays)
    sizes = (
        ("1", 1, 1), ("2 to 5", 2, 5), ("6 to 10", 6, 10), ("11 to 20", 11, 20),
        ("21 to 50", 21, 50), ("over 50", 51, 10**9),
    )  # fmt: skip
    rows = []
    for name, least, most in sizes:
        fitting = [count for count in counts.values() if least <= count <= most]
        if fitting:
            of_sessions = share(len(fitting), len(counts))
            rows.append([name, len(fitting), of_sessions, share(sum(fitting), len(plays))])
    return rows


def by_word(plays: list[Play], field: str, words: tuple[tuple[str, str], ...]) -> Rows:
    """By the first word of (word, name) that a field of the event holds; without words, by it."""

    def name(play: Play) -> Any:
        value = play.event[field]
        return next((name for word, name in words if word in value), "other") if words else value

    rows = [
        [key, len(group), users(group), share(len(group), len(plays))]
        for key, group in grouped(plays, name).items()
    ]
    return most_first(rows, 1)


def locations(plays: list[Play], star: Star) -> Rows:
    return by_word(plays, "location", ())


def browsers(plays: list[Play], star: Star) -> Rows:
    words = (("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
    return by_word(plays, "userAgent", words)


def devices(plays: list[Play], star: Star) -> Rows:
    words = (
        ("iPad", "iPad"), ("iPhone", "iPhone"), ("Android", "Android"), ("Windows", "Windows"),
        ("Macintosh", "Mac"), ("Linux", "Linux"),
    )  # fmt: skip
    return by_word(plays, "userAgent", words)


def retention(plays: list[Play], star: Star) -> Rows:
    mondays: dict[int, set[datetime]] = {}
    for play in plays:
        mondays.setdefault(play.user, set()).add(play.monday)
    sizes = Counter(min(weeks) for weeks in mondays.values())
    returned = Counter(
        (min(weeks), (week - min(weeks)).days // 7) for weeks in mondays.values() for week in weeks
    )
    return [
        [f"{first:%Y-%m-%d}", later, count, share(count, sizes[first])]
        for (first, later), count in sorted(returned.items())
    ]


ORACLES: dict[str, Callable[[list[Play], Star], Rows]] = {
    "totals": totals,
    "top-songs": top_songs,
    "top-artists": top_artists,
    "known-songs": known_songs,
    "most-wanted": most_wanted,
    "plays-by-day": plays_by_day,
    "plays-by-hour": plays_by_hour,
    "plays-by-weekday": plays_by_weekday,
    "plays-by-week": plays_by_week,
    "plays-by-level": plays_by_level,
    "upgrades": upgrades,
    "before-upgrade": before_upgrade,
    "active-users": active_users,
    "sessions": sessions,
    "session-sizes": session_sizes,
    "locations": locations,
    "browsers": browsers,
    "devices": devices,
    "retention": retention,
}
