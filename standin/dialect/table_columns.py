"""Column definitions: Redshift's attributes and constraints to PostgreSQL's.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from standin.dialect import redshift
from standin.dialect.folding import quoted
from standin.dialect.lexer import Token, TokenKind, syntax_error
from standin.dialect.sqltypes import SqlType, parse_type
from standin.dialect.table_attributes import check_encoding
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import FEATURE_NOT_SUPPORTED, SqlError, not_supported

CHECK_REFUSED = "CREATE TABLE CHECK constraint is not supported"

# How many values of an IDENTITY a session takes at a time: what it does not use is never used. So
# they are unique and have gaps, as on Redshift, and a long INSERT takes an eighth less.
# https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html#identity-clause
_IDENTITY_CACHE = 100

Render = Callable[[int, int], str]


class ForeignKey(NamedTuple):
    """REFERENCES: the target as SQL text; no columns means its primary key."""

    table: str
    columns: tuple[str, ...]


@dataclass
class Column:
    """One column as declared."""

    name: Token
    type: SqlType
    not_null: bool = False
    is_primary_key: bool = False
    is_unique: bool = False
    is_dist_key: bool = False
    is_sort_key: bool = False
    default: str | None = None
    encoding: str | None = None
    identity: str | None = None
    foreign_keys: list[ForeignKey] = field(default_factory=list)

    @property
    def ddl(self) -> str:
        """The column in PostgreSQL's CREATE TABLE."""
        name = spelled(self.name)
        parts = [name, self.type.postgres]
        if self.default is not None:
            parts.append(f"DEFAULT {self.default}")
        if self.identity is not None:
            parts.append(self.identity)
        if self.not_null:
            parts.append("NOT NULL")
        if self.type.length is not None:
            kind = "character varying" if self.type.name == "varchar" else "character"
            limit = self.type.length
            too_long = f"value_too_long('{kind}', {limit})"
            parts.append(f"CHECK (CASE WHEN octet_length({name}) > {limit} THEN {too_long} END)")
        return " ".join(parts)


def spelled(name: Token) -> str:
    """A name as PostgreSQL must read it: quoted ones are folded, too."""
    if name.kind is TokenKind.QUOTED:
        return quoted(name.value)
    return name.text


def literal(text: str) -> str:
    """A string literal of PostgreSQL's."""
    return "'" + text.replace("'", "''") + "'"


def temporary_in_schema() -> SqlError:
    """The error for a schema before a temporary table's or view's name."""
    return SqlError(
        redshift.INVALID_TABLE, "cannot create temporary relation in non-temporary schema"
    )


def check_name(name: Token) -> Token:
    """A table's or column's name; reserved words need quotes."""
    if name.kind is TokenKind.WORD and name.value in redshift.RESERVED_WORDS:
        raise syntax_error(name)
    if len(name.value.encode()) > redshift.MAX_NAME_BYTES:
        raise not_supported(f"a name of more than {redshift.MAX_NAME_BYTES} bytes")
    return name


def parse_column(cursor: TokenCursor, table: str, render: Render) -> Column:
    """Take one column definition up to the cursor's end."""
    name = check_name(cursor.name())
    if name.value in redshift.SYSTEM_COLUMNS:
        message = f'column name "{name.value}" conflicts with a system column name'
        raise SqlError(redshift.DUPLICATE_COLUMN, message)
    following = cursor.peek()
    if following is None or following.is_word("identity"):
        raise syntax_error(following)
    column = Column(name, parse_type(cursor, column=f"{table}.{name.value}"))
    while (token := cursor.peek()) is not None:
        attribute = _ATTRIBUTES.get(token.value if token.kind is TokenKind.WORD else "")
        if attribute is None:
            raise syntax_error(token)
        cursor.next()
        attribute(column, cursor, render)
    return column


def parse_references(cursor: TokenCursor) -> ForeignKey:
    """Take the target of REFERENCES; actions and deferral do not exist in Redshift."""
    table = ".".join(spelled(part) for part in cursor.qualified_name())
    columns = cursor.names_in_parentheses() if cursor.sees_op("(") else []
    return ForeignKey(table, tuple(spelled(column) for column in columns))


