"""Simulated years for `bench.ask`: each is produced to Kafka and landed once, in a home folder of its own that is kept.

A world's home has its own servers, topics and database, and `groupvitals.toml`; set GROUPVITALS_CONFIG to that file to
ask it by hand. Agents that are new since it was landed catch up the next time.
"""

import asyncio
import json
import os
import shutil
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import clickhouse_driver
import numpy as np
from rich.console import Console

from bench.measure import run
from bench.peers.groupvitals import COMMAND
from deploy.endpoints import Endpoints
from deploy.services import SERVERS, down, up
from groupvitals.commands.worker import ALL
from schemas.agents import AGENTS
from schemas.kafka import Kafka
from sources.chunks import START, Chunk
from sources.producer import Producer, produce
from sources.simulator.plan import Plan
from sources.simulator.simulation import Simulation

#: 2026-02-25T06:00:00Z, milliseconds: fixed, so that every landing has the same events.
END_MS = 1_771_999_200_000
CHUNK = 50_000
#: How many groups and persons are kept to be asked about.
KEPT = 200
TIMEOUT_S = 6 * 3600.0
_CONFIG = """home = "{home}"
cache = "{cache}"
[kafka]
retention_days = -1
[worker]
tick_s = 0
[clickhouse]
database = "{database}"
timeout_s = 600
"""


@dataclass(frozen=True)
class World:
    """Memberships in groups, and about how many records all topics together have.

    Worlds that differ in `events` alone have the same groups, memberships and users; whatever happens to them (talk,
    calls, broadcasts, campaigns, orders, clicks) is in proportion to the events.
    """

    name: str
    events: int
    memberships: int
    groups: int

    @property
    def plan(self) -> Plan:
        """What is simulated: rosters, heartbeats and operators' calls are rarer than usual, and no record is broken."""
        each = self.events / self.memberships
        return Plan(
            seed=16, groups=self.groups, members=self.memberships, days=365, end_ms=END_MS,
            events=round(0.68 * self.events), use=0.0032 * each, call_days=round(16_000 / each),
            broadcasts=round(each), campaigns=max(1, round(0.4 * each)), calls_only=True, heartbeat_h=7 * 24,
            roster_days=400, late=0.002, repeated=0.0005, broken=0.0,
        )  # fmt: skip


#: Each world is followed by the one with ten times its events.
WORLDS = {
    world.name: world
    for world in (
        World("100k", 100_000, 20_000, 200),
        World("1m", 1_000_000, 20_000, 200),
        World("10m", 10_000_000, 1_000_000, 10_000),
        World("100m", 100_000_000, 1_000_000, 10_000),
    )
}


