"""What a worker shows while it works: one living line on a terminal, a few plain lines elsewhere."""

import json
import logging
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from streams.worker import Worker

_EVERY_S = 5.0
_QUIET = ("faust", "mode", "aiokafka", "kafka", "streams.frames", "clickhouse_connect", "asyncio", "urllib3", "numba")


def log_plainly() -> None:
    """Log our own lines at INFO; what libraries meet comes back as our errors, which are said once."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)


class WorkerProgress:
    """Says how many events are landed, and how fast, on stderr."""

    def __enter__(self) -> Self:
        self._said, self._landed, self._living = time.monotonic(), 0, sys.stderr.isatty()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._living:
            print(file=sys.stderr)

    def say(self, text: str) -> None:
        """One line."""
        print(text, file=sys.stderr, flush=True)

    def update(self, worker: "Worker") -> None:
        """Called a few times a second."""
        p, now = worker.processor.progress, time.monotonic()
        elapsed = now - self._said
        if p.landed == self._landed or elapsed < (0.5 if self._living else _EVERY_S):
            return
        rate = (p.landed - self._landed) / elapsed
        text = f"{p.landed:,} events landed, {rate:,.0f} a second, {p.dead_letters:,} dead letters"
        print(f"\r{text:<78}" if self._living else text, end="" if self._living else "\n", file=sys.stderr, flush=True)
        self._said, self._landed = now, p.landed

    def done(self, worker: "Worker") -> None:
        """The last line."""
        p = worker.processor.progress
        seconds = p.last_flush_at - p.reading_since
        rate = f" in {seconds:.1f} s, {p.landed / seconds:,.0f} a second" if p.landed and seconds > 0 else ""
        text = f"{p.landed:,} events landed{rate}; {p.dead_letters:,} dead letters."
        print(f"\r{text:<78}" if self._living else text, file=sys.stderr, flush=True)


class JsonProgress:
    """The same for programs: one JSON object a line on standard output."""

    def __enter__(self) -> Self:
        self._said = 0.0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def say(self, text: str) -> None:
        """One line."""
        print(json.dumps({"say": text}), flush=True)

    def update(self, worker: "Worker") -> None:
        """Called a few times a second."""
        if time.monotonic() - self._said >= 0.5:
            self.done(worker)
            self._said = time.monotonic()

    def done(self, worker: "Worker") -> None:
        """The counts."""
        p = worker.processor.progress
        print(json.dumps({"landed": p.landed, "dead_letters": p.dead_letters}), flush=True)
