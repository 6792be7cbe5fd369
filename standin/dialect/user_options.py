"""The options of CREATE USER and ALTER USER, in PostgreSQL's terms.

https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_USER.html
"""

from __future__ import annotations

import re
from collections.abc import Callable

from standin.dialect.lexer import TokenKind, syntax_error
from standin.dialect.redshift import INVALID_PARAMETER
from standin.dialect.table_columns import spelled
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import SqlError, not_supported

_MD5 = re.compile("md5[0-9a-f]{32}")
# What a password must match, and the refusal of one that does not.
_PASSWORD_RULES = (
    (re.compile(".{8,64}", re.DOTALL), "password must have 8 to 64 characters"),
    (
        re.compile(r"[!#-&(-.0-?A-\[\]-~]*"),
        "password must be of printable ASCII characters other than blank, quotation marks, "
        "backslash, slash and @",
    ),
    (re.compile(".*[A-Z].*"), "password must contain an upper case letter"),
    (re.compile(".*[a-z].*"), "password must contain a lower case letter"),
    (re.compile(".*[0-9].*"), "password must contain a digit"),
)


def user_options(cursor: TokenCursor) -> str:
    """PostgreSQL's options for those up to the end; "" for what has no effect here."""
    options = []
    while (token := cursor.peek()) is not None:
        for words, parse in _OPTIONS.items():
            if cursor.accept(*words.split()):
                options.append(parse(cursor))
                break
        else:
            raise syntax_error(token)
    return " ".join(filter(None, options))


def names(cursor: TokenCursor) -> str:
    """Names with commas between them."""
    found = [spelled(cursor.name())]
    while cursor.accept_op(","):
        found.append(spelled(cursor.name()))
    return ", ".join(found)


def _password(cursor: TokenCursor) -> str:
    if cursor.accept("disable"):
        return "PASSWORD NULL"
    token = cursor.next()
    if token.kind is not TokenKind.STRING:
        raise syntax_error(token)
    if token.value.startswith("sha256|"):
        raise not_supported("a password as SHA-256 hash")
    if _MD5.fullmatch(token.value) is None:
        for pattern, refusal in _PASSWORD_RULES:
            if pattern.fullmatch(token.value) is None:
                raise SqlError(INVALID_PARAMETER, refusal)
    return f"PASSWORD {token.text}"


def _groups(cursor: TokenCursor) -> str:
    return f"IN ROLE {names(cursor)}"


def _connection_limit(cursor: TokenCursor) -> str:
    limit = "-1" if cursor.accept("unlimited") else str(cursor.integer())
    return f"CONNECTION LIMIT {limit}"


def _valid_until(cursor: TokenCursor) -> str:
    return f"VALID UNTIL {_string(cursor)}"


def _syslog_access(cursor: TokenCursor) -> str:
    if cursor.accept_any("restricted", "unrestricted") is None:
        raise syntax_error(cursor.peek())
    return ""


def _session_timeout(cursor: TokenCursor) -> str:
    cursor.integer()
    return ""


def _external_id(cursor: TokenCursor) -> str:
    _string(cursor)
    return ""


def _superuser(cursor: TokenCursor) -> str:
    raise not_supported("CREATEUSER (a superuser)")


def _string(cursor: TokenCursor) -> str:
    token = cursor.next()
    if token.kind is not TokenKind.STRING:
        raise syntax_error(token)
    return token.text


_OPTIONS: dict[str, Callable[[TokenCursor], str]] = {
    "password": _password,
    "in group": _groups,
    "connection limit": _connection_limit,
    "valid until": _valid_until,
    "createdb": lambda cursor: "CREATEDB",
    "nocreatedb": lambda cursor: "NOCREATEDB",
    "createuser": _superuser,
    "nocreateuser": lambda cursor: "",
    "syslog access": _syslog_access,
    "session timeout": _session_timeout,
    "externalid": _external_id,
}