class Home:
    """The kept folder of a world: its servers, and what is known of it (`world.json`, `landing.json`)."""

    def __init__(self, world: World, folder: Path, cache: Path, console: Console) -> None:
        self.world, self.folder, self.cache, self.console = world, folder.resolve(), cache.resolve(), console
        self._produced, self._landing = self.folder / "world.json", self.folder / "landing.json"

    @contextmanager
    def servers(self, *only: str) -> Iterator[Endpoints]:
        """Its servers, or some of them, for the length of the block."""
        try:
            yield up(self.folder, self.cache, self.console, only=only or tuple(SERVERS))
        finally:
            down(self.folder)

    @property
    def environment(self) -> dict[str, str]:
        """This process's environment without its settings, and with those of this home."""
        others = {key: value for key, value in os.environ.items() if not key.startswith("GROUPVITALS_")}
        return others | {"GROUPVITALS_CONFIG": str(self.folder / "groupvitals.toml")}

    @property
    def produced(self) -> dict[str, Any]:
        """What is in Kafka; empty when that is not this world, all of it."""
        found: dict[str, Any] = json.loads(self._produced.read_text()) if self._produced.exists() else {}
        return found if found.get("plan") == asdict(self.world.plan) else {}

    @property
    def landing(self) -> dict[str, dict[str, float]]:
        """How fast each agent and job was when it last had something to do, in this database."""
        found: dict[str, dict[str, float]] = json.loads(self._landing.read_text()) if self._landing.exists() else {}
        return found

    @property
    def database(self) -> str:
        """The database that the world is landed in; empty before."""
        config = self.folder / "groupvitals.toml"
        return str(tomllib.loads(config.read_text())["clickhouse"]["database"]) if config.exists() else ""

    def land(self, again: bool = False) -> None:
        """Produce the world, if that was not done; then let every agent catch up, and evaluate closed days.

        `again`: into a new database, and so with new consumer groups. Raises `ContestantError` when a command fails.
        """
        if not self.produced:
            down(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
        before = self.database
        database = f"year_{time.time_ns() // 1_000_000_000}" if again or not before else before
        config = _CONFIG.format(home=self.folder, cache=self.cache, database=database)
        (self.folder / "groupvitals.toml").write_text(config)
        with self.servers() as servers:
            if database != before:
                self._landing.unlink(missing_ok=True)
                with clickhouse_driver.Client(servers.clickhouse_host, port=servers.clickhouse_tcp) as client:
                    client.execute(f"DROP DATABASE IF EXISTS {before or database} SYNC")
            for command in ("topics", "migrate"):
                self._run(command)
            if not self.produced:
                self._produced.write_text(json.dumps(self._produce(servers), indent=1))
            for agent in AGENTS:
                self._land(agent)
            # in one process, workers have all clocks reach the same time, so that days close
            self._keep(
                "days",
                {"seconds": round(self._run("worker", "--agent", ALL, "--until-caught-up", "--close-days")[0], 1)},
            )

    def _produce(self, servers: Endpoints) -> dict[str, Any]:
        began, plan = time.perf_counter(), self.world.plan
        simulation = Simulation(plan)
        drawn = time.perf_counter()
        asyncio.run(_send(simulation, Kafka(servers.kafka), self.console))
        seconds = time.perf_counter() - drawn
        tally = {topic: {"records": one.records} | one.by_type for topic, one in simulation.tally.items()}
        records = sum(one.records for one in simulation.tally.values())
        return {
            "plan": asdict(plan), "records": records, "users": len(simulation.users),
            "calls": len(simulation.calls.group), "implicit_calls": len(simulation.broadcasts.post), "topics": tally,
            "draw_s": round(drawn - began, 1), "produce_s": round(seconds, 1),
            "produced_per_s": round(records / seconds), **_asked_about(simulation),
        }  # fmt: skip

    def _land(self, agent: str) -> None:
        stats = self.folder / "stats.json"
        self.console.print(f"{self.world.name}: {agent} catches up")
        _, cpu_s, peak_rss_mb = self._run("worker", "--agent", agent, "--until-caught-up", "--stats", str(stats))
        found = json.loads(stats.read_text())
        if found["events"] or agent not in self.landing:  # an agent without records of its own works the first time
            seconds = max(found["last_flush_at"] - found["reading_since"], 0.0) if found["flushes"] else 0.0
            keep = {"events": found["events"], "seconds": round(seconds, 1)}
            self._keep(agent, keep | {"cpu_s": round(cpu_s, 1), "peak_rss_mb": round(peak_rss_mb)})

    def _keep(self, name: str, figures: dict[str, float]) -> None:
        self.console.print(f"{self.world.name}: {name}: {figures}")
        self._landing.write_text(json.dumps(self.landing | {name: figures}, indent=1))

    def _run(self, *arguments: str) -> tuple[float, float, float]:
        """Run a command of this project; returns its seconds, CPU seconds and highest memory in MiB."""
        began = time.time()
        sampler = run([*COMMAND, *arguments], "", self.folder, TIMEOUT_S, self.environment)
        usage = sampler.usage(began, time.time())
        return time.time() - began, usage.cpu_s, usage.peak_rss_mb


async def _send(simulation: Simulation, kafka: Kafka, console: Console) -> None:
    sent, told = 0, time.monotonic()

    def done(chunk: Chunk) -> None:
        nonlocal sent, told
        sent += len(chunk.values)
        if time.monotonic() - told > 10:
            console.print(f"{sent:,} records produced", highlight=False)
            told = time.monotonic()

    async with Producer(kafka, compression="zstd") as producer:
        await produce(producer, _chunks(simulation), done)


def _chunks(simulation: Simulation) -> Iterator[Chunk]:
    keys = {topic: simulation.keys(topic) for topic in simulation.tally}
    for topic, rows in simulation.batches():
        for begin in range(0, len(rows), CHUNK):
            owners = rows.owner[begin : begin + CHUNK].tolist()
            lines = rows.lines.slice(begin, CHUNK).to_pylist()
            yield Chunk(topic, START, [keys[topic][owner] for owner in owners], [line[:-1] for line in lines])


def _asked_about(simulation: Simulation) -> dict[str, list[str]]:
    """Groups and persons of memberships drawn at random: large groups, and people in many groups, are likelier."""
    world, users = simulation.world, simulation.users
    row = simulation.plan.rng("asked").integers(0, len(world.members), KEPT)
    user = users.of_person[world.members.person[row]]
    accounts = world.account_ids(row).to_pylist()
    persons = [f"u{users.person[one]}" if one >= 0 else account for one, account in zip(user, accounts, strict=True)]
    return {"group": [world.groups.ids[group] for group in np.unique(world.members.group[row])], "person": persons}
