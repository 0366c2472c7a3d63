"""Which segment everybody was in at the end of a day, computed slowly and obviously."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, timedelta

from tests.oracle.answers import Row
from tests.oracle.community import membership
from tests.oracle.people import ABSURD, People
from tests.oracle.people_questions import MASK, chat_days, referrals, used_days


@dataclass
class _Mask:
    """What is known of somebody in one group, or as one user."""

    role: str
    seen: int
    first: int
    days: set[int]
    spoken: set[int]
    in_time: set[int]

    def known(self, days: set[int], day: int) -> set[int]:
        """Of these days those that the mask still holds, up to a day."""
        return {one for one in days if max(self.days) - MASK < one <= day}

    def forgotten(self, day: int) -> int | None:
        """The newest day up to this one of which the mask no longer tells."""
        newest = min(max(self.days) - MASK, day) if self.days else -1
        return newest if newest >= self.first else None

    def has_spoken(self, day: int) -> bool:
        everything = bool(self.spoken) and max(self.days) <= day
        return everything or bool(self.known(self.spoken, day)) or any(one <= day for one in self.in_time)


def _masks(people: People) -> dict[str, list[_Mask]]:
    found: dict[str, list[_Mask]] = defaultdict(list)
    for row in people.members():
        group, member = people.groups[row["group_id"]], row["member_id"]
        known = membership(group, member)
        first = people.days.of(known["first_ms"])
        seen = min(first, people.days.of(known["join_ms"])) if known["join_ms"] is not None else first
        messages = [e for e, _ in group.log if e["type"] == "message" and e["member_id"] == member]
        found[row["person_id"]].append(
            _Mask(
                known["role"], seen, first, chat_days(people, row["group_id"], member),
                {people.days.of(e["ts_ms"]) for e in messages},
                {day for day, who in group.member_days if who == member},
            )
        )  # fmt: skip
    for user, days in used_days(people).items():
        found[people.person(user)].append(_Mask("user", min(days), min(days), days, set(), set()))
    return found


def worth(people: People, day: int) -> dict[str, dict[str, Row]]:
    """Person -> currency -> orders paid by the end of a day, less what was refunded by then."""
    back: dict[tuple[str, str], Row] = {}
    for e in people.product:
        if e["type"] == "refund" and e["amount_minor"] < ABSURD:
            key = e["order_id"], e["refund_id"]
            back[key] = min(back.get(key, e), e, key=lambda e: (e["ts_ms"], e["event_id"]))
    found: dict[str, dict[str, Row]] = defaultdict(dict)
    for order in people.orders():
        paid = people.days.of(order["ts_ms"])
        if paid > day or order["absurd"]:
            continue
        asked = sum(
            e["amount_minor"] for (of, _), e in back.items()
            if of == order["order_id"] and e["currency"] == order["currency"] and people.days.of(e["ts_ms"]) <= day
        )  # fmt: skip
        one = found[order["person_id"]].setdefault(order["currency"], {"orders": 0, "net_minor": 0, "last": 0})
        one["orders"] += 1
        one["net_minor"] += max(order["amount_minor"] - asked, 0)
        one["last"] = max(one["last"], paid)
    return found


def segments(people: People, day: int | None = None) -> list[Row]:
    """One row a person who was known at the end of the day; today's without one."""
    day = people.today if day is None else day
    bought, signed_up = worth(people, day), defaultdict(set)
    for e in people.product:
        if e["type"] == "signup":
            signed_up[people.person(e["user_id"])].add(people.days.of(e["ts_ms"]))
    referred = Counter(referrer for (referrer, _), since in referrals(people).items() if since <= day)
    rows = []
    for person, masks in _masks(people).items():
        roles = {mask.role for mask in masks}
        if "member" not in roles and roles != {"user"}:
            continue  # an operator, alias or bot
        masks = [mask for mask in masks if mask.role in ("member", "user")]
        first = min(mask.seen for mask in masks)
        if first > day:
            continue
        last = max((one for mask in masks for one in mask.known(mask.days, day)), default=None)
        forgotten = max((one for mask in masks if (one := mask.forgotten(day)) is not None), default=None)
        activated = any(mask.has_spoken(day) for mask in masks) or any(one <= day for one in signed_up[person])
        revenue = any(one["net_minor"] > 0 for one in bought.get(person, {}).values())
        cycle = lifecycle(day, first, last, forgotten)
        level = stage(day, first, last, forgotten, activated, revenue, referred[person])
        row: Row = {
            "person_id": person, "day": _date(day), "lifecycle": cycle, "stage": level,
            "win_back": win_back(cycle, revenue, activated), "referred": referred[person],
            "first_seen": _date(first), "last_active": None if last is None else _date(last),
        }  # fmt: skip
        rows.append(row | most(bought.get(person, {})))
    return scored(rows)


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)


def lifecycle(day: int, first: int, last: int | None, forgotten: int | None) -> str | None:
    since = first if last is None else max(first, last)
    if day - first < 7:
        return "new"
    if last is not None and day - last < 14:
        return "engaged"
    if forgotten is not None and forgotten > since and day - forgotten < 90:
        return None
    return "fading" if day - since < 28 else "dormant" if day - since < 90 else "lost"


def stage(
    day: int, first: int, last: int | None, forgotten: int | None, activated: bool, revenue: bool, referred: int
) -> str | None:
    def retained(one: int | None) -> bool:
        return one is not None and one >= first + 28 and day - one < 28

    if referred:
        return "referral"
    if revenue:
        return "revenue"
    if retained(last):
        return "retention"
    if retained(forgotten):
        return None
    return "activation" if activated else "acquisition"


def win_back(lifecycle: str | None, revenue: bool, activated: bool) -> int | None:
    if lifecycle is None:
        return None if revenue or activated else 0
    return int((lifecycle in ("dormant", "lost") and revenue) or (lifecycle == "dormant" and activated))


def most(bought: dict[str, Row]) -> Row:
    """Orders in the currency with most of them."""
    if not bought:
        return {"currency": None, "orders": None, "net_minor": None, "last_order": None}
    currency = min(bought, key=lambda name: (-bought[name]["orders"], name))
    one = bought[currency]
    return {
        "currency": currency, "orders": one["orders"], "net_minor": one["net_minor"], "last_order": _date(one["last"]),
    }  # fmt: skip


def scored(rows: list[Row]) -> list[Row]:
    """With points from 1 to 5 among those with orders in the same currency."""
    for row in rows:
        row["rfm"] = "" if row["currency"] else None
        for score, of in (("recency", "last_order"), ("frequency", "orders"), ("monetary", "net_minor")):
            row[score] = None
            if row["currency"]:
                others = [other[of] for other in rows if other["currency"] == row["currency"]]
                row[score] = 1 + 5 * sum(other < row[of] for other in others) // len(others)
                row["rfm"] += str(row[score])
    return rows
