"""Only what is new is added: by way of tables like the real ones, several statements a query."""

import configparser

config = configparser.ConfigParser()
config.read("dwh.cfg")
LOG_DATA, LOG_JSONPATH, SONG_DATA = (
    config.get("S3", key) for key in ("LOG_DATA", "LOG_JSONPATH", "SONG_DATA")
)
ARN = config.get("IAM_ROLE", "ARN")

drop_table_queries = [
    'DROP TABLE IF EXISTS "stage_events"; DROP TABLE IF EXISTS "stage_songs";',
    "DROP TABLE IF EXISTS songplays; DROP TABLE IF EXISTS users_staging;",
    "DROP TABLE IF EXISTS users; DROP TABLE IF EXISTS artists; DROP TABLE IF EXISTS time;",
]
create_table_queries = [
    """CREATE TABLE IF NOT EXISTS "stage_events" (
        "artist" varchar(max), "auth" varchar(10), "firstName" varchar(max), "gender" char,
        "iteminSession" int, "lastName" varchar(max), "length" double precision,
        "level" varchar(10), "location" varchar(max), "method" varchar(10), "page" varchar(max),
        "registration"bigint, "sessionId" int, "song" varchar(max), "status" int, "ts" bigint,
        "userAgent" varchar(max), "userId" int)""",
    """CREATE TABLE IF NOT EXISTS stage_songs (
        id bigint identity(0, 1), num_songs int, artist_id text, artist_latitude real,
        artist_longitude real, artist_location text, artist_name text, song_id text, title text,
        duration decimal(9), year smallint) DISTKEY (artist_id) SORTKEY(year, artist_id)""",
    "CREATE TABLE users (user_id int SORTKEY, first_name text, level varchar(4))DISTSTYLE ALL;",
    """CREATE TABLE artists (
        artist_id varchar(18) NULL, name text NOT NULL, location varchar(60) NULL,
        CONSTRAINT artists_pk PRIMARY KEY (artist_id))""",
    "CREATE TABLE time (start_time timestamp SORTKEY, hour smallint, weekday varchar(10))",
    """CREATE TABLE songplays (
        songplay_id bigint SORTKEY, start_time timestamp NOT NULL, user_id int NOT NULL,
        song_id varchar, session_id int NOT NULL,
        PRIMARY KEY (songplay_id),
        FOREIGN KEY (user_id) REFERENCES users (user_id),
        FOREIGN KEY (start_time) REFERENCES time (start_time),
        UNIQUE (start_time, user_id, session_id)) DISTSTYLE ALL""",
]
copy_table_queries = [
    f"""copy stage_events from {LOG_DATA} iam_role {ARN} emptyasnull blanksasnull
        format as json {LOG_JSONPATH} region 'us-west-2'""",
    f"""copy stage_songs from {SONG_DATA} iam_role {ARN} region 'us-west-2' maxerror 10
        truncatecolumns format as json 'auto ignorecase'""",
]

known_users = """
CREATE TABLE IF NOT EXISTS "users_staging" ("user_id" int NOT NULL, "first_name" text,
                                            "level" varchar(4), "start_time" bigint);

INSERT INTO users_staging
    SELECT DISTINCT CAST(userId AS int) AS user_id, firstName AS first_name, level,
           ts AS "start_time"
    FROM stage_events WHERE page = 'NextSong';

INSERT INTO users
    SELECT st.user_id, st.first_name, st.level
    FROM (SELECT st.*, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY start_time) seqnum
          FROM users_staging st) st
    LEFT JOIN users u ON st.user_id = u.user_id
    WHERE seqnum = 1 AND u.user_id IS NULL;

UPDATE users
SET level = st.level
FROM (SELECT st.*, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY start_time DESC) seqnum
      FROM users_staging st) st
JOIN users u ON st.user_id = u.user_id
WHERE seqnum = 1 AND users.user_id = u.user_id AND u.level <> st.level;
"""
new_artists = """
CREATE TEMP TABLE artists_staging (LIKE artists);

INSERT INTO artists_staging
    SELECT artist_id, max(artist_name) AS artist_id, max(artist_location)
    FROM stage_songs GROUP BY artist_id;

DELETE FROM artists_staging USING artists WHERE artists_staging.artist_id = artists.artist_id;
INSERT INTO artists SELECT * FROM artists_staging;
DROP TABLE artists_staging;
"""
new_plays = """
INSERT INTO songplays
SELECT ROW_NUMBER() OVER (PARTITION BY 1 ORDER BY e.ts), e.start_time, e.userId, s.song_id,
       e.sessionId
FROM (SELECT dateadd(ms, ts, 'epoch') AS start_time, * FROM stage_events) e
LEFT JOIN stage_songs s
ON lower(e.song) = lower(s.title)
AND ABS(e.length - s.duration) < 2 --the files differ in the fractions
WHERE e.page = 'NextSong'
AND (e.start_time, userId, sessionId) NOT IN (SELECT start_time, user_id, session_id
                                              FROM songplays)
"""
new_times = """
CREATE TABLE all_times AS SELECT DISTINCT start_time AS time FROM songplays;

INSERT INTO time (
    SELECT time AS start_time, DATEPART(hrs, time) AS hour,
           CASE DATEPART(dow, time) WHEN 4 THEN 'Thursday' WHEN 5 THEN 'Friday' END
    FROM all_times
    WHERE start_time NOT IN (SELECT start_time FROM time)
);
DROP TABLE all_times;
"""
# Everything twice: the second time nothing is new.
insert_table_queries = [known_users, new_artists, new_plays, new_times] * 2
