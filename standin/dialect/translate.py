"""Redshift's SQL to PostgreSQL's, statement by statement; what is unknown is refused.

`plan` is all that a session needs. The tables are in redshift.py, functions.py and refusals.py.
"""

from __future__ import annotations

from functools import lru_cache

from standin.dialect import commands, cursors, prepared, principals, redshift, session_settings
from standin.dialect.alter_table import alter_table
from standin.dialect.commands import Handler
from standin.dialect.create_table import create_table
from standin.dialect.facts import Facts
from standin.dialect.lexer import Token, split, syntax_error
from standin.dialect.merge import merge
from standin.dialect.plan import Plan, SessionFacts
from standin.dialect.statement import Statement
from standin.dialect.unload import unload
from standin.sqlerror import FEATURE_NOT_SUPPORTED, SqlError, not_supported

__all__ = ["Plan", "SessionFacts", "plan"]

# Translations are kept, never results: drivers and loops send the same few texts over and over. A
# plan follows from the text and from `facts` alone, so that a kept one is what a new one would be.
_CACHED_PLANS = 512
# Characters. Longer texts are mostly data (INSERT .. VALUES) and rarely come twice.
_CACHED_LENGTH = 20_000
_LEADING_WORDS = 5


def _create_table(statement: Statement, facts: Facts) -> Plan:
    sql, then = create_table(statement, facts)
    return Plan(sql, "CREATE TABLE", then)


_HANDLERS: dict[str, Handler] = {
    "abort": commands.end,
    "alter default": principals.default_privileges,
    "alter group": principals.alter_group,
    "alter table": alter_table,
    "alter user": principals.alter_user,
    "analyse": commands.analyze,
    "analyze": commands.analyze,
    "begin": commands.begin,
    "close": cursors.close,
    "comment": commands.comment,
    "commit": commands.end,
    "copy": commands.copy,
    "create group": principals.create_group,
    "create local temp table": _create_table,
    "create local temporary table": _create_table,
    "create or replace view": commands.create_view,
    "create schema": commands.create_schema,
    "create table": _create_table,
    "create temp table": _create_table,
    "create temporary table": _create_table,
    "create user": principals.create_user,
    "create view": commands.create_view,
    "deallocate": commands.discard,
    "declare": cursors.declare,
    "delete": commands.delete,
    "discard": commands.discard,
    "drop group": principals.drop,
    "drop schema": commands.drop,
    "drop table": commands.drop,
    "drop user": principals.drop,
    "drop view": commands.drop,
    "end": commands.end,
    "execute": prepared.execute,
    "explain": commands.explain,
    "fetch": cursors.fetch,
    "grant": commands.grant,
    "insert": commands.query,
    "lock": commands.lock,
    "merge": merge,
    "prepare": prepared.prepare,
    "reset": session_settings.reset,
    "revoke": commands.grant,
    "rollback": commands.end,
    "select": commands.query,
    "set": session_settings.set_,
    "show": session_settings.show,
    "start": commands.begin,
    "truncate": commands.truncate,
    "unload": unload,
    "update": commands.query,
    "vacuum": commands.vacuum,
    "with": commands.query,
}


def plan(sql: str, facts: SessionFacts) -> list[Plan]:
    """What to do for each statement of `sql`; an empty list when there is none.

    Raises SqlError for what Redshift refuses and, with SQLSTATE 0A000 and the clause's name, for
    what this stand-in does not carry; ColumnsWanted for what must be among the known columns.
    """
    # What PostgreSQL told of columns holds for this moment only.
    if len(sql) > _CACHED_LENGTH or facts.known_columns:
        return _plan_all(sql, _frozen(facts))
    # Other texts have no use for the facts, which differ with every statement.
    return list(_plan_cached(sql, _frozen(facts) if "pg_last_" in sql.lower() else Facts()))


def _frozen(facts: SessionFacts) -> Facts:
    return Facts(
        facts.last_copy_id,
        facts.last_copy_count,
        facts.last_query_id,
        facts.last_unload_id,
        facts.last_unload_count,
        tuple(facts.known_columns.items()),
    )


@lru_cache(maxsize=_CACHED_PLANS)
def _plan_cached(sql: str, facts: Facts) -> tuple[Plan, ...]:
    return tuple(_plan_all(sql, facts))


def _plan_all(sql: str, facts: Facts) -> list[Plan]:
    try:
        return [_plan_one(Statement(text, tokens), facts) for text, tokens in split(sql)]
    except RecursionError:
        raise SqlError(
            redshift.TOO_COMPLEX, "statement too complex: calls are nested too deep"
        ) from None


def _plan_one(statement: Statement, facts: Facts) -> Plan:
    words = _leading_words(statement.tokens)
    if statement.tokens[0].text == "(":
        return commands.query(statement, facts)
    for count in range(len(words), 0, -1):
        leading = " ".join(words[:count])
        if leading in redshift.STATEMENTS_REFUSED:
            raise _refused(statement, leading)
        if leading in redshift.STATEMENTS_NOT_YET:
            raise not_supported(leading.upper())
        if leading in _HANDLERS:
            return _HANDLERS[leading](statement, facts)
    raise _unknown(statement, words)


def _leading_words(tokens: list[Token]) -> list[str]:
    words = []
    for token in tokens[:_LEADING_WORDS]:
        if not token.is_name or token.text[0] == '"':
            break
        words.append(token.value)
    return words


def _refused(statement: Statement, leading: str) -> SqlError:
    text = redshift.STATEMENTS_REFUSED[leading]
    if text is None:
        return syntax_error(statement.tokens[len(leading.split()) - 1])
    return SqlError(FEATURE_NOT_SUPPORTED, text.format(statement.sql))


def _unknown(statement: Statement, words: list[str]) -> SqlError:
    """A known verb with an unknown object is 0A000; anything else is no SQL."""
    verbs = {leading.split()[0] for leading in _HANDLERS}
    if words and words[0] in verbs:
        return not_supported(" ".join(words[:2]).upper())
    return syntax_error(statement.tokens[0])
