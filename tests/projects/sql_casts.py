"""Numbers and moments where text belongs, moments made by templates, keys hashed of both."""

import configparser

config = configparser.ConfigParser()
config.read("dwh.cfg")
S3 = config["S3"]
ARN = config["IAM_ROLE"]["ARN"]

staging_events_table_drop = "DROP TABLE IF EXISTS staging_events"
songplay_table_drop = "DROP TABLE IF EXISTS songplays CASCADE"
user_table_drop = "DROP TABLE IF EXISTS users CASCADE"
time_table_drop = "DROP TABLE IF EXISTS time CASCADE"

staging_events_table_create = """
CREATE TABLE staging_events (
    artist VARCHAR, auth VARCHAR, firstName VARCHAR, gender VARCHAR, itemInSession INT,
    lastName VARCHAR, length NUMERIC(9,5), level VARCHAR, location VARCHAR, method VARCHAR,
    page VARCHAR, registration NUMERIC, sessionId INT, song VARCHAR, status INT, ts NUMERIC,
    userAgent VARCHAR, userId INT
)
"""
songplay_table_create = """
CREATE TABLE songplays (
    songplay_id VARCHAR(32) NOT NULL, start_time TIMESTAMP NOT NULL SORTKEY, day_key VARCHAR(10),
    seen TIMESTAMP, user_id VARCHAR, level VARCHAR,
    CONSTRAINT songplays_pkey PRIMARY KEY (songplay_id)
)
"""
user_table_create = """
CREATE TABLE users (user_id INT PRIMARY KEY, first_name VARCHAR, level VARCHAR) DISTSTYLE ALL;
"""
time_table_create = """
CREATE TABLE "time" (
    start_time TIMESTAMP PRIMARY KEY, "hour" INT4, "day" INT4, week INT4, "month" INT4,
    "year" INT4, weekday BOOLEAN
)
"""

staging_events_copy = f"""
COPY staging_events FROM {S3["LOG_DATA"]}
CREDENTIALS 'aws_iam_role={ARN.strip("'")}'
-- the keys are in camel case
FORMAT AS JSON {S3["LOG_JSONPATH"]}
COMPUPDATE OFF STATUPDATE OFF;
;
"""

songplay_table_insert = """
INSERT INTO songplays (songplay_id, start_time, day_key, seen, user_id, level)
SELECT md5(events.sessionid || events.start_time) songplay_id,
       events.start_time,
       LEFT(events.start_time, 10),
       to_timestamp(to_char(events.ts, '9999-99-99 99:99:99'), 'YYYY-MM-DD HH24:MI:SS'),
       events.userid,
       events.level
FROM (SELECT TIMESTAMP 'epoch' + ts/1000 * interval '1 second' AS start_time, *
      FROM staging_events
      WHERE page = 'NextSong') events
"""
user_table_insert = """
-- everybody as a free user first
INSERT INTO users
SELECT DISTINCT userid, firstname, level FROM staging_events
WHERE userid NOT LIKE '' AND level LIKE 'free';

DELETE FROM users WHERE user_id IN (SELECT userid FROM staging_events WHERE level LIKE 'paid');

-- and the others as they are
INSERT INTO users
SELECT DISTINCT userid, firstname, level FROM staging_events
WHERE userid NOT LIKE '' AND level LIKE 'paid';
"""
time_table_insert = """
INSERT INTO "time"
SELECT DISTINCT to_timestamp(date_trunc('second', start_time), 'YYYY-MM-DD HH:MI:SS') AS moment,
       extract(hour FROM moment), extract(day FROM moment), extract(week FROM moment),
       extract(month FROM moment), extract(year FROM moment),
       CASE WHEN extract(weekday FROM moment) BETWEEN 1 AND 5 THEN TRUE ELSE FALSE END
FROM songplays
ORDER BY moment
"""

create_table_queries = [
    staging_events_table_create,
    songplay_table_create,
    user_table_create,
    time_table_create,
]
drop_table_queries = [
    staging_events_table_drop,
    songplay_table_drop,
    user_table_drop,
    time_table_drop,
]
copy_table_queries = [staging_events_copy]
insert_table_queries = [songplay_table_insert, user_table_insert, time_table_insert]
