"""What a worker shows while it works: one updating line on a terminal, a few plain lines elsewhere."""

import json
import logging
import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Self

from schemas.wording import number_of

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

    def update(self, workers: "Sequence[Worker]") -> None:
        """Called a few times per second."""
        found, now = [worker.processor.progress for worker in workers], time.monotonic()
        landed, elapsed = sum(p.landed for p in found), now - self._reported_at
        if not landed:  # the rate is that of the time in which records land
            self._reported_at = now
        if landed == self._landed or elapsed < (0.5 if self._terminal else _EVERY_S):
            return
        rate = (landed - self._landed) / elapsed
        letters = sum(p.dead_letters for p in found)
        text = f"{number_of(landed, 'event')} landed, {rate:,.0f} per second, {number_of(letters, 'dead letter')}"
        print(
            f"\r{text:<78}" if self._terminal else text, end="" if self._terminal else "\n", file=sys.stderr, flush=True
        )
        self._reported_at, self._landed = now, landed

    def done(self, workers: "Sequence[Worker]") -> None:
        """The last lines: one for the only agent, or for each that landed anything."""
        busy = [worker for worker in workers if worker.processor.progress.landed] or workers[:1]
        for number, worker in enumerate(busy):
            p, agent = worker.processor.progress, worker.config.agent.name
            seconds = p.last_flush_at - p.reading_since
            rate = f" in {seconds:.1f} s, {p.landed / seconds:,.0f} per second" if p.landed and seconds > 0 else ""
            whose = f"{agent}: " if len(workers) > 1 and p.landed else ""
            text = f"{whose}{number_of(p.landed, 'event')} landed{rate}; {number_of(p.dead_letters, 'dead letter')}."
            print(f"\r{text:<78}" if self._terminal and not number else text, file=sys.stderr, flush=True)
            if late := counted(worker, "late"):
                self.say(
                    f"{whose}{late:,} arrived after their hours or days had closed, and are not counted there: "
                    "run `groupvitals rebuild --correct` to count them."
                )


class JsonProgress:
    """The same for programs: one JSON object per line on standard output."""

    def __enter__(self) -> Self:
        self._reported_at = 0.0
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def say(self, text: str) -> None:
        """One line."""
        print(json.dumps({"say": text}), flush=True)

    def update(self, workers: "Sequence[Worker]") -> None:
        """Called a few times per second."""
        if time.monotonic() - self._reported_at >= 0.5:
            self.done(workers)
            self._reported_at = time.monotonic()

    def done(self, workers: "Sequence[Worker]") -> None:
        """The counts of each agent."""
        for worker in workers:
            p, agent = worker.processor.progress, worker.config.agent.name
            print(json.dumps({"agent": agent, "landed": p.landed, "dead_letters": p.dead_letters}), flush=True)


class LogProgress(JsonProgress):
    """The same as log lines, at most one per agent every five seconds."""

    def __enter__(self) -> Self:
        self._told: dict[str, int] = {}
        return super().__enter__()

    def say(self, text: str) -> None:
        """One line."""
        log.info("%s", text)

    def update(self, workers: "Sequence[Worker]") -> None:
        """Called a few times per second."""
        if time.monotonic() - self._reported_at >= _EVERY_S:
            self.done(workers)
            self._reported_at = time.monotonic()

    def done(self, workers: "Sequence[Worker]") -> None:
        """The counts of each agent, when they have changed."""
        for worker in workers:
            p, agent = worker.processor.progress, worker.config.agent.name
            if p.landed != self._told.get(agent, 0):
                log.info("Landed", extra={"agent": agent, "landed": p.landed, "dead_letters": p.dead_letters})
                self._told[agent] = p.landed
