"""The local services against the real servers: idempotent, durable, complete in stopping; and their parts alone."""

import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Event

import pytest
from rich.progress import Progress

from deploy import clickhouse, compose, fetch, kafka, locks, ports, server
from deploy.endpoints import Endpoints, endpoints
from deploy.errors import DeployError
from deploy.server import Server
from deploy.services import down, start, status, stop, up
from groupvitals.settings import load_settings

ROOT = Path(__file__).parents[2]


def test_a_remembered_port_is_kept_and_a_taken_one_replaced(tmp_path: Path) -> None:
    first = ports.choose(tmp_path, ["a", "b"], [])
    assert len(set(first.values())) == 2
    with socket.socket() as stranger:
        stranger.bind(("127.0.0.1", first["a"]))
        stranger.listen()
        assert ports.choose(tmp_path, ["a", "b"], in_use=["a"]) == first
        second = ports.choose(tmp_path, ["a", "b"], [])
    assert second["a"] != first["a"]
    assert second["b"] == first["b"]
    assert ports.remembered(tmp_path) == second


def test_a_folder_that_changes_has_a_size(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(bytes(7))
    done = Event()

    def change(name: str) -> None:
        while not done.is_set():
            (tmp_path / name / "deep").mkdir(parents=True)
            (tmp_path / name / "deep" / "empty").touch()
            shutil.rmtree(tmp_path / name)

    with ThreadPoolExecutor(2) as pool:
        changing = [pool.submit(change, name) for name in "ab"]
        try:
            sizes = {fetch.folder_size(tmp_path) for _ in range(500)}
        finally:
            done.set()
    assert sizes == {7} and all(one.result() is None for one in changing)


def test_a_lock_ends_with_the_process_that_holds_it(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    program = (
        "import sys, pathlib; from deploy import locks; locks.acquire(pathlib.Path(sys.argv[1])); print(); input()"
    )
    words = [sys.executable, "-uc", program, str(lock)]
    with subprocess.Popen(words, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert locks.is_held(lock)
        holder.kill()
    assert not locks.is_held(lock)


def test_a_recycled_process_id_is_not_taken_for_the_server(tmp_path: Path) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        (tmp_path / "running.lock").write_text(str(stranger.pid))
        assert server.running_pid(tmp_path) is None
        assert not server.terminate(tmp_path)
        assert stranger.poll() is None
        stranger.kill()


def test_a_server_of_unknown_process_id_is_named_not_doubled(tmp_path: Path) -> None:
    holder = locks.acquire(tmp_path / "running.lock")
    try:
        for act in (lambda: server.launch(tmp_path, ["true"]), lambda: server.terminate(tmp_path)):
            with pytest.raises(DeployError, match="unknown process"):
                act()
    finally:
        os.close(holder)


def _example(folder: Path, program: str) -> Server:
    """A server that is a Python program, healthy once it has said so."""

    def check(_: server.Ports) -> None:
        if "ready" not in server.log_path(folder).read_text():
            raise ConnectionError("not ready")

    folder.mkdir()
    example = Server(
        "example", "Example", "1", (), lambda cache, _: cache, lambda *_: [sys.executable, "-uc", program], check
    )
    server.launch(folder, example.command(folder, folder, {}))
    return example


def test_a_server_that_ends_at_once_is_explained_by_its_log(tmp_path: Path) -> None:
    folder = tmp_path / "example"
    example = _example(folder, "print('the disk is full')")
    with pytest.raises(DeployError, match="ended while starting") as caught:
        server.wait_until_healthy(example, folder, {})
    assert "the disk is full" in str(caught.value)
    assert str(server.log_path(folder)) in str(caught.value)


def test_a_server_that_never_answers_is_given_up(tmp_path: Path) -> None:
    folder = tmp_path / "example"
    example = _example(folder, "import signal; signal.pause()")
    with pytest.raises(DeployError, match="did not answer"):
        server.wait_until_healthy(example, folder, {}, timeout_s=0.1)
    assert server.terminate(folder)


def test_a_server_deaf_to_sigterm_is_killed_with_its_children(tmp_path: Path) -> None:
    folder = tmp_path / "example"
    program = (
        "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); child = os.fork();"
        "child and print('ready', child); signal.pause()"
    )
    server.wait_until_healthy(_example(folder, program), folder, {})
    assert server.terminate(folder, patience_s=0.2)
    assert not locks.is_held(folder / "running.lock")  # the child inherited it too


def test_an_interrupted_fetch_leaves_nothing_and_the_next_one_is_whole(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("the network is gone")

    with pytest.raises(DeployError, match="the network is gone"):
        fetch.once(tmp_path, "thing", fail)
    (tmp_path / "thing.part-killed").mkdir()
    found = fetch.once(tmp_path, "thing", lambda folder: (folder / "whole").touch())
    assert [path.name for path in found.iterdir()] == ["whole"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["thing", "thing.lock"]


def test_two_fetches_at_once_fetch_once(tmp_path: Path) -> None:
    made = []
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: fetch.once(tmp_path, "thing", made.append), range(4)))
    assert len(made) == 1
    assert set(found) == {tmp_path / "thing"}


def test_a_jar_that_is_not_the_pinned_one_is_refused(tmp_path: Path) -> None:
    local = tmp_path / "maven" / "org" / "example" / "thing" / "1.0" / "thing-1.0.jar"
    local.parent.mkdir(parents=True)
    local.write_bytes(b"something else")
    with pytest.raises(DeployError, match="it was not used"):
        fetch.fetch_jar(fetch.Jar("org.example:thing:1.0", "0" * 64, 14), tmp_path)
    assert not list(tmp_path.glob("*.jar"))


def test_who_cannot_fetch_from_npm_reads_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9")
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(DeployError, match="ECONNREFUSED"), Progress(disable=True) as bar:
        fetch.npm_file(tmp_path, "Thing", fetch.Tarball("thing", "1.0.0"), "thing.so", bar)


def test_programs_are_fetched_through_the_proxy_that_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:7")
    before = dict(os.environ)
    with fetch.proxied("http://127.0.0.1:9"), Progress(disable=True) as bar:
        with pytest.raises(DeployError, match=r"ECONNREFUSED 127\.0\.0\.1:9"):
            fetch.npm_file(tmp_path, "Thing", fetch.Tarball("thing", "1.0.0"), "thing.so", bar)
        with pytest.raises(DeployError, match=r"[Pp]roxy"):
            fetch.fetch_jar(fetch.Jar("org.example:thing:1.0", "0" * 64, 14), tmp_path)
    with fetch.proxied("none"):
        assert not [name for name in os.environ if name.lower().endswith("_proxy")]
    with fetch.proxied(""):
        assert os.environ["https_proxy"] == "http://127.0.0.1:7"
    assert dict(os.environ) == before


def test_containers_have_the_versions_and_settings_of_the_processes() -> None:
    text = compose.COMPOSE.read_text()
    assert f"image: apache/kafka:{kafka.VERSION}\n" in text
    assert f"image: clickhouse/clickhouse-server:{clickhouse.VERSION}\n" in text
    assert f"org.apache.kafka:kafka_2.13:{kafka.VERSION} " in kafka.JARS.read_text()
    where = ("process.", "node.", "controller.", "listener", "advertised.", "log.dirs")
    for line in kafka.PROPERTIES.splitlines():
        name, value = line.split("=")
        if not name.startswith(where):
            variable = "KAFKA_" + name.upper().replace(".", "_")
            assert f"{variable}: {value}\n" in text.replace('"', ""), variable


def test_containers_without_an_engine_are_answered_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeployError, match="No container engine"):
        up(tmp_path / "home", tmp_path / "cache", print, containers=True)
    assert endpoints(tmp_path / "home") is None


def test_nothing_is_up_in_an_empty_home(tmp_path: Path) -> None:
    assert down(tmp_path / "home") == []
    assert endpoints(tmp_path / "home") is None
    assert [(one.name, one.running, one.pid) for one in status(tmp_path / "home")] == [
        ("kafka", False, None), ("clickhouse", False, None),
    ]  # fmt: skip
    assert not (tmp_path / "home").exists()


@pytest.fixture(scope="module")
def cache() -> Path:
    return load_settings().cache


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home for this module's servers, which its tests start and stop."""
    folder = tmp_path_factory.mktemp("deploy") / "home"
    yield folder
    down(folder)


@pytest.fixture
def services(home: Path, cache: Path) -> Endpoints:
    return up(home, cache, print)


def _sql(services: Endpoints, statement: str, user: str = "default") -> str:
    url = f"http://{services.clickhouse_host}:{services.clickhouse_http}/?user={user}"
    with urllib.request.urlopen(url, statement.encode(), timeout=60) as answer:
        return str(answer.read().decode().strip())


def _processes(home: Path) -> list[str]:
    lines = subprocess.run(
        ["ps", "-ww", "-eo", "pid,args"], capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return [line for line in lines if str(home) in line]


def _pids(home: Path) -> dict[str, int | None]:
    return {one.name: one.pid for one in status(home)}


@pytest.mark.services
def test_two_ups_at_once_start_each_server_once(home: Path, cache: Path) -> None:
    program = "import sys, pathlib, deploy.services as s; print(s.up(*map(pathlib.Path, sys.argv[1:]), lambda _: None))"
    words = [sys.executable, "-c", program, os.path.relpath(home, ROOT), str(cache)]
    both = [subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate()[0] for process in both]
    assert answers[0] == answers[1] == f"{endpoints(home)}\n"
    assert len(_processes(home)) == 2
    assert all(one.running and one.healthy for one in status(home))


@pytest.mark.services
def test_up_again_changes_nothing(home: Path, cache: Path, services: Endpoints) -> None:
    before = _pids(home)
    assert up(home, cache, print) == services
    assert _pids(home) == before


@pytest.mark.services
def test_up_asks_no_proxy_for_what_is_local(
    home: Path, cache: Path, services: Endpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert all(one.healthy for one in status(home))
    stop(home, "clickhouse")
    assert up(home, cache, print) == services


@pytest.mark.services
def test_data_and_addresses_survive_down_and_up(home: Path, cache: Path, services: Endpoints) -> None:
    from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer
    from kafka.admin import NewTopic

    with closing(KafkaAdminClient(bootstrap_servers=services.kafka)) as admin:
        admin.create_topics([NewTopic("kept", 1, 1)])
    with closing(KafkaProducer(bootstrap_servers=services.kafka)) as producer:
        producer.send("kept", b"a record").get(30)
    _sql(services, "CREATE DATABASE kept ENGINE = Atomic")
    _sql(services, "CREATE TABLE kept.rows (k UInt64) ENGINE = ReplacingMergeTree ORDER BY k")
    _sql(services, "INSERT INTO kept.rows SELECT number FROM numbers(1000)")

    assert down(home) == ["kafka", "clickhouse"]
    assert _processes(home) == []
    assert endpoints(home) is None
    assert down(home) == []

    assert up(home, cache, print) == services
    assert _sql(services, "SELECT count() FROM kept.rows") == "1000"
    consumer = KafkaConsumer("kept", bootstrap_servers=services.kafka, auto_offset_reset="earliest")
    with closing(consumer):
        assert next(consumer).value == b"a record"


@pytest.mark.services
def test_a_killed_clickhouse_comes_back_alone_with_its_rows(home: Path, cache: Path, services: Endpoints) -> None:
    _sql(services, "CREATE DATABASE killed ENGINE = Atomic")
    _sql(services, "CREATE TABLE killed.rows (k UInt64) ENGINE = MergeTree ORDER BY k")
    _sql(services, "INSERT INTO killed.rows SELECT number FROM numbers(100000)")
    before = _pids(home)
    stop(home, "clickhouse", signal.SIGKILL)
    assert _pids(home) == before | {"clickhouse": None}
    assert endpoints(home) == services
    assert up(home, cache, print) == services
    after = _pids(home)
    assert after["kafka"] == before["kafka"]
    assert after["clickhouse"] != before["clickhouse"]
    assert _sql(services, "SELECT count(), uniqExact(k) FROM killed.rows") == "100000\t100000"


@pytest.mark.services
def test_clickhouse_finishes_a_running_insert_before_it_ends(home: Path, cache: Path, services: Endpoints) -> None:
    _sql(services, "CREATE DATABASE running ENGINE = Atomic")
    _sql(services, "CREATE TABLE running.rows (k UInt64) ENGINE = MergeTree ORDER BY k")
    with ThreadPoolExecutor(1) as pool:
        insert = pool.submit(_sql, services, "INSERT INTO running.rows SELECT number FROM numbers(10000000)")
        while not insert.done():
            if _sql(services, "SELECT count() FROM system.processes WHERE query LIKE 'INSERT INTO running%'") == "1":
                break
        stop(home, "clickhouse")
        assert insert.result() == ""
    start(home, cache, "clickhouse")
    assert _sql(services, "SELECT count(), uniqExact(k) FROM running.rows") == "10000000\t10000000"


@pytest.mark.services
def test_clickhouse_outlives_clients_that_reset_their_connections(services: Endpoints) -> None:
    address = services.clickhouse_host, services.clickhouse_tcp
    for _ in range(20):
        with socket.create_connection(address) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # as a killed worker would
    assert _sql(services, "SELECT 1") == "1"


def test_dashboards_may_read_and_nothing_else(services: Endpoints) -> None:
    assert _sql(services, "SELECT getSetting('async_insert')") == "false"
    assert _sql(services, "SELECT 1 SETTINGS max_execution_time = 5", "bi") == "1"
    for refused in ("CREATE DATABASE bi", "SELECT * FROM file('/etc/hosts', 'LineAsString')", "SET max_threads = 1"):
        with pytest.raises(urllib.error.HTTPError):
            _sql(services, refused, "bi")


@pytest.mark.services
def test_a_pinned_program_is_fetched_only_when_absent(cache: Path, services: Endpoints) -> None:
    with Progress(disable=True) as bar:
        jars = kafka.KAFKA.fetch(cache, bar)
        library = clickhouse.CLICKHOUSE.fetch(cache, bar)
        assert not bar.tasks
    assert {path.suffix for path in jars.iterdir()} == {".jar"}
    assert library.stat().st_size > 100_000_000
