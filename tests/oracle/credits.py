"""Paths of conversions and what gets credit for them, computed slowly and obviously, in whole fractions."""

from collections import Counter, defaultdict
from fractions import Fraction
from typing import Any
from zlib import crc32

from tests.oracle.answers import Row, account_of, date_of, moment
from tests.oracle.calls import answers_of, calls_of
from tests.oracle.community import HOUR_MS, membership
from tests.oracle.people import ABSURD, People
from tests.oracle.people import payers as people_payers

KINDS = ("join", "click", "signup", "answer", "contact", "shared")
HOURS = {"join": 720, "click": 168, "signup": 720, "answer": 168, "contact": 720, "shared": 24}
GOALS = ("signup", "trial", "share")
DIMENSIONS = ("campaign", "channel", "group", "sharer", "inviter", "call")
MODELS = ("first", "last", "linear", "position", "decay", "shapley")
NOTHING = dict.fromkeys((*DIMENSIONS, "link"), "")
Touch = dict[str, Any]


def staff(people: People) -> set[str]:
    """Who is more than a plain member somewhere."""
    return {
        people.person(account_of(name, member))
        for name, group in people.groups.items()
        for member in group.members()
        if membership(group, member)["role"] != "member"
    }


def tie(key: tuple[str, ...]) -> int:
    """Orders events of one time and kind, by their ids, or the group and call of an answer."""
    return crc32(" ".join(key).encode())


def touches(people: People) -> dict[str, list[Touch]]:
    """Person -> touches, oldest first."""
    found: dict[str, dict[Any, Touch]] = defaultdict(dict)
    nobody = staff(people)

    def add(who: str, kind: str, ms: int, key: tuple[str, ...], other: str = "", **values: Any) -> None:
        person, brought = people.person(who), people.person(other) if other else ""
        if brought == person or (kind != "shared" and brought in nobody):
            brought = ""
        named = {name: values.get(name) or "" for name in NOTHING}
        if kind in ("join", "signup"):
            named["inviter"] = brought
        if kind == "click":
            named["sharer"] = brought
        if any(named.values()) and (kind != "shared" or brought):
            found[person][ms, KINDS.index(kind), tie(key)] = {"ms": ms, "kind": kind} | named

    for name, group in people.groups.items():
        for e, _ in group.log:
            if e["type"] == "join" and e["member_id"] in group.members():
                inviter = account_of(name, e["inviter_id"]) if e["inviter_id"] else ""
                ways = {"campaign": e["campaign_id"], "channel": e["channel"], "link": e["link_id"], "group": name}
                add(account_of(name, e["member_id"]), "join", e["ts_ms"], (e["event_id"],), inviter, **ways)
    for e in people.product:
        ways = {one: e.get(f"{one}_id") for one in ("campaign", "group", "link", "call")} | {
            "channel": e.get("channel")
        }
        key = (e["event_id"],)
        if e["type"] == "click":
            add(e["user_id"], "click", e["ts_ms"], key, e["sharer_user_id"] or "", **ways)
            if e["sharer_user_id"]:
                add(e["sharer_user_id"], "shared", e["ts_ms"], key, e["user_id"], **ways)
        if e["type"] == "signup":
            add(e["user_id"], "signup", e["ts_ms"], key, e["referrer_user_id"] or "", **ways)
        if e["type"] == "contact" and e["outcome"] == "reached":
            add(e["user_id"], "contact", e["ts_ms"], key, group=e["group_id"])
    calls = calls_of(people)
    of = {call.key: call.event for call in calls}
    for (name, call_id), members in answers_of(people, calls).items():
        for member, times in members.items():
            ways = {"group": name, "call": call_id, "campaign": of[name, call_id]["campaign_id"]}
            add(account_of(name, member), "answer", min(times), (name, call_id), **ways)
    return {person: [one for _, one in sorted(mine.items())] for person, mine in found.items()}


def conversions(people: People) -> list[Row]:
    """What converts: orders that count, first sign-ups, trials and shares."""
    rows = [
        {"goal": "purchase", "id": o["order_id"], "user": o["user_id"], "ms": o["ts_ms"], "net": o["net_minor"],
         "currency": o["currency"]}
        for o in people.orders() if o["amount_minor"] < ABSURD
    ]  # fmt: skip
    events = {
        (e["type"], e["event_id"]): {
            "goal": e["type"], "id": e["event_id"], "user": e["user_id"], "ms": e["ts_ms"], "net": 0, "currency": "",
        }
        for e in people.product if e["type"] in GOALS
    }  # fmt: skip
    signed_up = set[str]()
    for row in sorted(events.values(), key=lambda row: (row["ms"], row["id"].encode())):
        person = people.person(row["user"])
        if row["goal"] != "signup" or person not in signed_up:
            rows.append(row)
        if row["goal"] == "signup":
            signed_up.add(person)
    return rows


