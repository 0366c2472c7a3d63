"""Telegram exports at their edges: clocks that change, unnamed administrators, files cut off, chats without a group."""

from pathlib import Path
from typing import Any

import pytest

from sources.chunks import START, Options
from sources.importers.telegram.importer import NO_GROUPS, read_telegram
from sources.importers.telegram.survey import Numbers
from tests.sources.reading import chunks, problems, records
from tests.sources.test_telegram import group, happened, said, write

#: 2023-10-29T01:00:00Z, when clocks in Berlin go back from 03:00 to 02:00.
CHANGE = 1_698_541_200
HOUR = 3_600


def passed_over(path: Path, **options: Any) -> dict[str, int]:
    found = chunks("telegram", path, **options)
    return dict(sum((chunk.passed_over for chunk in found), type(found[0].passed_over)()))


def reacted(local: str) -> list[dict[str, Any]]:
    recent = [{"from": "Ben", "from_id": "user2", "date": f"2023-{local}"}]
    return [{"type": "emoji", "emoji": "x", "count": 1, "recent": recent}]


def times(path: Path) -> list[int]:
    """When reactions were, in hours after the change of clocks."""
    return [(e["ts_ms"] // 1000 - CHANGE) / HOUR for e in records("telegram", path) if e["type"] == "reaction"]


def test_reactions_follow_the_clock_when_it_changes(tmp_path: Path) -> None:
    said_at = {-5: "10-28T22:00:00", -1: "10-29T02:00:00", 0: "10-29T02:00:00", 5: "10-29T07:00:00"}
    all_reactions = {
        -5: reacted("10-29T08:30:00"),
        -1: reacted("10-29T02:30:00"),
        0: reacted("10-29T02:30:00"),
        5: None,
    }
    messages = [
        said(number, CHANGE + at * HOUR, date=f"2023-{local}", **({"reactions": found} if found else {}))
        for number, (at, local) in enumerate(said_at.items(), 1)
        for found in [all_reactions[at]]
    ]
    path = write(tmp_path / "x.json", group(*messages))
    # six and a half hours later by a clock that went back; the hour that was twice, before the change and after it
    assert sorted(times(path)) == [-0.5, 0.5, 6.5]
    sparse = messages[:1] + messages[-1:]  # nobody says when between these two the clock changed, but Berlin's did then
    assert times(write(path, group(*sparse))) == [6.5]
    sparse[0]["reactions"] = reacted("10-29T04:30:00")
    assert times(write(path, group(*sparse))) == [2.5]
    forward = CHANGE + 154 * 24 * HOUR  # 2024-03-31T01:00:00Z
    spring = [
        said(1, forward - HOUR, date="2024-03-31T01:00:00", reactions=reacted("x")),
        said(2, forward, date="2024-03-31T03:00:00"),
    ]
    spring[0]["reactions"][0]["recent"][0]["date"] = "2024-03-31T03:10:00"
    (reaction,) = (e for e in records("telegram", write(path, group(*spring))) if e["type"] == "reaction")
    assert reaction["ts_ms"] // 1000 - forward == 600


def test_a_reaction_is_no_edit_and_never_before_its_message(tmp_path: Path) -> None:
    touched = said(
        1, CHANGE, date="2023-10-29T02:00:00", reactions=reacted("10-29T02:10:00"), edited_unixtime=str(CHANGE + 600)
    )
    changed = said(
        2, CHANGE + 9, date="2023-10-29T02:00:09", reactions=reacted("10-28"), edited_unixtime=str(CHANGE + 60)
    )
    path = write(tmp_path / "x.json", group(touched, changed))
    assert [event["message_id"] for event in records("telegram", path) if event["type"] == "edit"] == ["2"]
    assert times(path) == [9 / HOUR, 600 / HOUR]
    assert list(passed_over(path).values()) == [1]


def test_who_speaks_in_the_group_s_name_is_the_group(tmp_path: Path) -> None:
    name = {"from": "Group", "from_id": "channel5", "actor": "Group", "actor_id": "channel5"}
    messages = [
        happened(1, "create_channel", **name | {"title": "Group"}),
        happened(2, "invite_members", members=["Ben"], **name),
        said(3, 1_700_000_001, **name),
        said(4, 1_700_000_002, **name),
        said(5, 1_700_000_003, reply_to_message_id=4),
    ]
    found = records("telegram", write(tmp_path / "x.json", group(*messages, kind="private_supergroup")))
    itself = "-1000000000005"
    assert [(e["type"], e.get("inviter_id")) for e in found if e["type"] == "join"] == [("join", None)]
    assert [e["ts_ms"] for e in found if e.get("role") == "operator"] == [1_700_000_000_999]
    assert [e["member_id"] for e in found if e["type"] == "message"] == [itself, itself, "1"]
    assert [e["reply_to_member_id"] for e in found if "reply_to_member_id" in e] == [itself]
    assert not any("nickname" in e for e in found if e.get("member_id") == itself)


def test_who_founds_a_group_joins_once_and_by_name_nobody_else_is_meant(tmp_path: Path) -> None:
    founded = happened(1, "create_group", title="Group", members=["Ann", "Ben"])
    again = happened(2, "invite_members", members=["Ann"])
    found = records("telegram", write(tmp_path / "x.json", group(founded, again)))
    assert [e["event_id"] for e in found if e["type"] == "join"] == [
        "telegram:-5:1:join", "telegram:-5:1:join:1", "telegram:-5:2:join:0",
    ]  # fmt: skip


def test_messages_are_read_once_and_answers_to_none_are_none(tmp_path: Path) -> None:
    messages = [
        said(7, 1_700_000_000, reply_to_message_id=3),
        said(8, 1_700_000_001, reply_to_message_id=7),
        said(8, 1_700_000_001, reply_to_message_id=7),
        said(9, 1_700_000_002, reply_to_message_id=7, reply_to_peer_id="channel9"),
        happened(10, "pin_message"),
        happened(11, "fly_to_the_moon"),
        happened(12, "x" * 99),
    ]
    path = write(tmp_path / "x.json", group(*messages))
    replies = {
        e["message_id"]: e.get("reply_to_message_id") for e in records("telegram", path) if e["type"] == "message"
    }
    assert replies == {"7": None, "8": "7", "9": None}
    assert passed_over(path) == {
        "answers to messages outside the export (the messages themselves count)": 2,
        "messages whose id appeared in the chat before": 1,
        "service messages that do not concern members": 1,
        "service messages of unknown kinds (fly_to_the_moon)": 1,
        "service messages of unknown kinds (no name)": 1,
    }


@pytest.mark.parametrize("kind", NO_GROUPS)
def test_chats_that_are_no_groups_are_named(kind: str, tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", group(said(1, 1_700_000_000), kind=kind))
    assert passed_over(path) == {NO_GROUPS[kind]: 1}
    assert not problems("telegram", path)


def test_chats_of_new_kinds_are_reported(tmp_path: Path) -> None:
    path = write(tmp_path / "x.json", group(said(1, 1_700_000_000), kind="hologram"))
    assert [(found.kind, "hologram" in found.reason) for found in problems("telegram", path)] == [
        ("unknown_chat", True)
    ]


@pytest.mark.parametrize("empty", ["[]", "[\n ]"])
def test_a_group_without_messages_is_named(empty: str, tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_text(f'{{\n "name": "Tea",\n "type": "private_group",\n "id": 5,\n "messages": {empty}\n}}')
    assert passed_over(path) == {"groups without messages": 1}
    assert not problems("telegram", path)


def test_a_file_that_was_cut_off_is_reported_wherever_it_ends(tmp_path: Path) -> None:
    path = write(
        tmp_path / "x.json", {"chats": {"list": [group(said(1, 1_700_000_000)), group(said(2, 1_700_000_001))]}}
    )
    lines = path.read_text().splitlines()
    for count in range(lines.index('    "messages": [') + 1, len(lines)):
        path.write_text("\n".join(lines[:count]) + "\n")
        assert [found.kind for found in problems("telegram", path)] == ["layout"], lines[count - 1]
    path.write_text("\n".join(lines) + "\n")
    assert not problems("telegram", path)


def test_custom_emoji_without_quotes_are_read(tmp_path: Path) -> None:
    parts = [{"type": "custom_emoji", "text": "x", "document_id": name} for name in ("FILE (2).webm", "5", "ID")]
    path = write(tmp_path / "x.json", group(said(1, 1_700_000_000, text=parts)))
    path.write_text(path.read_text().replace('"FILE (2).webm"', "files/sticker (2).webm").replace('"ID"', "1234"))
    assert [event["text_len"] for event in records("telegram", path) if event["type"] == "message"] == [3]


def test_supergroups_are_not_joined_by_guessing(tmp_path: Path) -> None:
    def pair(old: int, new: int) -> list[dict[str, Any]]:
        gone, came = happened(1, "migrate_to_supergroup"), happened(1, "migrate_from_group", title="Group")
        return [group(gone, number=old), group(came, said(2, 1_700_000_009), number=new, kind="private_supergroup")]

    path = write(tmp_path / "x.json", {"chats": {"list": pair(6, 16) + pair(7, 17)}})
    assert {e["group_id"] for e in records("telegram", path)} >= {
        "telegram:-:-1000000000016",
        "telegram:-:-1000000000017",
    }
    assert [found.kind for found in problems("telegram", path)] == ["first_id"] * 2
    alone = write(tmp_path / "y.json", {"chats": {"list": list(reversed(pair(6, 16)))}})
    assert {e["group_id"] for e in records("telegram", alone)} == {"telegram:-:-6"}
    assert not problems("telegram", alone)


@pytest.mark.parametrize("old_in_new", [False, True])
@pytest.mark.parametrize("whole_first", [False, True])
def test_a_group_stays_one_whichever_export_comes_first(whole_first: bool, old_in_new: bool, tmp_path: Path) -> None:
    """The whole account's export, and that of the supergroup alone, with or without what was before it."""
    before = [happened(1, "create_group", title="Group", members=["Ann"]), said(2, 1_700_000_001)]
    gone, came = happened(3, "migrate_to_supergroup"), happened(1, "migrate_from_group", title="Group")
    after = [came, said(2, 1_700_000_009), said(3, 1_700_000_010)]
    old = [message | {"id": message["id"] - 10**9} for message in (*before, gone)] if old_in_new else []
    alone = group(*old, *after, number=16, kind="private_supergroup")
    whole = {"chats": {"list": [group(*before, gone, number=6), alone | {"messages": after}]}}
    found = []
    for number, export in enumerate([whole, alone] if whole_first else [alone, whole]):
        path = write(tmp_path / f"{number}.json", export)
        found += records("telegram", path, memory=tmp_path / "memory")
    assert {e["group_id"] for e in found} == {"telegram:-:-6" if whole_first else "telegram:-:-1000000000016"}
    assert len({e["event_id"] for e in found if e["type"] == "message"}) == 3
    assert len({e["event_id"] for e in found if e["type"] == "join"}) == 1


def test_names_are_remembered_unless_exports_contradict_each_other(tmp_path: Path) -> None:
    def known(name: str, *messages: dict[str, Any]) -> list[str]:
        path = write(tmp_path / name, group(*messages))
        found = list(read_telegram(path, Options(memory=tmp_path / "memory"), START))
        return [str(value) for chunk in found for value in chunk.values if b'"leave"' in value]

    removed = happened(9, "remove_members", members=["Kim"])
    assert "name:" in known("0", removed)[0]
    known("1", said(1, 1_700_000_000, "user7", **{"from": "Kim"}))
    assert '"member_id":"7"' in known("2", removed)[0]
    known("3", said(2, 1_700_000_000, "user8", **{"from": "Kim"}))
    assert "name:" in known("4", removed)[0]
    for file in (tmp_path / "memory").iterdir():
        file.write_text("{")
    assert "name:" in known("5", removed)[0]


def test_runs_of_numbers_hold_any_numbers() -> None:
    held = Numbers()
    for number in (5, 6, 9, 7, -3, 2**70, -(2**70), 9):
        held.add(number)
    assert [number in held for number in (4, 5, 6, 7, 8, 9, 10, -3, 2**70, -(2**70), 2**69)] == [
        False, True, True, True, False, True, False, True, True, True, False,
    ]  # fmt: skip
