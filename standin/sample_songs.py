"""The songs of the sample: an invented catalogue with the public set's quirks."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeVar

T = TypeVar("T")

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
SONGS_PER_FOLDER = 23  # as dense as the public set, so that song_data/A/A/A is worth loading


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


FORENAMES = words(
    "Anouk Bram Carys Dario Edda Fenja Gwil Hedda Ilka Jorun Kasimir Liv Maël Nuno Oriel Pilar "
    "Quirin Réka Søren Tove Ulf Vida Wanja Xenia Yara Zoë Ásdís Benoît Çelik Davi Elif Fábio"
)
SURNAMES = words(
    "Aldersey Bellweather Carrowmoor Dunmarrow Eastvale Farrowmere Glimmering Hollowell Inglenook "
    "Jarrowby Kestrelton Larkhaven Merriwick Nightingate Oakenfell Pennyroyal Quillfeather "
    "Rookhope Silverthwaite Thistledown Underbough Vainwright Winterbourne Yarrowdale Łąkowa "
    "Müllerin Åkerblom Señorans Ölander Ćosović Fjellström Nováček"
)
ADJECTIVES = words(
    "Amber Borrowed Copper Distant Electric Faded Gentle Hollow Idle Jaded Kindled Lunar Muted "
    "Nameless Open Paper Quiet Restless Silver Tidal Unspoken Velvet Waking Yellow Zero Crooked "
    "Midnight Northern Painted Scarlet Secondhand Weightless"
)
NOUNS = words(
    "Anchor Bicycle Cathedral Daylight Engine Feather Garden Harbour Island Jigsaw Kite Lantern "
    "Mirror Needle Orchard Parade Quill River Satellite Telegram Umbrella Valley Window Yard "
    "Zebra Avenue Bandstand Carousel Driftwood Ember Fountain Glacier Horizon Icicle Junction "
    "Kettle Lighthouse Meadow Nocturne Otter"
)
TITLE_SHAPES = (
    *("{n} of the {a} {m}", "The {n}'s {a} {m}", "{a} {n}, {b} {m}", "{a} and {b} {n}") * 2,
    "Don't Mind the {a} {n}",
    "{a} {n}",
)
TITLE_ENDINGS = ("",) * 10 + (
    " (Live)",
    " (Album Version)",
    " [Remix]",
    ", Pt. 2",
    ' ("Demo")',
    " / Coda",
    " ~ Édit",
)
PLACES = (
    ("Tromsø, Norway", 69.6492, 18.95532),
    ("Porto, Portugal", 41.14961, -8.61099),
    ("Galway, Ireland", 53.27194, -9.04889),
    ("Duluth, MN", 46.78667, -92.10049),
    ("Olympia, WA", 47.03787, -122.9007),
    ("Asheville, NC", 35.59506, -82.55149),
    ("Valparaíso, Chile", -33.04724, -71.61269),
    ("Ljubljana, Slovenia", 46.05695, 14.50575),
    ("Hamilton, Ontario", 43.25549, -79.87338),
    ("California - SF", 37.77916, -122.42005),
    ("Leipzig", 51.33962, 12.37129),
    ("Dunedin, New Zealand", -45.87416, 170.50361),
)
# A place that no map has. The public song_data fits a VARCHAR without length throughout.
ODD_LOCATION = "The Lantern Rooms, 2nd staircase, ask for the caretaker"


class Chance:
    """Everything random, made of `random.Random.random` only: the same on every platform."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random

    def happens(self, probability: float) -> bool:
        """True with this probability."""
        return self._random() < probability

    def below(self, limit: int) -> int:
        """A whole number from 0 to limit - 1."""
        return int(self._random() * limit)

    def skewed(self, limit: int) -> int:
        """As `below`, with small numbers more likely."""
        return int(self._random() * self._random() * limit)

    def between(self, low: float, high: float) -> float:
        """A number of that range, five decimals, likelier in the middle."""
        return round(low + (high - low) * (self._random() + self._random()) / 2, 5)

    def pick(self, choices: Sequence[T]) -> T:
        """One of these."""
        return choices[self.below(len(choices))]

    def letters(self, count: int) -> str:
        """So many capital letters."""
        return "".join(LETTERS[self.below(26)] for _ in range(count))


