"""COPY of random documents: what it makes of each value is what an oracle says, row by row.

And whatever it makes of anything, PostgreSQL takes. A few hundred examples by default, always the
same; --long tries many, at random.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from ctypes import c_float
from datetime import datetime
from fractions import Fraction
from typing import Any

import pytest
from copy_oracle import Literal, Nested, Options, Rejected, expected, follow
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sent_rows import sent_rows
from test_copy_load import Bucket

from standin.copy.columns import Column
from standin.copy.command import parse
from standin.copy.load import Load
from standin.dialect.lexer import tokenize
from standin.postgres import Postgres
from standin.sqlerror import SqlError

COLUMNS = [
    Column("s", "smallint"),
    Column("i", "integer"),
    Column("b", "bigint"),
    Column("n", "numeric", precision=7, scale=2),
    Column("m", "numeric", precision=18, scale=0),
    Column("d", "double precision"),
    Column("r", "real"),
    Column("o", "boolean"),
    Column("t", "timestamp"),
    Column("v", "varchar", 9),
    Column("w", "varchar", 65535),
    Column("c", "char", 3),
]
CODES = {1204, 1206, 1207, 1210, 1216, 1220}

NUMBERS = st.one_of(
    st.integers(-(2**15) - 2, 2**15 + 1),
    st.integers(-(2**31) - 2, 2**31 + 1),
    st.integers(-(2**64), 2**64),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(-100_000, 100_000, places=3, allow_nan=False),
    st.sampled_from(
        ["1540919166796.0", "1E3", "-0", "0.5", "-0.004", "1e400", "1e-400", "1E+2", "-1.239e1"]
    ),
).map(lambda number: Literal(str(number)))
TEXTS = st.one_of(
    st.sampled_from(["", " ", "\t\n", "39", "39.0", "+7", "-", "1e2", ".5", "abc", "true", "No",
                     "9" * 25, "é" * 5, "\ud83d", "a\0", "😀", "x" * 70000, " a ", "\\N", "a\tb\n",
                     "1541106106796", "٣", "1_000", "0x1F", "NaN", "Infinity"]),
    st.text(max_size=12),
    NUMBERS.map(lambda number: number.text),
)  # fmt: skip
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
NESTED = st.sampled_from(["[]", "{}", '[1, "a"]', '{"a" : {"b":[ 1.50 ]}}']).map(Nested)
OPTIONS = st.builds(Options, *([st.booleans()] * 5))
KEYWORDS = {
    "truncates": "TRUNCATECOLUMNS",
    "empty_is_null": "EMPTYASNULL",
    "blank_is_null": "BLANKSASNULL",
    "trims": "TRIMBLANKS",
    "rounds": "ROUNDEC",
}


@pytest.fixture
def check(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Run a property on `few` examples, or with --long on sixty times as many."""
    thorough = bool(request.config.getoption("--long"))

    def run(few: int, property_: Callable[..., None], *strategies: Any) -> None:
        settings(
            max_examples=few * 60 if thorough else few,
            derandomize=not thorough,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )(given(*strategies)(property_))()

    return run


def written(value: Any) -> str:
    return value.text if isinstance(value, Literal | Nested) else json.dumps(value)


def make_load(data: bytes, options: str, columns: list[Column], paths: str = "auto") -> Load:
    sql = f"COPY t FROM 's3://b/data' IAM_ROLE default {options}"
    bucket = Bucket({"data": data, "paths": paths.encode()})
    return Load(parse(tokenize(sql)), columns, bucket, "t")


def outcome(load: Load, kind: str) -> Any:
    """The one value of the one row that was loaded, or the code of its error."""
    rows = sent_rows(b"".join(load.chunks()), load.columns)
    if load.errors:
        (error,) = load.errors
        return Rejected, error.error_code
    ((field,),) = rows
    return read_back(field, kind)


# Redshift's calendar is longer than that of the oracle, which rejects such a time.
BEYOND_PYTHON = object()


def read_back(field: str | None, kind: str) -> Any:
    """A field as a value."""
    if field is None or kind in ("varchar", "char"):
        return field
    if kind == "boolean":
        return field == "t"
    if kind == "timestamp":
        try:
            return datetime.fromisoformat(field)
        except ValueError:
            return BEYOND_PYTHON
    return Fraction(field)


def second_opinion(value: Any, column: Column, options: Options) -> Any:
    size = (column.length or 0,) if column.length else (column.precision or 0, column.scale or 0)
    try:
        return expected(value, column.type, size, options)
    except Rejected as rejected:
        return Rejected, rejected.args[0]


