"""Updates and inserts by way of a temporary table; the level of a user is the latest one."""

import configparser

config = configparser.ConfigParser()
config.read("dwh.cfg")

LOG_DATA = config.get("S3", "LOG_DATA")
LOG_JSONPATH = config.get("S3", "LOG_JSONPATH")
SONG_DATA = config.get("S3", "SONG_DATA")
ARN = config.get("IAM_ROLE", "ARN")

drop_table_queries = [
    "DROP TABLE IF EXISTS staging_events, staging_songs, users, songplays CASCADE;"
]

create_table_queries = [
    """
    CREATE TABLE IF NOT EXISTS staging_events (
        artist VARCHAR(256), auth VARCHAR(50), firstName VARCHAR(50), gender CHAR(1),
        itemInSession INTEGER, lastName VARCHAR(50), length DECIMAL(10,5), level VARCHAR(10),
        location VARCHAR(256), method VARCHAR(10), page VARCHAR(50), registration DECIMAL(18,1),
        sessionId INTEGER, song VARCHAR(256), status INTEGER, ts BIGINT, userAgent VARCHAR(512),
        userId INTEGER)
    """,
    """
    CREATE TABLE IF NOT EXISTS users (
        user_id INTEGER NOT NULL PRIMARY KEY DISTKEY, first_name VARCHAR(50),
        last_name VARCHAR(50), gender CHAR(1), level VARCHAR(10), seen BIGINT)
    """,
    """
    CREATE TABLE IF NOT EXISTS songplays (
        songplay_id INTEGER IDENTITY(0,1) PRIMARY KEY, start_time TIMESTAMP SORTKEY,
        user_id INTEGER DISTKEY REFERENCES users(user_id), level VARCHAR(10))
    """,
]

copy_table_queries = [
    f"""
    COPY staging_events
    FROM {LOG_DATA}
    IAM_ROLE {ARN}
    FORMAT AS JSON {LOG_JSONPATH}
    REGION 'us-west-2'
    """
]

insert_table_queries = [
    """
    INSERT INTO users (user_id, first_name, last_name, gender, level, seen)
    SELECT userId, MAX(firstName), MAX(lastName), MAX(gender), MIN(level), MIN(ts)
    FROM staging_events WHERE page = 'NextSong' GROUP BY userId
    """,
    """
    CREATE TEMPORARY TABLE newest (LIKE users);
    INSERT INTO newest
    SELECT DISTINCT userId AS user_id,
           LAST_VALUE(firstName) OVER (PARTITION BY userId ORDER BY ts
               ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING),
           NULL, NULL,
           LAST_VALUE(level) OVER (PARTITION BY userId ORDER BY ts NULLS LAST
               ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS level,
           MAX(ts) OVER (PARTITION BY userId)
    FROM staging_events WHERE userId IS NOT NULL;
    UPDATE users SET level = newest.level, seen = newest.seen
    FROM newest WHERE users.user_id = newest.user_id AND users.level <> newest.level;
    """,
    """
    INSERT INTO songplays (start_time, user_id, level)
    SELECT t.start_time, t.user_id, u.level
    FROM (SELECT DATE_ADD('ms', ts, '19700101') AS start_time, userId AS user_id,
                 ROW_NUMBER() OVER (PARTITION BY userId, sessionId, ts ORDER BY ts) AS copy_number
          FROM staging_events WHERE page = 'NextSong') t
    JOIN users u ON u.user_id = t.user_id
    WHERE copy_number = 1
    """,
]
