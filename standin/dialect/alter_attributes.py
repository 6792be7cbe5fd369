"""ALTER TABLE .. ALTER of distribution, sort keys and encodings: nothing moves, all is noted.

https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_TABLE.html
"""

from __future__ import annotations

from standin.dialect import table_notes
from standin.dialect.lexer import syntax_error
from standin.dialect.plan import Plan
from standin.dialect.table_attributes import TableNote, check_encoding
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import not_supported

# An action of PostgreSQL's that changes nothing but fails when the table is missing.
NO_CHANGE = "SET (fillfactor = 100)"


def alter_attributes(cursor: TokenCursor, table: str) -> Plan:
    """What follows ALTER, and further `, ALTER ..`; `table` is SQL text."""
    note = TableNote(encodings=None)
    while True:
        _alteration(cursor, note)
        if not cursor.accept_op(","):
            break
        cursor.expect("alter")
    cursor.expect_end()
    then = (*table_notes.look_up(table, note.columns), table_notes.altered(table, note))
    return Plan(f"ALTER TABLE {table} {NO_CHANGE}", "ALTER TABLE", then)


def _alteration(cursor: TokenCursor, note: TableNote) -> None:
    if cursor.accept("distkey"):
        note.dist_style, note.dist_key = "key", cursor.name().value
    elif cursor.accept("diststyle"):
        _dist_style(cursor, note)
    elif cursor.sees("compound") or cursor.sees("sortkey"):
        _sort_key(cursor, note)
    elif cursor.accept("encode"):
        cursor.expect("auto")
        note.encodings = {}
    elif cursor.accept("column"):
        name = cursor.name().value
        cursor.expect("encode")
        encoding = cursor.name().value
        check_encoding(name, encoding, None)
        note.encodings = {**(note.encodings or {}), name: encoding}
    else:
        token = cursor.peek()
        raise (
            not_supported(f"ALTER TABLE ALTER {token.text.upper()}")
            if token
            else (syntax_error(None))
        )


def _dist_style(cursor: TokenCursor, note: TableNote) -> None:
    note.dist_style = cursor.accept_any("all", "even", "auto", "key")
    if note.dist_style is None:
        raise syntax_error(cursor.peek())
    if note.dist_style == "key":
        cursor.expect("distkey")
        note.dist_key = cursor.name().value


def _sort_key(cursor: TokenCursor, note: TableNote) -> None:
    note.sort_style = cursor.accept_any("compound")
    cursor.expect("sortkey")
    bare = None if note.sort_style else cursor.accept_any("auto", "none")
    names = [] if bare else cursor.names_in_parentheses()
    note.sort_style = bare or "compound"
    note.sort_keys = tuple(name.value for name in names)
