"""SET, SHOW and RESET: which settings exist, and which have an effect here.

https://docs.aws.amazon.com/redshift/latest/dg/r_SET.html
"""

from __future__ import annotations

from standin.dialect import redshift
from standin.dialect.facts import Facts
from standin.dialect.folding import folded
from standin.dialect.lexer import syntax_error
from standin.dialect.plan import Plan
from standin.dialect.statement import Statement
from standin.dialect.token_cursor import TokenCursor
from standin.sqlerror import SqlError, not_supported


def set_(statement: Statement, facts: Facts) -> Plan:
    """SET [SESSION | LOCAL] name TO value, and the forms with words of their own."""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    scope = cursor.accept_any("session", "local") or ""
    if scope == "session" and cursor.accept("authorization"):
        return _session_authorization(cursor, statement)
    if scope == "session" and cursor.accept("characteristics"):
        return Plan(folded(statement), "SET")
    if cursor.accept("time", "zone"):
        return Plan(folded(statement), "SET")
    name = cursor.name().value
    if not cursor.accept("to") and not cursor.accept_op("="):
        raise syntax_error(cursor.peek())
    first = cursor.next()
    value = folded(statement, cursor.position - 1)
    target = _target(name, is_default=first.value in redshift.DEFAULT_VALUES)
    return Plan(" ".join(filter(None, ["SET", scope.upper(), target, "TO", value])), "SET")


# https://docs.aws.amazon.com/redshift/latest/mgmt/discovering-metadata-show-commands.html
_SHOWN_ON_REDSHIFT = frozenset({
    "all", "table", "view", "tables", "schemas", "databases", "columns", "grants", "constraints",
    "functions", "procedures", "parameters", "external", "datashares", "model", "policies",
    "column", "role",
})  # fmt: skip


def show(statement: Statement, facts: Facts) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_SHOW.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    if cursor.accept("transaction", "isolation", "level"):
        name = "transaction_isolation"
    elif cursor.accept("time", "zone"):
        name = "timezone"
    else:
        name = cursor.name().value
    if name in _SHOWN_ON_REDSHIFT:
        raise not_supported(f"SHOW {name.upper()}")
    cursor.expect_end()
    if name in redshift.SETTINGS_SHOWN:
        return Plan(f"SELECT '{redshift.SETTINGS_SHOWN[name]}' AS {name}", "SHOW")
    if name in redshift.SETTINGS_SHOWN_BY_POSTGRES:
        return Plan(f"SHOW {name}", "SHOW")
    target = _target(name)
    if target == name:
        return Plan(f"SHOW {name}", "SHOW")
    default = redshift.SETTINGS_KEPT[name]
    kept = f"nullif(current_setting('{target}', true), '')"
    return Plan(f"SELECT coalesce({kept}, '{default}') AS {name}", "SHOW")


def reset(statement: Statement, facts: Facts) -> Plan:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_RESET.html"""
    del facts
    cursor = TokenCursor(statement.tokens, 1)
    name = cursor.name().value
    if name == "session":
        cursor.expect("authorization")
        return Plan("RESET SESSION AUTHORIZATION", "RESET")
    cursor.expect_end()
    target = "ALL" if name == "all" else _target(name)
    # PostgreSQL knows a prefixed setting only once it has been set.
    verb = f"SET {target} TO DEFAULT" if name in redshift.SETTINGS_KEPT else f"RESET {target}"
    return Plan(verb, "RESET")


def _session_authorization(cursor: TokenCursor, statement: Statement) -> Plan:
    cursor.next()
    cursor.expect_end()
    return Plan(folded(statement), "SET")


def _target(name: str, *, is_default: bool = True) -> str:
    """The setting of PostgreSQL that stands for `name`."""
    if name in redshift.SETTINGS_SHARED or name == "names":
        return name
    if name in redshift.SETTINGS_KEPT and (is_default or name not in redshift.SETTINGS_FIXED):
        return redshift.KEPT_PREFIX + name
    if name in redshift.SETTINGS_KEPT or name in redshift.SETTINGS_NOT_YET:
        raise not_supported(f"the setting {name}")
    raise SqlError(redshift.UNDEFINED_OBJECT, f'unrecognized configuration parameter "{name}"')
