"""`groupvitals simulate` and `groupvitals import` as people type them."""

from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import orjson
import pytest

from groupvitals.settings import Settings

Run = Callable[..., CompletedProcess[str]]
SMALL = ("--groups", "3", "--members", "60", "--days", "5", "--end", "2026-01-01")


def test_simulate_writes_files_and_truth(groupvitals: Run, home: Path) -> None:
    result = groupvitals("simulate", "world", *SMALL, "--seed", "5", "--broken", "0.01")
    assert result.returncode == 0, result.stderr
    folder = home.parent / "world"
    truth = orjson.loads((folder / "truth.json").read_bytes())
    for topic, tally in truth["topics"].items():
        assert (folder / f"{topic}.ndjson").read_bytes().count(b"\n") == tally["records"]
        assert f"{topic}.ndjson: {tally['records']:,} records" in result.stdout
    assert truth["plan"]["seed"] == 5


def test_simulate_says_what_is_wrong_with_a_plan(groupvitals: Run) -> None:
    result = groupvitals("simulate", "world", "--groups", "10", "--members", "20")
    assert result.returncode == 2
    assert "at least 50 members" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.services
def test_import_says_what_it_sent_and_what_it_could_not_read(groupvitals: Run, home: Path, settings: Settings) -> None:
    made = groupvitals("topics")
    assert made.returncode == 0, made.stderr
    path = home.parent / "events.ndjson"
    path.write_bytes(b'{"group_id":"a:b:c"}\n' * 1_000 + b"nonsense\n" * 12)
    result = groupvitals("import", "--format", "ndjson", "--problems", "problems.jsonl", str(path))
    assert result.returncode == 0, result.stderr
    assert "1,012 records from 1,012 lines" in result.stdout
    assert "line 1,001: invalid_json" in result.stdout
    assert "and 2 more" in result.stdout
    assert "chat.events: 1,012 records acknowledged" in result.stdout
    assert len((home.parent / "problems.jsonl").read_bytes().splitlines()) == 12
    again = groupvitals("import", "--format", "ndjson", str(path))
    assert "already imported, nothing sent" in again.stdout
    assert "1,012 records" in groupvitals("import", "--format", "ndjson", "--restart", str(path)).stdout


@pytest.mark.services
def test_import_names_formats_and_files(groupvitals: Run, home: Path, settings: Settings) -> None:
    (home.parent / "file").write_text("")
    wrong = groupvitals("import", "--format", "csv", "file")
    assert wrong.returncode == 2
    assert "ndjson, edges, irc" in wrong.stderr
    assert groupvitals("import", "nothing-here").returncode == 2


@pytest.mark.services
def test_import_says_why_a_file_gave_nothing(groupvitals: Run, home: Path, settings: Settings) -> None:
    assert groupvitals("topics").returncode == 0
    exports = Path(__file__).parent / "exports"
    whole, private = (exports / "telegram.json").read_text(), home.parent / "private.json"
    none = '{\n "name": "Tea",\n "type": "private_group",\n "id": 5,\n "messages": []\n}'
    message = {"seq": 7, "msgid": "m11", "publickey_ver": 3, "encrypt_random_key": "a", "encrypt_chat_msg": "b"}
    answer = {"errcode": 0, "errmsg": "ok", "chatdata": [message]}
    encrypted = "line 1: encrypted: the message is still encrypted: decrypt it"
    for name, format_, text, why in (
        (
            "private.json",
            "telegram",
            whole.replace("private_supergroup", "personal_chat"),
            "passed over: 1 private chats",
        ),
        ("channel.json", "telegram", whole.replace("private_supergroup", "public_channel"), "passed over: 1 channels"),
        ("none.json", "telegram", none, "passed over: 1 groups without messages"),
        ("empty.json", "telegram", "", "line 1: empty: the file is empty"),
        ("encrypted.ndjson", "wecom", orjson.dumps(message).decode(), encrypted),
        ("answer.ndjson", "wecom", orjson.dumps(answer).decode(), encrypted),
    ):
        (home.parent / name).write_text(text)
        nothing = groupvitals("import", "--format", format_, name)
        assert nothing.returncode == 4, name
        assert "0 records" in nothing.stdout and why in nothing.stdout, nothing.stdout
        assert nothing.stderr.strip() == "Nothing was imported: no file contained a usable record."
    again = groupvitals("import", "--format", "telegram", "private.json")  # it is not taken for imported
    assert again.returncode == 4
    good = groupvitals("import", "--format", "telegram", str(private), str(exports / "telegram.json"))
    assert good.returncode == 0 and "passed over: 1 private chats" in good.stdout
