"""Loads with autocommit, fills the time table row by row in Python and swallows errors."""

import configparser
from datetime import datetime, timezone

import psycopg2
from sql_queries import (
    analytics_queries,
    copy_table_queries,
    insert_table_queries,
    time_row_insert,
    timestamps_select,
)


def insert_time(cur):
    cur.execute(timestamps_select)
    for (ts,) in cur.fetchall():
        start = datetime.fromtimestamp(ts / 1000.0, timezone.utc).replace(tzinfo=None)
        row = (start, start.hour, start.day, start.isocalendar()[1], start.month, start.year)
        cur.execute(time_row_insert, row)


def main():
    config = configparser.ConfigParser()
    config.read("dwh.cfg")
    cluster = config["CLUSTER"]
    conn = psycopg2.connect(
        host=cluster["HOST"],
        dbname=cluster["DB_NAME"],
        user=cluster["DB_USER"],
        password=cluster["DB_PASSWORD"],
        port=cluster["DB_PORT"],
    )
    conn.set_session(autocommit=True)
    cur = conn.cursor()
    for query in copy_table_queries + insert_table_queries:
        try:
            cur.execute(query)
        except psycopg2.Error as e:
            print(e)
    insert_time(cur)
    for query in analytics_queries:
        cur.execute(query)
        for row in cur.fetchall():
            print(*row, sep="|")
    conn.close()


if __name__ == "__main__":
    main()
