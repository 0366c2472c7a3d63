"""The importers on real exports, against counts that regular expressions find independently; and on odd lines."""

import re
import tracemalloc
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from schemas.errors import ConfigError
from sources.chunks import Position, read_lines
from sources.importers.features import features
from sources.importers.formats import FORMATS, TELLS
from sources.text import is_utf8, text_size
from tests.sources.reading import chunks, records

DATA = Path(__file__).parents[3] / "shared" / "data"
COLLEGE = DATA / "collegemsg.txt"
LOGS = sorted((DATA / "ubuntu-irc").glob("*.raw.txt"))
with_data = pytest.mark.skipif(not COLLEGE.exists(), reason="the real data is not beside the project")


@with_data
def test_edges_are_messages_with_one_mention() -> None:
    rows = [line.split() for line in COLLEGE.read_text().splitlines()[1:]]
    found = records("edges", COLLEGE)
    messages = [event for event in found if event["type"] == "message"]
    assert [(e["member_id"], *e["mentions"], e["ts_ms"]) for e in messages] == [
        (source, target, int(seconds) * 1000) for source, target, seconds in rows
    ]
    assert len(messages) == 59_835
    people = {e["member_id"] for e in messages} | {e["mentions"][0] for e in messages}
    assert len(people) == 1_899
    assert {event["group_id"] for event in found} == {"other:-:collegemsg"}
    assert len({event["event_id"] for event in found}) == len(found)


@with_data
def test_edges_join_right_before_their_first_message() -> None:
    joined: dict[str, int] = {}
    spoke: set[str] = set()
    for event in records("edges", COLLEGE):
        member = event["member_id"]
        if event["type"] == "join":
            assert member not in joined
            joined[member] = event["ts_ms"]
        elif member not in spoke:
            spoke.add(member)
            assert joined[member] == event["ts_ms"]
    assert len(joined) == len(spoke) == len({line.split()[0] for line in COLLEGE.read_text().splitlines()[1:]})
    assert {event["type"] for event in records("edges", COLLEGE, joins=False)} == {"message"}


