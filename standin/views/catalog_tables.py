"""The system catalogue as Redshift shows it: views in front of PostgreSQL's own relations.

Each is PostgreSQL's relation with columns replaced, columns added that PostgreSQL 8.0 had or
Redshift has, rows left out that stand for something of ours, and rows added for keys that exist as
promises only. Queries reach them by name (standin/dialect/catalog.py).
https://docs.aws.amazon.com/redshift/latest/dg/c_intro_catalog_views.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from standin.dialect.catalog import OVERLAYS as PLACES
from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA

# Objects of users, and ours, begin here; what is below came with PostgreSQL.
FIRST_OWN_OID = 16384
# pg_attribute.attencodingtype counts in this list: https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html
ENCODING_NAMES = (
    "none", "bytedict", "delta", "delta32k", "lzo", "mostly8", "mostly16", "mostly32",
    "runlength", "text255", "text32k", "zstd", "az64",
)  # fmt: skip
_ENCODINGS = f"ARRAY[{', '.join(repr(name) for name in ENCODING_NAMES)}]"

_INTERNAL = (
    "(x.{name} LIKE 'standin\\_%' OR x.{schema} IN (SELECT oid FROM pg_catalog.pg_namespace"
    f" WHERE nspname LIKE '{SCHEMA}%'))"
)


@dataclass(frozen=True)
class Overlay:
    """A view `x` of one relation: expressions by column, a condition, and further rows.

    `more` is a FROM clause, `rows` the columns of those rows that are not simply empty.
    """

    replaced: dict[str, str] = field(default_factory=dict)
    added: dict[str, str] = field(default_factory=dict)
    join: str = ""
    where: str = "true"
    more: str = ""
    rows: dict[str, str] = field(default_factory=dict)


_KEYS = """FROM pg_catalog.standin_keys AS k JOIN pg_catalog.pg_class AS c ON c.oid = k.table_id
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace"""
_UNIQUE_KEYS = f"{_KEYS} WHERE k.kind IN ('p', 'u')"
_COUNT_KEYS = (
    "(SELECT count(*)::int2 FROM pg_catalog.standin_keys k"
    " WHERE k.{side} = x.oid AND k.kind = '{kind}')"
)
_HAS_KEY = (
    "EXISTS (SELECT FROM pg_catalog.standin_keys k WHERE k.table_id = x.oid AND k.kind IN ({}))"
)
_UNIQUE, _FOREIGN = _HAS_KEY.format("'p', 'u'"), _HAS_KEY.format("'f'")
# The value that PostgreSQL 8.0 would show as the default of an identity column.
_IDENTITY = """format('"identity"(%s, %s, ''%s,%s''::text)', a.attrelid, a.attnum - 1,
    s.seqstart, s.seqincrement)"""

OVERLAYS = {
    "pg_class": Overlay(
        replaced={
            "relhasindex": f"CASE WHEN x.oid < {FIRST_OWN_OID} THEN x.relhasindex"
            f" ELSE {_UNIQUE} END",
            "relchecks": f"CASE WHEN x.oid < {FIRST_OWN_OID} THEN x.relchecks ELSE 0::int2 END",
            "relhastriggers": f"CASE WHEN x.oid < {FIRST_OWN_OID} THEN x.relhastriggers"
            f" ELSE {_FOREIGN} END",
        },
        added={
            "relhasoids": "false",
            "relhaspkey": _HAS_KEY.format("'p'"),
            "reltriggers": "0::int2",
            "relukeys": _COUNT_KEYS.format(side="table_id", kind="u"),
            "relfkeys": _COUNT_KEYS.format(side="table_id", kind="f"),
            "relrefs": _COUNT_KEYS.format(side="foreign_id", kind="f"),
            # 10 is AUTO(ALL): https://docs.aws.amazon.com/redshift/latest/dg/r_PG_CLASS_INFO.html
            "reldiststyle": "CASE WHEN x.relkind <> 'r' THEN 0 WHEN t.dist_key IS NOT NULL THEN 1"
            " WHEN t.dist_style = 'even' THEN 0 WHEN t.dist_style = 'all' THEN 8"
            " ELSE 10 END::int2",
        },
        join="LEFT JOIN pg_catalog.standin_table_attributes AS t ON t.table_id = x.oid",
        where=f"NOT {_INTERNAL.format(name='relname', schema='relnamespace')}"
        f" AND NOT (x.relkind IN ('i', 'S') AND x.oid >= {FIRST_OWN_OID})",
        more=_UNIQUE_KEYS,
        rows={
            "oid": "k.index_id",
            "relname": "k.key_name",
            "relnamespace": "c.relnamespace",
            "relowner": "c.relowner",
            "relam": "(SELECT oid FROM pg_catalog.pg_am WHERE amname = 'btree')",
            "relkind": "'i'::\"char\"",
            "relnatts": "cardinality(k.columns)::int2",
            "relpersistence": "c.relpersistence",
            "relreplident": "'n'::\"char\"",
        },
    ),
    "pg_attribute": Overlay(
        replaced={"atthasdef": "x.atthasdef OR x.attidentity <> ''"},
        added={
            "attencodingtype": f"coalesce(array_position({_ENCODINGS},"
            " pg_catalog.standin_column_encoding(x.attrelid, x.attname)) - 1, 0)::int2",
            "attisdistkey": "coalesce(t.dist_key = x.attname, false)",
            "attispreloaded": "false",
            "attsortkeyord": "coalesce(array_position(t.sort_keys, x.attname::text), 0)"
            " * CASE WHEN t.sort_style = 'interleaved'"
            " AND array_position(t.sort_keys, x.attname::text) % 2 = 0 THEN -1 ELSE 1 END",
        },
        join="LEFT JOIN pg_catalog.standin_table_attributes AS t ON t.table_id = x.attrelid",
        # The columns of these views are told by pg_get_late_binding_view_cols() alone.
        where="x.attrelid NOT IN (SELECT r.ev_class FROM pg_catalog.pg_depend AS d"
        " JOIN pg_catalog.pg_rewrite AS r ON r.oid = d.objid"
        f" WHERE d.refobjid = to_regprocedure('{SCHEMA}.late_binding(text)'))",
        more=f"{_KEYS} JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.table_id"
        " AND a.attnum = ANY (k.columns) WHERE k.kind IN ('p', 'u')",
        rows={
            "attrelid": "k.index_id",
            "attname": "a.attname",
            "atttypid": "a.atttypid",
            "atttypmod": "a.atttypmod",
            "attlen": "a.attlen",
            "attnum": "array_position(k.columns, a.attnum)::int2",
        },
    ),
    "pg_attrdef": Overlay(
        replaced={"adbin": "pg_catalog.pg_get_expr(x.adbin, x.adrelid)"},
        added={"adsrc": "pg_catalog.pg_get_expr(x.adbin, x.adrelid)"},
        more="FROM pg_catalog.pg_attribute AS a JOIN pg_catalog.pg_depend AS d"
        " ON d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype = 'i'"
        " AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass"
        " JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = d.objid WHERE a.attidentity <> ''",
        rows={
            "oid": "s.seqrelid",
            "adrelid": "a.attrelid",
            "adnum": "a.attnum",
            "adbin": _IDENTITY,
            "adsrc": _IDENTITY,
        },
    ),
    # What PostgreSQL has here for tables of users are the limits of lengths and NOT NULL.
    "pg_constraint": Overlay(
        added={"consrc": "NULL::text"},
        where=f"x.oid < {FIRST_OWN_OID}",
        more=_KEYS,
        rows={
            "oid": "k.key_id",
            "conname": "k.key_name",
            "connamespace": "c.relnamespace",
            "contype": "k.kind",
            "convalidated": "true",
            "conrelid": "k.table_id",
            "conindid": "CASE WHEN k.kind = 'f' THEN 0::oid ELSE k.index_id END",
            "confrelid": "coalesce(k.foreign_id, 0::oid)",
            "confupdtype": "CASE WHEN k.kind = 'f' THEN 'a' ELSE ' ' END::\"char\"",
            "confdeltype": "CASE WHEN k.kind = 'f' THEN 'a' ELSE ' ' END::\"char\"",
            "confmatchtype": "CASE WHEN k.kind = 'f' THEN 's' ELSE ' ' END::\"char\"",
            "conislocal": "true",
            "connoinherit": "true",
            "conkey": "k.columns",
            "confkey": "k.foreign_columns",
        },
    ),
    "pg_index": Overlay(
        where=f"x.indexrelid < {FIRST_OWN_OID}",
        more=_UNIQUE_KEYS,
        rows={
            "indexrelid": "k.index_id",
            "indrelid": "k.table_id",
            "indnatts": "cardinality(k.columns)::int2",
            "indnkeyatts": "cardinality(k.columns)::int2",
            "indisunique": "true",
            "indisprimary": "k.kind = 'p'",
            "indimmediate": "true",
            "indisvalid": "true",
            "indisready": "true",
            "indislive": "true",
            "indkey": "array_to_string(k.columns, ' ')::int2vector",
        },
    ),
    "pg_namespace": Overlay(
        replaced={
            "nspowner": "CASE WHEN x.nspname = 'public' THEN 10::oid ELSE x.nspowner END",
        },
        where=f"x.nspname NOT LIKE '{SCHEMA}%'",
    ),
    # Two other clusters' databases are not this one's.
    "pg_database": Overlay(where="x.datname IN (current_database(), 'template0', 'template1')"),
    "pg_proc": Overlay(
        added={
            "proisagg": "x.prokind = 'a'",
            "proiswindow": "x.prokind = 'w'",
        },
        where=f"NOT {_INTERNAL.format(name='proname', schema='pronamespace')}",
    ),
    **dict.fromkeys(("pg_rewrite", "pg_rules"), Overlay(where="x.rulename NOT LIKE 'standin\\_%'")),
    "tables": Overlay(
        where=f"x.table_schema NOT LIKE '{SCHEMA}%' AND x.table_name NOT LIKE 'standin\\_%'"
    ),
    "columns": Overlay(
        where=f"x.table_schema NOT LIKE '{SCHEMA}%' AND x.table_name NOT LIKE 'standin\\_%'"
    ),
    "table_constraints": Overlay(
        where="false",
        more=_KEYS,
        rows={
            "constraint_catalog": "current_database()",
            "constraint_schema": "n.nspname",
            "constraint_name": "k.key_name",
            "table_catalog": "current_database()",
            "table_schema": "n.nspname",
            "table_name": "c.relname",
            "constraint_type": "CASE k.kind WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE'"
            " ELSE 'FOREIGN KEY' END",
            "is_deferrable": "'NO'",
            "initially_deferred": "'NO'",
            "enforced": "'NO'",
        },
    ),
    "key_column_usage": Overlay(
        where="false",
        more=f"{_KEYS} JOIN pg_catalog.pg_attribute AS a ON a.attrelid = k.table_id"
        " AND a.attnum = ANY (k.columns)",
        rows={
            "constraint_catalog": "current_database()",
            "constraint_schema": "n.nspname",
            "constraint_name": "k.key_name",
            "table_catalog": "current_database()",
            "table_schema": "n.nspname",
            "table_name": "c.relname",
            "column_name": "a.attname",
            "ordinal_position": "array_position(k.columns, a.attnum)",
            "position_in_unique_constraint": "CASE WHEN k.kind = 'f'"
            " THEN array_position(k.columns, a.attnum) END",
        },
    ),
}

# pg_attrdef shows its expressions as text already.
FUNCTIONS = f"""
CREATE FUNCTION pg_catalog.format_encoding(integer) RETURNS text LANGUAGE sql IMMUTABLE
    AS $$ SELECT ({_ENCODINGS})[$1 + 1] $$;
