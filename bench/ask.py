"""The speed of asking: every question over simulated years, about all, one group or person, and a past day, shuffled.

`python -m bench.ask [--worlds NAME …] [--quick] [--land | --ask]` lands the worlds that are not landed yet
(`bench.year`), asks them, and writes `bench/results/ask.json` and `ask.png`. Worlds not named keep their figures there.
Times, rows and bytes read are ClickHouse's own. Answers are limited to 1,000 rows. A question is asked less often than
the others when that takes too long, and no more once it has failed or taken longer than the limit.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import clickhouse_driver
import numpy as np
from rich.markup import escape

from bench import ask_report, report
from bench.measure import ContestantError
from bench.peers.groupvitals import COMMAND
from bench.year import END_MS, WORLDS, Home
from deploy.endpoints import Endpoints
from groupvitals.settings import load_settings
from schemas.errors import GroupvitalsError
from sinks.clickhouse.asking import Asked, answer
from sinks.clickhouse.connection import Address, Native
from sinks.clickhouse.past import event_time
from sinks.clickhouse.questions import questions
from sinks.clickhouse.questions.spec import Past

#: The last day of all worlds, which is not over, and closed days before it, the newest first.
TODAY = datetime.fromtimestamp(END_MS / 1000, UTC).date()
DAYS = [TODAY - timedelta(days=age) for age in range(4, 24)]
QUICK, FULL = ("100k", "1m"), ("10m", "100m")
ROWS = 1_000
#: Seconds that a question may take on average; one that takes longer is asked fewer times.
PATIENCE_S = 4.0
#: Questions whose whole process is measured, the quickest ones, and how often.
PROCESSES, PROCESS_TURNS = 4, 7


@dataclass
class Case:
    """A question about everybody, one group, one person, a past day or the moves since one, and what came of it."""

    question: str
    about: str
    asked: list[Asked]
    answers: list[tuple[float, int, int, int]] = field(default_factory=list)
    """(milliseconds, rows read, bytes read, rows of the answer)"""
    failed: str = ""
    spent_s: float = 0.0

    def figures(self) -> dict[str, Any]:
        """Percentiles of milliseconds and medians of the rest; None where there was no answer."""
        found: dict[str, Any] = {"question": self.question, "about": self.about, "times": len(self.answers)}
        columns = np.array(self.answers).T if self.answers else None
        found |= {
            f"p{q}_ms": None if columns is None else round(float(np.percentile(columns[0], q)), 1) for q in (50, 95)
        }
        for place, name in enumerate(("rows_read", "bytes_read", "rows"), 1):
            found[name] = None if columns is None else int(np.median(columns[place]))
        return found | {"failed": self.failed}


def cases(subjects: dict[str, list[str]], turns: int) -> list[Case]:
    """Every question in each way, `turns` times, every time about the next of the `subjects` (by option) or days."""
    values: dict[str, list[Any]] = subjects | {"as_of": DAYS, "since": DAYS}
    found = []
    for name, question in questions().items():
        options = [question.parameter] if question.parameter else ["", *question.filters]
        options += ["as_of"] * (question.past is not Past.NOTHING) + ["since"] * bool(question.moves)
        for option in options:
            chosen = [{option: values[option][turn % len(values[option])]} if option else {} for turn in range(turns)]
            found.append(Case(name, option or "all", [Asked(**one, limit=ROWS) for one in chosen]))
    return found


class Timed(Native):
    """A connection that adds up what ClickHouse says of every statement: seconds, rows and bytes read."""

    def __init__(self, address: Address, limit_s: float) -> None:
        super().__init__(address)
        self.took, self._settings = np.zeros(3), {"max_execution_time": limit_s}

    def execute(self, *args: Any, **options: Any) -> Any:
        """As a connection does, within the limit."""
        return self._added(super().execute(*args, **options, settings=self._settings))

    def query(self, *args: Any, **options: Any) -> list[dict[str, Any]]:
        """As a connection does, within the limit."""
        return list(self._added(super().query(*args, **options, settings=self._settings)))

    def _added(self, found: Any) -> Any:
        progress = self._client().last_query.progress
        self.took += (progress.elapsed_ns / 1e6, progress.rows, progress.bytes)
        return found


class Asking:
    """Asks the questions of a database. A statement may take `limit_s` seconds."""

    def __init__(self, servers: Endpoints, database: str, limit_s: float) -> None:
        place = servers.clickhouse_host, servers.clickhouse_tcp, servers.clickhouse_http
        self._limit_s = limit_s
        self._native = Timed(Address(*place, database=database, timeout_s=limit_s + 30), limit_s)

    def ask(self, name: str, asked: Asked) -> tuple[float, int, int, int]:
        """An answer's figures, as in `Case.answers`. As in `groupvitals ask`, the past needs a statement more."""
        self._native.took = np.zeros(3)
        if asked.as_of or asked.since:
            event_time(self._native)
        rows = answer(self._native, questions()[name], asked)
        took = self._native.took
        return float(took[0]), int(took[1]), int(took[2]), len(rows)

    def ask_all(self, asked: list[Case], say: Callable[[str], None]) -> None:
        """Ask in shuffled order, one at a time; fills in the answers, and says once per minute how far it is."""
        order = [(case, one) for case in asked for one in case.asked]
        np.random.default_rng(1).shuffle(order)
        told = time.monotonic()
        for place, (case, one) in enumerate(order):
            if time.monotonic() - told > 60:
                say(f"{place:,} of {len(order):,} questions asked")
                told = time.monotonic()
            if not case.failed and case.spent_s < PATIENCE_S * len(case.asked):
                began = time.perf_counter()
                try:
                    case.answers.append(self.ask(case.question, one))
                except GroupvitalsError as error:
                    case.failed = self._why(error)
                case.spent_s += time.perf_counter() - began

    def _why(self, error: GroupvitalsError) -> str:
        cause = error.__cause__
        code = getattr(cause, "code", 0)
        if code == clickhouse_driver.errors.ErrorCodes.TIMEOUT_EXCEEDED or isinstance(cause, OSError):
            return f"took longer than {self._limit_s:.0f} s"
        if code == clickhouse_driver.errors.ErrorCodes.MEMORY_LIMIT_EXCEEDED:
            return "ran out of memory"
        return " ".join(str(error).split())[:200]


