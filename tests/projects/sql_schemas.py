"""Two schemas, a search path, several statements in one string, names with the database."""

import configparser

config = configparser.ConfigParser()
config.read("dwh.cfg")

LOG_DATA = config.get("S3", "LOG_DATA")
LOG_JSONPATH = config.get("S3", "LOG_JSONPATH")
SONG_DATA = config.get("S3", "SONG_DATA")
ARN = config.get("IAM_ROLE", "ARN")

DATABASE = config.get("CLUSTER", "DB_NAME")

drop_table_queries = [
    "DROP SCHEMA IF EXISTS staging CASCADE; DROP SCHEMA IF EXISTS star CASCADE;",
]

create_table_queries = [
    "CREATE SCHEMA IF NOT EXISTS staging; CREATE SCHEMA IF NOT EXISTS star;",
    """
    SET search_path TO staging;
    CREATE TABLE events (
        artist VARCHAR, auth VARCHAR, first_name VARCHAR, gender VARCHAR, item INT,
        last_name VARCHAR, length FLOAT, level VARCHAR, location VARCHAR, method VARCHAR,
        page VARCHAR, registration FLOAT, session_id INT, song VARCHAR, status INT, ts BIGINT,
        user_agent VARCHAR, user_id INT) DISTSTYLE KEY DISTKEY (song) SORTKEY (ts);
    CREATE TABLE songs (
        num_songs INT, artist_id VARCHAR, artist_latitude FLOAT, artist_longitude FLOAT,
        artist_location VARCHAR, artist_name VARCHAR, song_id VARCHAR, title VARCHAR,
        duration FLOAT, year INT) DISTSTYLE KEY DISTKEY (title);
    """,
    f"""
    SET search_path TO star;
    CREATE TABLE plays (
        play_id INT IDENTITY(0,1), played_at TIMESTAMP, user_id INT, song_id VARCHAR,
        is_paid BOOLEAN) BACKUP NO SORTKEY AUTO;
    CREATE TABLE {DATABASE}.star.songs (LIKE staging.songs);
    """,
]

copy_table_queries = [
    f"COPY staging.events FROM {LOG_DATA} IAM_ROLE {ARN} JSON {LOG_JSONPATH} REGION 'us-west-2';",
    f"COPY staging.songs FROM {SONG_DATA} IAM_ROLE {ARN} JSON 'auto' REGION 'us-west-2';",
]

insert_table_queries = [
    """
    CREATE TEMP TABLE next_songs AS SELECT * FROM staging.events WHERE page = 'NextSong';
    INSERT INTO star.plays (played_at, user_id, song_id, is_paid)
    SELECT DATEADD(ms, n.ts, '1970-01-01') AS played_at, n.user_id, s.song_id,
           DECODE(n.level, 'paid', TRUE, FALSE)
    FROM next_songs n LEFT JOIN staging.songs s
      ON n.song = s.title AND n.artist = s.artist_name AND n.length = s.duration;
    DROP TABLE next_songs;
    """,
    f"INSERT INTO {DATABASE}.star.songs SELECT * FROM staging.songs WHERE NVL(year, 0) > 0;",
    "DELETE FROM star.plays WHERE play_id IN (SELECT MAX(play_id) FROM star.plays);",
]
