"""One process for all agents: what it does once, how it ends, and what it opens."""

import json
import signal
from contextlib import suppress
from pathlib import Path

import pytest

from groupvitals.connections import clickhouse
from groupvitals.settings import Settings
from schemas.agents import AGENTS
from schemas.topics import LINKS, PRODUCT
from sinks.clickhouse.readers.marks import marks
from sinks.clickhouse.store import ClickHouseStore
from tests.conftest import Run
from tests.streams.forwarder import Forwarder
from tests.streams.test_operations import some_events, watched
from tests.streams.workers import Answers, assert_each_record_once, send, wait_until

pytestmark = pytest.mark.services


def some_product(first: int, count: int) -> list[bytes]:
    """One event per user."""
    return [_event(i, type="open", user_id=f"u{i}") for i in range(first, first + count)]


def some_links(first: int, count: int) -> list[bytes]:
    """One link per account."""
    return [
        _event(i, type="link", account_id=f"qq:-:m{i}", user_id=f"u{i}", source="login")
        for i in range(first, first + count)
    ]


def _event(number: int, **fields: str) -> bytes:
    return json.dumps({"event_id": f"e{number}", "ts_ms": 1_750_000_000_000 + number * 60_000, **fields}).encode()


@pytest.fixture
def deployment(settings: Settings, groupvitals: Run) -> Settings:
    """Topics and tables."""
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    return settings


def test_all_catch_up_and_say_so_once(deployment: Settings, groupvitals: Run, tmp_path: Path) -> None:
    sent = {
        "community": send(deployment, [*some_events(0, 300), b'{"group_id": "qq:-:g0"}']),
        "product": send(deployment, some_product(0, 200), PRODUCT),
        "links": send(deployment, some_links(0, 100), LINKS),
    }
    stats = tmp_path / "stats.json"
    done = groupvitals("worker", "--agent", "all", "--until-caught-up", "--json", "--stats", str(stats))
    assert done.returncode == 0, done.stderr
    for name, summary in json.loads(stats.read_text()).items():
        assert summary["events"] == sent.get(name, 0), name
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    last = {line["agent"]: line["landed"] for line in lines if "agent" in line}
    assert last == {name: sent.get(name, 0) for name in AGENTS}
    assert len([line for line in lines if "Kernels ready" in line.get("say", "")]) == 1
    for name, count in sent.items():
        assert_each_record_once(Answers(deployment, contract=AGENTS[name].contract), count)
    looked_at = {
        (row["contract"], row["number"]): row["next_offset"]
        for row in Answers(deployment).rows("people_sources")
        if row["contract"] != "*"
    }
    landed = marks(ClickHouseStore(clickhouse(deployment))).offsets
    assert landed and looked_at == landed, "people end last"


def test_one_log_one_port_and_few_connections(deployment: Settings, tmp_path: Path) -> None:
    log = tmp_path / "all.log"
    with watched(log, "all") as worker:
        wait_until(lambda: worker.page("readyz")[0] == 200, "all agents are ready")
        sent = send(deployment, some_events(0, 100)) + send(deployment, some_product(0, 50), PRODUCT)
        wait_until(lambda: worker.total("groupvitals_records_landed_total") == sent, "everything landed")
        found = worker.metrics()
        assert {labels[0] for labels in found["groupvitals_partitions"]} == AGENTS.keys()
        assert found["groupvitals_records_landed_total"][("community",)] == 100
        assert found["groupvitals_lag_records"][("product", "0")] == 0
        assert found["groupvitals_server_up"] == {("clickhouse",): 1, ("kafka",): 1}
        kafka, ch = int(deployment.kafka.bootstrap.rpartition(":")[2]), deployment.clickhouse
        opened = _connections(worker.process.pid)
        assert sum(port in (ch.tcp_port, ch.http_port) for port in opened) <= 32, "whatever the number of agents"
        assert opened.count(kafka) <= 3 * len(AGENTS) + 6
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(60) == 0
    named = {line["agent"] for line in worker.log() if "taken over" in line["message"]}
    assert named == AGENTS.keys()


def _connections(pid: int) -> list[int]:
    """The ports at the other end of a process's established connections."""
    opened = set[str]()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            opened.add(str(link.readlink()))
    lines = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    return [
        int(other.rpartition(":")[2], 16)
        for _, _, other, state, *_, inode in (line[:10] for line in lines)
        if f"socket:[{inode}]" in opened and state == "01"
    ]


def test_when_one_fails_the_others_land_what_they_applied(deployment: Settings, tmp_path: Path) -> None:
    with watched(tmp_path / "all.log", "all", WORKER__FLUSH_INTERVAL_S=60, WORKER__FLUSH_EVENTS=1000) as worker:
        wait_until(lambda: worker.page("readyz")[0] == 200, "all agents are ready")
        sent = send(deployment, some_events(0, 100))
        wait_until(lambda: worker.total("groupvitals_records_waiting") == sent, "chat is applied, not landed")
        chat = Answers(deployment)
        assert chat.flushed() == 0
        chat.native.execute(f"ALTER TABLE {chat.database}.link_events DROP COLUMN source")
        send(deployment, some_links(0, 1200), LINKS)
        assert worker.process.wait(60) not in (0, None)
    errors = [line["message"] for line in worker.log() if line["level"] == "ERROR"]
    assert len(errors) == 1 and "link_events" in errors[0], "said once"
    assert chat.flushed() == sent
    assert_each_record_once(chat, sent)


def test_all_give_up_in_time_and_each_says_what_did_not_land(deployment: Settings, tmp_path: Path) -> None:
    ch = deployment.clickhouse
    with (
        Forwarder(str(ch.host), ch.tcp_port) as tcp, Forwarder(str(ch.host), ch.http_port) as http,
        watched(
            tmp_path / "all.log", "all", CLICKHOUSE__TCP_PORT=tcp.port, CLICKHOUSE__HTTP_PORT=http.port,
            WORKER__STOP_TIMEOUT_S=2,
        ) as worker,
    ):  # fmt: skip
        wait_until(lambda: worker.page("readyz")[0] == 200, "all agents are ready")
        tcp.freeze(), http.freeze()
        sent = send(deployment, some_events(0, 50)) + send(deployment, some_product(0, 30), PRODUCT)
        wait_until(lambda: worker.total("groupvitals_records_applied_total") == sent, "the records are applied")
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(60) == 3, "two seconds are enough to give up; a minute is for slow machines"
    errors = [line["message"] for line in worker.log() if line["level"] == "ERROR"]
    begins = {error.partition(":")[0] for error in errors}
    assert {f"Stopped after 2 s without landing {n} records" for n in (50, 30)} <= begins
    assert len(errors) == len(set(errors)), "each is said once"