def processes(home: Home, asking: Asking, asked: list[Case]) -> Iterator[dict[str, Any]]:
    """Seconds of whole `groupvitals ask` processes, for the questions that ClickHouse answers fastest.

    ClickHouse's part is measured in turns with them.
    """
    answered = [(float(np.median([ms for ms, *_ in case.answers])), case) for case in asked if case.answers]
    for _, case in sorted(answered, key=lambda one: one[0])[:PROCESSES]:
        command = [*COMMAND, "ask", case.question, "--limit", str(ROWS), "--format", "json"]
        if case.about != "all":
            command += [f"--{case.about.replace('_', '-')}", str(getattr(case.asked[0], case.about))]
        turns = []
        for _ in range(1 + PROCESS_TURNS):
            began = time.perf_counter()
            subprocess.run(command, env=home.environment, check=True, stdout=subprocess.DEVNULL)
            turns.append((time.perf_counter() - began, asking.ask(case.question, case.asked[0])[0] / 1e3))
        whole, in_clickhouse = np.median(turns[1:], axis=0)  # the first reads files from the disk
        yield {
            "question": case.question, "about": case.about, "seconds": round(float(whole), 3),
            "beside_clickhouse_s": round(float(whole - in_clickhouse), 3),
        }  # fmt: skip


def measure(home: Home, turns: int, limit_s: float) -> dict[str, Any]:
    """Ask a landed world everything; returns its figures."""
    world, produced = home.world, home.produced
    if not produced:
        raise ContestantError(f"The world {world.name} is not landed in {home.folder}: leave out --ask.")
    asked = cases(produced, turns)
    with home.servers("clickhouse") as servers:
        asking = Asking(servers, home.database, limit_s)
        asking.ask_all(asked, lambda text: home.console.print(f"{world.name}: {text}", highlight=False))
        return {
            "events": produced["records"], "memberships": world.memberships, "groups": world.groups,
            "users": produced["users"], "calls": produced["calls"], "implicit_calls": produced["implicit_calls"],
            "produced_per_s": produced["produced_per_s"], "landing": home.landing,
            "cases": [case.figures() for case in asked], "processes": list(processes(home, asking, asked)),
        }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Land and ask; exit code 1 when a world cannot be landed."""
    parser = argparse.ArgumentParser(prog="bench.ask", description="The speed of asking.")
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=FULL, help=f"which (default: {' '.join(FULL)})")
    parser.add_argument("--quick", action="store_true", help=f"small worlds ({' '.join(QUICK)}); writes no results")
    parser.add_argument("--land", action="store_true", help="land only")
    parser.add_argument("--ask", action="store_true", help="ask only, what was landed before")
    parser.add_argument("--again", action="store_true", help="land what is in Kafka once more, into a new database")
    parser.add_argument("--turns", type=int, help="how often each question is asked (default: 50; 10 if quick)")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds that a question may take (default 60)")
    parser.add_argument("--home", type=Path, help="folder in which worlds are kept (default: bench-ask in the cache)")
    options = parser.parse_args(arguments)
    console, cache = report.console(), load_settings().cache.expanduser()
    turns = options.turns or (10 if options.quick else 50)
    results = report.RESULTS / "ask.json"
    found = json.loads(results.read_text())["worlds"] if results.exists() and not options.quick else {}
    try:
        for name in QUICK if options.quick else options.worlds:
            home = Home(WORLDS[name], (options.home or cache / "bench-ask") / name, cache, console)
            if not options.ask:
                home.land(options.again)
            if not options.land:
                found[name] = measure(home, turns, options.limit)
    except ContestantError as error:
        console.print(f"[red]{escape(str(error))}", markup=True, highlight=False)
        if not options.again:
            console.print("If this version cannot go on with what an older one has landed, land it anew with --again.")
        return 1
    if options.land:
        return 0
    ask_report.table(found, console)
    if not options.quick:
        report.write_result("ask", {"name": "ask", "turns": turns, **ask_report.summary(found)})
        ask_report.picture(found, report.RESULTS / "ask.png")
        console.print("Written: bench/results/ask.json and bench/results/ask.png")
    return 0


if __name__ == "__main__":
    sys.exit(main())
