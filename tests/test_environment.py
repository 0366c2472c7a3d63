"""Places where deployments live: folders that cannot be written, a cache of several users, signals at any moment."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deploy.fetch import once
from groupvitals.commands.topics import topic_layout
from groupvitals.connections import clickhouse, kafka_address
from groupvitals.settings import Settings
from schemas.errors import ConfigError, ServiceError
from sinks.clickhouse.migrations import migrate
from streams.kafka.topics import ensure_topics
from tests.conftest import Run
from tests.streams.test_wrong_database import messages
from tests.streams.workers import ROOT, Answers, assert_each_record_once, send, wait_until, worker

pytestmark = pytest.mark.services
#: A folder in which nobody can make anything, root neither; a user who is not the one who runs the tests.
NOBODYS, SECOND_USER = "/sys/groupvitals", 65534
#: Compiles a function, and says why it is not kept, and where kernels are kept.
COMPILE = (
    "import numba, numpy as np; from analytics.kernels.compiled import NOT_KEPT; from analytics.kernels.hashing import "
    "hash64; hash64(np.zeros(16, np.uint8), 0, 8); print(repr(NOT_KEPT), numba.config.CACHE_DIR)"
)


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder in which all users may make files."""
    folder = Path(tempfile.mkdtemp(prefix="groupvitals-shared-"))
    folder.chmod(0o1777)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def deployment(settings: Settings) -> Settings:
    ensure_topics(kafka_address(settings), topic_layout(settings))
    migrate(clickhouse(settings), "UTC")
    return settings


