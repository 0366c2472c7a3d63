"""What exports come to: from files, imported one by one, to the answers, on real servers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from groupvitals.connections import clickhouse, kafka_address
from groupvitals.settings import Settings
from sinks.clickhouse.asking import Asked, ask
from sources.chunks import Options
from sources.importing import Import, Report, run
from tests.conftest import Run
from tests.sources.test_telegram import group, happened, said, write
from tests.streams.workers import Answers

pytestmark = pytest.mark.services
DAY_S = 86_400
BEGIN = 1_788_256_800
Bring = Callable[..., Report]


def ann(number: int, at: int, **fields: Any) -> dict[str, Any]:
    return said(number, BEGIN + at, "user1", **{"from": "Ann"} | fields)


def ben(number: int, at: int, name: str = "Ben", **fields: Any) -> dict[str, Any]:
    return said(number, BEGIN + at, "user2", **{"from": name} | fields)


def founded(*members: str) -> dict[str, Any]:
    return happened(1, "create_group", BEGIN, title="Tea", members=["Ann", *members])


def invited(*members: str) -> dict[str, Any]:
    return happened(2, "invite_members", BEGIN + 60, members=list(members))


def removed(number: int, at: int, name: str = "Ben") -> dict[str, Any]:
    return happened(number, "remove_members", BEGIN + at, members=[name])


#: Two exports of a group each: Ben and Cy are added, Ben speaks later on, and is removed. Cy never says a word.
EARLY = (founded(), invited("Ben", "Cy"), ann(3, 120))
LATE = (ben(4, 5 * DAY_S), ann(5, 6 * DAY_S), removed(6, 7 * DAY_S))
RENAMED = (founded(), invited("Benny", "Cyd"), ann(3, 120), ben(4, 5 * DAY_S, "Benny"), ann(5, 6 * DAY_S))
MONTHS: dict[int, tuple[str, tuple[tuple[dict[str, Any], ...], ...]]] = {
    101: ("at once", ((*EARLY, *LATE),)),
    102: ("the later export has all", (EARLY, (*EARLY, *LATE))),
    103: ("each export has its own weeks", (EARLY, LATE)),
    104: ("the later one first", ((*EARLY, *LATE), EARLY)),
    105: ("each its own weeks, the later one first", (LATE, EARLY)),
    106: ("from two computers", (EARLY, (*EARLY, *LATE))),
    107: ("both renamed meanwhile", (EARLY, (*RENAMED, removed(6, 7 * DAY_S, "Benny")))),
    108: ("removed by name, in weeks that do not name Ben's id", ((*EARLY, *LATE[:2]), LATE[2:])),
}  # fmt: skip
CHANNEL = "channel1600000099"
UNNAMED = {"from": "Chess", "from_id": "channel1700000007"}
POST = {"from": "News", "from_id": CHANNEL, "forwarded_from": "News", "saved_from": "News"}
LINK = [{"type": "link", "text": "https://example.org"}]
ANONYMOUS = group(
    ann(1, 0), ben(2, 60), said(3, BEGIN + 120, **UNNAMED), said(4, BEGIN + 180, **POST),
    said(5, BEGIN + 240, text=LINK, **UNNAMED), ann(6, 300, reply_to_message_id=4), number=1_700_000_007,
    kind="public_supergroup",
)  # fmt: skip
TOPIC = [ann(n, 60 * n, reply_to_message_id=10) for n in (11, 12)] + [ben(13, 900, reply_to_message_id=11)]


def migrated(old: int, new: int) -> list[dict[str, Any]]:
    """A group that became a supergroup, as an export of an account shows it."""
    gone = happened(4, "migrate_to_supergroup", BEGIN + 300)
    came = happened(1, "migrate_from_group", BEGIN + 301, title="Group")
    after = group(came, ann(2, 360), ben(3, 420, reply_to_message_id=2), number=new, kind="private_supergroup")
    return [group(founded("Ben"), ann(2, 60), ben(3, 120), gone, number=old), after]


def test_exports_come_to_the_same_people_however_they_are_cut(
    settings: Settings, groupvitals: Run, tmp_path: Path
) -> None:
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0

    def bring(home: str, *chats: dict[str, Any], option: str | None = None) -> Report:
        path = tmp_path / f"{len(list(tmp_path.glob('*.json')))}.json"
        write(path, chats[0] if len(chats) == 1 else {"chats": {"list": list(chats)}})
        place, prefix = tmp_path / home, settings.kafka.topic_prefix
        return run(Import("telegram", [path], kafka_address(settings), place, Options(group=option), prefix))

    for turn in range(2):
        for number, (how, files) in MONTHS.items():
            home = f"home{turn}" if how == "from two computers" else "home"
            for messages in files[turn : turn + 1]:
                bring(home, group(*messages, number=number))
        assert groupvitals("worker", "--agent", "all", "--until-caught-up").returncode == 0
    bring("home", ANONYMOUS)
    bring("home", group(*TOPIC, number=301))
    bring("home", *migrated(401, 1_700_000_401))
    bring("home", *migrated(402, 1_700_000_402), group(ann(1, 0), number=403), option="telegram:-:-402")
    whole = migrated(404, 1_700_000_404)
    bring("home", whole[1])
    bring("home", *whole)  # the supergroup has landed under its own id: that stays
    renamed = [happened(2, "edit_group_title", BEGIN + 60, title="Green"), ben(3, 120), ben(4, 180, "Benjamin")]
    bring("home", group(founded(), *renamed, number=501) | {"name": "Green"})
    assert groupvitals("worker", "--agent", "all", "--until-caught-up").returncode == 0

    assert groupvitals("worker", "--agent", "people", "--until-caught-up").returncode == 0

    address, answers = clickhouse(settings), Answers(settings)
    members = {row["group_id"]: row for row in ask(address, "effective_members", Asked())}
    activity = {row["group_id"]: row for row in ask(address, "rolling_activity", Asked()) if row["window"] == "28d"}
    for number, (how, _) in MONTHS.items():
        row, known = members[f"telegram:-:-{number}"], at_once(answers, number)
        assert (row["headcount"], row["left"]) == (2, 1), how
        assert known == at_once(answers, 101), how
    for words in (("rebuild", "--correct"), ("worker", "--agent", "all", "--until-caught-up", "--close-days")):
        told = groupvitals(*words)  # everybody is known by name and by id, and groups came one after the other
        assert told.returncode == 0, told.stderr
    daily = [row for row in answers.rows("effective_members_daily") if str(row["day"]) == "2026-09-05"]
    counted = {row["group_id"]: (row["headcount"], row["left"]) for row in daily}
    assert {counted.get(f"telegram:-:-{number}") for number in MONTHS} == {(3, 0)}, counted
    chess = "telegram:-:-1001700000007"
    assert [members[chess][name] for name in ("headcount", "effective")] == [2, 2]
    assert [activity[chess][name] for name in ("mau", "speakers", "messages", "replies")] == [2, 2, 5, 0]
    assert answers.value(f"SELECT countIf(implicit) FROM {{d}}.mobilizable WHERE group_id = '{chess}'") == 1
    topics = activity["telegram:-:-301"]
    assert (topics["messages"], topics["replies"]) == (3, 1)
    for one in ("telegram:-:-401", "telegram:-:-402", "telegram:-:-1001700000404"):
        assert (members[one]["headcount"], activity[one]["messages"], activity[one]["joins"]) == (2, 4, 2)
    assert not {"telegram:-:-1001700000401", "telegram:-:-1001700000402", "telegram:-:-404"} & members.keys()
    names = {row["group_id"]: (row["name"], row["aliases"]) for row in answers.rows("groups")}
    assert names["telegram:-:-401"] == ("Group", ["telegram:-:-1001700000401"])
    assert names["telegram:-:-501"] == ("Green", [])
    assert nicknames(answers, 501) == {"1": "Ann", "2": "Benjamin"}
    assert set(nicknames(answers, 107).values()) >= {"Ann", "Benny", "Cyd"}


def at_once(answers: Answers, number: int) -> list[tuple[Any, ...]]:
    """What is known of the members of a group; names instead of ids made from names."""
    found = []
    for row in answers.rows("memberships"):
        if row["group_id"] == f"telegram:-:-{number}":
            member = "Cy" if str(row["member_id"]).startswith("name:") else row["member_id"]
            found.append((member, *(row[name] for name in ("role", "present", "joined_at", "inviter_id", "source"))))
    return sorted(found)


def nicknames(answers: Answers, number: int) -> dict[str, str]:
    """The names of the members of a group, as answers show them."""
    rows = answers.rows("member_names")
    return {str(row["member_id"]): str(row["name"]) for row in rows if row["group_id"] == f"telegram:-:-{number}"}
