"""JSON that readers differ about: in every importer what nobody reads refuses no event, and depth has one limit."""

from pathlib import Path
from typing import Any

import pytest

from schemas.fields import MAX_DEPTH
from sources.mapping import Mapping, Time
from tests.sources.reading import chunks

MAPPING = Mapping(
    name="crm", topic="identity.links", time=Time(column="seen"), constants={"source": "unionid"},
    fields={"account_id": "account", "user_id": "user"},
)  # fmt: skip
OPTIONS: dict[str, dict[str, Any]] = {"mapped": {"mapping": MAPPING}, "telegram": {"keep_text": True}}
#: One event, which says WHO once where it is read, and ODD where it is not.
FILES = {
    "ndjson": '{"type":"read","event_id":"e","ts_ms":1700000000000,"platform":"irc","group_id":"WHO","member_id":"m",'
    '"count":1,"z":ODD}',
    "wecom": '{"msgid":"1","from":"WHO","roomid":"wr1","msgtime":"1709280000000","msgtype":"text","z":ODD}',
    "mapped": '{"seen":"2024-03-02T01:00:00Z","account":"WHO","user":"u","z":ODD}',
    "telegram": '{\n "name": "g",\n "type": "private_group",\n "id": 5,\n "messages": [\n  {\n   "id": 1,\n   '
    '"type": "message",\n   "date_unixtime": "1700000000",\n   "from": "Ann",\n   "from_id": "user1",\n   '
    '"z": ODD,\n   "text": "WHO"\n  }\n ]\n}\n',
}


def read(folder: Path, format_: str, who: str = "ann", odd: str = "0") -> tuple[int, list[str]]:
    """How many events of the line a file gives, sent with their key, and the kinds of its problems."""
    path = folder / {"telegram": "result.json"}.get(format_, "events.jsonl")
    path.write_text(FILES[format_].replace("WHO", who).replace("ODD", odd))
    found = chunks(format_, path, **OPTIONS.get(format_, {}))
    sent = [(key, value) for chunk in found for key, value in zip(chunk.keys, chunk.values, strict=True)]
    beside = ('"type":"group"', '"type":"profile"')  # names, as they are known at the end
    events = [value for key, value in sent if key is not None and not any(one in str(value) for one in beside)]
    return len(events), [problem.kind for chunk in found for problem in chunk.problems]


@pytest.mark.parametrize("format_", FILES)
@pytest.mark.parametrize("odd", ["9" * 5_000, r'"\ud800"', r'{"\udfff": [1e999]}', "[" * 120 + "]" * 120])
def test_what_nobody_reads_refuses_no_event(tmp_path: Path, format_: str, odd: str) -> None:
    assert read(tmp_path, format_, odd=odd) == (1, [])


@pytest.mark.parametrize("format_", FILES)
def test_lone_surrogates_where_they_are_read_are_a_problem(tmp_path: Path, format_: str) -> None:
    records, kinds = read(tmp_path, format_, who=r"a\ud800")
    assert (records, len(kinds)) == (0, 1)


@pytest.mark.parametrize("format_", ["wecom", "mapped", "telegram"])
@pytest.mark.parametrize("depth", [MAX_DEPTH, 1_000, 100_000])
def test_one_limit_of_depth(tmp_path: Path, format_: str, depth: int) -> None:
    """Events of the contract are passed on as they are; workers judge them."""
    assert read(tmp_path, format_, odd="[" * depth + "]" * depth) == (0, ["too_deep"])
