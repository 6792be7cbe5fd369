"""Loads only what is not there yet: aliases in WHERE, row values in NOT IN; run twice."""

import configparser

config = configparser.ConfigParser()
config.read("dwh.cfg")

LOG_DATA = config.get("S3", "LOG_DATA")
LOG_JSONPATH = config.get("S3", "LOG_JSONPATH")
SONG_DATA = config.get("S3", "SONG_DATA")
ARN = config.get("IAM_ROLE", "ARN")

drop_table_queries = [
    f"DROP TABLE IF EXISTS {table};"
    for table in ("staging_events", "staging_songs", "songplays", "users", "artists", "time")
]

create_table_queries = [
    """
    CREATE TABLE IF NOT EXISTS staging_events (
        event_id INT IDENTITY(0,1) NOT NULL, artist VARCHAR(500), auth VARCHAR, first_name VARCHAR,
        gender VARCHAR(1), item_in_session INTEGER, last_name VARCHAR, length DOUBLE PRECISION,
        level VARCHAR, location VARCHAR(500), method VARCHAR, page VARCHAR, registration VARCHAR,
        session_id BIGINT SORTKEY DISTKEY, song VARCHAR(500), status INTEGER, ts BIGINT,
        user_agent TEXT, user_id VARCHAR(100), PRIMARY KEY (event_id))
    """,
    """
    CREATE TABLE IF NOT EXISTS staging_songs (
        song_id VARCHAR(100), num_songs INTEGER, artist_id VARCHAR(100), artist_latitude FLOAT8,
        artist_longitude FLOAT8, artist_location VARCHAR(500), artist_name VARCHAR(500),
        title VARCHAR(500), duration FLOAT8, year INTEGER, PRIMARY KEY (song_id))
    """,
    """
    CREATE TABLE IF NOT EXISTS songplays (
        songplay_id INT IDENTITY (0, 1) NOT NULL, start_time TIMESTAMP, user_id VARCHAR(100),
        level VARCHAR, song_id VARCHAR, artist_id VARCHAR, session_id BIGINT,
        PRIMARY KEY (songplay_id))
    """,
    """
    CREATE TABLE IF NOT EXISTS users (
        user_id VARCHAR, first_name VARCHAR, last_name VARCHAR, gender VARCHAR(1), level VARCHAR,
        PRIMARY KEY (user_id))
    """,
    """
    CREATE TABLE IF NOT EXISTS artists (
        artist_id VARCHAR, name VARCHAR, location VARCHAR, PRIMARY KEY (artist_id))
    """,
    """
    CREATE TABLE IF NOT EXISTS time (
        start_time TIMESTAMP, hour INT4, day INT4, week INT4, month INT4, year INT4, weekday INT4,
        PRIMARY KEY (start_time))
    """,
]

copy_table_queries = [
    f"""COPY staging_events FROM {LOG_DATA} IAM_ROLE {ARN} REGION 'us-west-2'
        JSON {LOG_JSONPATH}""",
    f"""COPY staging_songs FROM {SONG_DATA} IAM_ROLE {ARN} REGION 'us-west-2' JSON 'auto'""",
]

songplay_insert = """
    INSERT INTO songplays (start_time, user_id, level, song_id, artist_id, session_id)
    SELECT DISTINCT
        TIMESTAMP 'epoch' + e.ts / 1000 * INTERVAL '1 second' AS start_time,
        e.user_id, e.level, s.song_id, s.artist_id, e.session_id
    FROM staging_events e, staging_songs s
    WHERE e.page = 'NextSong' AND e.song = s.title AND e.artist = s.artist_name
      AND e.length = s.duration
      AND (start_time, user_id, session_id) NOT IN (
          SELECT start_time, user_id, session_id FROM songplays)
"""
user_insert = """
    INSERT INTO users
    SELECT user_id, first_name, last_name, gender, level
    FROM (SELECT user_id, first_name, last_name, gender, level,
                 ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY ts DESC) AS latest
          FROM staging_events WHERE page = 'NextSong')
    WHERE latest = 1 AND user_id NOT IN (SELECT DISTINCT user_id FROM users)
"""
artist_insert = """
    INSERT INTO artists
    SELECT artist_id, MAX(artist_name) AS name, MAX(artist_location) AS location
    FROM staging_songs WHERE artist_id NOT IN (SELECT artist_id FROM artists)
    GROUP BY artist_id
"""
time_insert = """
    INSERT INTO time
    SELECT ts_start AS start_time, EXTRACT(h FROM start_time), EXTRACT(d FROM start_time),
           EXTRACT(w FROM start_time), EXTRACT(mon FROM start_time), EXTRACT(y FROM start_time),
           EXTRACT(dow FROM start_time)
    FROM (SELECT DISTINCT TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 Second ' AS ts_start
          FROM staging_events)
    WHERE start_time NOT IN (SELECT start_time FROM time)
"""
insert_table_queries = [songplay_insert, user_insert, artist_insert, time_insert] * 2
