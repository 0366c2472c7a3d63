"""CPU and memory of a contestant, sampled from outside while it runs. Touches only what it starts.

Every contestant is measured over the same stretch, from its first record consumed to all its results in place: start,
imports, compilation, joining the consumer group and leaving it are outside for all.
"""

import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil  # type: ignore[import-untyped]

_INTERVAL_S = 0.1
_MB = 1024.0 * 1024.0


@dataclass(frozen=True)
class Usage:
    """CPU seconds between two moments, and the highest resident memory seen between them."""

    cpu_s: float
    peak_rss_mb: float


class Sampler:
    """Samples a process and all its descendants ten times per second until stopped."""

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self.samples: list[tuple[float, float, float]] = []
        """(Unix seconds, CPU seconds so far, resident MiB)"""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Sampler":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.samples.append(_sample(self._process))
            except psutil.NoSuchProcess:
                return
            self._stop.wait(_INTERVAL_S)

    def add(self, moment: float, cpu_s: float) -> None:
        """Add a value known from elsewhere, such as the total CPU at the end; memory is taken from the last sample."""
        self.samples.append((moment, cpu_s, self.samples[-1][2] if self.samples else 0.0))

    def usage(self, first: float, done: float) -> Usage:
        """Return what was used between two moments (Unix seconds), CPU interpolated between samples."""
        times, cpu, rss = np.array(self.samples).T
        start, end = np.interp([first, done], times, cpu)
        inside = (times >= first - _INTERVAL_S) & (times <= done + _INTERVAL_S)
        return Usage(float(end - start), float(rss[inside].max(initial=0.0)))


def _sample(process: psutil.Process) -> tuple[float, float, float]:
    own = process.cpu_times()
    cpu = own.user + own.system + own.children_user + own.children_system
    rss = float(process.memory_info().rss)
    for child in process.children(recursive=True):
        try:
            times = child.cpu_times()
            cpu += times.user + times.system
            rss += child.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return time.time(), cpu, rss / _MB


def server(port: int) -> psutil.Process | None:
    """Return this user's process that listens on `port`; None when there is none (a container, another machine)."""
    for process in psutil.process_iter():
        try:
            connections = process.net_connections(kind="tcp")
        except (psutil.AccessDenied, psutil.NoSuchProcess):
            continue
        if any(c.status == psutil.CONN_LISTEN and c.laddr.port == port for c in connections):
            return process
    return None


class ContestantError(RuntimeError):
    """A contestant failed or did not finish; the message ends with the end of its log."""


def run(
    command: Sequence[str], text: str, folder: Path, timeout_s: float, environment: dict[str, str] | None = None
) -> Sampler:
    """Run a command to its end with `text` on its standard input, its output in `folder`; return its samples.

    Raises `ContestantError` when it fails or takes longer than `timeout_s`.
    """
    before = _children_cpu()
    with (folder / "stdout").open("wb") as out, (folder / "stderr").open("wb") as err:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=out, stderr=err, start_new_session=True,
            env={**os.environ, **(environment or {})},
        )  # fmt: skip
        with Sampler(psutil.Process(child.pid)) as sampler:
            try:
                child.communicate(text.encode(), timeout=timeout_s)
            except subprocess.TimeoutExpired:
                raise ContestantError(f"{command} took longer than {timeout_s:.0f} s:\n{_tail(folder)}") from None
            finally:
                if child.poll() is None:
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
    sampler.add(time.time(), _children_cpu() - before)
    if child.returncode != 0:
        raise ContestantError(f"{command} ended with code {child.returncode}:\n{_tail(folder)}")
    return sampler


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tail(folder: Path) -> str:
    return (folder / "stderr").read_text(errors="replace")[-2000:]


def module(name: str) -> list[str]:
    """Return the command that runs a module with this interpreter."""
    return [sys.executable, "-m", name]
