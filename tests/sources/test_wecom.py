"""WeCom: archived messages, member lists of groups, and what is neither."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.errors import ConfigError
from tests.sources.reading import by_id, chunks, problems, records

EXPORT = Path(__file__).parent / "exports" / "wecom-2024-03-02.ndjson"
ROOM = "wrOgQhDgAAMYQiS5ol9G7gK9JVAAAA"
CUSTOMER = "wmAbCdEfGhIjKlMnOpQrStUvWxYz0123"
ROBOT = "wbAbCdEfGhIjKlMnOpQrStUvWxYz0009"
AT_MS = 1_709_337_600_000


def of(type_: str, **options: Any) -> list[dict[str, Any]]:
    return [event for event in records("wecom", EXPORT, **options) if event["type"] == type_]


def write(path: Path, *lines: Any) -> Path:
    path.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    return path


def asked(*members: Any, **fields: Any) -> dict[str, Any]:
    """An answer of the group-chat API."""
    return {"errcode": 0, "group_chat": {"chat_id": "wr1", "owner": "a", "member_list": list(members)} | fields}


def test_messages_of_groups_say_their_kind_and_features() -> None:
    messages = of("message")
    assert [(event["member_id"], event["kind"], event["link_count"]) for event in messages] == [
        ("LiNa", "text", 1),
        (CUSTOMER, "image", 0),
        (ROBOT, "text", 0),
        ("LiNa", "miniprogram", 0),
        ("LiNa", "poll", 0),
        ("ZhouMin", "other", 0),
        ("ZhouMin", "text", 0),
        ("LiNa", "link", 1),
        ("LiNa", "redpacket", 0),
    ]
    assert {event["group_id"] for event in messages} == {f"wecom:-:{ROOM}"}
    assert [event["mentions_all"] for event in messages] == [True] + [False] * 8
    assert [event["question"] for event in messages] == [True] + [False] * 5 + [True, False, False]
    assert messages[0]["ts_ms"] == 1_709_280_000_000
    assert messages[0]["event_id"] == f"wecom:{messages[0]['message_id']}"
    assert not any("text" in event for event in messages)
    assert not any(None in event.values() for event in records("wecom", EXPORT))


def test_private_talk_consent_and_changes_of_company_stay_where_they_are() -> None:
    texts = [event["text"] for event in of("message", keep_text=True)]
    assert texts[6] == "你好\n在吗?"
    assert not any("只给你看" in text for text in texts)
    assert not any(number in str(records("wecom", EXPORT)) for number in ("CAQQ1011", "CAQQ1012", "CAQQ1013"))
    assert [(problem.line, problem.kind) for problem in problems("wecom", EXPORT)] == [(15, "refused")]


def test_a_recall_names_the_message_and_who_withdrew_it() -> None:
    (recall,) = of("recall")
    assert (recall["message_id"], recall["actor_id"]) == ("CAQQ1002_1709280060000_external", CUSTOMER)
    assert recall["message_id"] in {event["message_id"] for event in of("message")}
    assert "member_id" not in recall


def test_robots_are_bots_and_employees_who_are_called_like_them_are_not(tmp_path: Path) -> None:
    assert [(event["member_id"], event["role"]) for event in of("profile")] == [(ROBOT, "bot")]
    line = {"msgid": "1", "from": "wbwang", "roomid": "wr1", "msgtime": 1_709_280_000_000, "msgtype": "text"}
    assert [event["type"] for event in records("wecom", write(tmp_path / "x.ndjson", line))] == ["message"]


def test_a_member_list_is_a_roster_with_roles() -> None:
    rows = [(e["member_id"], e["role"], e.get("nickname"), e["joined_at_ms"]) for e in of("roster")]
    assert rows == [
        ("LiNa", "operator", "福利官", 1_672_531_200_000),
        ("ZhouMin", "operator", "周敏", 1_672_531_300_000),
        ("SunQi", "member", "孙琪", 1_672_531_400_000),
        (CUSTOMER, "member", "王五", 1_672_531_350_000),
        (ROBOT, "bot", "签到机器人", 1_672_531_500_000),
    ]
    (end,) = of("roster_end")
    assert (end["complete"], end["count"], end["ts_ms"]) == (True, 5, AT_MS)
    assert {event["snapshot_id"] for event in of("roster")} == {end["snapshot_id"]}
    (group,) = of("group")
    assert (group["name"], group["owner_id"], group["member_count"]) == ("老客户福利群", "LiNa", 5)
    assert (group["created_at_ms"], group["ts_ms"]) == (1_672_531_200_000, AT_MS)


def test_how_each_one_came_is_a_join_in_order_of_time() -> None:
    assert [(event["member_id"], event["source"], event.get("inviter_id")) for event in of("join")] == [
        ("LiNa", "invite", None),
        ("ZhouMin", "invite", "LiNa"),
        (CUSTOMER, "qr", None),
        ("SunQi", "link", "LiNa"),
        (ROBOT, "unknown", None),
    ]
    joins = [(event["member_id"], event["ts_ms"]) for event in of("join")]
    assert sorted(joins) == sorted((event["member_id"], event["joined_at_ms"]) for event in of("roster"))


def test_the_time_of_a_member_list_comes_from_the_line_the_option_or_the_name(tmp_path: Path) -> None:
    group = asked({"userid": "a"})
    path = write(tmp_path / "x.ndjson", group, group | {"at": 1_709_000_000}, group | {"at": 1_709_000_000_123})
    ends = [e["ts_ms"] for e in records("wecom", path, at_ms=5 * 10**11 * 3) if e["type"] == "roster_end"]
    assert ends == [1_500_000_000_000, 1_709_000_000_000, 1_709_000_000_123]
    assert [(problem.line, "--at" in problem.reason) for problem in problems("wecom", path)] == [(1, True)]
    named = write(tmp_path / "groups 2024-03-02.ndjson", group)
    assert records("wecom", named)[-1]["ts_ms"] == AT_MS
    assert records("wecom", named, at_ms=AT_MS + 1)[-1]["ts_ms"] == AT_MS + 1
    assert problems("wecom", write(tmp_path / "2024-13-02.ndjson", group))


def test_member_lists_of_two_days_tell_each_join_once(tmp_path: Path) -> None:
    anna, ben = ({"userid": name, "join_time": 1_700_000_000, "join_scene": 3} for name in ("anna", "ben"))
    first = by_id(records("wecom", write(tmp_path / "2024-01-01.ndjson", asked(anna))))
    second = by_id(records("wecom", write(tmp_path / "2024-01-02.ndjson", asked(anna, ben))))
    assert first.items() & second.items() == {
        (id_, value) for id_, value in first.items() if id_ == "wecom:wr1:anna:join:1700000000"
    }
    assert len(first.keys() & second.keys()) == 1


def test_a_list_with_an_unreadable_row_is_not_complete(tmp_path: Path) -> None:
    path = write(tmp_path / "2024-01-01.ndjson", asked({"userid": "a"}, {"userid": ""}, 7, {"userid": "b"}))
    end = records("wecom", path)[-1]
    assert (end["complete"], end["count"]) == (False, 2)
    assert [problem.line for problem in problems("wecom", path)] == [1, 1]


def test_lines_that_say_nothing_are_reported(tmp_path: Path) -> None:
    good = {"msgid": "1", "from": "a", "roomid": "wr1", "msgtime": "1709280000000", "msgtype": "text"}
    bad = [
        {"errcode": 40050, "errmsg": "no"}, asked(), {"x": 1}, [], good | {"msgtime": "soon"}, good | {"from": None},
        {"action": "recall", "msgtype": "revoke"} | good, good | {"msgid": 7}, good | {"roomid": [1]},
        {"member_list": [{"userid": "a"}]},
    ]  # fmt: skip
    path = write(tmp_path / "2024-01-01.ndjson", good, *bad, good | {"msgid": "2"})
    path.write_bytes(path.read_bytes() + b"\n{nonsense\n" + b"\xff\n")
    kinds = [(problem.line, problem.kind) for problem in problems("wecom", path)]
    assert kinds == [
        (2, "refused"), (3, "missing"), (4, "invalid_line"), (5, "invalid_json"), (6, "invalid_field"), (7, "missing"),
        (8, "missing"), (9, "invalid_field"), (10, "invalid_field"), (11, "missing"),
        (14, "invalid_json"), (15, "invalid_utf8"),
    ]  # fmt: skip
    assert [event["event_id"] for event in records("wecom", path)] == ["wecom:1", "wecom:2"]


def test_what_is_still_encrypted_is_reported_and_the_rest_of_an_answer_is_read(tmp_path: Path) -> None:
    sealed = {"seq": 7, "msgid": "m1", "publickey_ver": 3, "encrypt_random_key": "a", "encrypt_chat_msg": "b"}
    good = {"msgid": "2", "from": "a", "roomid": "wr1", "msgtime": 1_709_280_000, "msgtype": "text"}
    answer = {"errcode": 0, "errmsg": "ok", "chatdata": [sealed, good, sealed | good | {"msgid": "3"}, 7]}
    path = write(tmp_path / "x.ndjson", sealed, answer, answer | {"chatdata": []}, {"errcode": 301, "chatdata": []})
    assert [(found.line, found.kind) for found in problems("wecom", path)] == [
        (1, "encrypted"), (2, "encrypted"), (2, "invalid_line"), (4, "refused"),
    ]  # fmt: skip
    assert [(e["event_id"], e["ts_ms"]) for e in records("wecom", path)] == [
        ("wecom:2", 1_709_280_000_000), ("wecom:3", 1_709_280_000_000),
    ]  # fmt: skip
    (chunk,) = chunks("wecom", path)
    assert chunk.passed_over == {"archive answers without messages": 1}


def test_the_corp_is_in_group_ids_alone() -> None:
    plain, corp = records("wecom", EXPORT), records("wecom", EXPORT, workspace="ww1")
    assert {event["group_id"] for event in corp} == {f"wecom:ww1:{ROOM}"}
    assert [event["event_id"] for event in corp] == [event["event_id"] for event in plain]
    with pytest.raises(ConfigError, match="--workspace"):
        chunks("wecom", EXPORT, workspace="a:b")


def test_archives_that_overlap_agree_to_the_byte(tmp_path: Path) -> None:
    lines = EXPORT.read_bytes().splitlines(keepends=True)
    found = []
    for name, part in (("a", lines[:8]), ("b", lines[4:])):
        path = tmp_path / f"{name} 2024-03-02.ndjson"
        path.write_bytes(b"".join(part))
        found.append(by_id(records("wecom", path)))
    assert len(found[0].keys() & found[1].keys()) == len(found[0].items() & found[1].items()) == 4
    assert found[0] | found[1] == by_id(records("wecom", EXPORT))


def test_going_on_in_the_middle_gives_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sources.chunks.CHUNK_BYTES", 700)
    whole = chunks("wecom", EXPORT)
    assert len(whole) > 5
    for number in range(1, len(whole) + 1):
        assert chunks("wecom", EXPORT, whole[number - 1].end) == whole[number:]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=4,
)
KINDS = st.sampled_from(["text", "mixed", "markdown", "news", "vote", "revoke", "link", "x"]) | JSON
ITEM = st.fixed_dictionaries({"type": st.just("text"), "content": JSON})
SAID = st.fixed_dictionaries(
    {"msgid": JSON, "roomid": JSON, "msgtime": JSON | st.just(1_709_280_000_000), "msgtype": KINDS},
    optional=dict.fromkeys(("from", "action", "text", "vote", "revoke"), JSON)
    | {"mixed": st.fixed_dictionaries({"item": st.lists(ITEM, max_size=2)})}
    | {"info": st.fixed_dictionaries({"item": JSON, "content": JSON})},
)
MEMBER = st.fixed_dictionaries(
    {"userid": JSON}, optional=dict.fromkeys(("type", "join_time", "join_scene", "invitor", "name"), JSON)
)
LISTED = st.fixed_dictionaries(
    {"member_list": st.lists(MEMBER | JSON, max_size=3) | JSON},
    optional=dict.fromkeys(("chat_id", "owner", "admin_list", "create_time", "name", "at", "errcode"), JSON),
)


@settings(max_examples=200, deadline=None)
@given(lines=st.lists(SAID | LISTED | JSON, max_size=4))
def test_no_json_stops_an_import(lines: list[Any], tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("odd") / "2024-01-01.ndjson"
    last = {"msgid": "last", "from": "a", "roomid": "wr1", "msgtime": 1_709_280_000_000, "msgtype": "text"}
    path.write_text("".join(json.dumps(line) + "\n" for line in [*lines, last]))
    assert records("wecom", path)[-1]["event_id"] == "wecom:last"
