"""Every statement of the warehouse, as Amazon Redshift SQL; importing this reads and opens nothing.

    S3 --COPY--> staging_events, incoming_songs --INSERT..SELECT--> the star
                                                   songplays · users · songs · artists · time

Redshift takes PRIMARY KEY, FOREIGN KEY and UNIQUE as promises that its planner relies on and never
enforces; NOT NULL it does enforce. So every INSERT below removes duplicates by a stated order, and
`checks` proves the promises before a load commits.

Statements with %(first)s and %(last)s look only at that span of songplays and time, so that the
cost of a load follows what is loaded and not what is there already: the sort keys prune the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Protocol

# --- Tables --------------------------------------------------------------------------------------
# Text columns are wider than the data: lengths are bytes, longer values fail a COPY, and an
# artist_location of the public set has more than 256. Compression makes the width free on disk.
#
# Encodings are left to ENCODE AUTO, which is what a table without ENCODE has: AZ64 for numbers and
# times, LZO for text, RAW for sort keys and floating point, changed by Redshift itself as the data
# shows it. COPY would sample and recreate a first load's staging for an encoding that TRUNCATE soon
# throws away, hence COMPUPDATE OFF. An ENCODE of one's own would end AUTO for the whole table.
# https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html

# One row per log event of the present load. The column order is that of the JSONPaths file.
# EVEN: read once, whole, in parallel; no column of it is both spread well and joined on. No sort
# key: it is read whole, and sorting would only slow the COPY.
# BACKUP NO: the source stays in S3. RA3 and RG nodes and serverless take it and back all tables up
# the same: https://docs.aws.amazon.com/redshift/latest/mgmt/working-with-snapshots.html
# registration is written 1540919166796.0, hence no BIGINT.
staging_events_table_create = """
CREATE TABLE staging_events (
    artist           VARCHAR(1024),
    auth             VARCHAR(64),
    first_name       VARCHAR(256),
    gender           VARCHAR(16),
    item_in_session  INTEGER,
    last_name        VARCHAR(256),
    length           DOUBLE PRECISION,
    level            VARCHAR(16),
    location         VARCHAR(1024),
    method           VARCHAR(16),
    page             VARCHAR(64),
    registration     DOUBLE PRECISION,
    session_id       BIGINT,
    song             VARCHAR(1024),
    status           INTEGER,
    ts               TIMESTAMP,
    user_agent       VARCHAR(2048),
    user_id          BIGINT
)
BACKUP NO
DISTSTYLE EVEN
"""

# One row per song file of the present load. COPY matches keys to these names (JSON 'auto').
# DISTKEY(song_id) as in staging_songs, so that comparing the two moves no row between slices.
incoming_songs_table_create = """
CREATE TABLE incoming_songs (
    num_songs         INTEGER,
    artist_id         VARCHAR(64),
    artist_latitude   DOUBLE PRECISION,
    artist_longitude  DOUBLE PRECISION,
    artist_location   VARCHAR(1024),
    artist_name       VARCHAR(1024),
    song_id           VARCHAR(64) DISTKEY,
    title             VARCHAR(1024),
    duration          DOUBLE PRECISION,
    year              INTEGER
)
BACKUP NO
"""

# One row per song id over all loads, with the artist name that is credited on the song: plays are
# matched with it, and artists keeps only one name of the several that an artist goes by.
# DISTKEY(song_id): unique, so spread evenly, and a reloaded song meets its old row on its slice.
# No sort key: every load reads all of it for the match, and deletes by hash. Titles and names take
# LZO.
# It is also the lock that loads queue up for: nobody else reads it.
staging_songs_table_create = """
CREATE TABLE staging_songs (
    song_id           VARCHAR(64) NOT NULL DISTKEY PRIMARY KEY,
    title             VARCHAR(1024),
    artist_id         VARCHAR(64),
    artist_name       VARCHAR(1024),
    year              INTEGER,
    duration          DOUBLE PRECISION
)
"""

# One row per user id over all loads: the newest event of each. It holds item_in_session, which
# decides between events of one millisecond and has no place in users.
# ALL as users, which it feeds. No sort key: each load reads it by a hash of its own few users.
staging_users_table_create = """
CREATE TABLE staging_users (
    user_id           BIGINT NOT NULL PRIMARY KEY,
    ts                TIMESTAMP,
    item_in_session   INTEGER,
    first_name        VARCHAR(256),
    last_name         VARCHAR(256),
    gender            VARCHAR(16),
    level             VARCHAR(16)
)
DISTSTYLE ALL
"""

# One row per user id, as the user's newest event has it. 97 users in the public month.
# ALL: every node keeps the whole table, so a join with songplays moves no play.
# SORTKEY(user_id): a lookup of one user reads one block; RAW, as a compressed sort key would let a
# block of it stand for too many of the wide columns' blocks. gender and level repeat: AUTO's LZO.
users_table_create = """
CREATE TABLE users (
    user_id     BIGINT NOT NULL PRIMARY KEY,
    first_name  VARCHAR(256),
    last_name   VARCHAR(256),
    gender      VARCHAR(16),
    level       VARCHAR(16),
    last_seen   TIMESTAMP
)
DISTSTYLE ALL
SORTKEY (user_id)
"""

# One row per artist id. 9 553 in the public set: small enough for ALL, sorted by what it is joined
# on, as users. latitude and longitude stay RAW: doubles with noise in every bit do not compress.
artists_table_create = """
CREATE TABLE artists (
    artist_id  VARCHAR(64) NOT NULL PRIMARY KEY,
    name       VARCHAR(1024),
    location   VARCHAR(1024),
    latitude   DOUBLE PRECISION,
    longitude  DOUBLE PRECISION
)
DISTSTYLE ALL
SORTKEY (artist_id)
"""

# One row per song id. 14 896 in the public set: small enough for ALL, sorted by what it is joined
# on, as users. year has some ninety values, AZ64; duration stays RAW as any double.
songs_table_create = """
CREATE TABLE songs (
    song_id    VARCHAR(64) NOT NULL PRIMARY KEY,
    title      VARCHAR(1024),
    artist_id  VARCHAR(64) REFERENCES artists (artist_id),
    year       INTEGER,
    duration   DOUBLE PRECISION
)
DISTSTYLE ALL
SORTKEY (song_id)
"""

# One row per start_time of songplays: 6 813 for 6 820 plays, so it grows as the fact does and ALL
# would copy it to every node. The same DISTKEY and SORTKEY as songplays: their join stays on its
# slice, and in order: a merge join. The parts are small whole numbers that change slowly along the
# sort key, which AZ64 makes nearly nothing of; start_time stays RAW, being the sort key.
time_table_create = """
CREATE TABLE time (
    start_time  TIMESTAMP NOT NULL PRIMARY KEY,
    hour        SMALLINT NOT NULL,
    day         SMALLINT NOT NULL,
    week        SMALLINT NOT NULL,
    month       SMALLINT NOT NULL,
    year        INTEGER NOT NULL,
    weekday     SMALLINT NOT NULL
)
DISTKEY (start_time)
SORTKEY (start_time)
"""

# One row per play. DISTKEY(start_time): milliseconds hash evenly (6 813 values for 6 820 plays).
# The tempting DISTKEY(song_id) would put the 95 % of plays whose song is unknown on one slice.
# EVEN would spread as well and make each join with time move its plays; user_id is even only with
# very many users: `python -m benchmarks.skew` has the figures, docs/performance.md shows them.
# SORTKEY(start_time): analysts ask for spans of time, and a load looks only at its own. RAW, as any
# sort key; ids AZ64; location and user_agent repeat within a block, which LZO makes small.
songplays_table_create = """
CREATE TABLE songplays (
    songplay_id  BIGINT IDENTITY(0, 1) PRIMARY KEY,
    start_time   TIMESTAMP NOT NULL REFERENCES time (start_time),
    user_id      BIGINT NOT NULL REFERENCES users (user_id),
    level        VARCHAR(16),
    song_id      VARCHAR(64) REFERENCES songs (song_id),
    artist_id    VARCHAR(64) REFERENCES artists (artist_id),
    session_id   BIGINT,
    location     VARCHAR(1024),
    user_agent   VARCHAR(2048)
)
DISTKEY (start_time)
SORTKEY (start_time)
"""

STAGING_TABLES = ("staging_events", "incoming_songs", "staging_songs", "staging_users")
STAR_TABLES = ("users", "artists", "songs", "time", "songplays")

create_table_queries = [
    staging_events_table_create,
    incoming_songs_table_create,
    staging_users_table_create,
    users_table_create,
    artists_table_create,
    songs_table_create,
    time_table_create,
    songplays_table_create,
    staging_songs_table_create,
]

# The reverse order: a table that others reference goes after them. staging_songs is created last
# and dropped first, as it is the lock of a load: whoever drops waits there for a load under way.
drop_table_queries = [
    f"DROP TABLE IF EXISTS {query.split()[2]}" for query in reversed(create_table_queries)
]

# --- Staging -------------------------------------------------------------------------------------

# The first statement of a load's transaction, held to its end: a second load waits here. Redshift
# takes the transaction's snapshot at the first statement after it, so it sees all that was staged.
load_lock = "LOCK staging_songs"

# What COPY fills. TRUNCATE commits at once in Redshift: it stands outside of the transaction that
# publishes.
COPY_TABLES = ("staging_events", "incoming_songs")
truncate_table_queries = {table: f"TRUNCATE {table}" for table in COPY_TABLES}


# An address that ends so names a list of files, as compact.py writes it, and no prefix of keys.
# https://docs.aws.amazon.com/redshift/latest/dg/loading-data-files-using-manifest.html
MANIFEST_SUFFIX = ".manifest"


class CopySource(Protocol):
    """What COPY needs to know; settings.Settings has it."""

    @property
    def role_arn(self) -> str: ...
    @property
    def log_data(self) -> str: ...
    @property
    def log_jsonpath(self) -> str: ...
    @property
    def song_data(self) -> str: ...
    @property
    def s3_region(self) -> str: ...


def quote_literal(value: str) -> str:
    """Return `value` as an SQL string literal; Redshift reads a backslash in one as an escape."""
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


@dataclass(frozen=True)
class CopyLimits:
    """How a COPY treats bad rows: how many it lets pass, and whether it only looks (NOLOAD).

    Redshift's MAXERROR names the error that fails the COPY, so it is one more than those let pass.
    """

    max_errors: int = 0
    only_validate: bool = False

    @property
    def options(self) -> str:
        tolerant = f"\nMAXERROR {self.max_errors + 1}" if self.max_errors else ""
        return tolerant + ("\nNOLOAD" if self.only_validate else "")


def listed_by(address: str) -> str:
    """The options of a COPY from `address`: a manifest of gzip files if its key ends so."""
    return "\nMANIFEST\nGZIP" if address.endswith(MANIFEST_SUFFIX) else ""


def staging_events_copy(source: CopySource, limits: CopyLimits) -> str:
    """COPY of the event logs. Statistics are left to COPY: the table was empty, so it gathers them.

    TIMEFORMAT keeps the milliseconds of `ts`, which ts/1000 in SQL would cut.
    """
    return f"""
