"""What `groupvitals ask` prints: tables that fit, CSV for spreadsheets, and what there is to ask."""

import csv
import io
import os
import pty
import struct
import subprocess
import sys
from datetime import UTC, datetime
from fcntl import ioctl
from pathlib import Path
from termios import TIOCSWINSZ
from typing import Any

import pytest
from rich.cells import cell_len

from groupvitals import answers
from sinks.clickhouse.questions import questions
from tests.conftest import Run

ROOT = Path(__file__).parent.parent
ROWS: list[dict[str, Any]] = [
    {
        "group_id": "wecom:c:1",
        "group_name": "钓鱼爱好者交流群",
        "members": 12,
        "share": 0.5,
        "nothing": None,
        "last": "end",
    },
    {"group_id": "wecom:c:22", "group_name": "Ann [bold]", "members": -3, "share": None, "nothing": None, "last": "x"},
]


def shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: int, **options: Any
) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    answers.print_table(ROWS, **options)
    return capsys.readouterr().out.splitlines()


def test_columns_that_do_not_fit_are_left_out_and_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = shown(capsys, monkeypatch, 45)
    assert lines[-1] == "Columns that do not fit in 45 characters: share, last. --wide shows all columns."
    table = lines[:-1]
    assert {cell_len(line) for line in table} == {len("wecom:c:22") + 16 + len("members") + 3 * 3 + 1}
    assert "钓鱼爱好者交流群" in table[3] and "members" in table[1] and "nothing" not in table[1]
    assert "Ann [bold]" in table[4], "a name is no markup"
    for line in (shown(capsys, monkeypatch, 200), shown(capsys, monkeypatch, 45, wide=True)):
        assert "last" in line[1] and "Left out" not in line[-1]
    assert "group_id" in shown(capsys, monkeypatch, 5)[1], "one column is always there"


def test_rows_beyond_the_limit_are_told_of(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(capsys, monkeypatch, 200, limit=1)
    assert lines[-1] == "There are more rows; use --limit to show them."
    assert "wecom:c:22" not in "".join(lines)


def test_names_do_not_steer_the_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "ROWS", [{"name": "a\x1b[31mred\r\n\tb\u202ec"}])
    text = "\n".join(shown(capsys, monkeypatch, 80))
    assert "\x1b" not in text and "\u202e" not in text and "a\ufffd[31mred\ufffd\ufffd\ufffdb\ufffdc" in text


def test_a_terminal_that_is_narrow(tmp_path: Path) -> None:
    """The width is the terminal's own, without any variable."""
    program = "from groupvitals import answers; answers.print_table([{'first': 'x' * 20, 'second': 'y' * 20}])"
    master, slave = pty.openpty()
    ioctl(slave, TIOCSWINSZ, struct.pack("HHHH", 24, 30, 0, 0))
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "LINES")}
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=slave, stdin=slave, env=environment, check=True)
    os.close(slave)
    said = os.read(master, 1 << 16).decode()
    os.close(master)
    assert "do not fit in 30 characters: second." in said and "x" * 20 in said


@pytest.mark.parametrize("start", "=+-@\t\r\n＝＋－＠")
def test_no_text_becomes_a_formula(start: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"{start}cmd|' /C calc'!A0"
    when = datetime(2026, 5, 1, tzinfo=UTC)
    rows = [{"name": text, "number": -5, "share": -0.5, "list": ["=1", "b"], "none": None, "at": when, "plain": "a=b"}]
    for spreadsheet, first in ((True, f"'{text}"), (False, text)):
        answers.print_csv(rows, spreadsheet)
        head, cells = csv.reader(io.StringIO(capsys.readouterr().out, newline=""))
        assert head == list(rows[0])
        assert cells == [first, "-5", "-0.5", '["=1", "b"]', "", when.isoformat(), "a=b"]


def test_what_there_is_to_ask(groupvitals: Run) -> None:
    listed = groupvitals("ask", "--list")
    assert [line.split()[0] for line in listed.stdout.splitlines()] == list(questions())
    for question in questions().values():
        assert question.asks in listed.stdout
    explained = groupvitals("ask", "tiers", "--help").stdout
    for column in questions()["tiers"].columns:
        assert f"\n{column.name} " in explained and column.comment in explained
    assert "groupvitals ask NAME --help" in groupvitals("ask", "--help").stdout
    wrong = groupvitals("ask", "tires")
    assert wrong.returncode == 2 and "tiers" in wrong.stderr
    assert groupvitals("ask", "tiers", "--spreadsheet").returncode == 2
