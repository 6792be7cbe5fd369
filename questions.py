"""The analytics team's questions of the star, as Redshift SQL; importing this opens nothing.

All but two are answered by the star alone. `most-wanted` and `before-upgrade` need titles that the
star does not keep, as 95 % of the plays are of songs it does not know: they look at the events of
the latest load.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Question:
    """What is asked, how to read the answer, the headings of its columns and its SQL."""

    title: str
    reading: str
    columns: tuple[str, ...]
    query: str


def percent(part: str, whole: str) -> str:
    """SQL for what share of `whole` (not zero) `part` is, in percent with one decimal."""
    return f"ROUND(100.0 * {part} / {whole}, 1)"


# Whoever played as free and later as paid, with the first paid play after a free one. Redshift's
# AVG of integers drops the fraction, hence the casts further down.
_UPGRADES = """
upgrades AS (
    SELECT paid.user_id, MIN(paid.start_time) AS upgraded_at
    FROM songplays AS paid
    INNER JOIN (
        SELECT user_id, MIN(start_time) AS first_free
        FROM songplays
        WHERE level = 'free'
        GROUP BY user_id
    ) AS earlier ON earlier.user_id = paid.user_id
    WHERE paid.level = 'paid' AND paid.start_time > earlier.first_free
    GROUP BY paid.user_id
)
"""

# A session is known by user and session id; plays without an id are one session of their user. One
# in which the level changed counts as paid.
_SESSIONS = """
sessions AS (
    SELECT
        user_id,
        session_id,
        MAX(level) AS highest_level,
        COUNT(*) AS plays,
        DATEDIFF(second, MIN(start_time), MAX(start_time)) AS seconds
    FROM songplays
    GROUP BY user_id, session_id
)
"""

# The event that a play was made of, for what the star does not keep: of several deliveries the one
# that the load took, new_plays_create in sql_queries.py.
_EVENT_OF_PLAY = """
INNER JOIN (
    SELECT
        ts, user_id, session_id, artist, song,
        ROW_NUMBER() OVER (
            PARTITION BY ts, user_id, session_id
            ORDER BY item_in_session, level, location, user_agent, artist, song, length
        ) AS place
    FROM staging_events
    WHERE page = 'NextSong'
) AS events
    ON events.ts = songplays.start_time
    AND events.user_id = songplays.user_id
    AND (
        events.session_id = songplays.session_id
        OR (events.session_id IS NULL AND songplays.session_id IS NULL)
    )
    AND events.place = 1
"""

# Either name may be missing.
_NAME = """
    NULLIF(TRIM(COALESCE(users.first_name, '') || ' ' || COALESCE(users.last_name, '')), '')
""".strip()

# Who a known song is by is asked of songs: a play keeps the artist that its song had when the play
# was loaded, and a later load may have brought another one.
QUESTIONS = {
    "totals": Question(
        title="How much is played, by how many?",
        reading="all plays in the star; a session is one visit of one listener; times are UTC",
        columns=(
            "plays",
            "listeners",
            "sessions",
            "percent of plays with a known song",
            "percent of plays paid",
            "first play",
            "last play",
        ),
        query=f"""
SELECT
    COUNT(*),
    COUNT(DISTINCT user_id),
    (SELECT COUNT(*) FROM (SELECT DISTINCT user_id, session_id FROM songplays) AS sessions),
    {percent("COUNT(song_id)", "NULLIF(COUNT(*), 0)")},
    {percent("COUNT(CASE WHEN level = 'paid' THEN 1 END)", "NULLIF(COUNT(*), 0)")},
    DATE_TRUNC('second', MIN(start_time)),
    DATE_TRUNC('second', MAX(start_time))
FROM songplays
""",
    ),
    "top-songs": Question(
        title="Which songs are played most?",
        reading="plays of songs that are known; a play of an unknown song has no title here",
        columns=("title", "artist", "plays", "listeners"),
        query="""
