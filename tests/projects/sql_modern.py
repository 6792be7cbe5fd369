"""What is newer: QUALIFY, MERGE, a table named with #, LISTAGG, GETDATE."""

import configparser

config = configparser.ConfigParser()
config.read("dwh.cfg")

LOG_DATA = config.get("S3", "LOG_DATA")
LOG_JSONPATH = config.get("S3", "LOG_JSONPATH")
SONG_DATA = config.get("S3", "SONG_DATA")
ARN = config.get("IAM_ROLE", "ARN")

drop_table_queries = [
    "DROP TABLE IF EXISTS staging_events",
    "DROP TABLE IF EXISTS users",
    "DROP TABLE IF EXISTS plays_by_user",
]

create_table_queries = [
    """CREATE TABLE staging_events (
        artist VARCHAR, auth VARCHAR, first_name VARCHAR, gender VARCHAR, item INT,
        last_name VARCHAR, length FLOAT, level VARCHAR, location VARCHAR, method VARCHAR,
        page VARCHAR, registration FLOAT, session_id INT, song VARCHAR, status INT, ts BIGINT,
        user_agent VARCHAR, user_id INT) ENCODE AUTO""",
    """CREATE TABLE users (
        user_id INT, first_name VARCHAR, level VARCHAR, loaded_at TIMESTAMP DEFAULT GETDATE())""",
    "INSERT INTO users (user_id, first_name, level) VALUES (1, 'Old', 'free'), (9, 'Gone', 'paid')",
    "CREATE TABLE plays_by_user (user_id INT, plays INT, share FLOAT, songs VARCHAR(MAX))",
]

copy_table_queries = [
    f"COPY staging_events FROM {LOG_DATA} IAM_ROLE {ARN} JSON {LOG_JSONPATH} REGION 'us-west-2'"
]

insert_table_queries = [
    """
    CREATE TABLE #latest AS
    SELECT e.user_id, e.first_name, e.level, ROW_NUMBER() OVER (PARTITION BY user_id
           ORDER BY ts DESC) AS latest
    FROM staging_events AS e
    WHERE user_id IS NOT NULL
    QUALIFY latest = 1
    """,
    """
    MERGE INTO users USING #latest AS l ON users.user_id = l.user_id
    WHEN MATCHED THEN UPDATE SET first_name = l.first_name, level = l.level
    WHEN NOT MATCHED THEN INSERT (user_id, first_name, level)
         VALUES (l.user_id, l.first_name, l.level)
    """,
    """
    INSERT INTO plays_by_user
    SELECT user_id AS listener, COUNT(*) AS plays, RATIO_TO_REPORT(COUNT(*)) OVER () AS share,
           LISTAGG(DISTINCT song, '|')
    FROM staging_events WHERE page = 'NextSong' AND listener IS NOT NULL
    GROUP BY listener
    HAVING plays > 0
    """,
]
