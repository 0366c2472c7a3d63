"""What every closed day of a history holds: members and their states, what changed, counts; by the definitions of
`tests.oracle.history`, one day after the other."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple, get_args

from schemas.chat import Role
from tests.oracle.answers import SUMS, WIDTHS, Row, account_of, date_of, rates_of, tiers_of
from tests.oracle.community import Days, Event
from tests.oracle.history import ABOUT_GROUPS, Known, Member, Place, Sources
from tests.oracle.people import EFFECTIVE, Before, chance, changed, counts, state_of

_ROLES = get_args(Role)
#: As many days tell of a member's gaps.
MASK = 128
#: The chance of a member: days active, of all times; the first day known; the day at whose end the member is looked at.
Chance = Callable[[frozenset[int], int, int], float]


def _idle(days: frozenset[int], first: int, day: int) -> float:
    return chance([day - one for one in days], day - first, 0)


class Fit(NamedTuple):
    """The score of a day: the chance of members, below which one is a zombie, and how usual gaps are that long."""

    chance: Chance = _idle
    theta: float = 1 / 30
    longer: tuple[float, ...] = (1.0,) * (MASK + 1)


#: The score without data.
UNFITTED = Fit()


@dataclass(frozen=True)
class ClosedDay:
    """A closed day: offsets before which it knows everything, members by group and id, and the rows that land of it.

    members: with person, state, reason, previous, since, returned (days as numbers) and the evidence.
    """

    day: int
    cut: dict[Place, int]
    members: dict[tuple[str, str], Row]
    transitions: list[Row]
    counts: list[Row]
    windows: list[Row]
    tiers: list[Row]


def history(sources: Sources, fit: Callable[[int], Fit] = lambda _: UNFITTED) -> dict[int, ClosedDay]:
    """Every closed day, oldest first; `fit` is the score of a day."""
    found: dict[int, ClosedDay] = {}
    before: dict[tuple[str, str], Row] = {}
    for day in sources.days():
        score = fit(day)
        members = _members(sources, day, score, before)
        found[day] = ClosedDay(
            day, sources.cut(day), members, _transitions(day, members, before),
            _counts(sources, day, members, score.theta), _windows(sources, day, members), _tiers(sources, day, members),
        )  # fmt: skip
        before = members
    return found


# --- members --------------------------------------------------------------------------------------------------------


def _members(sources: Sources, day: int, fit: Fit, before: dict[tuple[str, str], Row]) -> dict[tuple[str, str], Row]:
    owners = sources.owners(day)

    def person(one: str) -> str:
        return str(owners[one]["person_id"]) if one in owners else one

    used, here = defaultdict(set[int]), defaultdict(set[int])
    for user, days in sources.used.items():
        used[person(user)] |= _until(days, day)
    posts = _posts(sources, day)
    for (user, kind, name), days in sources.references.items():
        for group in {name} if kind == "group" else posts[kind, name]:
            here[person(user), group] |= _until(days, day)
    rosters = {name: _roster(_known(facts, day)) for name, facts in sources.groups.items()}
    reading, rows = _reading(sources, day), {}
    for (group, member), about in sorted(sources.members.items()):
        row = _evidence(about, day, fit, rosters.get(group, (0, 0)), sources.local)
        if row is not None and not (row["role"] == "alias" and member.startswith("name:")):
            account = account_of(group, member)
            rows[group, member] = row | {
                "group_id": group, "member_id": member, "account_id": account, "person_id": person(account),
                "linked": int(account in owners and not owners[account]["quarantined"]),
                "reads_reported": int(group in reading),
            }  # fmt: skip
    active = Counter(
        row["person_id"] for row in rows.values() if any(min(ages, default=28) < 28 for ages in row["ages"].values())
    )
    for key, row in rows.items():
        mine = used[row["person_id"]]
        row["groups_28d"] = active[row["person_id"]]
        row["in_product"] = int(row["linked"] or bool(mine))
        row["used_28d"] = any(day - one < 28 for one in mine)
        row["acted_here_28d"] = any(day - one < 28 for one in here[row["person_id"], row["group_id"]])
        was = before.get(key)
        known = Before(was["state"], was["since"], was["returned"]) if was else Before()
        row["state"], row["reason"] = state_of(row, known.state, fit.theta)
        row["fading"] = int(row["state"] in EFFECTIVE and row["score"] < row["score_28d_ago"] / 2)
        row |= changed(row["state"], known, day)
    return rows


def _reading(sources: Sources, day: int) -> set[str]:
    """Groups of which a source has reported who reads: there, a silent reader can be told from somebody absent."""
    return {
        group
        for (group, _), about in sources.members.items()
        if any("read" in what for one, what in about.acts.items() if one <= day)
    }


def _until(days: Iterable[int], day: int) -> set[int]:
    return {one for one in days if one <= day}


def _known(facts: Iterable[Known], day: int) -> list[Known]:
    return [one for one in facts if one.since <= day]


def _posts(sources: Sources, day: int) -> dict[tuple[str, str], set[str]]:
    """(call or link, its id) -> groups where it was posted."""
    found = defaultdict(set)
    for group, facts in sources.groups.items():
        for event, *_ in _known(facts, day):
            if event["type"] not in ("call", "message") or (event["type"] == "call" and event["holdout"]):
                continue
            if event["type"] == "call":
                found["call", event["call_id"]].add(group)
            for link in event["link_ids"]:
                found["link", link].add(group)
    return found


def _evidence(about: Member, day: int, fit: Fit, roster: tuple[int, int], days: Days) -> Row | None:
    """What a day knows of a membership by itself; None: nothing."""
    acts = {one: what for one, what in about.acts.items() if one <= day}
    facts = _known(about.facts, day)
    if not acts and not facts:
        return None
    told = [one.event for one in facts]
    joins = [e["ts_ms"] for e in told if e["type"] == "join"]
    joins += [e["joined_at_ms"] for e in told if e["type"] == "roster" and e["joined_at_ms"]]
    joined = days.of(min(joins)) if joins else None
    roles = [(e["ts_ms"], _ROLES.index(e["role"])) for e in told if e["type"] in ("roster", "profile") and e["role"]]
    first, active = min([*acts, *(one.day for one in facts)]), frozenset(acts)
    then = frozenset(one for one in acts if one <= day - 28)
    return {
        "role": _ROLES[max(roles, default=(0, 0))[1]], "present": not _gone(told, max(acts, default=None), roster),
        "ages": {what: {day - one for one in acts if what in acts[one]} for what in ("spoke", "reacted", "read")},
        "new": joined is not None and day - 7 < joined <= day,
        "score": fit.chance(active, first, day), "rhythm": _rhythm(active, day, fit.longer),
        "score_28d_ago": fit.chance(then, first, day - 28) if first <= day - 28 else 0.0,
    }  # fmt: skip


def _gone(told: list[Event], active: int | None, roster: tuple[int, int]) -> bool:
    """Whether the newest word is a leave, or a complete roster of a later day than any activity."""
    came = max((e["ts_ms"] for e in told if e["type"] in ("join", "roster")), default=0)
    went = max((e["ts_ms"] for e in told if e["type"] == "leave"), default=0)
    start, start_day = roster
    missed = start > max(came, min((e["ts_ms"] for e in told), default=0))
    return (went > 0 and went >= came) or (missed and (active is None or start_day > active))


def _roster(facts: list[Known]) -> tuple[int, int]:
    """When the newest complete roster of a group began, and the day of it."""
    rosters: dict[str, list[tuple[int, int]]] = defaultdict(list)
    complete = set()
    for event, day, *_ in facts:
        if event["type"] in ("roster", "roster_end"):
            rosters[event["snapshot_id"]].append((event["ts_ms"], day))
            if event.get("complete"):
                complete.add(event["snapshot_id"])
    newest = max(((max(rosters[one]), min(rosters[one])) for one in complete), default=None)
    return newest[1] if newest else (0, 0)


def _rhythm(active: frozenset[int], day: int, longer: tuple[float, ...]) -> float:
    """How usual the silence is, beside the gaps between active days within a mask."""
    ages = sorted(day - one for one in active if day - one < MASK)
    gaps = [older - newer for newer, older in pairwise(ages)]
    silent = ages[0] if ages else MASK
    return (sum(gap >= silent for gap in gaps) + 2 * longer[silent]) / (len(gaps) + 2)


# --- rows -----------------------------------------------------------------------------------------------------------


def _transitions(day: int, members: dict[tuple[str, str], Row], before: dict[tuple[str, str], Row]) -> list[Row]:
    """Members who are new, or of whom something is another than the day before."""
    names = (
        "group_id",
        "member_id",
        "person_id",
        "previous",
        "state",
        "reason",
        "score",
        "rhythm",
        "fading",
        "groups_28d",
    )
    said = ("state", "reason", "fading")
    return [
        {"day": date_of(day)} | {name: row[name] for name in names}
        for key, row in members.items()
        if key not in before or any(row[name] != before[key][name] for name in said)
    ]


def _counts(sources: Sources, day: int, members: dict[tuple[str, str], Row], theta: float) -> list[Row]:
    """Rows of every group of which anything is known, and of everybody (`*`)."""
    sizes: dict[str, int] = {}
    for group, facts in sources.groups.items():
        known = [one.event for one in _known(facts, day)]
        told = [
            (e["ts_ms"], e["member_count"]) for e in known if e["type"] == "group" and e["member_count"] is not None
        ]
        if any(e["type"] in ABOUT_GROUPS for e in known):
            sizes[group] = max(told, default=(0, 0))[1]
    rows = sorted(counts(members.values(), sizes, theta), key=lambda row: str(row["group_id"]))
    return [{"day": date_of(day)} | row for row in rows]


def _windows(sources: Sources, day: int, members: dict[tuple[str, str], Row]) -> list[Row]:
    """Rows of `rolling_activity_daily`: of every group in whose 28 days anything happened, and of everybody (`*`)."""
    inside: dict[str, list[Row]] = defaultdict(list)
    for (group, _), row in members.items():
        inside[group].append(row)
    rows = []
    for group in (*sorted({*sources.counted, *inside}), "*"):
        counted = sources.counted.values() if group == "*" else [sources.counted.get(group, {})]
        some = members.values() if group == "*" else inside[group]
        who = "person_id" if group == "*" else "member_id"
        found = {window: _window(day, width, counted, some, who) for window, width in WIDTHS.items()}
        if group == "*" or any(n for row in found.values() for n in row.values()):
            rates = rates_of(*(found[window]["speakers"] for window in WIDTHS))
            rows += [{"group_id": group, "day": date_of(day), "window": w} | row | rates for w, row in found.items()]
    return rows


def _window(
    day: int, width: int, counted: Iterable[Mapping[int, Counter[str]]], members: Iterable[Row], who: str
) -> Row:
    total: Counter[str] = Counter()
    for days in counted:
        for one in range(day - width + 1, day + 1):
            total.update(days.get(one, {}))
    active = {
        name: len({row[who] for row in members if any(age < width for age in row["ages"][what])})
        for name, what in (("speakers", "spoke"), ("reactors", "reacted"), ("readers", "read"))
    }
    return {name: total[name] for name in SUMS} | active


def _tiers(sources: Sources, day: int, members: dict[tuple[str, str], Row]) -> list[Row]:
    """Rows of `tiers_daily`: of every group with plain members, and of everybody once (`*`)."""
    base: dict[str, dict[str, list[tuple[str, str]]]] = defaultdict(lambda: defaultdict(list))
    for (group, member), row in members.items():
        if row["present"] and row["role"] == "member":
            base[group][member].append((group, member))
            base["*"][row["person_id"]].append((group, member))
    rows = []
    for group, people in base.items():
        days = {
            one: {age for key in mine for age in members[key]["ages"]["spoke"] if age < 28}
            for one, mine in people.items()
        }
        messages = {
            one: sum(sources.members[key].messages[d] for key in mine for d in range(day - 27, day + 1))
            for one, mine in people.items()
        }
        spoken = {one: len(found) for one, found in days.items()}
        rows.append({"group_id": group, "day": date_of(day)} | tiers_of(spoken, messages))
    return rows
