"""NATURAL JOIN and USING, staging with an identity, CASE, UPDATE, times from milliseconds."""

import configparser

config = configparser.ConfigParser()
config.read("dwh.cfg")

LOG_DATA = config.get("S3", "LOG_DATA")
LOG_JSONPATH = config.get("S3", "LOG_JSONPATH")
SONG_DATA = config.get("S3", "SONG_DATA")
ARN = config.get("IAM_ROLE", "ARN")

drop_table_queries = [
    "DROP TABLE IF EXISTS staging_events",
    "DROP TABLE IF EXISTS staging_songs",
    "DROP TABLE IF EXISTS facts",
    "DROP TABLE IF EXISTS listeners",
]

create_table_queries = [
    """CREATE TABLE staging_events (
        id BIGINT IDENTITY(1, 1) SORTKEY, artist VARCHAR, auth VARCHAR, firstName VARCHAR,
        gender VARCHAR, itemInSession INT, lastName VARCHAR, length FLOAT, level VARCHAR,
        location VARCHAR, method VARCHAR, page VARCHAR, registration VARCHAR, sessionId INT,
        title VARCHAR, status INT, ts BIGINT, userAgent VARCHAR, userId INT)""",
    """CREATE TABLE staging_songs (
        num_songs INT, artist_id VARCHAR, artist_latitude FLOAT, artist_longitude FLOAT,
        artist_location VARCHAR, artist_name VARCHAR, song_id VARCHAR, title VARCHAR,
        duration FLOAT, year INT)""",
    """CREATE TABLE facts (
        PRIMARY KEY (fact_id), fact_id INT IDENTITY(0,1), start_time TIMESTAMP, hour INT,
        userId INT, title VARCHAR, song_id VARCHAR)""",
    """CREATE TABLE listeners (userId INT PRIMARY KEY, name VARCHAR, level VARCHAR)""",
]

copy_table_queries = [
    f"COPY staging_events FROM {LOG_DATA} IAM_ROLE {ARN} JSON {LOG_JSONPATH} REGION 'us-west-2'",
    f"COPY staging_songs FROM {SONG_DATA} IAM_ROLE {ARN} FORMAT AS JSON 'auto' REGION 'us-west-2'",
]

insert_table_queries = [
    """
    INSERT INTO facts (start_time, hour, userId, title, song_id)
    SELECT TIMESTAMP 'epoch' + e.ts * INTERVAL '0.001 seconds' AS start_time,
           DATEPART('hour', start_time) AS hour, e.userId, title, s.song_id
    FROM staging_events e INNER JOIN staging_songs s USING (title)
    WHERE e.page = 'NextSong' AND hour = 21
    """,
    """
    INSERT INTO listeners
    SELECT userId, INITCAP(MIN(firstName)) || ' ' || MIN(lastName),
           CASE WHEN SUM(CASE WHEN level = 'paid' THEN 1 ELSE 0 END) > 0 THEN 'paid' ELSE 'free' END
    FROM staging_events WHERE userId IS NOT NULL GROUP BY 1
    """,
    """
    UPDATE listeners SET level = UPPER(level) WHERE userId IN (
        SELECT userId FROM facts NATURAL JOIN listeners)
    """,
]