COPY staging_events
FROM {quote_literal(source.log_data)}
IAM_ROLE {quote_literal(source.role_arn)}
REGION {quote_literal(source.s3_region)}
FORMAT AS JSON {quote_literal(source.log_jsonpath)}
TIMEFORMAT AS 'epochmillisecs'
COMPUPDATE OFF{listed_by(source.log_data)}{limits.options}
"""


def incoming_songs_copy(source: CopySource, limits: CopyLimits) -> str:
    """COPY of the song metadata, whose keys are the table's column names."""
    return f"""
COPY incoming_songs
FROM {quote_literal(source.song_data)}
IAM_ROLE {quote_literal(source.role_arn)}
REGION {quote_literal(source.s3_region)}
FORMAT AS JSON 'auto'
COMPUPDATE OFF{listed_by(source.song_data)}{limits.options}
"""


def copy_table_queries(source: CopySource, limits: CopyLimits = CopyLimits()) -> list[str]:
    """Both COPY statements; they fill different tables and may run side by side."""
    return [staging_events_copy(source, limits), incoming_songs_copy(source, limits)]


# The rows of the session's last COPY; after NOLOAD, those that it would have loaded.
copied_rows_count = "SELECT PG_LAST_COPY_COUNT()"

# How many files it read, their bytes, and how many rows it could not load.
copy_account = """
SELECT source_file_count, source_file_bytes, error_count
FROM sys_load_history
WHERE query_id = PG_LAST_COPY_ID()
"""

