"""How the throw-away server is set: its settings, its environment and its superuser."""

from __future__ import annotations

from collections.abc import Mapping

# The name of Redshift's own superuser, which no cluster can take.
SUPERUSER = "rdsdb"

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    # Redshift takes 500 a cluster; a process may have 1024 files open, two for each client.
    "max_connections": "450",
    # The data is thrown away at the end: nothing needs to survive a crash.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # Taken as it is used: enough to keep a star of some million plays at hand.
    "shared_buffers": "512MB",
    # ANALYZE reads 300 rows for each: enough to tell a large table from a small one, in 25 ms where
    # 100 takes 280 ms after a COPY of a million rows. With more, it meets a title or two again and
    # takes them for common, and then the plays are hashed to be matched with the songs instead of
    # the songs with them: of 60 samples never with 10, twice with 20, 50 times with 50.
    "default_statistics_target": "10",
    # The log and the changed pages are written by PostgreSQL's own writers, on a core with nothing
    # else to do, and seldom by the session that makes them: a first load of a million events takes
    # a tenth less.
    "wal_writer_delay": "20ms",
    "bgwriter_delay": "10ms",
    "bgwriter_lru_maxpages": "1000",
    "bgwriter_lru_multiplier": "4",
    "wal_init_zero": "off",
    # No checkpoint in the middle of a load of a million events, which writes 0.9 GB.
    "max_wal_size": "2GB",
    # A long query has one worker beside the session's own process, which is soon started and whose
    # rows do not go far: the checks of a million plays take an eighth less.
    "max_parallel_workers_per_gather": "1",
    "parallel_setup_cost": "100",
    "parallel_tuple_cost": "0.01",
    "io_method": "sync",
    "jit": "off",
    # Tables without indexes, as Redshift's: a nested loop is never worth it, and without statistics
    # PostgreSQL would take one for every span of time that it believes to hold a single row.
    "enable_nestloop": "off",
    # The only indexes stand for Redshift's zone maps, which it always uses; without statistics
    # PostgreSQL would rather read the whole table.
    "enable_seqscan": "off",
    # A client that vanishes must not leave its query running.
    "client_connection_check_interval": "1s",
    # Redshift reads a backslash in a string as an escape, as PostgreSQL 8.0 did.
    "standard_conforming_strings": "off",
    "escape_string_warning": "off",
    "backslash_quote": "on",
    # SNAPSHOT: https://docs.aws.amazon.com/redshift/latest/dg/c_serial_isolation.html
    "default_transaction_isolation": "repeatable read",
    # https://docs.aws.amazon.com/redshift/latest/dg/r_extra_float_digits.html
    "extra_float_digits": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # What it keeps of passwords is gone with it, and only its own account can read it: 4096 rounds
    # would protect nothing, and take half of the time in which a session begins.
    "scram_iterations": "1",
    # Statements can hold credentials: none of them goes to the log.
    "log_min_messages": "fatal",
    "log_min_error_statement": "panic",
}

# A sort or a hash takes its memory in pages of 2 MB where Linux lends them on request, as it mostly
# does: to touch pages of 4 kB one by one is up to a third of the time of sorting a million plays.
# https://sourceware.org/glibc/manual/latest/html_node/Memory-Allocation-Tunables.html
_LARGE_PAGES = "glibc.malloc.hugetlb"

_MIB = 1 << 20
_LEAST_WORK_MIB = 256
_MOST_WORK_MIB = 2048


def settings(memory: int) -> dict[str, str]:
    """SETTINGS and what depends on the memory there is, in bytes.

    work_mem is for each sort and hash, and taken as it is used. A load of a million events sorts
    its plays in 235 MB, one of ten million in 1.2 GB in each of two processes: a sixteenth of 24 GB
    keeps that in memory, too.
    """
    work_mem = min(max(memory // 16 // _MIB, _LEAST_WORK_MIB), _MOST_WORK_MIB)
    return {**SETTINGS, "work_mem": f"{work_mem}MB"}


def environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """The environment of the server's programs: no PG* of the user's, memory in large pages."""
    environ = {name: value for name, value in inherited.items() if not name.startswith("PG")}
    tunables = environ.get("GLIBC_TUNABLES", "")
    if _LARGE_PAGES not in tunables:
        environ["GLIBC_TUNABLES"] = ":".join(filter(None, (tunables, f"{_LARGE_PAGES}=1")))
    return environ
