"""One server process: how it is described, started, watched until healthy, and stopped. Touches its own folder only."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from deploy import locks
from deploy.errors import DeployError

Ports = Mapping[str, int]
#: A log that has grown past this many bytes is set aside at the next start; one older log is kept.
LOG_LIMIT = 20_000_000
POLL_S = 0.05


@dataclass(frozen=True)
class Server:
    """Describes a server: where its program comes from, how it is started, and when it is healthy."""

    name: str
    title: str
    version: str
    ports: tuple[str, ...]
    #: (cache, progress) -> the program's file or folder, fetched when it is not there.
    fetch: Callable[[Path, Progress], Path]
    #: (folder, program, ports) -> command line; writes what the server reads at its start into the folder.
    command: Callable[[Path, Path, Ports], list[str]]
    #: Does one round trip of every protocol; raises any exception while the server is not ready.
    check: Callable[[Ports], None]


def log_path(folder: Path) -> Path:
    """Where a server's output is kept."""
    return folder / f"{folder.name}.log"


def running_pid(folder: Path) -> int | None:
    """Process id of the folder's server, or None when none is running."""
    lock = folder / "running.lock"
    if not locks.is_held(lock):
        return None
    with suppress(ValueError):
        return int(lock.read_text())
    return None


def launch(folder: Path, command: list[str]) -> None:
    """Start the command in its own session, holding the folder's lock for as long as it lives."""
    log = log_path(folder)
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.replace(log.with_suffix(".log.old"))
    _refuse_unknown_holder(folder)
    lock = locks.acquire(folder / "running.lock")
    try:
        os.truncate(lock, 0)
        with log.open("ab") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, pass_fds=(lock,),
            )  # fmt: skip
        os.pwrite(lock, str(process.pid).encode(), 0)
        process.returncode = 0  # it outlives this object, which should not warn about that
    finally:
        os.close(lock)


def wait_until_healthy(server: Server, folder: Path, ports: Ports, timeout_s: float = 60) -> None:
    """Return when the server answers; raises `DeployError` with the log's last lines when it ends or stays silent."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            server.check(ports)
        except Exception as error:  # each client has its own errors, and all of them mean "not yet"
            last = error
        else:
            return
        if not locks.is_held(folder / "running.lock"):
            raise DeployError(f"{server.title} ended while starting. {_tail(folder)}")
        if time.monotonic() > deadline:
            raise DeployError(f"{server.title} did not answer within {timeout_s:.0f} s ({last}). {_tail(folder)}")
        time.sleep(POLL_S)


def terminate(folder: Path, first: signal.Signals = signal.SIGTERM, patience_s: float = 30) -> bool:
    """Send `first` to the server's process group, SIGKILL when it takes too long; tell whether one was running."""
    pid = running_pid(folder)
    if pid is None:
        _refuse_unknown_holder(folder)
        return False
    for number in (first, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(pid, number)
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if not locks.is_held(folder / "running.lock"):
                with suppress(ChildProcessError):
                    os.waitpid(pid, 0)
                return True
            time.sleep(POLL_S)
    raise DeployError(f"Process {pid} of {folder} does not stop, even on SIGKILL: end it by hand.")


def _refuse_unknown_holder(folder: Path) -> None:
    """Raise `DeployError` for a server without a recorded process id, whose start was killed too early."""
    lock = folder / "running.lock"
    if locks.is_held(lock):
        raise DeployError(f"An unknown process holds {lock}: find it with `fuser {lock}` and end it.")


def _tail(folder: Path, lines: int = 15) -> str:
    log = log_path(folder)
    text = log.read_text(errors="replace").splitlines() if log.exists() else []
    telling = [line for line in text if line and not re.match(r"\d+\. |\tat ", line)]  # stack frames tell nothing here
    return "\n".join([f"The last lines of {log}:", *telling[-lines:]])