# How far the COPY of a session is. Kept per slice, and only on provisioned clusters.
copy_progress = """
SELECT
    SUM(num_files_complete), SUM(num_files), SUM(lines), SUM(bytes_loaded)
FROM stv_load_state
WHERE session = %(session)s
"""


# --- The star ------------------------------------------------------------------------------------
# Each dimension first collects in a temporary table the rows that are new or differ from what is
# known (EXCEPT takes two NULLs as equal), then replaces just these: a load repeated writes nothing.

# Within a load the song row of the latest known year decides, then the longest, then the title;
# what stands behind these only makes the order total.
new_songs_create = """
CREATE TEMP TABLE new_songs AS
SELECT song_id, title, artist_id, artist_name, year, duration
FROM (
    SELECT
        song_id, title, artist_id, artist_name, year, duration,
        ROW_NUMBER() OVER (
            PARTITION BY song_id
            ORDER BY
                COALESCE(year, 0) DESC, COALESCE(duration, -1) DESC, title,
                artist_id, artist_name
        ) AS place
    FROM incoming_songs
    WHERE song_id IS NOT NULL
) AS ranked
WHERE place = 1
EXCEPT
SELECT song_id, title, artist_id, artist_name, year, duration
FROM staging_songs
WHERE song_id IN (SELECT song_id FROM incoming_songs)
"""

