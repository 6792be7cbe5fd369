"""CREATE VIEW .. WITH NO SCHEMA BINDING: views that outlive their tables.

Such a view calls a function with the query's text, so that PostgreSQL knows of no dependency. Its
columns are those that the query has when the view is made.
https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_VIEW.html
"""

from __future__ import annotations

from standin.dialect.plan import Plan
from standin.dialect.redshift import INVALID_TABLE
from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA
from standin.dialect.relations import Relations
from standin.dialect.statement import Statement
from standin.dialect.table_columns import literal
from standin.sqlerror import SqlError

CLAUSE = ("with", "no", "schema", "binding")
_UNQUALIFIED = (
    "All the relation names inside should be qualified when creating VIEW WITH NO SCHEMA BINDING."
)


def is_late(statement: Statement) -> bool:
    """Whether the statement ends with the clause."""
    return tuple(token.value for token in statement.tokens[-4:]) == CLAUSE


def create_late_view(
    statement: Statement, name: str, columns: list[str], body: str, *, replaces: bool
) -> Plan:
    """The plan; `name`, `columns` and `body` are PostgreSQL's text."""
    if Relations(statement).unqualified:
        raise SqlError(INVALID_TABLE, _UNQUALIFIED)
    names = f"ARRAY[{', '.join(map(literal, columns))}]::text[]"
    text = literal(body.replace("\\", "\\\\"))
    sql = (
        f"CALL {SCHEMA}.create_late_view({literal(name)}, {names}, {text}, {str(replaces).lower()})"
    )
    return Plan(sql, "CREATE VIEW", (forbid_changes(name),), tag="CREATE VIEW")


def forbid_changes(name: str) -> str:
    """The statement after which the view of this name, PostgreSQL's text, is only read."""
    return f"CALL {SCHEMA}.forbid_changes({literal(name)})"


_FUNCTION = f"""
CREATE OR REPLACE FUNCTION {SCHEMA}.late_binding(query text) RETURNS SETOF record
LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN QUERY EXECUTE query; END $$"""

# A temporary view tells the columns of the query and their types.
_CREATE = f"""
CREATE OR REPLACE PROCEDURE {SCHEMA}.create_late_view(
  view_name text, names text[], query text, replaces boolean)
LANGUAGE plpgsql AS $$
DECLARE defined text;
BEGIN
  EXECUTE 'CREATE TEMP VIEW "view to come" AS ' || query;
  SELECT string_agg(format('%I %s', coalesce(names[attnum], attname),
                           format_type(atttypid, atttypmod)), ', ' ORDER BY attnum)
    INTO defined FROM pg_catalog.pg_attribute
    WHERE attrelid = 'pg_temp."view to come"'::regclass;
  DROP VIEW pg_temp."view to come";
  IF replaces THEN EXECUTE 'DROP VIEW IF EXISTS ' || view_name; END IF;
  EXECUTE format('CREATE VIEW %s AS SELECT * FROM {SCHEMA}.late_binding(%L) AS bound(%s)',
                 view_name, query, defined);
END $$"""

# https://docs.aws.amazon.com/redshift/latest/dg/PG_GET_LATE_BINDING_VIEW_COLS.html
_COLUMNS = f"""
CREATE OR REPLACE FUNCTION pg_catalog.pg_get_late_binding_view_cols() RETURNS SETOF record
LANGUAGE sql STABLE AS $$
  SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod)::varchar,
         a.attnum::integer
    FROM pg_catalog.pg_depend AS d
    JOIN pg_catalog.pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
    JOIN pg_catalog.pg_class AS c ON c.oid = r.ev_class
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0
   WHERE d.refobjid = '{SCHEMA}.late_binding(text)'::regprocedure
     AND d.refclassid = 'pg_proc'::regclass
   ORDER BY n.nspname, c.relname, a.attnum $$"""

DEFINITIONS = (_FUNCTION, _CREATE, _COLUMNS)
