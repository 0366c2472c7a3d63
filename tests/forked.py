"""`groupvitals` in real processes that start in no time: forked from one that has imported and loaded everything.

`python -m groupvitals worker` takes two seconds of CPU before it does anything, and tests start hundreds of processes.
"""

import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.process import BaseProcess as Process
from pathlib import Path
from tempfile import TemporaryDirectory

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.warm"])
_ROOT = Path(__file__).parent.parent


def become(folder: Path, arguments: list[str], environment: dict[str, str], output: Path, errors: Path) -> None:
    """Run `groupvitals` in a folder, with no variables but these, in the process that calls this."""
    from groupvitals.cli import main

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for number, path in ((1, output), (2, errors)):
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
    sys.argv = ["groupvitals", *arguments]
    main()


def run(
    arguments: list[str], folder: Path, environment: dict[str, str], timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Run `groupvitals` in a folder, as `subprocess.run` would."""
    with TemporaryDirectory() as said:
        output, errors = (Path(said, name) for name in ("stdout", "stderr"))
        process = new_process(become, folder, arguments, environment, output, errors)
        process.join(timeout_s)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(["groupvitals", *arguments], timeout_s)
        texts = [path.read_text() if path.exists() else "" for path in (output, errors)]
    return subprocess.CompletedProcess(["groupvitals", *arguments], process.exitcode, *texts)


def new_process(target: Callable[..., None], *args: object) -> Process:
    """Start one that calls the target."""
    os.environ["PYTHONPATH"] = str(_ROOT)  # for the process that forks: it starts with the first that is asked for
    process = _context.Process(target=target, args=args, daemon=True)
    process.start()
    return process
