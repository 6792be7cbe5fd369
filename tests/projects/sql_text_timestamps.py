"""Everything is a VARCHAR: ts is divided as it is, keys refer to columns of another type."""

import configparser

config = configparser.ConfigParser()
config.read("dwh.cfg")

LOG_DATA = config.get("S3", "LOG_DATA")
LOG_JSONPATH = config.get("S3", "LOG_JSONPATH")
SONG_DATA = config.get("S3", "SONG_DATA")
ARN = config.get("IAM_ROLE", "ARN")

drop_table_queries = [
    "DROP TABLE IF EXISTS " + table
    for table in ["songplays", "users", "time", "staging_events", "staging_songs"]
]

create_table_queries = [
    """CREATE TABLE staging_events (
        artist varchar, auth varchar, firstName varchar, gender varchar, itemInSession varchar,
        lastName varchar, length varchar, level varchar, location varchar, method varchar,
        page varchar, registration varchar, sessionId varchar, song varchar, status varchar,
        ts varchar, userAgent varchar(1024), userId varchar)""",
    """CREATE TABLE staging_songs (
        num_songs int, artist_id varchar, artist_latitude varchar, artist_longitude varchar,
        artist_location varchar(1024), artist_name varchar(1024), song_id varchar,
        title varchar(1024), duration varchar, year varchar)""",
    """CREATE TABLE users (user_id varchar PRIMARY KEY, first_name varchar, level varchar)""",
    """CREATE TABLE time (start_time varchar PRIMARY KEY, hour int, weekday varchar(9))""",
    """CREATE TABLE songplays (
        songplay_id bigint IDENTITY(1,1), start_time timestamp REFERENCES time,
        user_id int REFERENCES users (user_id), song_id varchar, length numeric)""",
]

copy_table_queries = [
    """copy staging_events from {} credentials 'aws_iam_role={}' format as json {}
       region 'us-west-2' emptyasnull blanksasnull;""".format(LOG_DATA, ARN[1:-1], LOG_JSONPATH),
    """copy staging_songs from {} credentials 'aws_iam_role={}' json 'auto' region 'us-west-2'
       maxerror as 10;""".format(SONG_DATA, ARN[1:-1]),
]

insert_table_queries = [
    """INSERT INTO users (user_id, first_name, level)
       SELECT DISTINCT userId, firstName, level FROM staging_events
       WHERE page = 'NextSong' AND userId IS NOT NULL AND userId <> ''""",
    """INSERT INTO time (start_time, hour, weekday)
       SELECT DISTINCT timestamp 'epoch' + ts/1000 * interval '1 second' AS start_time,
              date_part(hour, start_time), to_char(start_time, 'Day')
       FROM staging_events WHERE page = 'NextSong'""",
    """INSERT INTO songplays (start_time, user_id, song_id, length)
       SELECT timestamp 'epoch' + ts/1000 * interval '1 second', userId::int, song_id,
              length::float
       FROM staging_events LEFT JOIN staging_songs
         ON song = title AND artist = artist_name AND length::float = duration::float
       WHERE page = 'NextSong'""",
]
