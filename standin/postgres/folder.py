"""The private temporary folder of a throw-away server."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from standin.postgres.account import IS_WINDOWS, Account
from standin.postgres.errors import PostgresError


def make_folder(account: Account | None) -> Path:
    """A new private folder in the temporary folder, owned by the account that needs it."""
    folder = temporary_root(account) / f"standin-{secrets.token_hex(8)}"
    # Not tempfile.mkdtemp: on Windows its folders are closed to the restricted token that
    # PostgreSQL gives itself.
    folder.mkdir(mode=0o777 if IS_WINDOWS else 0o700)
    if account is not None:
        os.chown(folder, account.uid, account.gid)
    return folder


def temporary_root(account: Account | None) -> Path:
    """The temporary folder; for another account the first one that everybody can enter."""
    preferred = Path(tempfile.gettempdir()).resolve()
    if account is None:
        return preferred
    for root in (preferred, Path("/tmp"), Path("/var/tmp")):
        if root.is_dir() and all(p.stat().st_mode & 0o001 for p in (root, *root.parents)):
            return root
    raise PostgresError(f"no temporary folder that other users can enter: {preferred}; set TMPDIR")
