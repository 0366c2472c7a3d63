"""Who comes when called, computed slowly and obviously: every call against every member and every act."""

from collections import defaultdict
from statistics import median
from typing import Any, NamedTuple, get_args

from schemas.chat import Role
from tests.oracle.answers import Row, account_of, moment
from tests.oracle.community import HOUR_MS, Event, Group, membership
from tests.oracle.landed import is_fact
from tests.oracle.people import People

_TOLD = ("call_id", "kind", "implicit", "series_id", "variant", "window_h")
_ANSWERS = ("click", "share", "signup", "trial", "purchase")
#: (group, call) -> member -> times of answers.
Answers = dict[tuple[str, str], dict[str, list[int]]]


class Call(NamedTuple):
    """One call, its window, and the members that were in the group."""

    group: str
    event: Event
    begin: int
    end: int
    exposed: list[str]

    @property
    def key(self) -> tuple[str, str]:
        return self.group, str(self.event["call_id"])

    def open_at(self, ts_ms: int) -> bool:
        return self.begin <= ts_ms < self.end


def calls_of(people: People) -> list[Call]:
    """Every call of every group; one sent again is as it was told first."""
    found = []
    for name, group in people.groups.items():
        told: dict[str, list[Event]] = defaultdict(list)
        posts: dict[str, list[Event]] = defaultdict(list)
        for e, _ in group.log:
            if e["type"] == "call":
                told[e["call_id"]].append(e)
            elif e["type"] == "message" and is_fact(e) and not e["call_id"]:
                posts[e["message_id"]].append(e)
        calls = [_first(same) | {"implicit": 0} for same in told.values() if not _first(same)["holdout"]]
        taken = {call["message_id"] for call in calls}
        for message, same in posts.items():
            first = _first(same)
            if message not in taken and _role(_before(group, first["ts_ms"]), first["member_id"]) == 1:
                calls.append(_implicit(first))
        for call in calls:
            begin = call["ts_ms"]
            exposed = [member for member in group.members() if _in_group(group, member, begin)]
            found.append(Call(name, call, begin, begin + call["window_h"] * HOUR_MS, exposed))
    return found


def _first(same: list[Event]) -> Event:
    return min(same, key=lambda e: (e["ts_ms"], e["event_id"]))


def _implicit(message: Event) -> Event:
    """The call that an operator's message is."""
    kind = message["kind"] if message["kind"] in ("poll", "miniprogram") else "link"
    if kind == "link" and message["mentions_all"]:
        kind = "to_all"
    return message | {
        "call_id": f"message:{message['message_id']}", "kind": kind, "series_id": None, "variant": None, "window_h": 48,
        "implicit": 1,
    }  # fmt: skip


def _before(group: Group, ts_ms: int) -> list[Event]:
    return [e for e, _ in group.log if e["ts_ms"] < ts_ms]


def _role(before: list[Event], member: str) -> int:
    """A member's role by what came before, as a number."""
    roles = [
        (e["ts_ms"], get_args(Role).index(e["role"])) for e in before if e.get("member_id") == member and e.get("role")
    ]
    return max(roles, default=(0, 0))[1]


def _in_group(group: Group, member: str, called: int) -> bool:
    """Whether somebody was in the group as a plain member, by what came before the call."""
    before = _before(group, called)
    mine = [e for e in before if e.get("member_id") == member]
    if not mine:
        return False
    came = max((e["ts_ms"] for e in mine if e["type"] in ("join", "roster")), default=0)
    went = max((e["ts_ms"] for e in mine if e["type"] == "leave"), default=0)
    rosters: dict[str, list[Event]] = defaultdict(list)
    for e in before:
        if e["type"] in ("roster", "roster_end"):
            rosters[e["snapshot_id"]].append(e)
    whole = [
        (max(e["ts_ms"] for e in some), min(e["ts_ms"] for e in some))
        for some in rosters.values()
        if any(e.get("complete") for e in some)
    ]
    known = membership(group, member)
    seen = max(came, known["first_ms"], known["last_ms"] or 0)
    missed = max(whole, default=(0, 0))[1] > seen
    return _role(before, member) == 0 and not (went and went >= came) and not missed


def _person(people: People, group: str, member: str) -> str:
    return people.person(account_of(group, member))


def _latest(calls: list[Call]) -> Call | None:
    return min(calls, key=lambda call: (-call.begin, call.key), default=None)


