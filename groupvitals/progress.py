"""What a worker shows while it works: one updating line on a terminal, a few plain lines elsewhere."""

import json
import logging
import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from streams.worker.worker import Worker

_EVERY_S = 5.0
log = logging.getLogger(__name__)


def counted(worker: "Worker", what: str) -> int:
    """What a worker's tasks have counted since it started, such as `late`."""
    states = [task.state for task in worker.processor.tasks.values()]
    return sum(state.count(state.watched[what]) for state in states if what in state.watched)


class WorkerProgress:
    """Reports on stderr how many events have landed, and how fast."""

    def __enter__(self) -> Self:
        self._reported_at, self._landed, self._terminal = time.monotonic(), 0, sys.stderr.isatty()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._terminal:
            print(file=sys.stderr)

    def say(self, text: str) -> None:
        """One line."""
        print(text, file=sys.stderr, flush=True)

    def update(self, worker: "Worker") -> None:
        """Called a few times per second."""
        p, now = worker.processor.progress, time.monotonic()
        elapsed = now - self._reported_at
        if p.landed == self._landed or elapsed < (0.5 if self._terminal else _EVERY_S):
            return
        rate = (p.landed - self._landed) / elapsed
        text = f"{p.landed:,} events landed, {rate:,.0f} per second, {p.dead_letters:,} dead letters"
        print(
            f"\r{text:<78}" if self._terminal else text, end="" if self._terminal else "\n", file=sys.stderr, flush=True
        )
        self._reported_at, self._landed = now, p.landed

    def done(self, worker: "Worker") -> None:
        """The last line."""
        p = worker.processor.progress
        seconds = p.last_flush_at - p.reading_since
        rate = f" in {seconds:.1f} s, {p.landed / seconds:,.0f} per second" if p.landed and seconds > 0 else ""
        text = f"{p.landed:,} events landed{rate}; {p.dead_letters:,} dead letters."
        print(f"\r{text:<78}" if self._terminal else text, file=sys.stderr, flush=True)
        if late := counted(worker, "late"):
            self.say(
                f"{late:,} arrived after their hours or days had closed, and are not counted there: "
                "run `groupvitals rebuild --correct` to count them."
            )


class JsonProgress:
    """The same for programs: one JSON object per line on standard output."""

    def __enter__(self) -> Self:
        self._reported_at, self._landed = 0.0, 0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def say(self, text: str) -> None:
        """One line."""
        print(json.dumps({"say": text}), flush=True)

    def update(self, worker: "Worker") -> None:
        """Called a few times per second."""
        if time.monotonic() - self._reported_at >= 0.5:
            self.done(worker)
            self._reported_at = time.monotonic()

    def done(self, worker: "Worker") -> None:
        """The counts."""
        p = worker.processor.progress
        print(json.dumps({"landed": p.landed, "dead_letters": p.dead_letters}), flush=True)


class LogProgress(JsonProgress):
    """The same as log lines, at most one every five seconds."""

    def say(self, text: str) -> None:
        """One line."""
        log.info("%s", text)

    def update(self, worker: "Worker") -> None:
        """Called a few times per second."""
        if time.monotonic() - self._reported_at >= _EVERY_S:
            self.done(worker)
            self._reported_at = time.monotonic()

    def done(self, worker: "Worker") -> None:
        """The counts, when they have changed."""
        p = worker.processor.progress
        if p.landed != self._landed:
            log.info("Landed", extra={"landed": p.landed, "dead_letters": p.dead_letters})
            self._landed = p.landed
