"""What sets Redshift's SQL apart from PostgreSQL's, as data: words, types, encodings, settings.

The functions are in functions.py, the refused constructs in refusals.py.
"""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of a text, for tables that are lists of words."""
    return frozenset(text.split())


# Where the database keeps what imitates Redshift under names that PostgreSQL has, too.
LIBRARY_SCHEMA = "pg_redshift"

VERSION = (
    "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 "
    "(Red Hat 3.4.2-6.fc3), Redshift 1.0.77467"
)
SERVER_VERSION = "8.0.2"

# https://www.postgresql.org/docs/current/errcodes-appendix.html
INVALID_PARAMETER = "22023"
DUPLICATE_COLUMN = "42701"
UNDEFINED_COLUMN = "42703"
UNDEFINED_OBJECT = "42704"
UNDEFINED_FUNCTION = "42883"
INVALID_TABLE = "42P16"
TOO_COMPLEX = "54001"

# https://docs.aws.amazon.com/redshift/latest/dg/r_pg_keywords.html
RESERVED_WORDS = words(
    """
    aes128 aes256 all allowoverwrite analyse analyze and any array as asc authorization az64
    backup between binary blanksasnull both bytedict bzip2 case cast check collate column
    constraint create credentials cross current_date current_time current_timestamp current_user
    current_user_id default deferrable deflate defrag delta delta32k desc disable distinct do else
    emptyasnull enable encode encrypt encryption end except explicit false for foreign freeze from
    full globaldict256 globaldict64k grant group gzip having identity ignore ilike in initially
    inner intersect interval into is isnull join leading left like limit localtime localtimestamp
    lun luns lzo lzop minus mostly16 mostly32 mostly8 natural new not notnull null nulls off
    offline offset oid old on only open or order outer overlaps parallel partition percent
    permissions pivot placing primary raw readratio recover references rejectlog resort respect
    restore right select session_user similar snapshot some sysdate system table tag tdes text255
    text32k then timestamp to top trailing true truncatecolumns union unique unnest unpivot user
    using verbose wallet when where with without
    """
)

# Free in Redshift; PostgreSQL takes them as the name of an item only behind AS.
LABELS_THAT_NEED_AS = words(
    """
    char character day fetch filter hour minute month over precision returning second varying window
    within year
    """
)

# Not usable as column names: https://docs.aws.amazon.com/redshift/latest/dg/r_names.html
SYSTEM_COLUMNS = frozenset({"oid", "tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"})

# PostgreSQL cuts names at 63 bytes, Redshift at 127.
MAX_NAME_BYTES = 63

# Every spelling of a type -> the name PostgreSQL's format_type prints.
# https://docs.aws.amazon.com/redshift/latest/dg/c_Supported_data_types.html
TYPE_NAMES = {
    "smallint": "smallint",
    "int2": "smallint",
    "integer": "integer",
    "int": "integer",
    "int4": "integer",
    "bigint": "bigint",
    "int8": "bigint",
    "decimal": "numeric",
    "dec": "numeric",
    "numeric": "numeric",
    "real": "real",
    "float4": "real",
    "double precision": "double precision",
    "float8": "double precision",
    "float": "double precision",
    "boolean": "boolean",
    "bool": "boolean",
    "date": "date",
    "time": "time",
    "timetz": "timetz",
    "timestamp": "timestamp",
    "timestamptz": "timestamptz",
    "interval": "interval",
    "char": "char",
    "character": "char",
    "nchar": "char",
    "bpchar": "bpchar",
    "varchar": "varchar",
    "character varying": "varchar",
    "nvarchar": "varchar",
    "text": "text",
}

# (length of a column declared without one, longest length), in bytes.
# https://docs.aws.amazon.com/redshift/latest/dg/r_Character_types.html
CHARACTER_LENGTHS = {
    "char": (1, 4096),
    "bpchar": (256, 4096),
    "varchar": (256, 65535),
    "text": (256, 65535),
}
MAX_PRECISION = 38
DEFAULT_PRECISION = 18

TYPES_NOT_YET = frozenset(
    {"super", "varbyte", "varbinary", "binary", "geometry", "geography", "hllsketch"}
)

# https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-datatypes.html
# Types that PostgreSQL 8.0 had: their use is refused by name. Any other is an unknown type.
TYPES_REFUSED = words(
    """
    serial serial4 serial8 bigserial smallserial serial2 bytea bit varbit money inet cidr macaddr
    point line lseg box path polygon circle name oid regclass regproc regtype regprocedure regoper
    regoperator xid cid tid abstime reltime tinterval int2vector oidvector refcursor
    """
)
# Types that PostgreSQL 18 has and Redshift never had: told apart from column names before a
# literal (json '{}').
TYPES_UNKNOWN = frozenset({"uuid", "json", "jsonb", "xml", "tsvector", "tsquery", "jsonpath"})
# Fine on the leader node, that is without user tables.
TYPES_OF_CATALOG = frozenset({"name", "oid", "regclass", "regproc", "regtype", "regprocedure"})

_INTS = frozenset({"smallint", "integer", "bigint"})
_DATES = frozenset({"date", "timestamp", "timestamptz"})
_TEXTS = frozenset({"char", "varchar"})
_FLOATS = frozenset({"real", "double precision"})
_EVERY = _INTS | _DATES | _TEXTS | _FLOATS | {"numeric", "boolean", "time", "timetz", "interval"}

# Encoding -> column types that take it.
# https://docs.aws.amazon.com/redshift/latest/dg/c_Compression_encodings.html
ENCODINGS = {
    "raw": _EVERY,
    "az64": _INTS | _DATES | {"numeric", "time", "timetz", "interval"},
    "bytedict": _EVERY - {"boolean"},
    "delta": _INTS | {"date", "timestamp", "numeric"},
    "delta32k": (_INTS - {"smallint"}) | {"date", "timestamp", "numeric"},
    "lzo": _EVERY - _FLOATS - {"boolean"},
    "mostly8": _INTS | {"numeric"},
    "mostly16": (_INTS - {"smallint"}) | {"numeric"},
    "mostly32": frozenset({"bigint", "numeric"}),
    "runlength": _EVERY,
    "text255": frozenset({"varchar"}),
    "text32k": frozenset({"varchar"}),
    "zstd": _EVERY,
}

# https://docs.aws.amazon.com/redshift/latest/dg/r_CREATE_TABLE_NEW.html
MAX_SORT_COLUMNS = {"compound": 400, "interleaved": 8}

# https://docs.aws.amazon.com/redshift/latest/dg/r_Dateparts_for_datetime_functions.html
_DATE_PART_SPELLINGS = {
    "millennium": "millennia mil mils",
    "century": "centuries c cent cents",
    "decade": "decades dec decs",
    "year": "years y yr yrs",
    "quarter": "quarters qtr qtrs",
    "month": "months mon mons",
    "week": "weeks w",
    "day": "days d",
    "hour": "hours h hr hrs",
    "minute": "minutes m min mins",
    "second": "seconds s sec secs",
    "millisecond": "milliseconds ms msec msecs msecond mseconds millisec millisecs millisecon",
    "microsecond": "microseconds microsec microsecs usecond useconds us usec usecs",
    "epoch": "",
    "dow": "dayofweek dw weekday",
    "doy": "dayofyear dy yearday",
    "timezone": "",
    "timezone_hour": "",
    "timezone_minute": "",
}
DATE_PARTS = {
    spelling: part
    for part, others in _DATE_PART_SPELLINGS.items()
    for spelling in (part, *others.split())
}
# Parts that name a field of a moment but not an amount of time.
FIELD_ONLY_PARTS = frozenset(
    {"epoch", "dow", "doy", "timezone", "timezone_hour", "timezone_minute"}
)

# Operators of Redshift; any other symbol run is refused before PostgreSQL can understand it.
OPERATORS = words(
    "+ - * / % ^ |/ ||/ @ & | # ~ << >> = <> != < > <= >= || ~~ !~~ ~~* !~~* !~ ~* !~* :: ( ) , ."
)

# Settings that PostgreSQL knows and takes over unchanged.
SETTINGS_SHARED = words(
    """
    search_path statement_timeout datestyle timezone client_encoding application_name
    extra_float_digits default_transaction_read_only client_min_messages
    idle_in_transaction_session_timeout
    """
)
# Settings without an effect here and their defaults: kept under a prefix, so that SET, SHOW and
# RESET agree. https://docs.aws.amazon.com/redshift/latest/dg/cm_chap_ConfigurationRef.html
SETTINGS_KEPT = {
    "analyze_threshold_percent": "10",
    "auto_analyze": "on",
    "auto_mv": "on",
    "default_transaction_isolation": "serializable",
    "enable_case_sensitive_identifier": "off",
    "enable_result_cache_for_session": "on",
    "enable_vacuum_boost": "off",
    "error_on_nondeterministic_update": "off",
    "max_concurrency_scaling_clusters": "1",
    "max_cursor_result_set_size": "default",
    "mv_enable_aqmv_for_session": "on",
    "query_group": "default",
    "wlm_query_slot_count": "1",
}
# Of those, the ones that would change what a statement means: only the default is carried.
SETTINGS_FIXED = frozenset({"enable_case_sensitive_identifier", "error_on_nondeterministic_update"})
DEFAULT_VALUES = frozenset({"default", "off", "false", "no", "0"})
# Settings that are not carried yet.
SETTINGS_NOT_YET = words(
    """
    cast_super_null_on_error describe_field_name_in_uppercase downcase_delimited_identifier
    enable_case_sensitive_super_attribute enable_numeric_rounding json_serialization_enable
    json_serialization_parse_nested_strings navigate_super_null_on_error
    spectrum_enable_pseudo_columns stored_proc_log_min_messages timestamp_format use_fips_ssl
    """
)
KEPT_PREFIX = "standin."
# What the server says about itself.
SETTINGS_SHOWN = {
    "server_version": SERVER_VERSION,
    "server_encoding": "UNICODE",
    "transaction_isolation": "serializable",
    "max_identifier_length": "127",
}
SETTINGS_SHOWN_BY_POSTGRES = words("integer_datetimes is_superuser session_authorization")

# Statements that Redshift refuses: leading words -> its text, {} for the statement.
# https://docs.aws.amazon.com/redshift/latest/dg/c_unsupported-postgresql-features.html
_NOT_ON_TABLES = 'SQL command "{}" not supported on Redshift tables.'
_NOT_SUPPORTED = 'SQL command "{}" not supported.'
STATEMENTS_REFUSED = {
    "create index": _NOT_ON_TABLES,
    "create unique index": _NOT_ON_TABLES,
    "create trigger": _NOT_ON_TABLES,
    "create constraint trigger": _NOT_ON_TABLES,
    "create rule": _NOT_ON_TABLES,
    "create sequence": _NOT_SUPPORTED,
    "create extension": _NOT_SUPPORTED,
    "create type": _NOT_SUPPORTED,
    "create domain": _NOT_SUPPORTED,
    "create aggregate": _NOT_SUPPORTED,
    "create operator": _NOT_SUPPORTED,
    "create tablespace": _NOT_SUPPORTED,
    "create unlogged": None,
    "create foreign": None,
    "create recursive": None,
    "create global": None,
    "alter index": _NOT_ON_TABLES,
    "alter sequence": _NOT_SUPPORTED,
    "drop index": _NOT_ON_TABLES,
    "drop sequence": _NOT_SUPPORTED,
    "drop trigger": _NOT_ON_TABLES,
    "drop extension": _NOT_SUPPORTED,
    "savepoint": _NOT_SUPPORTED,
    "release": _NOT_SUPPORTED,
    "rollback to": _NOT_SUPPORTED,
    "rollback work to": _NOT_SUPPORTED,
    "rollback transaction to": _NOT_SUPPORTED,
    "listen": _NOT_SUPPORTED,
    "notify": _NOT_SUPPORTED,
    "unlisten": _NOT_SUPPORTED,
    "cluster": _NOT_SUPPORTED,
    "reindex": _NOT_SUPPORTED,
    "checkpoint": _NOT_SUPPORTED,
    "move": _NOT_SUPPORTED,
    "do": None,
    "load": None,
    "refresh table": None,
    "values": None,
}
# Statements of Redshift that are not carried yet.
_OBJECTS_NOT_YET = words(
    """
    database datashare external function identity library masking materialized model procedure rls
    role
    """
)
STATEMENTS_NOT_YET = (
    words("attach call cancel detach refresh use")
    | {f"{verb} {kind}" for verb in ("create", "alter", "drop") for kind in _OBJECTS_NOT_YET}
    | {"alter schema", "alter system"}
    | {f"create or replace {kind}" for kind in ("function", "procedure", "model")}
)