staging_songs_delete = """
DELETE FROM staging_songs
USING new_songs
WHERE staging_songs.song_id = new_songs.song_id
"""

staging_songs_insert = """
INSERT INTO staging_songs (song_id, title, artist_id, artist_name, year, duration)
SELECT song_id, title, artist_id, artist_name, year, duration
FROM new_songs
"""

# Filled in this transaction, where no ANALYZE of Redshift's own comes in between: without
# statistics the join with the plays would be planned for a table of unknown size. Redshift skips it
# when less than analyze_threshold_percent of the rows have changed.
# https://docs.aws.amazon.com/redshift/latest/dg/r_ANALYZE.html
staging_songs_analyze = "ANALYZE staging_songs"

songs_delete = """
DELETE FROM songs
USING new_songs
WHERE songs.song_id = new_songs.song_id
"""

songs_insert = """
INSERT INTO songs (song_id, title, artist_id, year, duration)
SELECT song_id, title, artist_id, NULLIF(year, 0), duration
FROM new_songs
"""

# Within a load a row with a position decides, then the latest year, then the song id.
new_artists_create = """
CREATE TEMP TABLE new_artists AS
SELECT artist_id, name, location, latitude, longitude
FROM (
    SELECT
        artist_id,
        artist_name AS name,
        NULLIF(artist_location, '') AS location,
        artist_latitude AS latitude,
        artist_longitude AS longitude,
        ROW_NUMBER() OVER (
            PARTITION BY artist_id
            ORDER BY
                CASE WHEN artist_latitude IS NULL THEN 1 ELSE 0 END,
                COALESCE(year, 0) DESC, song_id,
                artist_name, artist_location, artist_latitude, artist_longitude
        ) AS place
    FROM incoming_songs
    WHERE artist_id IS NOT NULL
) AS ranked
WHERE place = 1
EXCEPT
SELECT artist_id, name, location, latitude, longitude
FROM artists
WHERE artist_id IN (SELECT artist_id FROM incoming_songs)
"""

