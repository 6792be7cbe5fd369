"""The analytics team's questions, asked of the star and answered as tables.

`python analytics.py` answers all of them; `--question NAME` one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import settings as configuration
import terminal
import warehouse


@dataclass(frozen=True)
class Question:
    """A question: what is asked, how to read the answer, its columns and its SQL."""

    title: str
    reading: str
    columns: tuple[str, ...]
    query: str


QUESTIONS = {
    "top-songs": Question(
        title="Which songs are played most?",
        reading="plays of songs that are known; a play of an unknown song has no title here",
        columns=("title", "artist", "plays", "listeners"),
        query="""
SELECT songs.title, artists.name, COUNT(*) AS plays, COUNT(DISTINCT songplays.user_id) AS listeners
FROM songplays
INNER JOIN songs ON songs.song_id = songplays.song_id
INNER JOIN artists ON artists.artist_id = songplays.artist_id
GROUP BY songs.song_id, songs.title, artists.name
ORDER BY plays DESC, songs.title, artists.name, songs.song_id
LIMIT 10
""",
    ),
    "plays-by-hour": Question(
        title="When in the day is music played?",
        reading="hours are UTC, as the logs are",
        columns=("hour", "plays", "listeners"),
        query="""
SELECT time.hour, COUNT(*) AS plays, COUNT(DISTINCT songplays.user_id) AS listeners
FROM songplays
INNER JOIN time ON time.start_time = songplays.start_time
GROUP BY time.hour
ORDER BY time.hour
""",
    ),
    "plays-by-level": Question(
        title="How much do free and paid users listen?",
        reading="the level at the time of the play; a user who changed level counts in both",
        columns=("level", "plays", "listeners", "percent of plays"),
        query="""
SELECT
    level,
    COUNT(*) AS plays,
    COUNT(DISTINCT user_id) AS listeners,
    CAST(100.0 * COUNT(*) / (SELECT COUNT(*) FROM songplays) AS DOUBLE PRECISION) AS share
FROM songplays
GROUP BY level
ORDER BY plays DESC, level
""",
    ),
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = terminal.parser(
        "python analytics.py",
        "Ask the star the analytics team's questions.",
        "python analytics.py --question top-songs",
    )
    parser.add_argument(
        "--question", metavar="NAME", choices=QUESTIONS, help="one of: " + ", ".join(QUESTIONS)
    )
    arguments = parser.parse_args(argv)
    settings = configuration.load(
        arguments.config or configuration.DEFAULT_PATH, required=configuration.DATABASE_KEYS
    )
    names = [arguments.question] if arguments.question else list(QUESTIONS)
    with (
        warehouse.connection(settings, "analytics") as connection,
        warehouse.explained("analytics"),
        connection,
        connection.cursor() as cursor,
    ):
        for name in names:
            question = QUESTIONS[name]
            cursor.execute(question.query)
            terminal.print_table(
                f"{question.title} ({question.reading})", question.columns, cursor.fetchall()
            )
    return 0


if __name__ == "__main__":
    raise SystemExit(terminal.run(main))
