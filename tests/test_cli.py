"""The front door: quick help, one sentence an error, an exit code a kind."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from groupvitals import cli
from groupvitals.connections import clickhouse_address, kafka_address
from groupvitals.settings import Settings, load_settings
from schemas.errors import ConfigError, DataError, GroupvitalsError, ServiceError
from tests.conftest import Run

NAMES = [
    "up",
    "down",
    "status",
    "migrate",
    "topics",
    "simulate",
    "import",
    "worker",
    "replay",
    "rebuild",
    "ask",
    "whatif",
    "evaluate",
    "dlq",
    "doctor",
]
#: What is slow to import and no business of `--help`.
HEAVY = ("numba", "numpy", "pyarrow", "faust", "aiokafka", "kafka", "clickhouse_driver", "pydantic")
#: What is slow to import and no business of `ask`; the driver's table of dates is full unless it is lazy.
NOT_ASKED = ("numba", "numpy", "pyarrow", "faust", "aiokafka", "kafka", "clickhouse_connect", "urllib.request")


def test_help_lists_every_command(groupvitals: Run) -> None:
    result = groupvitals("--help")
    assert result.returncode == 0
    for name in NAMES:
        assert f" {name} " in result.stdout
    assert "demo" not in result.stdout


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_says_what_it_does(groupvitals: Run, name: str) -> None:
    result = groupvitals(name, "--help")
    assert result.returncode == 0, result.stderr
    assert f"groupvitals {name}" in result.stdout


def after(arguments: list[str], expression: str) -> list[Any]:
    """The exit code of a command in a process of its own, and the value of an expression there afterwards."""
    program = (
        f"import json, sys; from groupvitals import cli; code = cli.run({arguments}); "
        f"print(json.dumps([code, {expression}]))"
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(cli.__file__).parent.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[Any] = json.loads(result.stdout.splitlines()[-1])
    return found


def imported(names: tuple[str, ...]) -> str:
    """An expression for those of the modules that are imported."""
    return f"[name for name in {names} if name in sys.modules]"


def test_help_imports_nothing_heavy() -> None:
    assert after(["--help"], imported(HEAVY)) == [0, []]


def test_a_question_imports_only_what_it_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUPVITALS_CLICKHOUSE__HOST", "127.0.0.1")
    monkeypatch.setenv("GROUPVITALS_CLICKHOUSE__TCP_PORT", "1")  # nobody answers there
    dates = "len(sys.modules['clickhouse_driver.columns.datecolumn']._date_lut)"
    code, found, entries = after(["ask", "tiers"], f"{imported(NOT_ASKED)}, {dates}")
    assert (code, found, entries) == (3, [], 0)


def test_a_wrong_setting_is_one_sentence_and_exit_code_2(groupvitals: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUPVITALS_KAFKA__REPLICATION", "none")
    result = groupvitals("topics")
    assert result.returncode == 2
    assert result.stdout == ""
    assert len(result.stderr.splitlines()) == 1
    assert "kafka.replication" in result.stderr


def test_no_services_says_how_to_get_them(groupvitals: Run) -> None:
    result = groupvitals("topics")
    assert result.returncode == 3
    assert "`groupvitals up`" in result.stderr
    assert "GROUPVITALS_KAFKA__BOOTSTRAP" in result.stderr


@pytest.mark.parametrize("place", ["before", "after", "variable"])
def test_debug_shows_the_traceback(groupvitals: Run, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    if place == "variable":
        monkeypatch.setenv("GROUPVITALS_DEBUG", "1")
    words = {"before": ["--debug", "topics"], "after": ["topics", "--debug"], "variable": ["topics"]}[place]
    result = groupvitals(*words)
    assert result.returncode == 3
    assert "Traceback" in result.stderr


def test_an_unknown_command_is_exit_code_2(groupvitals: Run) -> None:
    result = groupvitals("topcis")
    assert result.returncode == 2
    assert "topcis" in result.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("Wrong."), 2),
        (ServiceError("Away."), 3),
        (DataError("Broken."), 4),
        (GroupvitalsError("Else."), 1),
        (ZeroDivisionError("ours"), 70),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_kind_of_error_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int
) -> None:
    def fail(name: str) -> None:
        raise error

    monkeypatch.setattr(cli, "_load", fail)
    assert cli.run(["topics"]) == code
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) == (0 if code == 130 else 1)
    assert ("--debug" in said) == (code == 70)


def test_addresses_come_from_the_settings_first() -> None:
    clickhouse = {"host": "c", "tcp_port": 2, "http_port": 3}
    settings = Settings.model_validate({"kafka": {"bootstrap": "k:1"}, "clickhouse": clickhouse})
    assert kafka_address(settings).bootstrap == "k:1"
    assert clickhouse_address(settings) == ("c", 2, 3)


def test_without_servers_both_addresses_are_errors(home: Path) -> None:
    settings = load_settings()
    with pytest.raises(ServiceError, match="GROUPVITALS_KAFKA__BOOTSTRAP"):
        kafka_address(settings)
    with pytest.raises(ServiceError, match="GROUPVITALS_CLICKHOUSE__HOST"):
        clickhouse_address(settings)


@pytest.mark.services
def test_topics_prints_json_for_machines(groupvitals: Run, settings: Settings) -> None:
    rows = json.loads(groupvitals("topics", "--json").stdout)
    chat = next(row for row in rows if row["name"] == f"{settings.kafka.topic_prefix}chat.events")
    del chat["name"]
    month = 30 * 86_400_000
    expected = {"partitions": 4, "retention_ms": month, "policy": "delete", "outcome": "created"}
    assert chat == expected | {"changes": [], "refused": []}
    assert "exists" in groupvitals("topics").stdout
