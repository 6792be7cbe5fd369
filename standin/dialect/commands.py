"""Statements other than queries and CREATE TABLE: parsed whole, so that nothing unknown passes.

Each function takes the statement and returns its plan; the tokens after the leading words decide.
"""

from __future__ import annotations

from collections.abc import Callable

from standin.copy import command as copy_command
from standin.dialect import late_views
from standin.dialect.create_table import create_table_as
from standin.dialect.facts import Facts
from standin.dialect.folding import folded
from standin.dialect.lexer import TokenKind, syntax_error
from standin.dialect.plan import Plan
from standin.dialect.redshift import LIBRARY_SCHEMA, words
from standin.dialect.rewriter import rewrite
from standin.dialect.statement import Statement
from standin.dialect.table_columns import check_name, literal, spelled, temporary_in_schema
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import not_supported

_GRANTED = words(
    "select insert update delete references all privileges usage create temp temporary"
)
_LEVELS = ("serializable", "repeatable read", "read committed", "read uncommitted")


def query(statement: Statement, facts: Facts) -> Plan:
    """SELECT, WITH, INSERT and UPDATE."""
    word = statement.tokens[0].value
    command = word.upper() if word in ("insert", "update") else "SELECT"
    reads = any(token.is_word("from", "update") for token in statement.tokens)
    return Plan(rewrite(statement, facts), command, reads_tables=reads)


def delete(statement: Statement, facts: Facts) -> Plan:
    """DELETE [FROM]: https://docs.aws.amazon.com/redshift/latest/dg/r_DELETE.html"""
    if len(statement.tokens) > 1 and statement.tokens[1].is_word("from"):
        return Plan(rewrite(statement, facts), "DELETE", reads_tables=True)
    return Plan("DELETE FROM " + rewrite(statement, facts, 1), "DELETE", reads_tables=True)


def copy(statement: Statement, facts: Facts) -> Plan:
    """COPY is executed by the session."""
    del facts
    return Plan("", "COPY", copy=copy_command.parse(statement.tokens))


def explain(statement: Statement, facts: Facts) -> Plan:
    """EXPLAIN [VERBOSE]: https://docs.aws.amazon.com/redshift/latest/dg/r_EXPLAIN.html"""
    first = 2 if statement.text_at(1).lower() == "verbose" else 1
    following = statement.text_at(first).lower()
    prefix = "EXPLAIN VERBOSE " if first == 2 else "EXPLAIN "
    if following == "create":
        explained = Statement(statement.sql, statement.tokens[first:])
        return Plan(prefix + create_table_as(explained, facts), "EXPLAIN")
    if following not in ("select", "with", "insert", "update", "delete"):
        raise syntax_error(statement.tokens[first] if first < len(statement.tokens) else None)
    return Plan(prefix + rewrite(statement, facts, first), "EXPLAIN")


def create_view(statement: Statement, facts: Facts) -> Plan:
    """CREATE [OR REPLACE] VIEW: https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html"""
    cursor = TokenCursor(statement.tokens)
    cursor.expect("create")
    replaces = cursor.accept("or", "replace")
    cursor.expect("view")
    name = _view_name(cursor)
    names = cursor.names_in_parentheses() if cursor.sees_op("(") else []
    columns = f" ({', '.join(spelled(check_name(column)) for column in names)})" if names else ""
    cursor.expect("as")
    if late_views.is_late(statement):
        body = rewrite(statement, facts, cursor.position, len(statement.tokens) - 4)
        bare = [column.value for column in names]
        return late_views.create_late_view(statement, name, bare, body, replaces=replaces)
    body = rewrite(statement, facts, cursor.position)
    then = (late_views.forbid_changes(name),)
    if not replaces:
        return Plan(f"CREATE VIEW {name}{columns} AS {body}", "CREATE VIEW", then)
    replaced = literal(f"CREATE OR REPLACE VIEW {name}{columns} AS {body}".replace("\\", "\\\\"))
    sql = f"CALL {LIBRARY_SCHEMA}.replace_view({literal(name)}, {replaced})"
    return Plan(sql, "CREATE VIEW", then, tag="CREATE VIEW")


def _view_name(cursor: TokenCursor) -> str:
    """A name that begins with # is a temporary view's."""
    name = cursor.qualified_name()
    if not name[-1].value.startswith("#"):
        return ".".join(map(spelled, name))
    if len(name) > 1:
        raise temporary_in_schema()
    return f"pg_temp.{spelled(name[0])}"


def create_schema(statement: Statement, facts: Facts) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_SCHEMA.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 2)
    condition = "IF NOT EXISTS " if cursor.accept("if", "not", "exists") else ""
    name = spelled(check_name(cursor.name()))
    owner = f" AUTHORIZATION {spelled(cursor.name())}" if cursor.accept("authorization") else ""
    if cursor.accept("quota") and not cursor.accept("unlimited"):
        cursor.integer()
        cursor.accept_any("mb", "gb", "tb")
    cursor.expect_end()
    return Plan(f"CREATE SCHEMA {condition}{name}{owner}", "CREATE SCHEMA")


def drop(statement: Statement, facts: Facts) -> Plan:
    """DROP TABLE, VIEW, SCHEMA [IF EXISTS] a, b [CASCADE | RESTRICT]."""
    del facts
    cursor = TokenCursor(statement.tokens, 2)
    kind = statement.tokens[1].value.upper()
    condition = "IF EXISTS" if cursor.accept("if", "exists") else ""
    names = _names(cursor)
    behaviour = (cursor.accept_any("cascade", "restrict") or "").upper()
    cursor.expect_end()
    command = f"DROP {kind}"
    if kind == "TABLE":
        listed = ", ".join(map(literal, names))
        arguments = f"ARRAY[{listed}], {literal(condition)}, {literal(behaviour)}"
        return Plan(f"CALL {LIBRARY_SCHEMA}.drop_tables({arguments})", command, tag=command)
    parts = (command, condition, ", ".join(names), behaviour)
    then = (f"CALL {LIBRARY_SCHEMA}.forget_references()",) if kind == "SCHEMA" else ()
    return Plan(" ".join(filter(None, parts)), command, then)


