"""Producers with transactions, on real servers: only what is committed lands, and what is open is named."""

import asyncio
import json
import random
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from groupvitals.checks import workers as checks
from groupvitals.checks.examine import examine
from groupvitals.checks.finding import OK, WARNING, Finding
from groupvitals.settings import Settings, load_settings
from tests.conftest import Run
from tests.streams.test_bad_input import event
from tests.streams.test_operations import watched
from tests.streams.workers import Answers, stop, wait_until, worker

pytestmark = pytest.mark.services
CODECS = (None, "gzip", "snappy", "lz4", "zstd")


class Producer:
    """One producer of `chat.events`, in whose transactions (`name`; None: in none) events are sent to partition 0."""

    def __init__(self, settings: Settings, loop: asyncio.AbstractEventLoop, name: str | None, **options: Any) -> None:
        self._loop, self._topic = loop, f"{settings.kafka.topic_prefix}chat.events"
        self.name = f"{self._topic}.{name}" if name else None

        async def start() -> AIOKafkaProducer:
            made = AIOKafkaProducer(
                bootstrap_servers=settings.kafka.bootstrap, transactional_id=self.name, transaction_timeout_ms=600_000,
                **options,
            )  # fmt: skip
            await made.start()
            return made

        self._producer = self._wait(start())

    def _wait(self, what: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(what)

    def begin(self) -> "Producer":
        self._wait(self._producer.begin_transaction())
        return self

    def send(self, *ids: str, **changes: Any) -> "Producer":
        """Send events with these ids, and wait until Kafka has them."""
        for name in ids:
            value = event(event_id=name, message_id=name, **changes)
            self._wait(self._producer.send_and_wait(self._topic, value, key=b"qq:-:g", partition=0))
        return self

    def commit(self) -> None:
        self._wait(self._producer.commit_transaction())

    def abort(self) -> None:
        self._wait(self._producer.abort_transaction())

    def close(self) -> None:
        self._wait(self._producer.stop())


@pytest.fixture
def producers(settings: Settings, groupvitals: Run) -> Iterator[Any]:
    """Makes producers of a new deployment, and closes them."""
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    loop, made = asyncio.new_event_loop(), list[Producer]()

    def make(name: str | None = None, **options: Any) -> Producer:
        made.append(Producer(settings, loop, name, **options))
        return made[-1]

    yield make
    for producer in made:
        producer.close()
    loop.close()


def landed(settings: Settings) -> list[str]:
    """Ids of the events that have landed."""
    return sorted(str(row["event_id"]) for row in Answers(settings).rows("events"))


def transactions(settings: Settings) -> list[Finding]:
    """What doctor finds about transactions; no record may be said to be lost or to wait."""
    found = examine(settings)
    assert [f for f in found if f.severity != OK and f.what in ("lag", "checkpoint", "landed")] == []
    return [f for f in found if f.what == "transactions"]


def test_aborted_records_do_not_land_whoever_writes_beside_them(
    settings: Settings, groupvitals: Run, producers: Any
) -> None:
    plain, expected = producers(), []
    for codec in CODECS:
        a, b = (producers(f"{name}{codec}", compression_type=codec) for name in "ab")
        b.begin().send(f"{codec}b0", f"{codec}b1")
        a.begin().send(f"{codec}a0")
        plain.send(f"{codec}p0")
        b.send(f"{codec}ghost", member_id="ghost")
        b.abort()
        a.send(f"{codec}a1")
        b.begin().send(f"{codec}b0", f"{codec}b1")
        a.commit()
        b.commit()
        a.begin().send(f"{codec}ghost")
        a.abort()
        expected += [f"{codec}{name}" for name in ("a0", "a1", "b0", "b1", "p0")]
    assert groupvitals("worker", "--until-caught-up").returncode == 0
    answers = Answers(settings)
    assert landed(settings) == sorted(expected)
    assert answers.value("SELECT count() FROM {d}.events WHERE duplicate OR member_id = 'ghost'") == 0
    assert answers.flushed() == len(CODECS) * 13, "the checkpoint stands behind the last mark"
    assert transactions(settings) == [Finding(OK, "transactions", "no partition is held up by an open transaction")]
    verified = groupvitals("rebuild", "--verify")
    assert verified.returncode == 0 and "lost from" not in verified.stdout, verified.stdout


def test_an_abort_whose_mark_comes_in_a_later_fetch(
    settings: Settings, groupvitals: Run, producers: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Fetches of a megabyte hold nothing but aborted records, or begin in the middle of them."""
    monkeypatch.setenv("GROUPVITALS_KAFKA__MAX_FETCH_MB", "1")
    noise, beside = random.Random(1), producers("beside")
    long = producers("long").begin()
    for i in range(40):
        long.send(f"ghost{i}", text=noise.randbytes(50_000).hex())
        beside.begin().send(f"e{i}").commit()
    long.abort()
    beside.begin().send("last").commit()
    assert groupvitals("worker", "--until-caught-up").returncode == 0
    assert landed(settings) == sorted(["last", *(f"e{i}" for i in range(40))])
    assert Answers(settings).flushed() == 40 + 1 + 41 * 2


def test_a_partition_stands_at_an_open_transaction_and_says_so(
    settings: Settings, groupvitals: Run, producers: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "OPEN_S", 0)
    monkeypatch.setenv("GROUPVITALS_WORKER__TICK_S", "0")
    settings, plain = load_settings(), producers()
    plain.send("before")
    slow = producers("slow").begin().send("slow0", "slow1")
    plain.send("after0")
    producers("quick").begin().send("after1").commit()
    answers = Answers(settings)

    with watched(tmp_path / "log", WORKER__FLUSH_INTERVAL_S=0.1) as first:
        opened = "groupvitals_open_transaction_timestamp_seconds"
        wait_until(lambda: first.metrics().get(opened, {}) != {} and answers.flushed() == 1, "a transaction is named")
        [(labels, since)] = first.metrics()[opened].items()
        assert labels[:2] == ("community", "0") and labels[3] == slow.name
        assert first.metrics()["groupvitals_newest_event_timestamp_seconds"][("community", "0")] < since
        assert first.metrics()["groupvitals_held_back_records"][("community", "0")] == 5
        assert first.metrics()["groupvitals_lag_records"][("community", "0")] == 0
        first.process.kill()
    assert landed(settings) == ["before"]
    [finding] = transactions(settings)
    assert (
        finding.severity == WARNING
        and "partition 0 is held back by" in finding.found
        and str(slow.name) in finding.found
    )
    assert "5 offsets from 1 on wait" in finding.found and "--start-offset 1`" in finding.do

    done = groupvitals("worker", "--until-caught-up")
    assert done.returncode == 0 and "partition 0 is held back by" in done.stderr, "it is not waited for, and said"
    assert landed(settings) == ["before"]

    with worker(WORKER__FLUSH_INTERVAL_S=0.1) as second:
        slow.send("slow2")
        slow.abort()
        wait_until(lambda: answers.flushed() == 8, "everything behind it lands")
        slow.begin().send("slow0").commit()
        wait_until(lambda: answers.flushed() == 10, "so does what comes later")
        assert stop(second) == 0
    assert landed(settings) == ["after0", "after1", "before", "slow0"]
    assert [finding.severity for finding in transactions(settings)] == [OK]


def test_dead_letters_of_aborted_transactions_are_none(settings: Settings, groupvitals: Run, producers: Any) -> None:
    """Somebody else may write to a dead-letter topic, too."""
    topic = f"{settings.kafka.topic_prefix}chat.events.dlq"

    async def send() -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=settings.kafka.bootstrap, transactional_id=topic, compression_type="zstd"
        )
        async with producer:
            for value, committed in ((b"aborted", False), (b"kept", True)):
                await producer.begin_transaction()
                await producer.send_and_wait(topic, value, headers=[("dlq.error", value)])
                await (producer.commit_transaction() if committed else producer.abort_transaction())

    asyncio.run(send())
    rows = json.loads(groupvitals("dlq", "list", "--json").stdout)
    assert [row["error"] for row in rows] == ["kept"]