artists_delete = """
DELETE FROM artists
USING new_artists
WHERE artists.artist_id = new_artists.artist_id
"""

artists_insert = """
INSERT INTO artists (artist_id, name, location, latitude, longitude)
SELECT artist_id, name, location, latitude, longitude
FROM new_artists
"""

# The newest event of a user decides, whether of this load or of an earlier one: the order in which
# files are loaded changes nothing. The newest time of each user is an aggregate, which every slice
# takes of its own events first; only the few events of that time are then ranked.
new_users_create = """
CREATE TEMP TABLE new_users AS
WITH newest AS (
    SELECT user_id, MAX(ts) AS ts
    FROM staging_events
    WHERE user_id IS NOT NULL
    GROUP BY user_id
)
SELECT user_id, ts, item_in_session, first_name, last_name, gender, level
FROM (
    SELECT
        user_id, ts, item_in_session, first_name, last_name, gender, level,
        ROW_NUMBER() OVER (
            PARTITION BY user_id
            ORDER BY
                CASE WHEN ts IS NULL THEN 1 ELSE 0 END, ts DESC,
                COALESCE(item_in_session, -1) DESC,
                level, first_name, last_name, gender
        ) AS place
    FROM (
        SELECT
            events.user_id, events.ts, events.item_in_session, events.first_name,
            events.last_name, events.gender, events.level
        FROM staging_events AS events
        INNER JOIN newest
            ON newest.user_id = events.user_id
        WHERE events.ts = newest.ts OR newest.ts IS NULL
        UNION ALL
        SELECT user_id, ts, item_in_session, first_name, last_name, gender, level
        FROM staging_users
        WHERE user_id IN (SELECT user_id FROM newest)
    ) AS candidates
) AS ranked
WHERE place = 1
EXCEPT
SELECT user_id, ts, item_in_session, first_name, last_name, gender, level
FROM staging_users
WHERE user_id IN (SELECT user_id FROM newest)
"""

staging_users_delete = """
DELETE FROM staging_users
USING new_users
WHERE staging_users.user_id = new_users.user_id
"""

staging_users_insert = """
INSERT INTO staging_users (user_id, ts, item_in_session, first_name, last_name, gender, level)
SELECT user_id, ts, item_in_session, first_name, last_name, gender, level
FROM new_users
"""

users_delete = """
DELETE FROM users
USING new_users
WHERE users.user_id = new_users.user_id
"""

users_insert = """
INSERT INTO users (user_id, first_name, last_name, gender, level, last_seen)
SELECT user_id, first_name, last_name, gender, level, ts
FROM new_users
"""

# One row per play of this load: a NextSong event with a user and a time. Of an event delivered
# twice the smallest item_in_session decides. The join may offer several songs of one title and
# artist: the closest duration wins, then the smallest song_id; without one the play stays.
# One window does both, as the candidates of one event stand together in its order. The time comes
# first in its key: it alone decides nearly every comparison, and the plays come out in its order.
new_plays_create = """
CREATE TEMP TABLE new_plays DISTKEY (start_time) SORTKEY (start_time) AS
SELECT start_time, user_id, level, song_id, artist_id, session_id, location, user_agent
FROM (
    SELECT
        events.ts AS start_time,
        events.user_id,
        events.level,
        known.song_id,
        known.artist_id,
        events.session_id,
        events.location,
        events.user_agent,
        ROW_NUMBER() OVER (
            PARTITION BY events.ts, events.user_id, events.session_id
            ORDER BY
                events.item_in_session, events.level, events.location, events.user_agent,
                events.artist, events.song, events.length,
                ABS(known.duration - events.length), known.song_id
        ) AS place
    FROM staging_events AS events
    LEFT JOIN staging_songs AS known
        ON known.title = events.song
        AND known.artist_name = events.artist
    WHERE events.page = 'NextSong'
        AND events.user_id IS NOT NULL
        AND events.ts IS NOT NULL
) AS ranked
WHERE place = 1
"""