def refuse_check() -> SqlError:
    """CHECK constraints are unknown to Redshift."""
    return SqlError(FEATURE_NOT_SUPPORTED, CHECK_REFUSED)


def _default(column: Column, cursor: TokenCursor, render: Render) -> None:
    low = cursor.position
    cursor.next()
    while (token := cursor.peek()) is not None:
        if token.kind is TokenKind.WORD and token.value in _ATTRIBUTES:
            break
        if token.text == "(":
            _skip_parentheses(cursor)
        else:
            cursor.next()
    column.default = render(low, cursor.position)


def _skip_parentheses(cursor: TokenCursor) -> None:
    depth = 0
    while True:
        text = cursor.next().text
        depth += (text == "(") - (text == ")")
        if depth == 0:
            return


def _identity(column: Column, cursor: TokenCursor, render: Render) -> None:
    del render
    seed, step = 1, 1
    if cursor.accept_op("("):
        seed = cursor.integer()
        cursor.expect_op(",")
        step = cursor.integer()
        cursor.expect_op(")")
    _set_identity(column, "ALWAYS", seed, step)


def _generated(column: Column, cursor: TokenCursor, render: Render) -> None:
    del render
    cursor.expect("by", "default", "as", "identity")
    cursor.expect_op("(")
    seed = cursor.integer()
    cursor.expect_op(",")
    step = cursor.integer()
    cursor.expect_op(")")
    _set_identity(column, "BY DEFAULT", seed, step)


def _set_identity(column: Column, when: str, seed: int, step: int) -> None:
    if column.type.name not in ("integer", "bigint"):
        message = f'identity column "{column.name.value}" must be of type INT or BIGINT'
        raise SqlError(redshift.INVALID_TABLE, message)
    # PostgreSQL's sequences start at 1 or above unless they are told their bound.
    bound = f"MINVALUE {seed}" if step > 0 else f"MAXVALUE {seed}"
    column.identity = (
        f"GENERATED {when} AS IDENTITY"
        f" (START WITH {seed} INCREMENT BY {step} {bound} CACHE {_IDENTITY_CACHE})"
    )
    column.not_null = True


def _encode(column: Column, cursor: TokenCursor, render: Render) -> None:
    del render
    column.encoding = cursor.name().value
    check_encoding(column.name.value, column.encoding, column.type)


def _collate(column: Column, cursor: TokenCursor, render: Render) -> None:
    del column, render
    if not cursor.accept("case_sensitive"):
        if cursor.sees("case_insensitive"):
            raise not_supported("COLLATE CASE_INSENSITIVE")
        raise syntax_error(cursor.peek())


def _not_null(column: Column, cursor: TokenCursor, render: Render) -> None:
    del render
    cursor.expect("null")
    column.not_null = True


def _primary_key(column: Column, cursor: TokenCursor, render: Render) -> None:
    del render
    cursor.expect("key")
    column.is_primary_key = column.not_null = True


def _references(column: Column, cursor: TokenCursor, render: Render) -> None:
    del render
    column.foreign_keys.append(parse_references(cursor))


def _dist_key(column: Column, cursor: TokenCursor, render: Render) -> None:
    del cursor, render
    column.is_dist_key = True


def _sort_key(column: Column, cursor: TokenCursor, render: Render) -> None:
    del cursor, render
    column.is_sort_key = True


def _constraint(column: Column, cursor: TokenCursor, render: Render) -> None:
    del column, render
    cursor.name()


def _unique(column: Column, cursor: TokenCursor, render: Render) -> None:
    del cursor, render
    column.is_unique = True


def _nothing(column: Column, cursor: TokenCursor, render: Render) -> None:
    """NULL is the default."""


def _check(column: Column, cursor: TokenCursor, render: Render) -> None:
    raise refuse_check()


_ATTRIBUTES: dict[str, Callable[[Column, TokenCursor, Render], None]] = {
    "check": _check,
    "collate": _collate,
    "constraint": _constraint,
    "default": _default,
    "distkey": _dist_key,
    "encode": _encode,
    "generated": _generated,
    "identity": _identity,
    "not": _not_null,
    "null": _nothing,
    "primary": _primary_key,
    "references": _references,
    "sortkey": _sort_key,
    "unique": _unique,
}