SELECT songs.title, artists.name, COUNT(*) AS plays, COUNT(DISTINCT songplays.user_id) AS listeners
FROM songplays
INNER JOIN songs ON songs.song_id = songplays.song_id
LEFT JOIN artists ON artists.artist_id = songs.artist_id
GROUP BY songs.song_id, songs.title, artists.name
ORDER BY plays DESC, songs.title, artists.name, songs.song_id
LIMIT 10
""",
    ),
    "top-artists": Question(
        title="Which artists are played most?",
        reading="plays of songs that are known, by the name that the artist goes by in artists",
        columns=("artist", "plays", "listeners", "different songs"),
        query="""
SELECT
    artists.name,
    COUNT(*) AS plays,
    COUNT(DISTINCT songplays.user_id) AS listeners,
    COUNT(DISTINCT songplays.song_id) AS different_songs
FROM songplays
INNER JOIN songs ON songs.song_id = songplays.song_id
INNER JOIN artists ON artists.artist_id = songs.artist_id
GROUP BY artists.artist_id, artists.name
ORDER BY plays DESC, artists.name, artists.artist_id
LIMIT 10
""",
    ),
    "known-songs": Question(
        title="How many plays are of a song that is known?",
        reading="known: the song files have a song of that title by that artist",
        columns=("song", "plays", "listeners", "percent of plays"),
        query=f"""
SELECT
    CASE WHEN song_id IS NULL THEN 'unknown' ELSE 'known' END AS song,
    COUNT(*) AS plays,
    COUNT(DISTINCT user_id) AS listeners,
    {percent("COUNT(*)", "(SELECT COUNT(*) FROM songplays)")} AS share
FROM songplays
GROUP BY CASE WHEN song_id IS NULL THEN 'unknown' ELSE 'known' END
ORDER BY song
""",
    ),
    "most-wanted": Question(
        title="Which unknown songs are played most?",
        reading="the song files to get next; of the events of the latest load, as the star keeps"
        " no title of a song it does not know",
        columns=("title", "artist", "plays", "listeners"),
        query=f"""
SELECT
    events.song,
    events.artist,
    COUNT(*) AS plays,
    COUNT(DISTINCT songplays.user_id) AS listeners
FROM songplays
{_EVENT_OF_PLAY}
WHERE songplays.song_id IS NULL
GROUP BY events.song, events.artist
ORDER BY plays DESC, events.song, events.artist
LIMIT 10
""",
    ),
    "plays-by-day": Question(
        title="How much is played each day, and how many listeners are new?",
        reading="new: the first play of that listener; a day without plays has no row",
        columns=("day", "plays", "free plays", "paid plays", "listeners", "new listeners"),
        query="""
SELECT
    CAST(songplays.start_time AS DATE) AS played_on,
    COUNT(*),
    COUNT(CASE WHEN songplays.level = 'free' THEN 1 END),
    COUNT(CASE WHEN songplays.level = 'paid' THEN 1 END),
    COUNT(DISTINCT songplays.user_id),
    COUNT(DISTINCT CASE
        WHEN CAST(first_plays.start_time AS DATE) = CAST(songplays.start_time AS DATE)
        THEN songplays.user_id
    END)
FROM songplays
INNER JOIN (
    SELECT user_id, MIN(start_time) AS start_time
    FROM songplays
    GROUP BY user_id
) AS first_plays ON first_plays.user_id = songplays.user_id
GROUP BY CAST(songplays.start_time AS DATE)
ORDER BY played_on
""",
    ),
    "plays-by-hour": Question(
        title="When in the day is music played?",
        reading="hours are UTC, as the logs are; an hour without plays has no row",
        columns=("hour", "plays", "listeners"),
        query="""
SELECT time.hour, COUNT(*) AS plays, COUNT(DISTINCT songplays.user_id) AS listeners
FROM songplays
INNER JOIN time ON time.start_time = songplays.start_time
GROUP BY time.hour
ORDER BY time.hour
""",
    ),
    "plays-by-weekday": Question(
        title="On which weekdays is music played?",
        reading="compare the plays a day: a month has five of some weekdays and four of others",
        columns=("weekday", "plays", "listeners", "days", "plays a day"),
        query="""