def answers_of(people: People, calls: list[Call]) -> Answers:
    """Which members answered which call, and when."""
    found: Answers = defaultdict(lambda: defaultdict(list))
    for name, group in people.groups.items():
        for e, _ in group.log:
            about = {"message": e.get("reply_to_message_id"), "reaction": e.get("message_id")}.get(e["type"])
            if about and not e.get("removed"):
                taken = _latest([
                    call for call in calls
                    if call.group == name and call.event["message_id"] == about and call.open_at(e["ts_ms"])
                    and e["member_id"] in call.exposed
                ])  # fmt: skip
                if taken:
                    found[taken.key][e["member_id"]].append(e["ts_ms"])
    for e in people.product:
        if e["type"] in _ANSWERS:
            person = people.person(e["user_id"])
            asked = {call.key: [m for m in call.exposed if _person(people, call.group, m) == person] for call in calls}
            taken = _latest([
                call for call in calls if call.open_at(e["ts_ms"]) and asked[call.key] and _named(e, call.event)
            ])  # fmt: skip
            for member in asked[taken.key] if taken else ():
                found[taken.key][member].append(e["ts_ms"])
    return found


def _named(act: Event, call: Event) -> bool:
    """Whether an act in the product is about a call."""
    if act.get("call_id"):
        return bool(act["call_id"] == call["call_id"])
    same_campaign = act.get("campaign_id") and act["campaign_id"] == call["campaign_id"]
    return bool(same_campaign or act.get("link_id") in call["link_ids"])


def _wrote(group: Group, members: list[str], begin: int, end: int) -> set[str]:
    return {
        e["member_id"]
        for e, _ in group.log
        if e["type"] == "message" and e["member_id"] in members and begin <= e["ts_ms"] < end
    }


def mobilizable(people: People) -> list[Row]:
    calls = calls_of(people)
    answers = answers_of(people, calls)
    rows = []
    for call in calls:
        first = {member: min(times) for member, times in answers[call.key].items()}
        group, size, answered = people.groups[call.group], len(call.exposed), len(first)
        before = len(_wrote(group, call.exposed, call.begin - (call.end - call.begin), call.begin))
        rows.append({
            "group_id": call.group, "called_at": moment(call.begin, people.zone),
            "open": int(call.end > people.now_ms), "exposed": size, "answered": answered,
            "rate": answered / size if size else None,
            "median_answer_s": median((ts - call.begin) / 1000 for ts in first.values()) if first else None,
            "talked": len(_wrote(group, call.exposed, call.begin, call.end) - set(first)),
            "talked_before": before, "talked_before_rate": before / size if size else None,
        } | {name: call.event[name] for name in _TOLD})  # fmt: skip
    return rows


def mobilizable_groups(people: People) -> list[Row]:
    calls = calls_of(people)
    answers = answers_of(people, calls)
    rows: list[Row] = []
    everybody: dict[str, list[tuple[bool, float]]] = defaultdict(list)
    for name, group in people.groups.items():
        closed = [call for call in calls if call.group == name and call.end <= people.now_ms]
        recent = sorted(closed, key=lambda call: (-call.begin, call.key))[:5]
        known: dict[str, dict[str, Any]] = {member: membership(group, member) for member in group.members()}
        present = [member for member, row in known.items() if row["present"] and row["role"] == "member"]
        asked = {m: sum(m in call.exposed for call in recent) for m in present}
        came = {m: sum(m in answers[call.key] for call in recent) for m in present}
        hopes = {m: (came[m] > 0, (came[m] + 1) / (asked[m] + 2)) for m in present}
        if recent:
            rows.append(_hoped(name, len(recent), list(hopes.values())))
            for member, hope in hopes.items():
                everybody[_person(people, name, member)].append(hope)
    if rows:
        best = [(any(came for came, _ in some), max(chance for _, chance in some)) for some in everybody.values()]
        rows.append(_hoped("*", sum(row["calls"] for row in rows), best))
    return rows


def _hoped(name: str, calls: int, hopes: list[tuple[bool, float]]) -> Row:
    return {
        "group_id": name, "calls": calls, "members": len(hopes), "answered_any": sum(came for came, _ in hopes),
        "expected_answerers": sum((chance for _, chance in hopes), 0.0),
    }  # fmt: skip


ANSWERS = {answer.__name__: answer for answer in (mobilizable, mobilizable_groups)}
