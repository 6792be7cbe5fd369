"""The events of the sample: one month of visits by invented listeners, as the public log has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from standin.sample_songs import Chance, Song, Weighted, invent_artist, invent_title, words

DAYS = 30
DAY_MS = 86_400_000
MONTH_START = 1_541_030_400_000  # 2018-11-01T00:00:00Z, a Thursday
MONTH_END = MONTH_START + DAYS * DAY_MS
MILLISECONDS = 796  # every ts of a month shares them, as in the public set
EVENTS_PER_USER = 83
SWITCHERS = 8  # listeners who change between free and paid within the month

KNOWN_PLAYS = 0.05
HIT_SHARE = 0.12  # of the plays of known songs
ENCORE_SHARE = 0.1  # likewise, of a song that exists in two recordings

# From Thursday to Wednesday, and from 0 to 23 o'clock UTC: evenings in America are busiest.
WEEKDAY_WEIGHTS = (1.25, 1.1, 0.6, 0.65, 1.0, 1.1, 1.3)
HOUR_WEIGHTS = (
    7,
    6,
    4,
    4,
    4,
    6,
    9,
    10,
    11,
    15,
    20,
    21,
    15,
    17,
    21,
    24,
    30,
    27,
    27,
    21,
    18,
    14,
    11,
    9,
)

# Women and men in turn.
FIRST = words(
    "Adaline Brennan Cosima Dashiell Elowen Finnian Ginevra Hollis Ione Jareth Keziah Lachlan "
    "Marguerite Orson Niamh Quentin Philippa Séamus Rosalind Ulrich Tamsin Wendell Zoë Zachariah"
)
LAST = words(
    "Ashgrove Birdwhistle Crabtree Dovecote Elderberry Fernsby Goldfinch Hawthorne Ironmonger "
    "Jolliffe Kingfisher Loveday Mapplebeck Nettleship Oldacre Partridge Quince Ravenscroft "
    "Stonehewer Tolliver Umfreville Villiers Wildgoose Youngblood"
)
METROS = (
    "San Francisco-Oakland-Hayward, CA",
    "Chicago-Naperville-Elgin, IL-IN-WI",
    "Tampa-St. Petersburg-Clearwater, FL",
    "Atlanta-Sandy Springs-Roswell, GA",
    "Lansing-East Lansing, MI",
    "Portland-South Portland, ME",
    "Waterloo-Cedar Falls, IA",
    "New York-Newark-Jersey City, NY-NJ-PA",
    "Phoenix-Mesa-Scottsdale, AZ",
    "Houston-The Woodlands-Sugar Land, TX",
    "Red Bluff, CA",
    "Yuba City, CA",
    "Birmingham-Hoover, AL",
    "Sacramento--Roseville--Arden-Arcade, CA",
    "Eugene, OR",
    "San Jose-Sunnyvale-Santa Clara, CA",
    "Augusta-Richmond County, GA-SC",
    "Marinette, WI-MI",
)
SYSTEMS = (
    "Macintosh; Intel Mac OS X 10_9_4",
    "Windows NT 6.1; WOW64",
    "X11; Linux x86_64",
    "Windows NT 6.3; WOW64",
    "Windows NT 5.1",
    "iPhone; CPU iPhone OS 7_1_2 like Mac OS X",
)

# page, method, status, and whether only free or only paid listeners see it
SIDE_PAGES = (
    ("Home", "GET", 200, None),
    ("Home", "GET", 200, None),
    ("Home", "GET", 200, None),
    ("Settings", "GET", 200, None),
    ("Help", "GET", 200, None),
    ("About", "GET", 200, None),
    ("Error", "GET", 404, None),
    ("Save Settings", "PUT", 307, None),
    ("Upgrade", "GET", 200, "free"),
    ("Downgrade", "GET", 200, "paid"),
)

Event = dict[str, Any]


@dataclass
class User:
    """A listener; `level` is the one before `switch_at` (epoch ms), if there is such a moment."""

    user_id: int
    first_name: str
    last_name: str
    gender: str
    level: str
    location: str
    user_agent: str
    registration: float
    switch_at: int | None = None
    busy: list[tuple[int, int]] = field(default_factory=list)

    def level_at(self, ts: int) -> str:
        """Free or paid at this moment."""
        if self.switch_at is None or ts < self.switch_at:
            return self.level
        return "free" if self.level == "paid" else "paid"

    def is_busy(self, start: int, end: int) -> bool:
        """Does a visit of this time overlap one that the listener already makes?"""
        return any(start <= until and end >= since for since, until in self.busy)


class Jukebox:
    """What is played: rarely a song of the catalogue, mostly one that it does not have."""

    def __init__(self, songs: list[Song], events: int, chance: Chance) -> None:
        self._songs, self._chance = songs, chance
        self._encores = songs[39::40]
        credited = {(song.title, song.artist_name) for song in songs}
        artists = [invent_artist(chance) for _ in range(300 + events // 12)]
        self._unknown = [
            play
            for play in (self._invent(artists) for _ in range(400 + events * 2 // 3))
            if play[:2] not in credited
        ]

    def play(self) -> tuple[str, str, float]:
        """(title, artist, length in seconds) of the next play."""
        if self._songs and self._chance.happens(KNOWN_PLAYS):
            song = self._known()
            # Some players report a length of their own.
            own = self._chance.happens(0.04)
            length = round(song.duration + self._chance.between(-4, 4), 5) if own else song.duration
            return song.title, song.artist_name, length
        return self._unknown[self._chance.skewed(len(self._unknown))]

    def _known(self) -> Song:
        if self._chance.happens(HIT_SHARE):
            return self._songs[len(self._songs) // 3]
        if self._encores and self._chance.happens(ENCORE_SHARE):
            return self._chance.pick(self._encores)
        return self._songs[self._chance.below(len(self._songs))]

    def _invent(self, artists: list[str]) -> tuple[str, str, float]:
        """A play of a song that is not in the catalogue; a few share a title with one that is."""
        title = invent_title(self._chance)
        if self._songs and self._chance.happens(0.02):
            title = self._chance.pick(self._songs).title
        artist = artists[self._chance.skewed(len(artists))]
        return title, artist, self._chance.between(90, 410)


class Visit:
    """One session of one listener: `events` in order, `ts` where it has got to."""

    def __init__(
        self, user: User, start: int, session_id: int, jukebox: Jukebox, chance: Chance
    ) -> None:
        self.events: list[Event] = []
        self.ts = start
        self._user, self._session_id = user, session_id
        self._jukebox, self._chance = jukebox, chance
        self._level = user.level_at(start)

    def run(self, *, switches: bool, bounces: bool) -> None:
        """Arrive, listen, leave; with `switches` the listener changes the level on arrival.

        With `bounces` the listener may leave before logging in.
        """
        if switches:
            self._switch()
        elif bounces and self._bounce():
            return
        self._page("Home", "GET", 200)
        if not self._chance.happens(0.3):  # else the first song starts within the same second
            self._wait(40)
        for _ in range(self._songs_wanted()):
            if self.ts >= MONTH_END:
                break
            self._song()
            if self._chance.happens(0.05):
                self._side_page()
        if self._chance.happens(0.06):
            self._page("Logout", "PUT", 307)

    def _bounce(self) -> bool:
        """Perhaps arrive logged out; then perhaps leave without logging in (True)."""
        if not self._chance.happens(0.16):
            return False
        self._page("Home", "GET", 200, logged_in=False)
        self._wait(60)
        if self._chance.happens(0.3):
            return True
        self._page("Login", "PUT", 307, logged_in=False)
        self._wait(3)
        return False

    def _switch(self) -> None:
        """Pay from now on, or stop to."""
        self._level = self._user.level
        way = "Upgrade" if self._level == "free" else "Downgrade"
        self._page(way, "GET", 200)
        self._wait(30)
        self._page(f"Submit {way}", "PUT", 307)
        self._wait(5)
        self._level = "paid" if self._level == "free" else "free"

    def _songs_wanted(self) -> int:
        return 1 + self._chance.skewed(96 if self._level == "paid" else 20)

    def _song(self) -> None:
        """Play a song to its end, as the public log does: the next event comes after it."""
        title, artist, length = self._jukebox.play()
        self._page("NextSong", "PUT", 200, title, artist, length)
        self.ts += int(length) * 1000

    def _side_page(self) -> None:
        page, method, status, level = self._chance.pick(SIDE_PAGES)
        if level in (None, self._level):
            self._page(page, method, status)
            self._wait(60)

    def _wait(self, seconds: int) -> None:
        self.ts += 1000 * (1 + self._chance.below(seconds))

    def _page(
        self,
        page: str,
        method: str,
        status: int,
        song: str | None = None,
        artist: str | None = None,
        length: float | None = None,
        *,
        logged_in: bool = True,
    ) -> None:
        """Record a request; of one who is not logged in, little is known."""
        if self.ts >= MONTH_END:
            return
        user = self._user
        self.events.append(
            {
                "artist": artist,
                "auth": "Logged In" if logged_in else "Logged Out",
                "firstName": user.first_name if logged_in else None,
                "gender": user.gender if logged_in else None,
                "itemInSession": len(self.events),
                "lastName": user.last_name if logged_in else None,
                "length": length,
                "level": self._level,
                "location": user.location if logged_in else None,
                "method": method,
                "page": page,
                "registration": user.registration if logged_in else None,
                "sessionId": self._session_id,
                "song": song,
                "status": status,
                "ts": self.ts,
                "userAgent": user.user_agent if logged_in else None,
                "userId": str(user.user_id) if logged_in else "",
            }
        )


class Month:
    """All visits of the month, filled day by day up to the number of events asked for."""

    def __init__(self, songs: list[Song], events: int, chance: Chance) -> None:
        self._chance = chance
        self._jukebox = Jukebox(songs, events, chance)
        self._users = [_user(rank, chance) for rank in range(max(96, events // EVENTS_PER_USER))]
        self._popularity = Weighted([1 / (rank + 3) for rank in range(len(self._users))])
        self._days: list[list[Event]] = [[] for _ in range(DAYS)]
        self._quotas = _quotas(events)
        self._sessions = 0

    def events(self) -> list[Event]:
        """Every event, in the order of time."""
        self._visit_of_everybody()
        hours = Weighted(HOUR_WEIGHTS)
        for day, quota in enumerate(self._quotas):
            while len(self._days[day]) < quota:
                user = self._users[self._popularity.draw(self._chance)]
                self._visit(user, day, hours.draw(self._chance))
        everything = [event for day in self._days for event in day]
        everything.sort(key=lambda event: (event["ts"], event["sessionId"], event["itemInSession"]))
        return everything

    def _visit_of_everybody(self) -> None:
        """One visit of each listener; one before, at and after each change of level."""
        for index in range(SWITCHERS):
            user, day = self._users[1 + 2 * index], 10 + index
            self._visit(user, day, 12, switches=True, bounces=False)
            self._visit(user, index, 18, bounces=False)
            self._visit(user, 20 + index, 18, bounces=False)
        for user in self._users:
            self._visit(user, self._chance.below(DAYS), 15, bounces=False)

    def _visit(
        self, user: User, day: int, hour: int, *, switches: bool = False, bounces: bool = True
    ) -> None:
        """Add a visit unless the day is full; one that overlaps another visit is tried anew."""
        room = self._quotas[day] - len(self._days[day])
        for _ in range(20 if room else 0):
            second = hour * 3600 + self._chance.below(3600)
            start = MONTH_START + day * DAY_MS + second * 1000 + MILLISECONDS
            visit = Visit(user, start, self._sessions + 1, self._jukebox, self._chance)
            visit.run(switches=switches, bounces=bounces)
            if not user.is_busy(start, visit.ts):
                break
        else:
            return
        self._sessions += 1
        user.busy.append((start, visit.ts))
        self._days[day] += visit.events[:room]
        if switches:
            user.switch_at = start


def events_by_day(songs: list[Song], events: int, chance: Chance) -> Iterator[tuple[int, Event]]:
    """(day of the month from 0, event) in the order of time."""
    for event in Month(songs, events, chance).events():
        yield (event["ts"] - MONTH_START) // DAY_MS, event


def _quotas(events: int) -> list[int]:
    """How many events each day's visits get: by weekday, growing over the month."""
    weights = [WEEKDAY_WEIGHTS[day % 7] * (20 + day) for day in range(DAYS)]
    shares = Weighted(weights).shares()
    ends = [round(events * share) for share in shares]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]


def _user(rank: int, chance: Chance) -> User:
    """The listener of this rank of activity; the busiest ones pay more often."""
    index = rank * 7 % (len(FIRST) * len(LAST))
    pays = chance.happens(0.5 if rank < 24 else 0.12)
    return User(
        user_id=rank + 2,
        first_name=FIRST[index % len(FIRST)],
        last_name=LAST[(index // len(FIRST) + index) % len(LAST)],
        gender="FM"[index % len(FIRST) % 2],
        level="paid" if pays else "free",
        location=chance.pick(METROS),
        user_agent=_user_agent(chance),
        registration=float(MONTH_START - chance.below(60 * 86_400) * 1000 - 1000 + MILLISECONDS),
    )


def _user_agent(chance: Chance) -> str:
    """A browser of 2014. Those of the WebKit family carry quotes of their own in the public log."""
    system, version = chance.pick(SYSTEMS), 31 + chance.below(6)
    if chance.happens(0.3):
        return f"Mozilla/5.0 ({system}; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
    engine = "AppleWebKit/537.36 (KHTML, like Gecko)"
    return f'"Mozilla/5.0 ({system}) {engine} Chrome/{version}.0.1985.143 Safari/537.36"'