SELECT
    DECODE(
        time.weekday, 0, 'Sunday', 1, 'Monday', 2, 'Tuesday', 3, 'Wednesday',
        4, 'Thursday', 5, 'Friday', 'Saturday'
    ) AS weekday_name,
    COUNT(*),
    COUNT(DISTINCT songplays.user_id),
    COUNT(DISTINCT CAST(songplays.start_time AS DATE)),
    ROUND(1.0 * COUNT(*) / COUNT(DISTINCT CAST(songplays.start_time AS DATE)), 1)
FROM songplays
INNER JOIN time ON time.start_time = songplays.start_time
GROUP BY time.weekday
ORDER BY (time.weekday + 6) % 7
""",
    ),
    "plays-by-week": Question(
        title="How do the weeks compare?",
        reading="ISO weeks, from Monday on; the first and the last may be cut by the data",
        columns=("Monday", "week", "plays", "listeners", "days with plays"),
        query="""
SELECT
    CAST(DATE_TRUNC('week', songplays.start_time) AS DATE) AS monday,
    time.week,
    COUNT(*),
    COUNT(DISTINCT songplays.user_id),
    COUNT(DISTINCT CAST(songplays.start_time AS DATE))
FROM songplays
INNER JOIN time ON time.start_time = songplays.start_time
GROUP BY CAST(DATE_TRUNC('week', songplays.start_time) AS DATE), time.week
ORDER BY monday
""",
    ),
    "plays-by-level": Question(
        title="How much do free and paid users listen?",
        reading="the level at the time of the play; a user who changed level counts in both",
        columns=("level", "plays", "listeners", "percent of plays", "plays a listener"),
        query=f"""
SELECT
    level,
    COUNT(*) AS plays,
    COUNT(DISTINCT user_id) AS listeners,
    {percent("COUNT(*)", "(SELECT COUNT(*) FROM songplays)")} AS share,
    ROUND(1.0 * COUNT(*) / COUNT(DISTINCT user_id), 1) AS plays_a_listener
FROM songplays
GROUP BY level
ORDER BY plays DESC, level
""",
    ),
    "upgrades": Question(
        title="Who upgraded, and after how much listening?",
        reading="upgraded: the first paid play after a free one, the newest twenty; everything"
        " before it is counted",
        columns=(
            "user",
            "name",
            "upgraded at",
            "plays before",
            "sessions before",
            "days before",
            "level now",
        ),
        query=f"""
WITH {_UPGRADES}
SELECT
    CAST(users.user_id AS VARCHAR(20)),
    {_NAME},
    DATE_TRUNC('second', upgrades.upgraded_at),
    COUNT(*),
    COUNT(DISTINCT COALESCE(songplays.session_id, -1)),
    DATEDIFF(day, MIN(songplays.start_time), upgrades.upgraded_at),
    users.level
FROM upgrades
INNER JOIN users ON users.user_id = upgrades.user_id
INNER JOIN songplays
    ON songplays.user_id = upgrades.user_id
    AND songplays.start_time < upgrades.upgraded_at
GROUP BY
    users.user_id, users.first_name, users.last_name, users.level, upgrades.upgraded_at
ORDER BY upgrades.upgraded_at DESC, users.user_id
LIMIT 20
""",
    ),
    "before-upgrade": Question(
        title="Which artists did they play before they upgraded?",
        reading="those who upgraded, up to their first paid play; of the events of the latest load,"
        " as the star keeps no artist of a song it does not know",
        columns=("artist", "plays", "listeners"),
        query=f"""
WITH {_UPGRADES}
SELECT
    events.artist,
    COUNT(*) AS plays,
    COUNT(DISTINCT songplays.user_id) AS listeners
