"""The job: list, write the missing parts side by side, the manifest last, then tidy up."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import terminal
from compaction import plan
from compaction.multipart import GzipUpload, abort_leftovers
from compaction.plan import MANIFEST, PART, Part, Place, Source
from compaction.reading import Reader

MOST_PART_BYTES = 1_000_000_000
# Compressed in ways that the parts are not, or no JSON at all.
FOREIGN = (".bz2", ".lzo", ".zst", ".zip", ".parquet", ".orc", ".avro", ".manifest")


class _Stopped(Exception):
    """Another part failed, or Ctrl-C was pressed."""


class Job:
    """One source, one target, one client for both."""

    def __init__(self, client: Any, source: Place, target: Place, steps: terminal.Steps) -> None:
        self._client, self._source, self._target, self._steps = client, source, target, steps
        self._stop = threading.Event()
        self._count = 0
        self._counting = threading.Lock()

    def sources(self) -> list[Source]:
        """What is to be read; Fault when there is nothing, or something that is not JSON."""
        with self._steps.step("list the source") as step:
            found = [
                Source(entry["Key"], entry["Size"], entry["ETag"])
                for entry in self._listing(self._source)
                if entry["Size"]
            ]
            size = sum(one.size for one in found) / 1e6
            step.note = f"{terminal.counted(len(found), 'object')}, {size:,.1f} MB"
        if not found:
            raise terminal.Fault(
                f"no object that holds anything has a key that begins with {self._source};"
                " check the address"
            )
        for one in found:
            if one.key.endswith(FOREIGN):
                raise terminal.Fault(
                    f"expected JSON, plain or gzip, got s3://{self._source.bucket}/{one.key};"
                    " nothing was written"
                )
        return found

    def run(self, parts: list[Part], threads: int) -> None:
        """Make the parts that are missing, then the manifest; then remove parts of earlier runs."""
        present = {entry["Key"]: entry["Size"] for entry in self._listing(self._target)}
        abort_leftovers(self._client, self._target.bucket, f"{self._target.prefix}part-")
        missing = [part for part in parts if part.key not in present]
        if missing:
            with self._steps.step(
                f"write {len(missing)} of {terminal.counted(len(parts), 'part')}"
            ) as step:
                present |= self._write(missing, threads, step)
                step.note = f"{sum(present[part.key] for part in missing) / 1e6:,.1f} MB"
        self._publish(parts, present)
        self._remove_stale(parts, present)

    def _write(self, parts: list[Part], threads: int, step: terminal.Step) -> dict[str, int]:
        """Write the parts side by side; their sizes. On failure, or Ctrl-C, none is left half."""
        writers = min(len(parts), max(1, threads // 4))
        total = terminal.counted(sum(len(part.sources) for part in parts), "object")
        started = time.monotonic()

        def tell() -> None:
            with self._counting:
                self._count += 1
                rate = self._count / max(time.monotonic() - started, 0.001)
                step.note = f"{self._count:,} of {total}, {rate:,.0f} a second"

        futures: list[Future[int]] = []
        try:
            with ThreadPoolExecutor(threads) as readers, ThreadPoolExecutor(writers) as pool:
                reader = Reader(self._client, self._source.bucket, readers, self._stop)
                ahead = threads // writers + 1
                for part in parts:
                    futures.append(pool.submit(self._write_part, part, reader, ahead, tell))
                try:
                    wait(futures)
                except BaseException:
                    self._stop.set()
                    raise
            _raise_cause(futures)
        except BaseException:
            whole = sum(future.done() and future.exception() is None for future in futures)
            self._steps.say(
                f"{whole} of {terminal.counted(len(parts), 'part')} written and kept, no manifest"
            )
            raise
        return {part.key: future.result() for part, future in zip(parts, futures, strict=True)}

    def _write_part(self, part: Part, reader: Reader, ahead: int, tell: Any) -> int:
        upload = GzipUpload(self._client, self._target.bucket, part.key)
        try:
            for content in reader.objects(part.sources, ahead):
                for piece in content:
                    self._go_on()
                    upload.write(piece)
                # Two objects on one line would be one broken line to whoever reads by lines.
                upload.write(b"\n")
                tell()
                # Of an object that was not read any more there is no piece.
                self._go_on()
            size = upload.finish()
        except BaseException:
            self._stop.set()
            upload.abort()
            raise
        if size > MOST_PART_BYTES:
            self._steps.say(f"{part.key} has {size / 1e9:.1f} GB: a smaller --part-size is faster")
        return size

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise _Stopped

    def _publish(self, parts: list[Part], sizes: dict[str, int]) -> None:
        key = f"{self._target.prefix}{MANIFEST}"
        where = {"Bucket": self._target.bucket, "Key": key}
        content = plan.manifest(self._target.bucket, parts, sizes)
        with self._steps.step("write the manifest") as step:
            if key in sizes and self._client.get_object(**where)["Body"].read() == content:
                step.note = "already there"
                return
            self._client.put_object(**where, Body=content)
            step.note = terminal.counted(len(parts), "part")

    def _remove_stale(self, parts: list[Part], present: dict[str, int]) -> None:
        listed = {part.key for part in parts}
        stale = [
            key
            for key in present
            if key not in listed and PART.fullmatch(key.removeprefix(self._target.prefix))
        ]
        for key in stale:
            self._client.delete_object(Bucket=self._target.bucket, Key=key)
        if stale:
            self._steps.say(f"removed {terminal.counted(len(stale), 'part')} of an earlier run")

    def _listing(self, place: Place) -> list[dict[str, Any]]:
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=place.bucket, Prefix=place.prefix
        )
        return [entry for page in pages for entry in page.get("Contents", [])]


def _raise_cause(futures: list[Future[int]]) -> None:
    """Raise what stopped the others rather than what it made of them."""
    failures = [error for error in (future.exception() for future in futures) if error is not None]
    for error in sorted(failures, key=lambda error: isinstance(error, _Stopped)):
        raise error
