"""What goes wrong while PostgreSQL starts."""

from __future__ import annotations


class PostgresError(RuntimeError):
    """PostgreSQL could not be started; the message holds what it said."""