def test_lines_that_are_no_edges_are_reported(tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    good = b"a b 1100000000", b"b a 1100000002 \r", b"a b 1100000002"
    lines = [b"src dst time", good[0], b"a b", b"", b"b a soon", b"\xff c 1100000001", *good[1:]]
    path.write_bytes(b"\n".join(lines))
    (chunk,) = chunks("edges", path)
    assert [problem.line for problem in chunk.problems] == [3, 5, 6]
    assert Counter(orjson.loads(value)["type"] for value in chunk.values) == {"message": 3, "join": 2}


def test_records_take_no_more_memory_than_they_are_long(tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    path.write_text("".join(f"a b {1_100_000_000 + second}\n" for second in range(5_000)))
    list(chunks("edges", path))
    tracemalloc.start()
    try:
        (chunk,) = chunks("edges", path)
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2 * sum(map(len, chunk.values))


def test_the_same_edge_twice_in_a_second_is_two_messages(tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    path.write_text("a b 1100000000\na b 1100000000\n")
    ids = [event["event_id"] for event in records("edges", path, joins=False)]
    assert len(set(ids)) == 2
    assert ids == [event["event_id"] for event in records("edges", path, joins=False)]


@with_data
@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name[:10])
def test_irc_logs_say_the_same_as_regular_expressions(path: Path) -> None:
    text = path.read_text()
    found = records("irc", path)
    kinds = Counter(event["type"] for event in found)
    joins = re.findall(r"^=== .*\] +has joined #", text, re.M)
    leaves = re.findall(r"^=== .*\] +has left #", text, re.M)
    renames = re.findall(r"^=== \S+ is now known as \S+$", text, re.M)
    server = re.findall(r"^=== (?:mode/|\.\.\[topic)", text, re.M)
    assert (kinds["join"], kinds["leave"], kinds["profile"]) == (len(joins), len(leaves), len(renames))
    assert len(found) == len(text.splitlines()) - len(server)
    times = [event["ts_ms"] for event in found]
    assert times == sorted(set(times))
    spoken = [m[1].strip() for line in text.splitlines() if (m := re.match(r"\[..:..\] <([^>]*)>", line))]
    assert len(spoken) <= kinds["message"] <= len(found)
    day = datetime.fromtimestamp(times[0] / 1000, UTC)
    assert path.name.startswith(day.strftime("%Y-%m-%d"))
    first = re.search(r"^\[(\d\d:\d\d)\]", text, re.M)
    assert first is not None
    assert day.strftime("%H:%M") == first[1]
    assert sum(bool(event.get("mentions")) for event in found) > 0.25 * kinds["message"]
    assert len({event["event_id"] for event in found}) == len(found)
    assert not any("text" in event for event in found)


LOG = """\
[23:58] <Ann> hello?
=== Bob [~b@host]  has joined #Chat
[23:59] <bob> ann: hi http://x.org
[23:59]  * Ann waves at Bob, smiling
=== Ann is now known as Ann_away
=== Ann_away stretches
[00:01] <ann_away> note: bob, see you
[00:01] <Cid> Ann_away, bye
=== mode/#chat [+o Bob]  by Cid
=== Bob was kicked off #chat by Cid (spam)
nonsense
=== Cid [~c@host]  has left #chat []
"""


def test_irc_follows_time_names_and_addresses(tmp_path: Path) -> None:
    path = tmp_path / "2020-02-29.log"
    path.write_text(LOG)
    found = records("irc", path)
    midnight = int(datetime(2020, 3, 1, tzinfo=UTC).timestamp()) * 1000
    shape = [(e["type"], e["member_id"], e["ts_ms"] - midnight, e.get("reply_to_member_id")) for e in found]
    assert shape == [
        ("message", "ann", -120_000, None),
        ("join", "bob", -119_999, None),
        ("message", "bob", -60_000, "ann"),
        ("message", "ann", -59_999, None),
        ("profile", "ann", -59_998, None),
        ("message", "ann", -59_997, None),
        ("message", "ann", 60_000, None),
        ("message", "cid", 60_001, "ann"),
        ("leave", "bob", 60_002, None),
        ("leave", "cid", 60_003, None),
    ]
    assert {event["group_id"] for event in found} == {"irc:-:#chat"}
    assert [e["question"] for e in found if e["type"] == "message"] == [True, False, False, False, False, False]
    assert [e["link_count"] for e in found if e["type"] == "message"] == [0, 1, 0, 0, 0, 0]
    assert (found[8]["reason"], found[8]["actor_id"]) == ("kicked", "cid")
    assert found[4]["nickname"] == "Ann_away"
    (chunk,) = chunks("irc", path)
    assert [problem.line for problem in chunk.problems] == [11]
    texts = [event.get("text") for event in records("irc", path, keep_text=True) if event["type"] == "message"]
    assert texts[0] == "hello?"
    assert texts[3] == "stretches"


def test_irc_logs_that_overlap_agree_on_event_ids(tmp_path: Path) -> None:
    whole, part = tmp_path / "2020-02-29.log", tmp_path / "2020-02-29.part.log"
    whole.write_text(LOG)
    part.write_text("".join(LOG.splitlines(keepends=True)[3:5]))
    ids = {event["event_id"] for event in records("irc", whole)}
    assert {event["event_id"] for event in records("irc", part, group="irc:-:#chat")} <= ids


def test_formats_tell_what_they_say_they_tell(tmp_path: Path) -> None:
    (tmp_path / "2020-02-29.irc").write_text(LOG)
    (tmp_path / "x.edges").write_text("a b 1100000000\n")
    exports = Path(__file__).parent / "exports"
    files = {
        "edges": tmp_path / "x.edges", "irc": tmp_path / "2020-02-29.irc", "telegram": exports / "telegram.json",
        "wecom": exports / "wecom-2024-03-02.ndjson",
    }  # fmt: skip
    assert {name: {event["type"] for event in records(name, path)} for name, path in files.items()} == TELLS
    assert set(FORMATS) - set(TELLS) == {"ndjson", "mapped"}


def test_an_irc_log_without_a_date_asks_for_it(tmp_path: Path) -> None:
    path = tmp_path / "chat.log"
    path.write_text(LOG)
    with pytest.raises(ConfigError, match="--day"):
        chunks("irc", path)
    assert records("irc", path, day=datetime(2020, 2, 29).date())


def test_a_group_that_is_no_group_id_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "talk.txt"
    path.write_text("a b 1100000000\n")
    for group in ("students", "a:b", "a::b", ":a:b"):
        with pytest.raises(ConfigError, match="--group"):
            chunks("edges", path, group=group)


def test_features_come_from_the_text_alone() -> None:
    assert features("why? see https://a.b/?q and www.c.d") == {
        "text_len": 35, "link_count": 2, "question": True, "feature_version": 1}  # fmt: skip
    assert features("https://a.b/?q")["question"] is False
    assert features("真的吗？")["question"] is True


def test_ndjson_passes_lines_on_byte_for_byte(tmp_path: Path) -> None:
    lines = [
        b'{"group_id":"a:b:c","x":1}',
        b' {"x":1, "group_id" : "a:b:\\u00fc" } ',
        b"",
        b"nonsense",
        b'{"group_id":"a:b:c"',
        b'{"group_id":"a:b:c","x":NaN}',
        b'{"group_id":"\xff"}',
        b'{"other":1}',
        b'{"group_id":7}',
        b'{"group_id":""}',
        b'{"group_id":["a"]}',
        b"[1]",
        b'{"attributes":{"group_id":"wrong"},"group_id":"right"}',
    ]
    path = tmp_path / "events.ndjson"
    path.write_bytes(b"\n".join(lines))
    (chunk,) = chunks("ndjson", path)
    assert chunk.values == lines
    assert chunk.keys == [b"a:b:c", "a:b:ü".encode(), *[None] * 10, b"right"]
    kinds = ["empty", *["invalid_json"] * 3, "invalid_utf8", "missing", *["invalid_field"] * 3, "invalid_json"]
    assert [(problem.line, problem.kind) for problem in chunk.problems] == list(enumerate(kinds, 3))
    assert chunk.topic == "chat.events"


def test_the_topic_of_an_ndjson_file_is_its_name(tmp_path: Path) -> None:
    path = tmp_path / "product.events.2024.ndjson"
    path.write_bytes(b'{"user_id":"u"}\n')
    (chunk,) = chunks("ndjson", path)
    assert (chunk.topic, chunk.keys) == ("product.events", [b"u"])
    (chunk,) = chunks("ndjson", path, topic="chat.events")
    assert (chunk.topic, chunk.keys) == ("chat.events", [None])
    with pytest.raises(ConfigError, match=r"identity\.links"):
        chunks("ndjson", path, topic="chat")


@settings(max_examples=500, deadline=None)
@given(lines=st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b""))), size=st.integers(1, 50))
def test_lines_are_the_same_however_a_file_is_cut(lines: list[bytes], size: int, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("lines") / "file"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    assume(text_size(path) is not None and not is_utf8(path))  # neither gzip nor UTF-16, and without a mark
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sources.chunks.CHUNK_BYTES", size)
        patch.setattr("sources.chunks.MAX_LINE_BYTES", 20)
        whole = list(read_lines(path))
        expected = [line if len(line) <= 20 else None for line in lines]
        assert [line for _, found, _ in whole for line in found] == expected
        for number, (begin, found, end) in enumerate(whole):
            assert list(read_lines(path, begin)) == whole[number:]
            assert end.line - begin.line == len(found)
        if whole:
            assert whole[-1][2] == Position(path.stat().st_size, len(lines))


def test_a_last_line_needs_no_newline(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a\nb")
    assert [lines for _, lines, _ in read_lines(path)] == [[b"a", b"b"]]


@with_data
@pytest.mark.parametrize("format_", ["edges", "irc"])
def test_going_on_in_the_middle_gives_the_rest(format_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.chunks.CHUNK_BYTES", 9_000)
    path = COLLEGE if format_ == "edges" else LOGS[2]
    whole = chunks(format_, path)
    assert len(whole) > 5
    for number in (1, len(whole) // 2, len(whole) - 1):
        assert chunks(format_, path, whole[number - 1].end) == whole[number:]
