"""Which functions may be called, and how each reaches PostgreSQL: same, renamed, rewritten.

https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions.html
"""

from __future__ import annotations

from standin.dialect import redshift
from standin.dialect.redshift import LIBRARY_SCHEMA as SCHEMA
from standin.dialect.rewritten_calls import REWRITTEN_CALLS
from standin.dialect.time_calls import TIME_CALLS

REWRITTEN = {**TIME_CALLS, **REWRITTEN_CALLS}

RENAMED = {
    "nvl": "coalesce",
    "len": "length",
    "textlen": "length",
    "replicate": "repeat",
    "dexp": f"{SCHEMA}.exp",
    "dlog1": "ln",
    "dlog10": f"{SCHEMA}.log",
    "pow": f"{SCHEMA}.power",
    "sha": "sha1",
    "func_sha1": "sha1",
    **{
        name: f"{SCHEMA}.{name}"
        for name in redshift.words(
            "avg exp log median power regexp_instr regexp_substr split_part sqrt"
        )
    },
}

# Same name, same meaning (function_library.py adds the ones that PostgreSQL lacks).
SAME = redshift.words(
    """
    coalesce nullif greatest least
    count sum min max bool_and bool_or bit_and bit_or any_value percentile_disc grouping
    row_number rank dense_rank percent_rank cume_dist ntile lag lead nth_value
    abs acos asin atan atan2 cbrt ceil ceiling cos cot degrees floor ln mod pi
    radians random round sign sin tan trunc to_hex
    ascii btrim char_length character_length charindex chr initcap left length lower lpad ltrim
    md5 octet_length octetindex position quote_ident quote_literal regexp_count
    crc32 is_valid_json is_valid_json_array sha1 sha2 fnv_hash murmur3_32_hash
    soundex difference can_json_parse bpcharcmp bttext_pattern_cmp timeofday
    repeat replace reverse right rpad rtrim strpos strtol substring translate trim
    upper
    add_months date date_part_year getdate last_day months_between next_day
    date_cmp date_cmp_timestamp date_cmp_timestamptz interval_cmp timestamp_cmp timestamp_cmp_date
    timestamp_cmp_timestamptz timestamptz_cmp timestamptz_cmp_date timestamptz_cmp_timestamp
    timezone to_char to_number
    current_database current_setting pg_backend_pid pg_cancel_backend pg_terminate_backend
    set_config
    exists
    """
)

# Functions of the leader node: refused as soon as a user table is involved.
# https://docs.aws.amazon.com/redshift/latest/dg/c_SQL_functions_leader_node_only.html
LEADER_ONLY = redshift.words(
    """
    age current_schema current_schemas generate_series generate_subscripts
    has_any_column_privilege has_column_privilege has_database_privilege has_schema_privilege
    has_table_privilege isfinite now
    col_description format_type obj_description pg_encoding_to_char pg_get_constraintdef
    pg_get_expr pg_get_functiondef pg_get_indexdef pg_get_late_binding_view_cols
    pg_get_ruledef pg_get_userbyid pg_get_viewdef
    pg_is_in_recovery pg_is_other_temp_schema
    pg_my_temp_schema pg_postmaster_start_time pg_table_is_visible pg_type_is_visible
    shobj_description substr to_regclass
    """
)

# Redshift's, not carried yet.
NOT_YET = redshift.words(
    """
    array array_concat array_contains array_distinct array_except array_flatten array_intersection
    array_position array_positions array_sort array_to_string array_union arrays_overlap checksum
    collate current_aws_account current_namespace current_session_arn decimal_precision
    decimal_scale default_iam_role explain_model farmfingerprint64 from_hex from_varbyte
    get_array_length get_number_attributes getbit has_assumerole_privilege hll_cardinality
    hll_combine hll_combine_sketches hll_create_sketch is_array is_bigint is_boolean is_char
    is_decimal is_float is_integer is_object is_scalar is_smallint is_varchar json_parse
    json_serialize json_serialize_to_varbyte json_size json_typeof last_user_query_id
    lower_attribute_names object object_transform pg_get_cols pg_get_grantee_by_iam_role
    pg_get_iam_role_by_user pg_get_session_roles reboot_cluster role_is_member_of slice_num
    split_to_array subarray text_to_int_alt text_to_numeric_alt to_varbyte unnest
    upper_attribute_names user_is_member_of
    """
)
