"""Worker processes that start in no time, and get a signal where a test wants it."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.forked import become, new_process
from tests.streams.workers import wait_until

_numbers = count(1)

#: Small frames and flushes: many boundaries in few events.
QUICK = {
    "KAFKA__SESSION_TIMEOUT_S": 3,
    "KAFKA__MAX_FETCH_MB": 1,
    "WORKER__FLUSH_INTERVAL_S": 0.1,
    "WORKER__FLUSH_EVENTS": 1000,
    "WORKER__TICK_S": 0,
}


@dataclass(frozen=True)
class Doom:
    """At the `nth` passing of a boundary the process gets the signal."""

    boundary: str
    nth: int = 1
    number: signal.Signals = signal.SIGKILL


def _run(environment: dict[str, str], arguments: list[str], log: Path, doom: Doom | None, idle_ms: int | None) -> None:
    """The process: `groupvitals worker` with these variables, in the folder of its log."""
    from tests.faults.boundaries import arm, leave_when_idle

    if doom is not None:
        arm(doom.boundary, doom.nth, doom.number)
    if idle_ms is not None:
        leave_when_idle(idle_ms)
    become(log.parent, ["worker", "--json", *arguments], environment, log, log)


class Process:
    """One worker; `highest` is the most memory it was seen to have, bytes."""

    def __init__(
        self, environment: dict[str, str], folder: Path, arguments: list[str], doom: Doom | None, idle_ms: int | None
    ) -> None:
        self.log = folder / f"worker{next(_numbers)}.log"
        self.highest = 0
        self._process = new_process(_run, os.environ | environment, arguments, self.log, doom, idle_ms)
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        status = Path(f"/proc/{self._process.pid}/status")
        while self._process.is_alive():
            try:
                lines = dict(line.split(":", 1) for line in status.read_text().splitlines())
                self.highest = max(self.highest, int(lines["VmHWM"].split()[0]) << 10)
            except (OSError, KeyError):
                return
            time.sleep(0.1)

    @property
    def alive(self) -> bool:
        """Whether it runs or is stopped."""
        return self._process.is_alive()

    @property
    def said(self) -> str:
        """Everything it wrote."""
        return self.log.read_text() if self.log.exists() else ""

    @property
    def paused(self) -> bool:
        """Whether SIGSTOP holds it."""
        assert self.alive, self.said
        state = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state == "T"

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self._process.kill()
        self._process.join()

    def ended(self, seconds: float = 60) -> int:
        """Wait for its end; the exit code, or minus the signal's number."""
        self._process.join(seconds)
        assert self._process.exitcode is not None, f"it still runs after {seconds} s: {self.said}"
        return self._process.exitcode

    def stop(self) -> None:
        """Ask it to end; it must end well, or by the signal itself when it has not begun."""
        self.signal(signal.SIGTERM)
        assert self.ended() in (0, -signal.SIGTERM), self.said

    def wait_paused(self) -> None:
        """Wait until SIGSTOP holds it."""
        wait_until(lambda: self.paused, f"the worker stops itself: {self.said}")


@contextmanager
def worker(
    environment: dict[str, str], folder: Path, started: list[Process], *arguments: str, doom: Doom | None = None,
    idle_ms: int | None = None, **settings: object,
) -> Iterator[Process]:  # fmt: skip
    """A worker with variables beside `QUICK`'s, also put into the list; killed at the end if it still runs."""
    own = {f"GROUPVITALS_{name}": str(value) for name, value in {**QUICK, **settings}.items()}
    process = Process(environment | own, folder, list(arguments), doom, idle_ms)
    started.append(process)
    try:
        yield process
    finally:
        process.kill()
