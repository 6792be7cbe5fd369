"""For etl_rows.py: time row by row, TRUNCATE, a table made from a query, renames, analytics."""

import configparser

config = configparser.ConfigParser()
config.read("dwh.cfg")

LOG_DATA = config.get("S3", "LOG_DATA")
LOG_JSONPATH = config.get("S3", "LOG_JSONPATH")
SONG_DATA = config.get("S3", "SONG_DATA")
ARN = config.get("IAM_ROLE", "ARN")

drop_table_queries = [
    "DROP TABLE IF EXISTS staging_events",
    "DROP TABLE IF EXISTS plays",
    "DROP TABLE IF EXISTS songplays",
    "DROP TABLE IF EXISTS time",
]

create_table_queries = [
    """CREATE TABLE staging_events (
        artist VARCHAR, auth VARCHAR, firstName VARCHAR, gender VARCHAR, itemInSession INT,
        lastName VARCHAR, length FLOAT, level VARCHAR, location VARCHAR, method VARCHAR,
        page VARCHAR, registration BIGINT, sessionId INT, song VARCHAR, status INT, ts BIGINT,
        userAgent VARCHAR, userId INT)""",
    """CREATE TABLE time (
        start_time TIMESTAMP, hour INT, day INT, week INT, month INT, year INT)""",
]

copy_table_queries = [
    "TRUNCATE TABLE staging_events",
    f"COPY staging_events FROM {LOG_DATA} IAM_ROLE {ARN} JSON {LOG_JSONPATH} REGION 'us-west-2'",
]

insert_table_queries = [
    """CREATE TABLE plays DISTKEY (user_id) SORTKEY (started) AS
       SELECT TIMESTAMP 'epoch' + ts / 1000 * INTERVAL '1 second' AS started, userId AS user_id,
              level, song, DATE_TRUNC('day', started) AS day
       FROM staging_events WHERE page = 'NextSong'""",
    "INSERT INTO plays SELECT no_such_column FROM staging_events",
    "ALTER TABLE plays RENAME TO songplays",
    "ALTER TABLE songplays ADD COLUMN note VARCHAR(10) DEFAULT 'none'",
    "VACUUM songplays",
    "ANALYZE songplays",
]

timestamps_select = "SELECT DISTINCT ts FROM staging_events WHERE page = 'NextSong' ORDER BY ts"
time_row_insert = """
    INSERT INTO time (start_time, hour, day, week, month, year) VALUES (%s, %s, %s, %s, %s, %s)
"""

analytics_queries = [
    """SELECT TOP 1 song, COUNT(*) AS plays FROM songplays GROUP BY song ORDER BY plays DESC, song""",
    """SELECT t.hour, COUNT(*) AS plays FROM songplays s
       JOIN time t ON DATE_TRUNC('second', t.start_time) = s.started
       GROUP BY t.hour HAVING COUNT(*) > 1 ORDER BY 1""",
    """SELECT level, plays, plays * 100 / CAST(SUM(plays) OVER () AS INT) AS percent
       FROM (SELECT level, COUNT(*) AS plays FROM songplays GROUP BY level) ORDER BY level""",
]
