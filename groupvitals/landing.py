"""From files to landed records: an import beside a worker of all agents."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn

from groupvitals.commands.worker import ALL
from groupvitals.settings import Settings
from schemas.agents import AGENT_OF, AGENTS, PEOPLE, AgentSpec
from schemas.errors import DataError
from sinks.clickhouse.readers.history import uncounted
from sinks.clickhouse.readers.landed import heads
from sinks.clickhouse.store import ClickHouseStore
from sources.importing import FileReport, Import, Report, run
from sources.text import text_size
from streams.config import WorkerConfig
from streams.kafka.topic_state import topic_state
from streams.rebuild.correct import correct
from streams.rebuild.rebuild import Rebuild

#: What a worker did, as `worker --stats` writes it.
Stats = dict[str, Any]


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Progress bars on standard error for the length of the block."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        yield bars


def agents_for(files: list[FileReport]) -> list[AgentSpec]:
    """The agents that land what these files give."""
    fed = {file.topic for file in files}
    return [agent for contract, agent in AGENT_OF.items() if contract in fed]


def import_and_land(
    settings: Settings, job: Import, agents: list[AgentSpec], bars: Progress
) -> tuple[Report, dict[str, Stats]]:
    """Import while all agents land what arrives; returns when both are done, with what `agents` did, by contract.

    Raises what an import raises, and `DataError` when an agent fails.
    """
    with _Worker(settings, agents, bars) as worker:
        try:
            report = run(job, _bytes_sent(job, bars))
        finally:
            worker.input_ended()
            code = worker.wait()
    if code:
        raise DataError(f"The worker ended with code {code}: {worker.last_words()}")
    done = worker.stats()
    return report, {agent.contract: done[agent.name] for agent in agents}


def wait_for_others(config: WorkerConfig, store: ClickHouseStore, bars: Progress) -> int:
    """Wait until workers elsewhere, which share the partitions, have landed what is in the topic now.

    Returns how many records are left when there is no worker to land them.
    """
    bar = bars.add_task(f"Waiting for other workers of {config.topic}", total=None, visible=False)
    ends: dict[int, int] = {}
    while True:
        state = topic_state(config.kafka, config.topic, config.group)
        assert state is not None
        ends = ends or state.stable
        at = heads(store, config.agent, config.topic)
        left = sum(max(end - at.get(partition, 0), 0) for partition, end in ends.items())
        if not left or not state.workers:
            return left
        bars.update(bar, visible=True, total=sum(ends.values()), completed=sum(ends.values()) - left)
        time.sleep(0.5)


def correct_late(
    settings: Settings, config: WorkerConfig, store: ClickHouseStore, late: bool, bars: Progress
) -> dict[str, Any] | None:
    """Have events that came after their hours (`late`) or days had closed count there, as a nightly run does.

    Returns what was corrected, None when nothing was late. Raises `DataError` when the people agent fails.
    """
    if store.epoch(config.agent.contract) is None or not (late or uncounted(store)):
        return None
    bar = bars.add_task("Late events: offsets replayed", total=None)
    job = Rebuild.of(config, lambda done, all_: bars.update(bar, completed=done, total=all_))
    found = correct(job).summary()
    bars.add_task("People follow the correction", total=None)
    log = settings.home / "replay-people.log"
    with log.open("wb") as lines:
        done = subprocess.run(_command(PEOPLE.name), env=_only_landing(), stdout=lines, stderr=lines, check=False)
    if done.returncode:
        raise DataError(f"The people agent ended with code {done.returncode}: {_last_words(log)}")
    return found


def _command(agent: str) -> list[str]:
    return [sys.executable, "-m", "groupvitals", "worker", "--agent", agent, "--until-caught-up"]


def _only_landing() -> dict[str, str]:
    """The environment of a worker that serves no pages and appends no ticks."""
    return os.environ | {"GROUPVITALS_WORKER__TICK_S": "0", "GROUPVITALS_WORKER__WEB_PORT": "0"}


def _last_words(log: Path) -> str:
    """Why a worker ended, as far as its log says."""
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"see {log}"


def _bytes_sent(job: Import, bars: Progress) -> Callable[[Path, int], None]:
    sizes = [text_size(path) for path in job.paths]
    sent = bars.add_task("Bytes sent", total=None if None in sizes else sum(filter(None, sizes)))
    before = dict.fromkeys(job.paths, 0)

    def progress(path: Path, offset: int) -> None:
        before[path] = offset
        bars.update(sent, completed=sum(before.values()))

    return progress


class _Worker:
    """All agents in a process of their own, which ends once they have landed all that arrived before its standard input
    ended. The bars of some agents are there from the beginning, those of others once they land anything."""

    def __init__(self, settings: Settings, agents: list[AgentSpec], bars: Progress) -> None:
        self._bars, self._of = bars, {agent.name: self._bar(bars, agent) for agent in agents}
        self._stats, self._log = (settings.home / f"replay.{end}" for end in ("json", "log"))
        self._process: subprocess.Popen[bytes]
        self._follower: threading.Thread

    @staticmethod
    def _bar(bars: Progress, agent: AgentSpec) -> TaskID:
        return bars.add_task(f"Records of {agent.contract} landed", total=None)

    def __enter__(self) -> "_Worker":
        self._log.parent.mkdir(parents=True, exist_ok=True)
        self._stats.unlink(missing_ok=True)
        command = [*_command(ALL), "--close-days", "--follow-input", "--json", "--stats", str(self._stats)]
        with self._log.open("wb") as log:
            pipe = subprocess.PIPE
            self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=log, env=_only_landing())
        assert self._process.stdout is not None
        self._follower = threading.Thread(target=self._follow, args=(self._process.stdout,), daemon=True)
        self._follower.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.input_ended()
        self.wait()

    def input_ended(self) -> None:
        """Tell the worker that nothing more will arrive."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    def wait(self) -> int:
        """Wait until it has ended; returns its exit code."""
        code = self._process.wait()
        self._follower.join()
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    def stats(self) -> dict[str, Stats]:
        """What each agent did, by name."""
        found: dict[str, Stats] = json.loads(self._stats.read_text())
        return found

    def last_words(self) -> str:
        """Why it ended, as far as its log says."""
        return _last_words(self._log)

    def _follow(self, lines: IO[bytes]) -> None:
        for line in lines:
            said = json.loads(line)
            if "say" in said:
                self._bars.console.print(said["say"], highlight=False)
                continue
            name = said["agent"]
            if name not in self._of and said["landed"]:
                self._of[name] = self._bar(self._bars, AGENTS[name])
            if name in self._of:
                self._bars.update(self._of[name], completed=said["landed"])