def path_of(row: Row, mine: list[Touch]) -> list[Touch]:
    """The touches on the path of a conversion."""
    return [one for one in mine if 0 <= row["ms"] - one["ms"] < HOURS[one["kind"]] * HOUR_MS]


def weights(model: str, path: list[Touch], ms: int, dimension: str = "") -> list[Fraction]:
    """What part of the conversion every touch gets."""
    n = len(path)
    if model == "first":
        found = [Fraction(i == 0) for i in range(n)]
    elif model == "last":
        found = [Fraction(i == n - 1) for i in range(n)]
    elif model == "position" and n > 2:
        found = [Fraction(2, 5) if i in (0, n - 1) else Fraction(1, 5 * (n - 2)) for i in range(n)]
    elif model == "decay":
        found = [Fraction(2.0 ** (-(ms - one["ms"]) / (168 * HOUR_MS))) for one in path]
    elif model == "shapley":
        times = Counter(one[dimension] for one in path)
        found = [Fraction(1, len(times) * times[one[dimension]]) for one in path]
    else:
        found = [Fraction(1, n)] * n
    return [part / sum(found) for part in found]


def allocated(total: int, parts: list[Fraction]) -> list[int]:
    """A total by largest remainder, the earlier first."""
    exact = [total * part for part in parts]
    found = [int(one) for one in exact]
    order = sorted(range(len(parts)), key=lambda i: (found[i] - exact[i], i))
    for i in order[: total - sum(found)]:
        found[i] += 1
    return found


def conversion_paths(people: People) -> list[Row]:
    known, rows = touches(people), []
    for row in conversions(people):
        path = path_of(row, known.get(people.person(row["user"]), []))
        parts = weights("linear", path, row["ms"]) if path else []
        columns = {"channels" if name == "channel" else f"{name}_ids": [one[name] for one in path] for name in NOTHING}
        rows.append({
            "day": date_of(people.days.of(row["ms"])), "goal": row["goal"], "conversion_id": row["id"],
            "person_id": people.person(row["user"]),
            "user_id": row["user"], "converted_at": moment(row["ms"], people.zone), "net_minor": row["net"],
            "currency": row["currency"], "touches": len(path), "older": 0, "kinds": [one["kind"] for one in path],
            "touched_at": [moment(one["ms"], people.zone) for one in path],
            "credits": [one / 1e6 for one in allocated(1_000_000, parts)],
            "credits_minor": allocated(row["net"], parts),
        } | columns)  # fmt: skip
    return rows


def chat_to_purchase(people: People) -> list[Row]:
    known, sums = touches(people), dict[tuple[str, ...], Row]()
    for row in conversions(people):
        if not people.today - 28 < people.days.of(row["ms"]) <= people.today:
            continue
        path = path_of(row, known.get(people.person(row["user"]), []))
        for dimension in DIMENSIONS:
            values = [one[dimension] for one in path] or [""]
            for value in dict.fromkeys(values):
                cell = sums.setdefault((row["goal"], row["currency"], dimension, value), Counter())
                cell["conversions"] += 1
                cell["direct"] += not path
            for model in MODELS:
                parts = weights(model, path, row["ms"], dimension) if path else [Fraction(1)]
                for name, total in ((model, 1_000_000), (f"{model}_minor", row["net"])):
                    for value, amount in zip(values, allocated(total, parts), strict=True):
                        sums[row["goal"], row["currency"], dimension, value][name] += amount
    return [
        dict(zip(("goal", "currency", "dimension", "value"), key, strict=True))
        | {"conversions": cell["conversions"], "direct": cell["direct"]}
        | {model: cell[model] / 1e6 for model in MODELS}
        | {f"{model}_minor": cell[f"{model}_minor"] for model in MODELS}
        for key, cell in sums.items()
    ]


def payers(people: People) -> list[Row]:
    """What groups are credited with for orders, beside their payers."""
    known, sums = touches(people), Counter[tuple[str, str]]()
    for row in conversions(people):
        path = path_of(row, known.get(people.person(row["user"]), []))
        parts = weights("linear", path, row["ms"]) if path else []
        for one, amount in zip(path, allocated(row["net"], parts), strict=True):
            if one["group"] and row["currency"]:
                sums[one["group"], row["currency"]] += amount
                sums["*", row["currency"]] += amount
    return [
        {name: row[name] for name in ("group_id", "currency")}
        | {"revenue_credited_minor": sums[row["group_id"], row["currency"]]}
        for row in people_payers(people)
    ]


ANSWERS = {answer.__name__: answer for answer in (conversion_paths, chat_to_purchase, payers)}
