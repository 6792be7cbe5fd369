"""Users and groups: Redshift's to PostgreSQL's roles.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html. A user may log in to the
database in which it was created.
"""

from __future__ import annotations

from standin.dialect.lexer import Token, TokenKind, syntax_error
from standin.dialect.plan import Plan
from standin.dialect.redshift import LIBRARY_SCHEMA, SETTINGS_SHARED
from standin.dialect.rewriter import Facts, folded
from standin.dialect.statement import Statement
from standin.dialect.table_columns import check_name, literal, spelled
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import not_supported

# Options that have no effect here -> how many tokens of value follow.
_IDLE_OPTIONS = {
    "nocreateuser": 0,
    "syslog": 2,
    "timeout": 1,
    "sessiontimeout": 1,
    "externalid": 1,
}


def create_user(statement: Statement, facts: Facts) -> Plan:
    """CREATE USER name PASSWORD { 'text' | DISABLE } [options]."""
    del facts
    cursor = TokenCursor(statement.tokens, 2)
    name = check_name(cursor.name())
    cursor.accept("with")
    options = _options(cursor)
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
    elif cursor.sees("set") or cursor.sees("reset"):
        text = _setting(cursor, statement)
    else:
        cursor.accept("with")
        text = _options(cursor)
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


def _options(cursor: TokenCursor) -> str:
    options = []
    while (token := cursor.peek()) is not None:
        if cursor.accept("password"):
            options.append(f"PASSWORD {_password(cursor)}")
        elif cursor.accept("in", "group"):
            options.append(f"IN ROLE {_names(cursor)}")
        elif cursor.accept("connection", "limit"):
            limit = "-1" if cursor.accept("unlimited") else str(cursor.integer())
            options.append(f"CONNECTION LIMIT {limit}")
        elif cursor.accept("valid", "until"):
            options.append(f"VALID UNTIL {cursor.next().text}")
        elif token.is_word("createdb", "nocreatedb"):
            options.append(cursor.next().text.upper())
        elif token.is_word(*_IDLE_OPTIONS):
            cursor.position += 1 + _IDLE_OPTIONS[token.value]
        elif token.is_word("createuser"):
            raise not_supported("CREATEUSER (a superuser)")
        else:
            raise syntax_error(token)
    return " ".join(options)


def _password(cursor: TokenCursor) -> str:
    if cursor.accept("disable"):
        return "NULL"
    token = cursor.next()
    if token.kind is not TokenKind.STRING:
        raise syntax_error(token)
    return token.text


def create_group(statement: Statement, facts: Facts) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_GROUP.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 2)
    name = check_name(cursor.name())
    cursor.accept("with")
    members = f" ROLE {_names(cursor)}" if cursor.accept("user") else ""
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
        text = f"{action.upper()} USER {_names(cursor)}"
    cursor.expect_end()
    return Plan(f"ALTER GROUP {name} {text}", "ALTER GROUP", tag="ALTER GROUP")


def drop(statement: Statement, facts: Facts) -> Plan:
    """DROP USER and DROP GROUP."""
    del facts
    cursor = TokenCursor(statement.tokens, 2)
    condition = str(cursor.accept("if", "exists")).lower()
    names = [cursor.name().value]
    while cursor.accept_op(","):
        names.append(cursor.name().value)
    cursor.expect_end()
    kind = statement.tokens[1].value
    array = f"ARRAY[{', '.join(map(literal, names))}]"
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
        _names(cursor)
    if cursor.accept("in", "schema"):
        _names(cursor)
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


def _names(cursor: TokenCursor) -> str:
    names = [spelled(cursor.name())]
    while cursor.accept_op(","):
        names.append(spelled(cursor.name()))
    return ", ".join(names)