FROM upgrades
INNER JOIN songplays
    ON songplays.user_id = upgrades.user_id
    AND songplays.start_time < upgrades.upgraded_at
{_EVENT_OF_PLAY}
GROUP BY events.artist
ORDER BY plays DESC, events.artist
LIMIT 10
""",
    ),
    "active-users": Question(
        title="Who listens most?",
        reading="level: the one at the newest event known, whatever it was at the plays",
        columns=("user", "name", "level", "plays", "sessions", "last play"),
        query=f"""
SELECT
    CAST(users.user_id AS VARCHAR(20)),
    {_NAME},
    users.level,
    COUNT(*) AS plays,
    COUNT(DISTINCT COALESCE(songplays.session_id, -1)),
    DATE_TRUNC('second', MAX(songplays.start_time))
FROM songplays
INNER JOIN users ON users.user_id = songplays.user_id
GROUP BY users.user_id, users.first_name, users.last_name, users.level
ORDER BY plays DESC, users.user_id
LIMIT 10
""",
    ),
    "sessions": Question(
        title="How long is a session?",
        reading="from its first to its last play's start, so one of a single play has 0 minutes;"
        " paid: at least one play of it was",
        columns=(
            "level",
            "sessions",
            "plays a session",
            "median plays",
            "minutes a session",
            "longest, minutes",
        ),
        query=f"""
WITH {_SESSIONS}
SELECT
    highest_level,
    COUNT(*),
    ROUND(AVG(CAST(plays AS DOUBLE PRECISION)), 1),
    MEDIAN(plays),
    ROUND(AVG(CAST(seconds AS DOUBLE PRECISION)) / 60, 1),
    ROUND(MAX(seconds) / 60.0, 1)
FROM sessions
GROUP BY highest_level
ORDER BY highest_level
""",
    ),
    "session-sizes": Question(
        title="How many songs are played in a session?",
        reading="few long sessions may hold most of the plays",
        columns=("songs played", "sessions", "percent of sessions", "percent of plays"),
        query=f"""
WITH {_SESSIONS}
SELECT
    CASE
        WHEN plays = 1 THEN '1'
        WHEN plays <= 5 THEN '2 to 5'
        WHEN plays <= 10 THEN '6 to 10'
        WHEN plays <= 20 THEN '11 to 20'
        WHEN plays <= 50 THEN '21 to 50'
        ELSE 'over 50'
    END AS size,
    COUNT(*),
    {percent("COUNT(*)", "(SELECT COUNT(*) FROM sessions)")},
    {percent("SUM(plays)", "(SELECT COUNT(*) FROM songplays)")}
FROM sessions
GROUP BY 1
ORDER BY MIN(plays)
""",
    ),
    "locations": Question(
        title="Where is music played?",
        reading="the metropolitan area that the event names",
        columns=("location", "plays", "listeners", "percent of plays"),
        query=f"""
SELECT
    location,
    COUNT(*) AS plays,
    COUNT(DISTINCT user_id) AS listeners,
    {percent("COUNT(*)", "(SELECT COUNT(*) FROM songplays)")}
FROM songplays
GROUP BY location
ORDER BY plays DESC, location
LIMIT 10
""",
    ),
    # Most browsers give the names of others, too, for sites that ask for those: the names that no
    # other gives come first. A Windows Phone also says that it is an Android and an iPhone.
    "browsers": Question(
        title="In which browsers is music played?",
        reading="by what the user agent says of itself",
        columns=("browser", "plays", "listeners", "percent of plays"),
        query=f"""
SELECT
    CASE
        WHEN user_agent LIKE '%Edge/%' OR user_agent LIKE '%Edg/%' THEN 'Edge'
        WHEN user_agent LIKE '%EdgA/%' OR user_agent LIKE '%EdgiOS/%' THEN 'Edge'
        WHEN user_agent LIKE '%OPR/%' OR user_agent LIKE '%Opera%' THEN 'Opera'
        WHEN user_agent LIKE '%Firefox/%' OR user_agent LIKE '%FxiOS/%' THEN 'Firefox'
        WHEN user_agent LIKE '%MSIE%' OR user_agent LIKE '%Trident/%' THEN 'Internet Explorer'
        WHEN user_agent LIKE '%Chrome/%' OR user_agent LIKE '%CriOS/%' THEN 'Chrome'
        WHEN user_agent LIKE '%Safari/%' THEN 'Safari'
        ELSE 'other'
    END AS browser,
    COUNT(*) AS plays,
    COUNT(DISTINCT user_id) AS listeners,
    {percent("COUNT(*)", "(SELECT COUNT(*) FROM songplays)")}