class Weighted:
    """Indices drawn by weight."""

    def __init__(self, weights: Sequence[float]) -> None:
        self._steps = list(accumulate(weights))

    def draw(self, chance: Chance) -> int:
        """An index, as likely as its weight says."""
        point = chance.below(1 << 30) / (1 << 30) * self._steps[-1]
        return min(bisect(self._steps, point), len(self._steps) - 1)

    def shares(self) -> list[float]:
        """Of each index, the share that it and the ones before it have of the whole."""
        return [step / self._steps[-1] for step in self._steps]


@dataclass(frozen=True)
class Artist:
    """An artist id with the names it is credited under; the place may be unknown."""

    artist_id: str
    names: tuple[str, ...]
    location: str
    latitude: float | None
    longitude: float | None


@dataclass(frozen=True)
class Song:
    """One song file; `artist_name` is the name that this song credits."""

    track_id: str
    song_id: str
    title: str
    artist: Artist
    artist_name: str
    duration: float
    year: int


def catalogue(count: int, chance: Chance) -> list[Song]:
    """`count` songs by about two artists for every three songs, in the order of their keys.

    Every 40th is an earlier song recorded again: title and name the same, song id and duration
    not.
    """
    artists = [_artist(index, chance) for index in range(count * 2 // 3 + 1)]
    songs: list[Song] = []
    for index in range(count):
        artist = artists[min(chance.below(len(artists)), chance.below(len(artists)))]
        title, name = invent_title(chance), chance.pick(artist.names)
        if index % 40 == 39:
            first = songs[chance.below(index)]
            artist, title, name = first.artist, first.title, first.artist_name
        songs.append(
            Song(
                track_id=_track_id(index, chance),
                song_id=f"SO{chance.letters(5)}12A{index:05X}{chance.below(4096):03X}",
                title=title,
                artist=artist,
                artist_name=name,
                duration=chance.between(45, 460),
                year=0 if chance.happens(0.58) else 1958 + chance.below(53),
            )
        )
    return songs


def invent_title(chance: Chance) -> str:
    """A song title."""
    shape = chance.pick(TITLE_SHAPES)
    nouns = {"n": chance.pick(NOUNS), "m": chance.pick(NOUNS)}
    title = shape.format(a=chance.pick(ADJECTIVES), b=chance.pick(ADJECTIVES), **nouns)
    return title + chance.pick(TITLE_ENDINGS)


def invent_artist(chance: Chance) -> str:
    """The name of an artist or a band."""
    adjective, noun = chance.pick(ADJECTIVES), chance.pick(NOUNS)
    forename, surname = chance.pick(FORENAMES), chance.pick(SURNAMES)
    shape = chance.pick(("The {a} {n}s", "{f} {s}", "{a} {n} Club", "{f} & The {n}s", "{s} {n}"))
    return shape.format(a=adjective, n=noun, f=forename, s=surname)


def _artist(index: int, chance: Chance) -> Artist:
    """An artist; every sixth has a second name, as guests make it in the public set."""
    name = invent_artist(chance)
    guest = f"{name} feat. {invent_artist(chance)}"
    artist_id = f"AR{chance.letters(5)}118{index:05X}{chance.below(4096):03X}"
    names = (name, guest) if index % 6 == 5 else (name,)
    if index % 5000 == 3:
        return Artist(artist_id, names, ODD_LOCATION, None, None)
    place, latitude, longitude = chance.pick(PLACES)
    located = chance.happens(0.4)
    return Artist(
        artist_id,
        names,
        place if located or chance.happens(0.3) else "",
        latitude if located else None,
        longitude if located else None,
    )


def _track_id(index: int, chance: Chance) -> str:
    """A track id whose letters three to five are its folders, filled one after the other."""
    folder = index // SONGS_PER_FOLDER
    path = LETTERS[folder // 676 % 26] + LETTERS[folder // 26 % 26] + LETTERS[folder % 26]
    return f"TR{path}{chance.letters(2)}128F4{index:05X}{chance.below(16):X}"
