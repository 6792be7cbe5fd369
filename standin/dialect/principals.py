"""Users and groups: Redshift's to PostgreSQL's roles.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html. The front end logs in the master
users of clusters only, so such a user owns things and holds privileges but has no sessions.
"""

from __future__ import annotations

from standin.dialect.lexer import TokenKind, syntax_error
from standin.dialect.plan import Plan
from standin.dialect.rewriter import Facts
from standin.dialect.statement import Statement
from standin.dialect.table_columns import check_name, spelled
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
    name = spelled(check_name(cursor.name()))
    cursor.accept("with")
    options = _options(cursor)
    if "PASSWORD" not in options:
        raise syntax_error(cursor.peek())
    return Plan(f"CREATE ROLE {name} LOGIN {options}", "CREATE USER")


def alter_user(statement: Statement, facts: Facts) -> Plan:
    """ALTER USER name options, or RENAME TO."""
    del facts
    cursor = TokenCursor(statement.tokens, 2)
    name = spelled(cursor.name())
    if cursor.accept("rename", "to"):
        text = f"RENAME TO {spelled(check_name(cursor.name()))}"
        cursor.expect_end()
    else:
        cursor.accept("with")
        text = _options(cursor)
    return Plan(f"ALTER ROLE {name} {text}", "ALTER USER")


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
    name = spelled(check_name(cursor.name()))
    cursor.accept("with")
    members = f" ROLE {_names(cursor)}" if cursor.accept("user") else ""
    cursor.expect_end()
    return Plan(f"CREATE ROLE {name} NOLOGIN{members}", "CREATE GROUP")


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
    return Plan(f"ALTER GROUP {name} {text}", "ALTER GROUP")


def drop(statement: Statement, facts: Facts) -> Plan:
    """DROP USER and DROP GROUP."""
    del facts
    cursor = TokenCursor(statement.tokens, 2)
    condition = "IF EXISTS " if cursor.accept("if", "exists") else ""
    names = _names(cursor)
    cursor.expect_end()
    return Plan(f"DROP ROLE {condition}{names}", f"DROP {statement.tokens[1].value.upper()}")


def _names(cursor: TokenCursor) -> str:
    names = [spelled(cursor.name())]
    while cursor.accept_op(","):
        names.append(spelled(cursor.name()))
    return ", ".join(names)