def truncate(statement: Statement, facts: Facts) -> Plan:
    """It commits: https://docs.aws.amazon.com/redshift/latest/dg/r_TRUNCATE.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    cursor.accept("table")
    name = _name(cursor)
    cursor.expect_end()
    return Plan(f"TRUNCATE TABLE {name}", "TRUNCATE TABLE", commits=True, tag="TRUNCATE")


def lock(statement: Statement, facts: Facts) -> Plan:
    """Always ACCESS EXCLUSIVE: https://docs.aws.amazon.com/redshift/latest/dg/r_LOCK.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    cursor.accept("table")
    names = ", ".join(_names(cursor))
    cursor.expect_end()
    return Plan(f"LOCK TABLE {names} IN ACCESS EXCLUSIVE MODE", "LOCK TABLE")


def begin(statement: Statement, facts: Facts) -> Plan:
    """Isolation levels change nothing: https://docs.aws.amazon.com/redshift/latest/dg/r_BEGIN.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    if statement.tokens[0].value == "start":
        cursor.expect("transaction")
    else:
        cursor.accept_any("work", "transaction")
    mode = _transaction_modes(cursor)
    return Plan("BEGIN" + mode, "BEGIN")


def _transaction_modes(cursor: TokenCursor) -> str:
    mode = ""
    while cursor.peek() is not None:
        if cursor.accept("isolation", "level"):
            if not any(cursor.accept(*level.split()) for level in _LEVELS):
                raise syntax_error(cursor.peek())
        else:
            cursor.expect("read")
            access = cursor.accept_any("only", "write")
            if access is None:
                raise syntax_error(cursor.peek())
            mode = f" READ {access.upper()}"
        cursor.accept_op(",")
    return mode


def end(statement: Statement, facts: Facts) -> Plan:
    """COMMIT, END, ROLLBACK and ABORT."""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    cursor.accept_any("work", "transaction")
    cursor.expect_end()
    command = "COMMIT" if statement.tokens[0].value in ("commit", "end") else "ROLLBACK"
    return Plan(command, command)


def analyze(statement: Statement, facts: Facts) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_ANALYZE.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    if cursor.sees("compression"):
        raise not_supported("ANALYZE COMPRESSION")
    cursor.accept("verbose")
    target = ""
    if cursor.peek() is not None and not cursor.sees("predicate") and not cursor.sees("all"):
        target = " " + _name(cursor)
        if cursor.sees_op("("):
            columns = ", ".join(spelled(name) for name in cursor.names_in_parentheses())
            target += f" ({columns})"
    if cursor.accept_any("predicate", "all") is not None:
        cursor.expect("columns")
    cursor.expect_end()
    return Plan(f"ANALYZE{target}", "ANALYZE")


def vacuum(statement: Statement, facts: Facts) -> Plan:
    """Not in a transaction block: https://docs.aws.amazon.com/redshift/latest/dg/r_VACUUM_command.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    for kind in ("full", "sort only", "delete only", "reindex", "recluster"):
        if cursor.accept(*kind.split()):
            break
    target = ""
    if cursor.peek() is not None and not cursor.sees("boost"):
        target = " " + _name(cursor)
        if cursor.accept("to"):
            cursor.integer()
            cursor.expect("percent")
    cursor.accept("boost")
    cursor.expect_end()
    return Plan(f"VACUUM{target}", "VACUUM")


def grant(statement: Statement, facts: Facts) -> Plan:
    """GRANT and REVOKE on tables, schemas and databases."""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    cursor.accept("grant", "option", "for")
    while (token := cursor.peek()) is not None and not token.is_word("on"):
        if token.kind is TokenKind.WORD and token.value not in _GRANTED:
            raise not_supported(f"the privilege {token.text.upper()}")
        cursor.next()
    cursor.expect("on")
    for kind in ("table", "schema", "database", "all tables in schema"):
        if cursor.accept(*kind.split()):
            break
    _names(cursor)
    for token in statement.tokens[cursor.position :]:
        if token.is_word("role"):
            raise not_supported(f"{statement.tokens[0].value.upper()} for a {token.value}")
    return Plan(folded(statement), statement.tokens[0].value.upper())


def comment(statement: Statement, facts: Facts) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_COMMENT.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    cursor.expect("on")
    if cursor.accept_any("table", "column", "view", "schema") is None:
        raise not_supported("COMMENT ON anything but a table, column, view or schema")
    return Plan(folded(statement), "COMMENT")


def discard(statement: Statement, facts: Facts) -> Plan:
    """DISCARD and DEALLOCATE: what drivers send to clean up."""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    cursor.accept("prepare")
    cursor.name()
    cursor.expect_end()
    # Unchanged: a name given in a Parse message keeps its case.
    return Plan(statement.sql, statement.tokens[0].value.upper())


def _name(cursor: TokenCursor) -> str:
    return ".".join(spelled(part) for part in cursor.qualified_name())


def _names(cursor: TokenCursor) -> list[str]:
    names = [_name(cursor)]
    while cursor.accept_op(","):
        names.append(_name(cursor))
    return names


Handler = Callable[[Statement, Facts], Plan]
