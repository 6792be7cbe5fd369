"""Joins in parentheses, derived tables, UNION, a common table expression inside INSERT."""

import configparser

config = configparser.ConfigParser()
config.read("dwh.cfg")

LOG_DATA = config.get("S3", "LOG_DATA")
LOG_JSONPATH = config.get("S3", "LOG_JSONPATH")
SONG_DATA = config.get("S3", "SONG_DATA")
ARN = config.get("IAM_ROLE", "ARN")

drop_table_queries = [
    "DROP TABLE IF EXISTS staging_events;",
    "DROP TABLE IF EXISTS staging_songs;",
    "DROP TABLE IF EXISTS songplays;",
    "DROP TABLE IF EXISTS time;",
]

create_table_queries = [
    """CREATE TABLE staging_events (
        artist VARCHAR, auth VARCHAR, firstName VARCHAR, gender VARCHAR, itemInSession INT,
        lastName VARCHAR, length FLOAT, level VARCHAR, location VARCHAR, method VARCHAR,
        page VARCHAR, registration BIGINT, sessionId INT, song VARCHAR, status INT, ts BIGINT,
        userAgent VARCHAR, userId VARCHAR)""",
    """CREATE TABLE staging_songs (
        num_songs INT, artist_id VARCHAR, artist_latitude FLOAT, artist_longitude FLOAT,
        artist_location VARCHAR, artist_name VARCHAR, song_id VARCHAR, title VARCHAR,
        duration FLOAT, year INT)""",
    """CREATE TABLE songplays (
        songplay_id INT IDENTITY NOT NULL PRIMARY KEY, start_time TIMESTAMP, user_id INT,
        song_id VARCHAR, title VARCHAR)""",
    """CREATE TABLE time (start_time TIMESTAMP PRIMARY KEY, hour INT, weekday VARCHAR(10))""",
]

copy_table_queries = [
    f"COPY staging_events FROM {LOG_DATA} IAM_ROLE {ARN} JSON {LOG_JSONPATH} REGION 'us-west-2';",
    f"COPY staging_songs FROM {SONG_DATA} IAM_ROLE {ARN} JSON 'auto' REGION 'us-west-2';",
]

insert_table_queries = [
    """
    INSERT INTO songplays (start_time, user_id, song_id, title)
    WITH plays AS (
        SELECT *, TIMESTAMP 'epoch' + ts/1000.0 * INTERVAL '1 second' AS start_time
        FROM staging_events WHERE page = 'NextSong'
    )
    SELECT p.start_time, p.userId::INT, songs.song_id, songs.title
    FROM (plays p LEFT JOIN (SELECT song_id, title, artist_name FROM staging_songs
                             WHERE title IS NOT NULL) AS songs
          ON p.song = songs.title AND p.artist = songs.artist_name)
    """,
    """
    INSERT INTO time
    (SELECT st AS start_time, EXTRACT(hour FROM start_time) AS hour,
            TRIM(TO_CHAR(start_time, 'Day')) AS weekday
     FROM (SELECT start_time AS st FROM songplays
           UNION
           SELECT TIMESTAMP 'epoch' + ts/1000 * INTERVAL '1 second' FROM staging_events));
    """,
]
