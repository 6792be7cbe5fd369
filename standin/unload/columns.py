"""The columns of the query of an UNLOAD, as PostgreSQL describes its result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from standin.sqlerror import FEATURE_NOT_SUPPORTED, SqlError, not_supported
from standin.unload.command import UnloadCommand

# PostgreSQL's type ids (pg_type.dat) -> Redshift's names, as the manifest shows them. What is
# missing here cannot be unloaded.
TYPES = {
    16: "boolean", 20: "bigint", 21: "smallint", 23: "integer", 25: "character varying",
    700: "real", 701: "double precision", 1042: "character", 1043: "character varying",
    1082: "date", 1114: "timestamp without time zone", 1184: "timestamp with time zone",
    1700: "numeric",
}  # fmt: skip
NUMBERS = frozenset({"bigint", "smallint", "integer", "real", "double precision", "numeric"})
TEXTS = frozenset({"character", "character varying"})
# https://docs.aws.amazon.com/redshift/latest/dg/r_UNLOAD.html#unload-partitionby-usage
_PARTITION_KEYS = frozenset(TYPES.values()) - {"double precision", "timestamp with time zone"}

# What PostgreSQL adds to a length or to a packed (precision, scale) in a type's modifier.
_MODIFIER_HEADER = 4
_MAX_VARCHAR = 65535
_DEFAULT_NUMERIC = 18 << 16


@dataclass(frozen=True)
class Column:
    """One column of the result: `type` is Redshift's name, `modifier` PostgreSQL's or -1."""

    name: str
    type: str
    modifier: int = -1

    @property
    def dimensions(self) -> dict[str, int]:
        """The type's dimensions as MANIFEST VERBOSE names them."""
        modifier = self.modifier - _MODIFIER_HEADER if self.modifier >= 0 else None
        if self.type in TEXTS:
            return {"max_length": _MAX_VARCHAR if modifier is None else modifier}
        if self.type == "numeric":
            packed = _DEFAULT_NUMERIC if modifier is None else modifier
            # PostgreSQL packs precision and scale; the scale has 11 bits (utils/adt/numeric.c)
            return {"precision": packed >> 16, "scale": packed & 0x7FF}
        return {}


def read_columns(described: Sequence[tuple[str, int, int]], command: UnloadCommand) -> list[Column]:
    """The columns of (name, type id, modifier); SqlError when they cannot be unloaded so."""
    for name, type_id, _ in described:
        if type_id not in TYPES:
            raise not_supported(f'UNLOAD of the column "{name}" of its type')
    columns = [Column(name, TYPES[type_id], modifier) for name, type_id, modifier in described]
    names = [column.name for column in columns]
    if command.format == "json" and len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        # Redshift's wording is not known
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            f'UNLOAD to JSON needs unique column names, got "{repeated}" more than once',
        )
    _check_partitions(columns, command)
    return columns


def _check_partitions(columns: list[Column], command: UnloadCommand) -> None:
    """SqlError unless every partition key is a column that can be one; wordings are our own."""
    by_name = {column.name: column for column in columns}
    for name in command.partition_by:
        if name not in by_name:
            raise SqlError(
                "42703", f'partition column "{name}" is not among the columns of the query'
            )
        if by_name[name].type not in _PARTITION_KEYS:
            raise SqlError(
                FEATURE_NOT_SUPPORTED,
                f'column "{name}" of type {by_name[name].type} cannot be a partition column',
            )
    if by_name.keys() <= set(command.partition_by):
        raise SqlError(
            FEATURE_NOT_SUPPORTED,
            "UNLOAD with PARTITION BY needs at least one column that is not a partition column",
        )
