"""One contender's turn, in a process of its own: the scene on stdin, the outcome on stdout.

python -m benchmarks.trial NAME < scene.json
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback

from benchmarks import contenders
from benchmarks.measure import PeakMemory
from benchmarks.scene import Scene


def main(name: str) -> int:
    scene = Scene.from_json(sys.stdin.read())
    try:
        contender = contenders.make(name, scene)
    except ImportError as missing:
        print(json.dumps({"not_run": f"{missing}; pip install -r benchmarks/requirements.txt"}))
        return 0
    contender.prepare()
    try:
        with PeakMemory(os.getpid()) as memory:
            started = time.perf_counter()
            contender.run()
            seconds = time.perf_counter() - started
        outcome = {"seconds": seconds, "memory": memory.peak, "counts": contender.counts()}
    except Exception as error:
        traceback.print_exc()
        outcome = {"not_run": f"{type(error).__name__}: {error}"}
    contender.clean()
    print(json.dumps(outcome))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
