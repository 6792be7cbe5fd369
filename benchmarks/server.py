"""One stand-in in a process of its own, so that its memory is its own; ends when stdin does.

    python -m benchmarks.server DATA-FOLDER

prints the Scene as one line of JSON when everything accepts connections.
"""

from __future__ import annotations

import gc
import sys
import time
from pathlib import Path

from benchmarks.scene import BUCKET, Database, Scene
from standin import Standin


def main(data: Path) -> int:
    started = time.perf_counter()
    # The default sample is made, too: the start is the one that a user waits for.
    with Standin(s3={BUCKET: data / "bucket"}) as standin:
        ready = time.perf_counter() - started
        postgres = standin.postgres
        scene = Scene(
            folder=data,
            data=data,
            host=standin.host,
            port=standin.port,
            environ=standin.environ,
            database=Database(postgres.host, postgres.port, postgres.superuser, postgres.password),
        )
        # as `python -m standin` does
        gc.freeze()
        print(scene.to_json(), flush=True)
        print(ready, flush=True)
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(Path(sys.argv[1])))