# Times that Python's and many other clients can read: microseconds in ts give the year 50 805.
_READABLE = "BETWEEN TIMESTAMP '0001-01-01 00:00:00' AND TIMESTAMP '9999-12-31 23:59:59.999999'"

# What the rest of a load needs to know of its plays, in one scan: the first and the last time, how
# many know their song, how many have a level that is none, and whether some are at a time that no
# play has (seconds taken for milliseconds are in 1970). The ends of the span tell that without a
# look at each play's time, ...
new_plays_facts = """
SELECT
    CAST(MIN(start_time) AS VARCHAR(64)),
    CAST(MAX(start_time) AS VARCHAR(64)),
    COUNT(song_id),
    COUNT(CASE WHEN level NOT IN ('free', 'paid') THEN 1 END),
    CASE
        WHEN MIN(start_time) < TIMESTAMP '1971-01-01 00:00:00'
            OR MAX(start_time) > DATEADD(day, 1, SYSDATE)
        THEN 1
        ELSE 0
    END
FROM new_plays
"""

# ... and only if it is so, these are counted, and those of them that few clients can read.
strange_times_counts = f"""
SELECT
    COUNT(
        CASE
            WHEN start_time < TIMESTAMP '1971-01-01 00:00:00'
                OR start_time > DATEADD(day, 1, SYSDATE)
            THEN 1
        END
    ),
    COUNT(CASE WHEN start_time NOT {_READABLE} THEN 1 END)
FROM new_plays
"""

# Plays loaded before their songs were known get them now. Of events of one user, session and
# millisecond any that knows its song will do: songplays does not keep which of them it was made of.
songplays_update = """
UPDATE songplays
SET song_id = new_plays.song_id,
    artist_id = new_plays.artist_id
FROM new_plays
WHERE songplays.start_time BETWEEN %(first)s AND %(last)s
    AND songplays.start_time = new_plays.start_time
    AND songplays.user_id = new_plays.user_id
    AND (
        songplays.session_id = new_plays.session_id
        OR (songplays.session_id IS NULL AND new_plays.session_id IS NULL)
    )
    AND songplays.song_id IS NULL
    AND new_plays.song_id IS NOT NULL
"""

songplays_insert = """
INSERT INTO songplays (
    start_time, user_id, level, song_id, artist_id, session_id, location, user_agent
)
SELECT
    new_plays.start_time, new_plays.user_id, new_plays.level, new_plays.song_id,
    new_plays.artist_id, new_plays.session_id, new_plays.location, new_plays.user_agent
FROM new_plays
LEFT JOIN (
    SELECT start_time, user_id, session_id
    FROM songplays
    WHERE start_time BETWEEN %(first)s AND %(last)s
) AS known
    ON known.start_time = new_plays.start_time
    AND known.user_id = new_plays.user_id
    AND (
        known.session_id = new_plays.session_id
        OR (known.session_id IS NULL AND new_plays.session_id IS NULL)
    )
WHERE known.start_time IS NULL
ORDER BY new_plays.start_time
"""

# week is ISO's; weekday 0 is Sunday.
time_insert = """
INSERT INTO time (start_time, hour, day, week, month, year, weekday)
SELECT
    plays.start_time,
    EXTRACT(hour FROM plays.start_time),
    EXTRACT(day FROM plays.start_time),
    EXTRACT(week FROM plays.start_time),
    EXTRACT(month FROM plays.start_time),
    EXTRACT(year FROM plays.start_time),
    EXTRACT(weekday FROM plays.start_time)
FROM (SELECT DISTINCT start_time FROM new_plays) AS plays
LEFT JOIN (
    SELECT start_time
    FROM time
    WHERE start_time BETWEEN %(first)s AND %(last)s
) AS known
    ON known.start_time = plays.start_time
WHERE known.start_time IS NULL
ORDER BY plays.start_time
"""

