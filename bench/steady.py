"""A steady load for hours: endless events at a given rate, workers that may be killed, and what has landed so far.

Touches only the topic, the database and the folder of its job.
"""

import asyncio
import math
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count, islice
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from aiokafka import AIOKafkaProducer

from bench import topic
from bench.events import DAY_MS, DAYS, START_MS
from bench.job import Job, Servers
from bench.peers import groupvitals
from schemas.agents import COMMUNITY

PARTITIONS = 4
TICK_S = 0.05
POLL_S = 0.1
TIME = re.compile(rb'"ts_ms":(\d+)')
#: What checkpoints cover: rows that a killed worker landed without a checkpoint will land again.
_LANDED = """
SELECT partition, arraySum(mapValues(argMax(offsets, (term, sequence)))) FROM {database}.checkpoints
WHERE endsWith(topic, 'chat.events') GROUP BY partition
"""
#: What people have worked out, and landed, of chat.
_WORKED_OUT = "SELECT number, next_offset FROM {database}.people_sources_now WHERE contract = 'chat.events'"

#: (partition, key, value)
Events = Iterator[tuple[int, bytes, bytes]]
#: (partition, records of it handed over so far, when)
Sent = list[tuple[int, int, float]]
#: (when, records landed by partition)
Seen = list[tuple[float, dict[int, int]]]


def endless(file: Path, first: int = 0, at_ms: Callable[[int], int] | None = None) -> Events:
    """The events of a file again and again: lap n has its own ids, and times n times the file's days later.

    at_ms: the time of each event by its number, instead; so that event time goes on as fast as events are sent.
    """
    numbers = count()
    for lap in count(first):
        mark = b'"event_id":"%d-' % lap
        for partition, key, value in topic.partitioned(file, PARTITIONS):
            before, ts_ms, after = TIME.split(value, maxsplit=1)
            time_ms = at_ms(next(numbers)) if at_ms else int(ts_ms) + lap * DAYS * DAY_MS
            moved = b'%b"ts_ms":%d%b' % (before, time_ms, after)
            yield partition, key, moved.replace(b'"event_id":"', mark, 1)


def event_ms(number: int, rate: int) -> int:
    """Time of an event of a load by its number: after all days of a file, and as fast as events are sent."""
    return START_MS + DAYS * DAY_MS + number * 1000 // rate


async def produce(
    where: Servers, name: str, events: Events, rate: int, seconds: float, counts: list[int], sent: Sent,
    ended: Callable[[], bool] = lambda: False,
) -> None:  # fmt: skip
    """Hand over `rate` events per second in steps of 50 ms, for `seconds` or until `ended`.

    `counts` go on from where they stand. A step's time is when it was due: a producer that falls behind makes the
    latency longer, not the load smaller.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=where.bootstrap, enable_idempotence=True, linger_ms=10, max_batch_size=1 << 18
    )
    await producer.start()
    try:
        start = time.time()
        for step in count():
            due = start + step * TICK_S
            await asyncio.sleep(max(0.0, due - time.time()))
            if ended() or step * TICK_S >= seconds:
                break
            for partition, key, value in islice(events, round(rate * TICK_S)):
                await producer.send(name, value, key, partition=partition)
                counts[partition] += 1
            sent += [(partition, counts[partition], due) for partition in range(PARTITIONS)]
        await producer.flush()
    finally:
        await producer.stop()


class Load:
    """`produce` in its own thread, from entering to leaving the context."""

    def __init__(self, job: Job, events: Events, rate: int) -> None:
        self.sent: Sent = []
        self.counts = [0] * PARTITIONS
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(job, events, rate), daemon=True)

    def _run(self, job: Job, events: Events, rate: int) -> None:
        asyncio.run(produce(job.servers, job.topic, events, rate, math.inf, self.counts, self.sent, self._ended.is_set))

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """End it, and wait until Kafka has acknowledged everything."""
        self._ended.set()
        self._thread.join()

    @property
    def total(self) -> int:
        """Events handed over so far."""
        return sum(self.counts)

    def handed_over(self, until: float) -> int:
        """Events that were due until a moment (Unix seconds)."""
        found: dict[int, int] = {}
        for partition, n, due in reversed(self.sent):
            if due <= until:
                found.setdefault(partition, n)
            if len(found) == PARTITIONS:
                break
        return sum(found.values())


class Watch:
    """Polls how many records have landed for good, or are worked out by an agent of `people`, from entering to leaving
    the context."""

    def __init__(self, job: Job, poll_s: float = POLL_S, people: bool = False) -> None:
        self.seen: Seen = []
        self._job, self._poll_s, self._query = job, poll_s, _WORKED_OUT if people else _LANDED
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        client = self._job.servers.clickhouse()
        query = self._query.format(database=self._job.database)
        while not self._stop.wait(self._poll_s):
            self.seen.append((time.time(), dict(client.execute(query))))

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def landed(self) -> int:
        """Records landed when last asked."""
        return sum(self.seen[-1][1].values()) if self.seen else 0

    def wait(self, events: int, workers: "list[FollowingWorker]", seconds: float) -> None:
        """Return once `events` records have landed; raises `RuntimeError` when they do not, or when a worker ends."""
        deadline = time.time() + seconds
        while self.landed < events:
            ended = [worker.folder for worker in workers if worker.process.poll() is not None]
            if ended or time.time() > deadline:
                raise RuntimeError(
                    f"{self.landed:,} of {events:,} events had landed within {seconds:.0f} s"
                    f"{', and a worker ended' if ended else ''}; see the workers' logs in {workers[0].folder}"
                )
            time.sleep(self._poll_s)


def wait_for_days(job: Job, seconds: float) -> None:
    """Wait until a worker of people has closed all days of a file that can be: not the last ones, by the lateness."""
    client, deadline = job.servers.clickhouse(), time.time() + seconds
    newest = f"SELECT max(day) >= toDate({START_MS // DAY_MS + DAYS - 4}) FROM {job.database}.people_cuts"
    while not client.execute(newest)[0][0]:
        if time.time() > deadline:
            raise RuntimeError(f"Days were not closed within {seconds:.0f} s; see the workers' logs in {job.folder}")
        time.sleep(POLL_S)


class FollowingWorker:
    """A worker process that follows its topic; its lines are kept with the time at which they arrived."""

    def __init__(self, job: Job, name: str = "worker", agent: str = COMMUNITY.name, **settings: object) -> None:
        own = {f"GROUPVITALS_{key}": str(value) for key, value in settings.items()}
        self.folder, self.name, self.agent = job.folder, name, agent
        self.lines: list[tuple[float, str]] = []
        self.started = time.time()
        self.process = subprocess.Popen(
            [*groupvitals.COMMAND, "worker", "--agent", agent],
            env=groupvitals.variables(job) | {"GROUPVITALS_WORKER__TICK_S": "0"} | own,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with (self.folder / f"{self.name}.log").open("a") as log:
            for line in self.process.stdout:
                self.lines.append((time.time(), line.rstrip()))
                log.write(line)
                log.flush()

    def said(self, what: str) -> float | None:
        """When it last logged a line that contains these words."""
        return next((when for when, line in reversed(self.lines) if what in line), None)

    def rss(self) -> int:
        """Resident bytes."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def kill(self) -> float:
        """SIGKILL; returns when it was sent."""
        now = time.time()
        self.process.kill()
        self.process.wait()
        self._reader.join()
        return now

    def stop(self) -> None:
        """Ask it to end, and wait."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self._reader.join()
