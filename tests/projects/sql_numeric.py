"""NUMERIC without digits is NUMERIC(18,0): lengths lose their fraction when they are loaded."""

import configparser

config = configparser.ConfigParser()
config.read("dwh.cfg")

LOG_DATA = config.get("S3", "LOG_DATA")
LOG_JSONPATH = config.get("S3", "LOG_JSONPATH")
SONG_DATA = config.get("S3", "SONG_DATA")
ARN = config.get("IAM_ROLE", "ARN")

staging_events_table_drop = "DROP TABLE IF EXISTS staging_events"
staging_songs_table_drop = "DROP TABLE IF EXISTS staging_songs"
songplay_table_drop = "DROP TABLE IF EXISTS songplay"
song_table_drop = "DROP TABLE IF EXISTS song"

staging_events_table_create = """
create table if not exists staging_events(
    artist text, auth text, first_name text, gender char, item_in_session smallint, last_name text,
    length numeric, level text, location text, method text, page text, registration numeric,
    session_id int4, song text, status int2, ts numeric, user_agent text, user_id int4)
diststyle even
"""
staging_songs_table_create = """
create table if not exists staging_songs(
    num_songs int, artist_id text, artist_latitude decimal(9), artist_longitude decimal,
    artist_location character varying(max), artist_name text, song_id text, title text,
    duration numeric, year int)
"""
songplay_table_create = """
create table if not exists songplay(
    songplay_id bigint identity(100,1) primary key, start_time timestamp sortkey, user_id int,
    song_id text, artist_id text, session_id int, length numeric(10,5)) diststyle auto
"""
song_table_create = """
create table if not exists song(
    song_id text primary key sortkey, title text not null, artist_id text not null distkey,
    year int, duration numeric not null)
"""

staging_events_copy = """
    copy staging_events from {} iam_role {} json {} region 'us-west-2'
    compupdate off statupdate off;
""".format(LOG_DATA, ARN, LOG_JSONPATH)
staging_songs_copy = """
    -- the songs' keys are the columns
    copy staging_songs from {} iam_role {} json as 'auto' region 'us-west-2';
""".format(SONG_DATA, ARN)

songplay_table_insert = """
    insert into songplay(start_time, user_id, song_id, artist_id, session_id, length)
    select timestamp 'epoch' + ts::numeric / 1000 * interval '1 second', e.user_id, s.song_id,
           s.artist_id, e.session_id, e.length
    from staging_events e
    right join staging_songs s
      on s.title = e.song and s.artist_name = e.artist and s.duration = e.length
    where e.page = 'NextSong'
"""
song_table_insert = """
    insert into song (select song_id, title, artist_id, nullif(year, 0), duration from staging_songs)
"""

drop_table_queries = [
    staging_events_table_drop,
    staging_songs_table_drop,
    songplay_table_drop,
    song_table_drop,
]
create_table_queries = [
    staging_events_table_create,
    staging_songs_table_create,
    songplay_table_create,
    song_table_create,
]
copy_table_queries = [staging_events_copy, staging_songs_copy]
insert_table_queries = [songplay_table_insert, song_table_insert]
