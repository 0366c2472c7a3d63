"""Exports of Telegram Desktop: what they say of messages, members and groups, whole, in part, and broken."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import ConfigError
from sources.importers.telegram.chat import AUTHORS
from tests.sources.reading import by_id, chunks, problems, records

EXPORT = Path(__file__).parent / "exports" / "telegram.json"
GROUP = "telegram:-:-1001500000001"


def said(number: int, at: int, who: str = "user1", **fields: Any) -> dict[str, Any]:
    """A message at `at` seconds."""
    name = {"from": f"name of {who}", "from_id": who}
    return {"id": number, "type": "message", "date_unixtime": str(at), "text": "hi"} | name | fields


def happened(number: int, action: str, at: int = 1_700_000_000, **fields: Any) -> dict[str, Any]:
    """A service message."""
    actor = {"actor": "Ann", "actor_id": "user1"}
    return {"id": number, "type": "service", "date_unixtime": str(at), "action": action} | actor | fields


def group(*messages: dict[str, Any], number: int = 5, kind: str = "private_group") -> dict[str, Any]:
    return {"name": "Group", "type": kind, "id": number, "messages": list(messages)}


def write(path: Path, export: dict[str, Any], indent: int | str = 1) -> Path:
    """Write an export in the layout of Telegram Desktop, or indented otherwise."""
    path.write_text(json.dumps(export, ensure_ascii=False, indent=indent))
    return path


def parts(**which: Any) -> list[dict[str, Any]]:
    """The events of the sample that have these fields."""
    found = records("telegram", EXPORT)
    return [event for event in found if all(event.get(name) == value for name, value in which.items())]


def test_members_come_and_go_as_service_messages_say() -> None:
    shape = [
        (e["type"], e["member_id"][:5], e.get("source") or e["reason"], e.get("inviter_id") or e.get("actor_id"))
        for e in records("telegram", EXPORT)
        if e["type"] in ("join", "leave")
    ]
    assert shape == [
        ("join", "101", "unknown", None),
        ("join", "102", "invite", "101"),
        ("join", "name:", "invite", "101"),
        ("join", "104", "link", "101"),
        ("join", "name:", "invite", "102"),
        ("join", "102", "unknown", None),
        ("leave", "name:", "kicked", "101"),
        ("leave", "104", "left", None),
        ("leave", "198", "left", None),
        ("join", "106", "link", None),
    ]
    cleo, emil = (e["member_id"] for e in parts(type="join") if e["member_id"].startswith("name:"))
    assert cleo != emil
    assert [event["member_id"] for event in parts(type="leave", reason="kicked")] == [emil]


def test_messages_say_what_kind_they_are_whom_they_mention_and_answer() -> None:
    messages = parts(type="message")
    assert [event["kind"] for event in messages] == ["text", "text", "image", "poll", "text", "voice"]
    asked = messages[1]
    assert asked["text_len"] == len("Hallo Ben, wann geht es los? Karte @cleo_c")
    assert (asked["question"], asked["link_count"], asked["mentions"]) == (True, 1, ["102"])
    assert (asked["reply_to_message_id"], asked["reply_to_member_id"]) == ("-999999989", "101")
    assert (messages[2]["reply_to_message_id"], messages[2]["reply_to_member_id"]) == ("4", "104")
    assert messages[4]["room_id"] == "13"
    assert "reply_to_message_id" not in messages[4]
    assert messages[5]["member_id"] == "-1001500000001"
    assert not any("text" in event for event in messages)


def test_text_is_kept_on_demand_and_its_odd_escapes_are_read() -> None:
    kept = {e["event_id"]: e.get("text") for e in records("telegram", EXPORT, keep_text=True)}
    assert kept["telegram:-1001500000001:14"] == "a\vb \\x41"
    assert kept["telegram:-1001500000001:4:edit:1683023400"] == "Hallo Ben, wann geht es los? Karte @cleo_c"


def test_edits_and_reactions_wait_for_their_time() -> None:
    found = records("telegram", EXPORT)
    times = [event["ts_ms"] for event in found]
    assert times == sorted(times)
    reactions = [(e["member_id"], e["to_member_id"], e["emoji"], e["ts_ms"]) for e in parts(type="reaction")]
    assert reactions == [("102", "104", "👍", 1_683_022_200_000), ("199", "104", "👍", 1_683_270_000_000)]
    assert [event["ts_ms"] for event in parts(type="edit")] == [1_683_023_400_000]


def test_what_cannot_be_told_is_said_with_its_line() -> None:
    lines = EXPORT.read_text().splitlines()
    found = problems("telegram", EXPORT)
    assert [problem.kind for problem in found] == ["first_id", "unknown_member", "unsupported"]
    assert [json.loads(lines[problem.line][:-1].replace('"id":', "")) for problem in found] == [1, 7, 15]


def test_the_group_is_told_as_it_was_and_as_it_is() -> None:
    facts = [(e["name"], e["owner_id"], e["created_at_ms"], e.get("aliases")) for e in parts(type="group")]
    created = 1_682_928_000_000
    assert facts == [(name, "101", created, None) for name in ("Wanderer", "Alpenwanderer", "Alpenwanderer")]


def test_a_group_that_became_a_supergroup_keeps_its_first_id(tmp_path: Path) -> None:
    export = json.loads(EXPORT.read_bytes().replace(b"\\x0B", b"").replace(b"\\\\x41", b""))
    old = [message | {"id": message["id"] + 10**9} for message in export["messages"] if message["id"] < 0]
    before = write(tmp_path / "before.json", group(*old, number=77) | {"name": "Wanderer"})
    now = records("telegram", EXPORT, group="telegram:-:-77")
    assert {event["group_id"] for event in now} == {"telegram:-:-77"}
    assert {tuple(event["aliases"]) for event in now if event["type"] == "group"} == {(GROUP,)}
    common = by_id(records("telegram", before)).items() & by_id(now).items()
    told = {"telegram:-77:10:join", "telegram:-77:10:join:1", "telegram:-77:11"}
    assert {event_id for event_id, _ in common} == told  # who never spoke before has no id there yet
    first, answer = (event for event in now if event["type"] == "message" and event["text_len"] in (11, 42))
    assert first["message_id"] == answer["reply_to_message_id"] == "11"
    assert answer["message_id"] == "-1001500000001:4"


def test_the_groups_of_an_account_are_read_as_from_exports_of_their_own(tmp_path: Path) -> None:
    export = json.loads(EXPORT.read_bytes().replace(b"\\x0B", b"\\u000b"))
    private = group(said(1, 1_700_000_000), kind="personal_chat")
    channel = group(said(1, 1_700_000_000, "channel9"), number=9, kind="public_channel")
    left = group(said(1, 1_700_000_000), number=1500000001)
    account = {
        "about": "x", "personal_information": {"user_id": 1, "first_name": "A"}, "contacts": {"list": [{"user_id": 2}]},
        "chats": {"about": "x", "list": [private, export, channel]}, "left_chats": {"about": "x", "list": [left]},
    }  # fmt: skip
    path = write(tmp_path / "account.json", account)
    found = by_id(records("telegram", path))
    own = by_id(records("telegram", EXPORT))
    assert own.items() <= found.items()
    assert set(found) - set(own) == {f"telegram:-1500000001:1{what}" for what in ("", ":group", ":name:1")}
    assert by_id(records("telegram", path, group=GROUP)) == found  # says what the file says
    moved = by_id(records("telegram", path, group="telegram:-:-77"))  # the one that was another group before
    assert moved.items() >= by_id(records("telegram", EXPORT, group="telegram:-:-77")).items()
    strangers = write(tmp_path / "two.json", {"chats": {"list": [private, left, left | {"id": 6}]}})
    with pytest.raises(ConfigError, match=r"2 groups.*: -1500000001, -6\."):
        chunks("telegram", strangers, group="telegram:-:-77")


@pytest.mark.parametrize("indent", [2, 4, "\t"])
def test_any_indentation_is_as_good(indent: int | str, tmp_path: Path) -> None:
    export = json.loads(EXPORT.read_bytes().replace(b"\\x0B", b"\\u000b"))
    assert records("telegram", write(tmp_path / "x.json", export, indent)) == records("telegram", EXPORT)


def test_exports_that_overlap_agree_to_the_byte(tmp_path: Path) -> None:
    messages = [said(n, 1_700_000_000 + 60 * n, f"user{n % 7}") for n in range(1, 60)]
    for message in messages[10:]:
        message["reply_to_message_id"] = message["id"] - 3
        message["reactions"] = [{"type": "emoji", "emoji": "x", "recent": [{"from_id": "user3", "date": "2023-11-15"}]}]
    early = write(tmp_path / "early.json", group(*messages[:40]))
    late = write(tmp_path / "late.json", group(*messages[7:]))
    one, other = by_id(records("telegram", early)), by_id(records("telegram", late))
    common = one.items() & other.items()
    assert {f"telegram:-5:{n}" for n in range(8, 41)} <= {event_id for event_id, _ in common}
    assert len(common) == len(one.keys() & other.keys())


def test_an_export_made_in_another_time_zone_agrees(tmp_path: Path) -> None:
    made = []
    for hour in ("10", "18"):
        recent = [{"from_id": "user2", "date": f"2023-11-15T{hour}:30:00"}]
        reactions = [{"type": "emoji", "emoji": "x", "count": 9, "recent": recent}]
        message = said(1, 1_700_000_000, date=f"2023-11-15T{hour}:00:00", reactions=reactions)
        made.append(records("telegram", write(tmp_path / f"{hour}.json", group(message))))
    assert made[0] == made[1]
    assert made[0][1]["ts_ms"] == 1_700_001_800_000


def test_a_name_that_two_bear_is_nobodys(tmp_path: Path) -> None:
    twins = [said(n, 1_700_000_000 + n, f"user{n}", **{"from": "Kim"}) for n in (1, 2)]
    invited = happened(3, "invite_members", members=["Kim", "name of user9"])
    path = write(tmp_path / "x.json", group(*twins, invited, said(4, 1_700_000_009, "user9")))
    joined = [event["member_id"] for event in records("telegram", path) if event["type"] == "join"]
    assert joined[0].startswith("name:")
    assert joined[1] == "9"


def test_authors_far_back_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert AUTHORS > 1_000
    monkeypatch.setattr("sources.importers.telegram.chat.AUTHORS", 2)
    messages = [said(n, 1_700_000_000 + n) for n in range(1, 5)]
    messages += [said(5, 1_700_000_009, reply_to_message_id=2), said(6, 1_700_000_009, reply_to_message_id=4)]
    found = records("telegram", write(tmp_path / "x.json", group(*messages)))
    assert [event.get("reply_to_member_id") for event in found[4:6]] == [None, "1"]


def test_going_on_in_the_middle_gives_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.chunks.CHUNK_BYTES", 700)
    whole = chunks("telegram", EXPORT)
    assert len(whole) > 5
    for number in range(1, len(whole) + 1):
        assert chunks("telegram", EXPORT, whole[number - 1].end) == whole[number:]


def test_broken_messages_cost_nothing_but_themselves(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", group(*(said(n, 1_700_000_000 + n) for n in range(1, 7))))
    lines = path.read_text().splitlines()
    lines[lines.index('   "id": 2,')] = '   "id": 2'
    third = lines.index('   "id": 3,')
    del lines[third + 2 : lines.index('   "id": 4,') - 1]
    del lines[lines.index('   "id": 6,') + 2 :]
    path.write_text("\n".join(lines))
    found = problems("telegram", path)
    assert [problem.kind for problem in found] == ["invalid_json", "layout", "layout"]
    assert [lines[problem.line].strip(' ,"') for problem in found] == ['id": 2', 'id": 3', 'id": 6']
    spoken = [event["message_id"] for event in records("telegram", path) if event["type"] == "message"]
    assert spoken == ["1", "4", "5"]


def test_a_broken_end_of_one_group_leaves_the_next_alone(tmp_path: Path) -> None:
    two = [group(said(1, 1_700_000_000), number=number) for number in (5, 6)]
    path = write(tmp_path / "x.json", {"chats": {"list": two}})
    path.write_text(path.read_text().replace("     }\n", "", 1))
    assert [problem.kind for problem in problems("telegram", path)] == ["layout"]
    assert set(by_id(records("telegram", path))) == {f"telegram:-6:1{what}" for what in ("", ":group", ":name:1")}


def test_a_chat_without_an_id_gets_nobody_elses(tmp_path: Path) -> None:
    nameless = group(said(1, 1_700_000_000))
    del nameless["id"]
    path = write(tmp_path / "x.json", {"chats": {"list": [group(said(1, 1_700_000_000)), nameless]}})
    assert [(problem.kind, problem.reason[:2]) for problem in problems("telegram", path)] == [("missing", "id")]
    assert len(records("telegram", path)) == 3


def test_what_is_no_export_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(json.dumps(group(said(1, 1_700_000_000))))
    (problem,) = problems("telegram", path)
    assert "json.tool" in problem.reason


def test_huge_messages_are_passed_over_in_constant_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.importers.telegram.layout.MAX_LINE_BYTES", 2_000)
    many = said(1, 1_700_000_000, members=["x" * 50] * 100)
    path = write(tmp_path / "x.json", group(many, said(2, 1_700_000_000)))
    assert [problem.kind for problem in problems("telegram", path)] == ["too_long"]
    assert records("telegram", path)[0]["event_id"] == "telegram:-5:2"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=4,
)
NAMES = st.sampled_from(
    ["id", "type", "date", "date_unixtime", "edited_unixtime", "from", "from_id", "actor", "actor_id", "action", "text",
     "members", "inviter", "title", "media_type", "mime_type", "file", "reply_to_message_id", "reactions"]
)  # fmt: skip
REACTIONS = st.lists(
    st.fixed_dictionaries({"recent": st.lists(st.fixed_dictionaries({"from_id": JSON, "date": JSON}))})
)
ENTITIES = st.lists(st.fixed_dictionaries({"type": JSON, "text": JSON, "user_id": JSON}), max_size=2)
ODD = st.dictionaries(NAMES, JSON | REACTIONS | ENTITIES, max_size=6)
ACTIONS = st.sampled_from(["invite_members", "remove_members", "create_group", "join_group_by_link", "topic_created"])


@settings(max_examples=100, deadline=None)
@given(messages=st.lists(st.tuples(ODD, ACTIONS, st.booleans()), max_size=3), number=JSON)
def test_no_json_stops_an_import(messages: list[Any], number: Any, tmp_path_factory: Any) -> None:
    made = [
        (happened(n, action) if service else said(n, 1_700_000_000)) | odd
        for n, (odd, action, service) in enumerate(messages)
    ]
    path = write(tmp_path_factory.mktemp("odd") / "x.json", group(*made, said(99, 1_700_000_000)) | {"id": number})
    records("telegram", path)
    last = records("telegram", write(path, group(*made, said(99, 1_700_000_000))))
    assert "telegram:-5:99" in {event["event_id"] for event in last}


LINES = st.sampled_from(
    ["{", " {", "  {", "  }", "  },", " ]", "]", '"messages": [', ' "id": 5,', ' "type": "private_group",',
     ' "messages": [', "", "\xff", '   "id": 1,', "x" * 50]
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(lines=st.lists(LINES))
def test_no_layout_stops_an_import(lines: list[str], tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("odd") / "x.json"
    path.write_bytes("\n".join(lines).encode("latin-1"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sources.chunks.MAX_LINE_BYTES", 40)
        records("telegram", path)
