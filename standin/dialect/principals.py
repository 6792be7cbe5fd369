"""Users and groups: Redshift's to PostgreSQL's roles.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html. A user may log in to the
database in which it was created.
"""

from __future__ import annotations

from standin.dialect.facts import Facts
from standin.dialect.folding import folded
from standin.dialect.lexer import Token, syntax_error
from standin.dialect.plan import Plan
from standin.dialect.redshift import LIBRARY_SCHEMA, SETTINGS_SHARED
from standin.dialect.statement import Statement
from standin.dialect.table_columns import check_name, literal, spelled
from standin.dialect.token_cursor import TokenCursor
from standin.dialect.user_options import names, user_options
from standin.sqlerror import not_supported


def create_user(statement: Statement, facts: Facts) -> Plan:
    """CREATE USER name PASSWORD { 'text' | DISABLE } [options]."""
    del facts
    cursor = TokenCursor(statement.tokens, 2)
    name = check_name(cursor.name())
    cursor.accept("with")
    options = user_options(cursor)
    if "PASSWORD" not in options:
        raise syntax_error(cursor.peek())
    sql = f"CREATE ROLE {spelled(name)} LOGIN {options}"
    return Plan(sql, "CREATE USER", (_admit(name),), tag="CREATE USER")


def _admit(name: Token) -> str:
    """The hidden statement that lets a user, or the members of a group, into the database."""
    return f"CALL {LIBRARY_SCHEMA}.admit({literal(name.value)})"


def alter_user(statement: Statement, facts: Facts) -> Plan:
    """ALTER USER name options, or RENAME TO."""
    del facts
    cursor = TokenCursor(statement.tokens, 2)
    name = spelled(cursor.name())
    if cursor.accept("rename", "to"):
        text = f"RENAME TO {spelled(check_name(cursor.name()))}"
        cursor.expect_end()
    elif cursor.accept("reset", "session", "timeout"):
        text = ""
        cursor.expect_end()
    elif cursor.sees("set") or cursor.sees("reset"):
        text = _setting(cursor, statement)
    else:
        cursor.accept("with")
        text = user_options(cursor)
    return Plan(f"ALTER ROLE {name} {text}", "ALTER USER", tag="ALTER USER")


def _setting(cursor: TokenCursor, statement: Statement) -> str:
    """SET name TO value and RESET name, of the settings that have an effect."""
    verb = cursor.next().value
    name = cursor.name().value
    if name not in SETTINGS_SHARED:
        raise not_supported(f"ALTER USER {verb.upper()} {name}")
    if verb == "reset":
        cursor.expect_end()
        return f"RESET {name}"
    if not cursor.accept("to"):
        cursor.expect_op("=")
    if cursor.peek() is None:
        raise syntax_error(None)
    return f"SET {name} TO {folded(statement, cursor.position)}"


def create_group(statement: Statement, facts: Facts) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_GROUP.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 2)
    name = check_name(cursor.name())
    cursor.accept("with")
    members = f" ROLE {names(cursor)}" if cursor.accept("user") else ""
    cursor.expect_end()
    sql = f"CREATE ROLE {spelled(name)} NOLOGIN{members}"
    return Plan(sql, "CREATE GROUP", (_admit(name),), tag="CREATE GROUP")


def alter_group(statement: Statement, facts: Facts) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_GROUP.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 2)
    name = spelled(cursor.name())
    action = cursor.accept_any("add", "drop", "rename")
    if action is None:
        raise syntax_error(cursor.peek())
    if action == "rename":
        cursor.expect("to")
        text = f"RENAME TO {spelled(check_name(cursor.name()))}"
    else:
        cursor.expect("user")
        text = f"{action.upper()} USER {names(cursor)}"
    cursor.expect_end()
    return Plan(f"ALTER GROUP {name} {text}", "ALTER GROUP", tag="ALTER GROUP")


def drop(statement: Statement, facts: Facts) -> Plan:
    """DROP USER and DROP GROUP."""
    del facts
    cursor = TokenCursor(statement.tokens, 2)
    condition = str(cursor.accept("if", "exists")).lower()
    dropped = [cursor.name().value]
    while cursor.accept_op(","):
        dropped.append(cursor.name().value)
    cursor.expect_end()
    kind = statement.tokens[1].value
    array = f"ARRAY[{', '.join(map(literal, dropped))}]"
    sql = f"CALL {LIBRARY_SCHEMA}.drop_principals({array}, '{kind}', {condition})"
    return Plan(sql, f"DROP {kind.upper()}", tag=f"DROP {kind.upper()}")


def default_privileges(statement: Statement, facts: Facts) -> Plan:
    """ALTER DEFAULT PRIVILEGES .. GRANT or REVOKE .. ON TABLES.

    https://docs.aws.amazon.com/redshift/latest/dg/r_ALTER_DEFAULT_PRIVILEGES.html
    """
    del facts
    cursor = TokenCursor(statement.tokens, 2)
    cursor.expect("privileges")
    if cursor.accept("for", "user"):
        names(cursor)
    if cursor.accept("in", "schema"):
        names(cursor)
    verb = cursor.accept_any("grant", "revoke")
    if verb is None:
        raise syntax_error(cursor.peek())
    cursor.accept("grant", "option", "for")
    while not cursor.accept("on"):
        cursor.next()
    kind = cursor.next()
    if not kind.is_word("tables"):
        raise not_supported(f"default privileges on {kind.text.upper()}")
    return Plan(folded(statement), "ALTER DEFAULT PRIVILEGES")
