"""What the stand-in's own child processes have in common."""

from __future__ import annotations

import os
import subprocess
from typing import Any


def detached() -> dict[str, Any]:
    """Popen arguments that keep a Ctrl-C in the terminal away from the child."""
    if os.name == "nt":
        return {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
    return {"start_new_session": True}