# What a load does, in order. The dimensions and the plays are worked out from staging alone; what
# goes into songplays and time is compared with the span of these plays.
batch_steps = {
    "songs": (
        new_songs_create,
        staging_songs_delete,
        staging_songs_insert,
        staging_songs_analyze,
        songs_delete,
        songs_insert,
    ),
    "artists": (new_artists_create, artists_delete, artists_insert),
    "users": (
        new_users_create,
        staging_users_delete,
        staging_users_insert,
        users_delete,
        users_insert,
    ),
    "plays": (new_plays_create,),
}
span_steps = {
    "songplays": (songplays_update, songplays_insert),
    "time": (time_insert,),
}

insert_table_queries = [
    query for queries in (batch_steps | span_steps).values() for query in queries
]


def effect(query: str) -> tuple[str, str] | None:
    """What a statement does to which table: ("INSERT", "songs"); None if it changes no rows."""
    match = re.match(r"\s*(INSERT) INTO (\w+)|\s*(DELETE) FROM (\w+)|\s*(UPDATE) (\w+)", query)
    if match is None:
        return None
    verb, table = (group for group in match.groups() if group)
    return verb, table


# --- Reconciliation and checks -------------------------------------------------------------------

# Whoever has looked into a table keeps others from emptying it, to the end of the transaction.
staged_plays_look = "SELECT 1 FROM staging_events LIMIT 1"

# Where the staged plays went: how many there are, how many lack a user or a time, how many are
# repeated deliveries ...
staged_plays_counts = """
SELECT
    COUNT(*),
    COUNT(CASE WHEN user_id IS NULL OR ts IS NULL THEN 1 END),
    COUNT(CASE WHEN user_id IS NOT NULL AND ts IS NOT NULL AND delivery > 1 THEN 1 END)
FROM (
    SELECT
        user_id, ts,
        ROW_NUMBER() OVER (
            PARTITION BY ts, user_id, session_id ORDER BY item_in_session
        ) AS delivery
    FROM staging_events
    WHERE page = 'NextSong'
) AS deliveries
"""

# ... and, counted before any is inserted, how many were known already.
known_plays_count = """
SELECT COUNT(*)
FROM new_plays
INNER JOIN songplays
    ON songplays.start_time = new_plays.start_time
    AND songplays.user_id = new_plays.user_id
    AND (
        songplays.session_id = new_plays.session_id
        OR (songplays.session_id IS NULL AND new_plays.session_id IS NULL)
    )
WHERE songplays.start_time BETWEEN %(first)s AND %(last)s
"""


def _repeated(table: str, key: str, rows: str) -> str:
    # A DISTINCT of the primary key itself Redshift may take for done, as the key is promised to be
    # unique: `key` is an expression of it.
    # https://docs.aws.amazon.com/redshift/latest/dg/t_Defining_constraints.html
    return f"""
SELECT COUNT(*) - COUNT(DISTINCT {key})
FROM {table}
WHERE {rows}
"""


def _orphaned(table: str, key: str, parent: str, parents: str, rows: str) -> str:
    # Likewise a join with all of a parent, whose keys are promised to be there: `parents` is a
    # condition on them, if only one that each of them meets.
    return f"""
SELECT COUNT(*)
FROM {table} AS child
LEFT JOIN (SELECT {key} FROM {parent} WHERE {parents}) AS parent
    ON parent.{key} = child.{key}
WHERE child.{key} IS NOT NULL AND parent.{key} IS NULL AND {rows}
"""


_SPAN = "start_time BETWEEN %(first)s AND %(last)s"
_PLAYS = f"child.{_SPAN}"

