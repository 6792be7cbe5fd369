"""UNLOAD: its query is a string of SQL, rewritten as a statement of its own.

https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html
"""

from __future__ import annotations

from dataclasses import replace

from standin.dialect.facts import Facts
from standin.dialect.lexer import split, syntax_error
from standin.dialect.plan import Plan
from standin.dialect.rewriter import rewrite
from standin.dialect.statement import Statement
from standin.sqlerror import SYNTAX_ERROR, SqlError
from standin.unload.command import parse


def unload(statement: Statement, facts: Facts) -> Plan:
    """UNLOAD is executed by the session."""
    command = parse(statement.tokens)
    statements = [Statement(text, tokens) for text, tokens in split(command.query)]
    if not statements:
        raise syntax_error(None)
    query, *others = statements
    if not (query.tokens[0].is_word("select", "with") or query.tokens[0].is_op("(")):
        raise syntax_error(query.tokens[0])
    if others:
        raise syntax_error(others[0].tokens[0])
    _check_limit(query)
    select = rewrite(query, facts)
    return Plan("", "UNLOAD", unload=replace(command, select=select), reads_tables=True)


def _check_limit(query: Statement) -> None:
    """https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html#unload-usage-limit-clause"""
    index = 0
    while index < len(query.tokens):
        token = query.tokens[index]
        is_top = token.is_word("top") and query.tokens[index - 1].is_word("select", "distinct")
        if token.is_word("limit") or is_top:
            raise SqlError(SYNTAX_ERROR, "Limit clause is not supported")
        index = query.closing.get(index, index) + 1