def test_values_are_converted_as_the_oracle_says(check: Callable[..., None]) -> None:
    def holds(value: Any, column: Column, options: Options) -> None:
        words = [word for name, word in KEYWORDS.items() if getattr(options, name)]
        load = make_load(
            f'{{"{column.name}": {written(value)}}}'.encode(),
            " ".join(["JSON 'auto' TIMEFORMAT 'epochmillisecs' MAXERROR 9", *words]),
            [column],
        )
        found, wanted = outcome(load, column.type), second_opinion(value, column, options)
        if column.type in ("real", "double precision") and isinstance(wanted, Fraction):
            rounded = float if column.type == "double precision" else single
            found, wanted = rounded(found), rounded(wanted)
        if found is BEYOND_PYTHON:
            found = Rejected, 1206
        assert found == wanted

    check(500, holds, st.one_of(SCALARS, NESTED), st.sampled_from(COLUMNS), OPTIONS)


def single(number: Fraction) -> float:
    """The nearest number of four bytes."""
    return c_float(float(number)).value


TREES = st.recursive(
    st.one_of(st.none(), st.integers(0, 9), st.sampled_from("xy")),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
    max_leaves=8,
)
PATHS = st.lists(st.one_of(st.sampled_from("abc"), st.integers(0, 3)), max_size=3).map(tuple)


def test_paths_lead_where_the_oracle_says(check: Callable[..., None]) -> None:
    def holds(tree: Any, path: tuple[str | int, ...], is_dotted: bool) -> None:
        steps = [
            f"[{step}]" if isinstance(step, int) else f".{step}" if is_dotted else f"['{step}']"
            for step in path
        ]
        paths = json.dumps({"jsonpaths": ["$" + "".join(steps)]})
        load = make_load(
            json.dumps(tree).encode(),
            "JSON 's3://b/paths' MAXERROR 9",
            [Column("w", "varchar", 65535)],
            paths,
        )
        try:
            leaf = follow(path, tree)
            wanted = leaf if leaf is None or isinstance(leaf, str) else json.dumps(leaf)
        except Rejected as rejected:
            wanted = Rejected, rejected.args[0]
        assert outcome(load, "varchar") == wanted

    roots = TREES.filter(lambda tree: isinstance(tree, list | dict))
    check(150, holds, roots, PATHS, st.booleans())


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    postgres = Postgres()
    postgres.start()
    try:
        yield postgres
    finally:
        postgres.stop()


PG_TYPES = {"numeric": "numeric({0.precision}, {0.scale})", "varchar": "varchar({0.length})",
            "char": "char({0.length})"}  # fmt: skip
LINES = st.one_of(
    st.binary(max_size=40),
    st.dictionaries(
        st.sampled_from([column.name for column in COLUMNS]), st.one_of(SCALARS, NESTED)
    ).map(
        lambda row: ("{" + ",".join(f'"{k}":{written(v)}' for k, v in row.items()) + "}").encode()
    ),
    st.lists(TEXTS, min_size=10, max_size=14).map(
        lambda fields: "|".join(fields).encode("utf-8", "surrogatepass")
    ),
)
FORMATS = st.sampled_from(
    ["JSON 'auto'", "JSON 'auto ignorecase'", "CSV", "CSV QUOTE '''' DELIMITER 'a'", "",
     "DELIMITER ',' ESCAPE REMOVEQUOTES FILLRECORD", "FILLRECORD IGNOREBLANKLINES EMPTYASNULL",
     "JSON 'auto' ACCEPTINVCHARS TRUNCATECOLUMNS", "CSV ACCEPTANYDATE TIMEFORMAT 'auto'",
     "JSON 'auto' TIMEFORMAT 'epochsecs'", "JSON 'auto' GZIP", "ENCODING UTF16"]
)  # fmt: skip


def test_what_is_loaded_postgresql_takes(server: Postgres, check: Callable[..., None]) -> None:
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        types = (PG_TYPES.get(each.type, each.type).format(each) for each in COLUMNS)
        definitions = (
            f"{column.name} {type_}" for column, type_ in zip(COLUMNS, types, strict=True)
        )
        cursor.execute(f"CREATE TABLE t ({', '.join(definitions)})")

        def holds(lines: list[bytes], options: str) -> None:
            load = make_load(b"\n".join(lines), f"{options} IGNOREALLERRORS", COLUMNS)
            with suppress(SqlError):
                data = b"".join(load.chunks())
                cursor.copy_expert(f"COPY t FROM STDIN ({load.copy_options})", io.BytesIO(data))
            assert {error.error_code for error in load.errors} <= CODES | {1202, 1211, 1214}

        check(75, holds, st.lists(LINES, max_size=8), FORMATS)