CREATE FUNCTION {SCHEMA}.pg_get_expr(text, oid, boolean DEFAULT false) RETURNS text
    LANGUAGE sql IMMUTABLE AS $$ SELECT $1 $$;
CREATE FUNCTION {SCHEMA}.pg_get_expr(pg_node_tree, oid, boolean DEFAULT false) RETURNS text
    LANGUAGE sql STABLE AS $$ SELECT pg_catalog.pg_get_expr($1, $2, $3) $$;
"""

# What a column of an added row holds when nothing else is said, by type; else NULL.
_EMPTY = {"bool": "false", "int2": "0", "int4": "0", "oid": "0", "float4": "0"}
_COLUMNS = """
    SELECT attname, format_type(atttypid, NULL), typname FROM pg_catalog.pg_attribute
    JOIN pg_catalog.pg_type AS t ON t.oid = atttypid
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum
"""


def install(cursor: Any) -> None:
    """Create the views; the tables and functions that they read exist already."""
    cursor.execute(FUNCTIONS)
    for schema, (own_schema, relations) in PLACES.items():
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {own_schema}")
        cursor.execute(f"GRANT USAGE ON SCHEMA {own_schema} TO PUBLIC")
        for relation in sorted(relations):
            cursor.execute(_COLUMNS, (f"{schema}.{relation}",))
            query = _query(f"{schema}.{relation}", OVERLAYS[relation], cursor.fetchall())
            cursor.execute(f"CREATE VIEW {own_schema}.{relation} AS {query}")
            cursor.execute(f"GRANT SELECT ON {own_schema}.{relation} TO PUBLIC")


def _query(source: str, spec: Overlay, columns: list[tuple[str, str, str]]) -> str:
    own = [f"{spec.replaced.get(name, f'x.{name}')} AS {name}" for name, _, _ in columns]
    own += [f"{expression} AS {name}" for name, expression in spec.added.items()]
    query = f"SELECT {', '.join(own)} FROM {source} AS x {spec.join} WHERE {spec.where}"
    if not spec.more:
        return query
    rows = [
        spec.rows.get(name, _empty(type_name, base, name in spec.replaced))
        for name, type_name, base in columns
    ]
    rows += [spec.rows.get(name, "NULL") for name in spec.added]
    return f"{query} UNION ALL SELECT {', '.join(rows)} {spec.more}"


def _empty(type_name: str, base: str, is_replaced: bool) -> str:
    if base in _EMPTY:
        return f"{_EMPTY[base]}::{type_name}"
    return "NULL" if is_replaced else f"NULL::{type_name}"
