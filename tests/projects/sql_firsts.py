"""Window functions for dimensions: first and last values, NULLs ignored, ANY_VALUE, MEDIAN."""

import configparser

config = configparser.ConfigParser()
config.read("dwh.cfg")

LOG_DATA = config.get("S3", "LOG_DATA")
LOG_JSONPATH = config.get("S3", "LOG_JSONPATH")
SONG_DATA = config.get("S3", "SONG_DATA")
ARN = config.get("IAM_ROLE", "ARN")

drop_table_queries = ["DROP TABLE IF EXISTS staging_songs;", "DROP TABLE IF EXISTS artists;"]

create_table_queries = [
    """CREATE TABLE IF NOT EXISTS staging_songs (
        num_songs INT NOT NULL, artist_id VARCHAR(18) NOT NULL, artist_latitude REAL,
        artist_longitude REAL, artist_location VARCHAR(1024), artist_name VARCHAR(1024),
        song_id VARCHAR(18) PRIMARY KEY NOT NULL SORTKEY, title VARCHAR(1024), duration REAL,
        year INT)""",
    """CREATE TABLE IF NOT EXISTS artists (
        artist_id VARCHAR(18) NOT NULL PRIMARY KEY, name VARCHAR(1024), location VARCHAR(1024),
        any_location VARCHAR(1024), songs INT, median_year INT)""",
]

copy_table_queries = [
    "COPY staging_songs FROM {} IAM_ROLE {} REGION 'us-west-2' JSON 'auto ignorecase' "
    "STATUPDATE ON".format(SONG_DATA, ARN)
]

insert_table_queries = [
    """
    INSERT INTO artists
    SELECT artist_id, ANY_VALUE(artist_name) AS name, MAX(best) AS location,
           MIN(artist_location) AS any_location, COUNT(*) AS songs, MEDIAN(year)
    FROM (SELECT artist_id, artist_name, artist_location, year,
                 FIRST_VALUE(NULLIF(artist_location, '')) IGNORE NULLS
                     OVER (PARTITION BY artist_id ORDER BY song_id
                           ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS best
          FROM staging_songs)
    GROUP BY artist_id
    """
]
