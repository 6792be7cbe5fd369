"""Which relations and functions of the system catalogue differ from PostgreSQL's, by name.

Clients ask the catalogue what tables there are; what Redshift shows them there is not what
PostgreSQL 18 has. Such a relation is read through a view of ours (standin/views/catalog_tables.py)
in a schema of its own.
"""

from __future__ import annotations

from standin.dialect.redshift import LIBRARY_SCHEMA, words

# Schema -> the schema of the views of its relations, and those relations.
OVERLAYS = {
    "pg_catalog": (
        LIBRARY_SCHEMA,
        words(
            """
            pg_attrdef pg_attribute pg_class pg_constraint pg_database pg_index pg_namespace pg_proc
            pg_rewrite pg_rules
            """
        ),
    ),
    "information_schema": (
        f"{LIBRARY_SCHEMA}_schema",
        words("columns key_column_usage table_constraints tables"),
    ),
}
# Functions that read those relations, and so are ours.
OVERLAID_FUNCTIONS = words("pg_get_constraintdef pg_get_expr pg_get_indexdef")

# Views that the leader node answers, as it does the catalogue: queries of them may use what is
# refused beside tables. https://docs.aws.amazon.com/redshift/latest/dg/svv_views.html
LEADER_VIEWS = words(
    """
    svv_all_columns svv_all_schemas svv_all_tables svv_external_columns svv_external_schemas
    svv_external_tables svv_redshift_columns svv_redshift_databases svv_redshift_schemas
    svv_redshift_tables
    """
)


def overlay(schema: str, relation: str) -> str | None:
    """The view that stands for a relation, None when PostgreSQL's own will do."""
    own_schema, relations = OVERLAYS.get(schema or "pg_catalog", ("", frozenset()))
    return f"{own_schema}.{relation}" if relation in relations else None
