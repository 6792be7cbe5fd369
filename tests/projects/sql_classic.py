"""The commonest of all: DISTINCT everywhere, an inner join, aliases in EXTRACT."""

import configparser

config = configparser.ConfigParser()
config.read("dwh.cfg")

drop_table_queries = [
    "DROP TABLE IF EXISTS staging_events",
    "DROP TABLE IF EXISTS staging_songs",
    "DROP TABLE IF EXISTS songplays",
    "DROP TABLE IF EXISTS users CASCADE",
    "DROP TABLE IF EXISTS songs CASCADE",
    "DROP TABLE IF EXISTS artists CASCADE",
    "DROP TABLE IF EXISTS time CASCADE;",
]

staging_events_table_create = """
CREATE TABLE IF NOT EXISTS staging_events (
    artist VARCHAR, auth VARCHAR, firstName VARCHAR, gender CHAR(1), itemInSession INT,
    lastName VARCHAR, length FLOAT, level VARCHAR, location TEXT, method VARCHAR, page VARCHAR,
    registration BIGINT, sessionId INT, song VARCHAR, status INT, ts BIGINT, userAgent TEXT,
    userId INT
);
"""
staging_songs_table_create = """
CREATE TABLE IF NOT EXISTS staging_songs (
    num_songs INT, artist_id VARCHAR, artist_latitude FLOAT, artist_longitude FLOAT,
    artist_location VARCHAR(MAX), artist_name VARCHAR(MAX), song_id VARCHAR, title VARCHAR(MAX),
    duration FLOAT, year INT
);
"""
songplay_table_create = """
CREATE TABLE IF NOT EXISTS songplays (
    songplay_id INT IDENTITY(0,1) PRIMARY KEY, start_time TIMESTAMP NOT NULL SORTKEY DISTKEY,
    user_id INT NOT NULL, level VARCHAR, song_id VARCHAR, artist_id VARCHAR, session_id INT,
    location VARCHAR, user_agent VARCHAR
);
"""
user_table_create = """
CREATE TABLE IF NOT EXISTS users (
    user_id INT PRIMARY KEY SORTKEY, first_name VARCHAR, last_name VARCHAR, gender CHAR(1),
    level VARCHAR
) DISTSTYLE ALL;
"""
song_table_create = """
CREATE TABLE IF NOT EXISTS songs (
    song_id VARCHAR PRIMARY KEY, title VARCHAR, artist_id VARCHAR, year INT, duration FLOAT
) DISTSTYLE ALL;
"""
artist_table_create = """
CREATE TABLE IF NOT EXISTS artists (
    artist_id VARCHAR PRIMARY KEY, name VARCHAR(MAX), location VARCHAR(MAX), latitude FLOAT,
    longitude FLOAT
) DISTSTYLE ALL;
"""
time_table_create = """
CREATE TABLE IF NOT EXISTS time (
    start_time TIMESTAMP PRIMARY KEY SORTKEY DISTKEY, hour INT, day INT, week INT, month INT,
    year INT, weekday INT
);
"""

staging_events_copy = """
COPY staging_events FROM {}
CREDENTIALS 'aws_iam_role={}'
COMPUPDATE OFF REGION 'us-west-2'
FORMAT AS JSON {};
""".format(
    config["S3"]["LOG_DATA"],
    config["IAM_ROLE"]["ARN"].strip("'"),
    config["S3"]["LOG_JSONPATH"],
)
staging_songs_copy = """
COPY staging_songs FROM {}
CREDENTIALS 'aws_iam_role={}'
COMPUPDATE OFF REGION 'us-west-2'
FORMAT AS JSON 'auto' TRUNCATECOLUMNS;
""".format(config["S3"]["SONG_DATA"], config["IAM_ROLE"]["ARN"].strip("'"))

songplay_table_insert = """
INSERT INTO songplays (start_time, user_id, level, song_id, artist_id, session_id, location,
                       user_agent)
SELECT DISTINCT TIMESTAMP 'epoch' + (e.ts / 1000) * INTERVAL '1 second' AS start_time,
       e.userId AS user_id, e.level AS level, s.song_id AS song_id, s.artist_id AS artist_id,
       e.sessionId AS session_id, e.location AS location, e.userAgent AS user_agent
FROM staging_events AS e
JOIN staging_songs AS s ON (e.song = s.title AND e.artist = s.artist_name)
WHERE e.page = 'NextSong';
"""
user_table_insert = """
INSERT INTO users (user_id, first_name, last_name, gender, level)
SELECT DISTINCT userId, firstName, lastName, gender, level
FROM staging_events WHERE page = 'NextSong' AND userId IS NOT NULL;
"""
song_table_insert = """
INSERT INTO songs SELECT DISTINCT(song_id) AS song_id, title, artist_id, year, duration
FROM staging_songs WHERE song_id IS NOT NULL;
"""
artist_table_insert = """
INSERT INTO artists (artist_id, name, location, latitude, longitude)
SELECT DISTINCT artist_id AS artist_id, artist_name AS name, artist_location AS location,
       artist_latitude AS latitude, artist_longitude AS longitude
FROM staging_songs;
"""
time_table_insert = """
INSERT INTO time
SELECT DISTINCT TIMESTAMP 'epoch' + (ts / 1000) * INTERVAL '1 second' AS start_time,
       EXTRACT(HOUR FROM start_time) AS hour,
       EXTRACT(DAY FROM start_time) AS day,
       EXTRACT(WEEKS FROM start_time) AS week,
       EXTRACT(MONTH FROM start_time) AS month,
       EXTRACT(YEAR FROM start_time) AS year,
       EXTRACT(WEEKDAY FROM start_time) AS weekday
FROM staging_events
WHERE page = 'NextSong';
"""

create_table_queries = [
    staging_events_table_create,
    staging_songs_table_create,
    songplay_table_create,
    user_table_create,
    song_table_create,
    artist_table_create,
    time_table_create,
]
copy_table_queries = [staging_events_copy, staging_songs_copy]
insert_table_queries = [
    songplay_table_insert,
    user_table_insert,
    song_table_insert,
    artist_table_insert,
    time_table_insert,
]