def by_second_user(action: Callable[[], None]) -> int:
    """Run it in a process of another user, if this one may (else of the same); the exit code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(SECOND_USER)
                os.setuid(SECOND_USER)
            action()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def python(program: str, second_user: bool = False, **variables: str) -> str:
    """What a program prints; by another user who may read everything, but write no more than others."""
    other = [
        "setpriv", f"--reuid={SECOND_USER}", f"--regid={SECOND_USER}", "--clear-groups",
        "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
    ]  # fmt: skip
    command = [*(other if second_user and os.getuid() == 0 else []), sys.executable, "-c", program]
    found = subprocess.run(command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    return found.stdout


@pytest.mark.parametrize(("variable", "arguments"), [("GROUPVITALS_HOME", ("worker",)), ("GROUPVITALS_CACHE", ("up",))])
def test_a_folder_that_cannot_be_written_is_one_sentence_and_a_setting(
    deployment: Settings, groupvitals: Run, monkeypatch: pytest.MonkeyPatch, variable: str, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setenv(variable, NOBODYS)
    if arguments == ("up",):
        monkeypatch.delenv("GROUPVITALS_KAFKA__BOOTSTRAP")
    found = groupvitals(*arguments)
    assert found.returncode == ConfigError.exit_code, found.stderr
    assert f"set {variable} to a folder" in found.stderr.splitlines()[-1] and "Traceback" not in found.stderr
    monkeypatch.setenv("GROUPVITALS_LOGS", "json")
    if arguments == ("worker",):
        found = groupvitals(*arguments)
        assert found.returncode == ConfigError.exit_code
        assert f"set {variable}" in json.loads(found.stderr.splitlines()[-1])["message"]


def test_kernels_that_cannot_be_kept_work(tmp_path: Path) -> None:
    said = python(COMPILE, GROUPVITALS_CACHE=NOBODYS)
    assert NOBODYS in said.split("'")[1]
    assert python(COMPILE, HOME="/dev/null", XDG_CACHE_HOME="") != ""


def test_users_who_share_a_cache_keep_their_own_kernels(shared: Path) -> None:
    mine = python(COMPILE, GROUPVITALS_CACHE=str(shared))
    theirs = python(COMPILE, second_user=True, GROUPVITALS_CACHE=str(shared))
    assert mine.startswith("'' ") and theirs.startswith("'' ")
    assert (mine != theirs) == (os.getuid() == 0)
    for said in {mine, theirs}:
        assert list(Path(said.split()[1]).rglob("*.nbi"))


def test_users_share_fetched_programs(shared: Path) -> None:
    def make(folder: Path) -> None:
        (folder / "program").write_text("mine")

    def use() -> None:
        assert (once(shared, "fetched", make) / "program").read_text() == "mine"
        once(shared, "left", make)

    once(shared, "fetched", make)
    (shared / "left.lock").touch(0o644)  # of a fetch that was broken off
    assert by_second_user(use) == 0
    assert once(shared, "left", make).is_dir()


@pytest.mark.parametrize(("option", "code"), [((), 0), (("--until-caught-up",), 130)])
def test_a_worker_that_compiles_ends_at_once(
    settings: Settings, tmp_path: Path, option: tuple[str, ...], code: int
) -> None:
    command = [sys.executable, "-m", "groupvitals", "worker", *option]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "GROUPVITALS_CACHE": str(tmp_path)}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "Loading kernels" in process.stderr.readline()
        assert "Compiling kernels (cached for next time)" in process.stderr.readline()
        process.send_signal(signal.SIGTERM)
        assert process.stderr.read().strip() == "Stopped before the kernels were ready: no record was taken."
        assert process.wait() == code


def test_an_interrupted_catching_up_is_no_success(deployment: Settings, groupvitals: Run) -> None:
    command = [sys.executable, "-m", "groupvitals", "worker", "--until-caught-up", "--follow-input"]
    answers, sent = Answers(deployment), send(deployment, messages(0, 50))
    with subprocess.Popen(
        command, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        wait_until(lambda: answers.flushed() == sent, "all that there is has landed")
        process.send_signal(signal.SIGTERM)
        assert process.stderr is not None
        said = process.stderr.read()  # its input stays open
        process.wait()
    assert (process.returncode, "Interrupted before" in said) == (130, True), said
    found = groupvitals("worker", "--until-caught-up")
    assert found.returncode == 0
    assert "Compiling" not in found.stderr, "they are kept by now"
    assert_each_record_once(answers, sent)


def test_a_wrong_password_is_found_before_the_group_is_joined(
    deployment: Settings, groupvitals: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GROUPVITALS_CLICKHOUSE__PASSWORD", "wrong")
    found, seen = groupvitals("worker"), groupvitals("doctor", "--json")
    assert found.returncode == ServiceError.exit_code
    assert "does not let the user default in" in found.stderr.splitlines()[-1] and "taking over" not in found.stderr
    first = json.loads(seen.stdout)[0]
    assert (seen.returncode, first["severity"], first["what"]) == (2, "error", "clickhouse")
    assert "clickhouse.password" in first["found"] and "Traceback" not in seen.stderr


def test_too_many_parts_are_named(deployment: Settings, groupvitals: Run) -> None:
    answers = Answers(deployment)
    table = f"{answers.database}.events"
    answers.native.execute(f"SYSTEM STOP MERGES {table}")
    answers.native.execute(f"ALTER TABLE {table} MODIFY SETTING parts_to_delay_insert = 1, parts_to_throw_insert = 1")
    sent = send(deployment, messages(0, 20))
    with worker() as process:
        wait_until(lambda: answers.flushed() == sent, "the first part is taken")
        sent += send(deployment, messages(20, 20))

        def doctor() -> list[dict[str, str]]:
            return [f for f in json.loads(groupvitals("doctor", "--json").stdout) if f["what"] == "parts"]

        assert ["at 1 ClickHouse refuses inserts (TOO_MANY_PARTS)" in f["found"] for f in doctor()] == [True]
        answers.native.execute(f"ALTER TABLE {table} RESET SETTING parts_to_delay_insert, parts_to_throw_insert")
        answers.native.execute(f"SYSTEM START MERGES {table}")
        wait_until(lambda: answers.flushed() == sent, "the worker goes on")
        assert process.poll() is None
    assert_each_record_once(answers, sent)
    assert [f["severity"] for f in doctor()] == ["ok"]