FROM songplays
GROUP BY 1
ORDER BY plays DESC, browser
""",
    ),
    "devices": Question(
        title="On which devices is music played?",
        reading="by what the user agent says of its system",
        columns=("device", "plays", "listeners", "percent of plays"),
        query=f"""
SELECT
    CASE
        WHEN user_agent LIKE '%Windows%' THEN 'Windows'
        WHEN user_agent LIKE '%iPad%' THEN 'iPad'
        WHEN user_agent LIKE '%iPhone%' THEN 'iPhone'
        WHEN user_agent LIKE '%Android%' THEN 'Android'
        WHEN user_agent LIKE '%Macintosh%' THEN 'Mac'
        WHEN user_agent LIKE '%Linux%' THEN 'Linux'
        ELSE 'other'
    END AS device,
    COUNT(*) AS plays,
    COUNT(DISTINCT user_id) AS listeners,
    {percent("COUNT(*)", "(SELECT COUNT(*) FROM songplays)")}
FROM songplays
GROUP BY 1
ORDER BY plays DESC, device
""",
    ),
    "retention": Question(
        title="How many come back in the weeks after their first?",
        reading="listeners by the ISO week of their first play (its Monday), and how many of them"
        " played again in each week after it",
        columns=("first week", "weeks later", "listeners", "percent of the first week's"),
        query=f"""
WITH weeks AS (
    SELECT DISTINCT user_id, DATE_TRUNC('week', start_time) AS monday
    FROM songplays
), first_weeks AS (
    SELECT user_id, MIN(monday) AS first_monday
    FROM weeks
    GROUP BY user_id
), cohorts AS (
    SELECT first_monday, COUNT(*) AS size
    FROM first_weeks
    GROUP BY first_monday
)
SELECT
    CAST(cohorts.first_monday AS DATE),
    DATEDIFF(day, cohorts.first_monday, weeks.monday) / 7 AS weeks_later,
    COUNT(*),
    {percent("COUNT(*)", "cohorts.size")}
FROM weeks
INNER JOIN first_weeks ON first_weeks.user_id = weeks.user_id
INNER JOIN cohorts ON cohorts.first_monday = first_weeks.first_monday
GROUP BY cohorts.first_monday, cohorts.size, weeks.monday
ORDER BY cohorts.first_monday, weeks_later
""",
    ),
}


@dataclass(frozen=True)
class Figure:
    """One figure that is known beforehand: what it is, the SQL that finds it, what it must be."""

    name: str
    query: str
    expected: int | str


_TOP_SONGS = QUESTIONS["top-songs"].query

# What one load of the whole public data set (s3://udacity-dend) must give.
PUBLIC_FIGURES = (
    Figure("events", "SELECT COUNT(*) FROM staging_events", 8056),
    Figure("songs", "SELECT COUNT(*) FROM songs", 14896),
    Figure("songplays", "SELECT COUNT(*) FROM songplays", 6820),
    Figure("songplays that know their song", "SELECT COUNT(song_id) FROM songplays", 333),
    Figure("users", "SELECT COUNT(*) FROM users", 97),
    Figure("artists", "SELECT COUNT(*) FROM artists", 9553),
    Figure("time", "SELECT COUNT(*) FROM time", 6813),
    Figure(
        "top song",
        f"SELECT title FROM ({_TOP_SONGS}) AS top_songs ORDER BY plays DESC, title",
        "You're The One",
    ),
    Figure(
        "plays of the top song",
        f"SELECT MAX(plays) FROM ({_TOP_SONGS}) AS top_songs",
        37,
    ),
)