# What else must hold before a load commits: sentence -> count of the rows that break it. Each looks
# at what the load touched.
checks = {
    "a play is in songplays once": f"""
SELECT COUNT(*)
FROM (
    SELECT start_time
    FROM songplays
    WHERE {_SPAN}
    GROUP BY start_time, user_id, session_id
    HAVING COUNT(*) > 1
) AS repeated
""",
    "songplay_id is unique": _repeated("songplays", "songplay_id + 0", _SPAN),
    "time has each start_time once": _repeated("time", "DATEADD(day, 0, start_time)", _SPAN),
    "users has each user_id once": _repeated(
        "users", "user_id + 0", "user_id IN (SELECT user_id FROM new_users)"
    ),
    "songs has each song_id once": _repeated(
        "songs", "song_id || ''", "song_id IN (SELECT song_id FROM new_songs)"
    ),
    "artists has each artist_id once": _repeated(
        "artists", "artist_id || ''", "artist_id IN (SELECT artist_id FROM new_artists)"
    ),
    "the time of a play is in time": _orphaned("songplays", "start_time", "time", _SPAN, _PLAYS),
    "the user of a play is in users": _orphaned(
        "songplays", "user_id", "users", "user_id + 0 = user_id", _PLAYS
    ),
    "the song of a play is in songs": _orphaned(
        "songplays", "song_id", "songs", "song_id >= ''", _PLAYS
    ),
    "the artist of a play is in artists": _orphaned(
        "songplays", "artist_id", "artists", "artist_id >= ''", _PLAYS
    ),
    "the artist of a song is in artists": _orphaned(
        "songs",
        "artist_id",
        "artists",
        "artist_id >= ''",
        "child.song_id IN (SELECT song_id FROM new_songs)",
    ),
    "the level of a user is free, paid or unknown": """
SELECT COUNT(*) FROM new_users WHERE level NOT IN ('free', 'paid')
""",
    "the year of a user's newest event is from 1 to 9999, ts being milliseconds": f"""
SELECT COUNT(*) FROM new_users WHERE ts NOT {_READABLE}
""",
}

# What stops no load and is warned of. Files of something else give rows of NULLs; what comes before
# a time that never comes is never a user's newest event, and changes no level.
songs_with_id_count = "SELECT COUNT(song_id) FROM incoming_songs"
users_of_tomorrow_count = """
SELECT COUNT(*) FROM new_users WHERE ts > DATEADD(day, 1, SYSDATE)
"""


def row_count(table: str) -> str:
    """The statement that counts a table's rows."""
    return f"SELECT COUNT(*) FROM {table}"


# --- Load errors ---------------------------------------------------------------------------------
# A COPY runs alone in its session, so the session's rows are the rows of that COPY, but for those
# of an older session: process ids come again. The views have UTC. They are not part of the
# transaction: they keep their rows when it is rolled back. SYS views exist on provisioned clusters
# and serverless; only the STL view of a provisioned cluster has the value and the line. Their CHAR
# columns come back padded with blanks.
# https://docs.aws.amazon.com/redshift/latest/dg/PG_BACKEND_PID.html

utc = "SET timezone TO 'UTC'"

sys_load_errors = """
SELECT
    TRIM(file_name), line_number, TRIM(column_name), TRIM(column_type), TRIM(column_length),
    error_code, TRIM(error_message)
FROM sys_load_error_detail
WHERE session_id = PG_BACKEND_PID()
    AND start_time >= DATEADD(second, -%(seconds)s, SYSDATE)
ORDER BY file_name, line_number, column_name
"""

stl_load_errors = """
SELECT
    TRIM(filename), line_number, TRIM(colname), TRIM(type), TRIM(col_length),
    err_code, TRIM(err_reason), TRIM(raw_field_value), TRIM(raw_line)
FROM stl_load_errors
WHERE session = PG_BACKEND_PID()
    AND starttime >= DATEADD(second, -%(seconds)s, SYSDATE)
ORDER BY filename, line_number, colname
"""
