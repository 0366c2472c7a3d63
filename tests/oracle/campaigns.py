"""What campaigns are and cost, computed slowly and obviously from all records; and worlds of them."""

import json
import random
import statistics
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from schemas.errors import InvalidEventError
from schemas.topics import COSTS
from schemas.validate import validate
from tests.oracle.call_worlds import BEGIN_MS, Event, Timed, made
from tests.oracle.community import Record
from tests.oracle.landed import is_fact
from tests.oracle.people import ABSURD, People
from tests.oracle.worlds import MINUTE_MS, World

KINDS = ("ads", "incentive", "commission", "labour", "other")
CAMPAIGNS, GROUPS = ("k1", "k2", "k3", "-"), ("wecom:公司:群", "wecom:公司:b")
END = 600


def drawn_campaigns(seed: int, zone: str) -> tuple[World, World, tuple[World, World]]:
    """Chat and product that name campaigns, and two partitions of what these cost."""
    rng = random.Random(seed)

    def maybe(*values: str) -> str | None:
        return rng.choice((None, *values))

    def chat() -> Event:
        event = {"group_id": rng.choice(GROUPS), "campaign_id": maybe("k1", "k4"), "type": rng.choice(("join", "call"))}
        if event["type"] == "call":
            return event | {"call_id": f"c{rng.random()}", "kind": "poll", "holdout": rng.random() < 0.5}
        if rng.random() < 0.5:
            kind = rng.choice(("text", "poll", "link"))
            event |= {"type": "message", "message_id": f"m{rng.random()}", "kind": kind}
        return event | {"member_id": rng.choice(("ann", "bob"))}

    def product() -> Event:
        kind = rng.choice(("click", "signup", "share", "share", "trial", "purchase", "purchase", "refund"))
        event = {"type": kind, "user_id": rng.choice(("u", "v")), "campaign_id": maybe("k1", "k2", "k5")}
        if kind == "share":
            return event | {"target": "group", "event_id": f"s{rng.randrange(9)}"}
        if kind not in ("purchase", "refund"):
            return event
        event |= {"order_id": f"o{rng.randrange(9)}", "currency": rng.choice(("CNY", "CNY", "EUR"))}
        more = {"refund_id": "r"} if kind == "refund" else {"cost_minor": rng.choice((None, 0, 40))}
        return event | more | {"amount_minor": rng.choice((0, 7, 100, 1001, ABSURD))}

    def cost() -> Event:
        return {
            "event_id": f"e{rng.randrange(20)}", "campaign_id": rng.choice(CAMPAIGNS),
            "channel": maybe("ads", "moments"), "group_id": maybe(*GROUPS), "operator_id": maybe("op", "boss"),
            "kind": rng.choice(("none", *KINDS)), "currency": rng.choice(("EUR", "CNY", "CNY", "eur")),
            "amount_minor": rng.choice((0, 1, 999, 10**6, ABSURD - 1, ABSURD)),
        }  # fmt: skip

    def timed(draw: Any, count: int, after: float = 0) -> Timed:
        return [(minute + after, draw()) for minute in sorted(rng.sample(range(END), count))]

    said, did = made(zone, timed(chat, 30), timed(product, 60), end=END)
    return said, did, (_costs(zone, timed(cost, 18)), _costs(zone, timed(cost, 18, 0.5)))


def _costs(zone: str, events: Timed) -> World:
    values = [json.dumps(event | {"ts_ms": BEGIN_MS + int(minute * MINUTE_MS)}).encode() for minute, event in events]
    now = BEGIN_MS + END * MINUTE_MS
    return World(zone, 48, 4_000_000, tuple(Record(number, now, value) for number, value in enumerate(values)))


def counted(partitions: Iterable[Iterable[Record]]) -> list[Event]:
    """The events of costs that count: of several of one id, the one with the least offset, then lowest partition."""
    found: dict[str, tuple[tuple[int, int], Event]] = {}
    for partition, records in enumerate(partitions):
        for record in records:
            try:
                event = validate(COSTS.name, record.value, record.kafka_ts_ms).model_dump()
            except InvalidEventError:
                continue
            one = (record.offset, partition), event
            found[event["event_id"]] = min(found.get(event["event_id"], one), one, key=lambda placed: placed[0])
    return [event for _, event in found.values()]


def costs(events: list[Event]) -> list[dict[str, Any]]:
    """What each campaign cost by channel, group, operator and currency."""
    cells = defaultdict(list)
    for e in events:
        names = (e["channel"], e["group_id"], e["operator_id"])
        cells[e["campaign_id"], *(name or "" for name in names), e["currency"]].append(e)
    return [
        dict(zip(("campaign_id", "channel", "group_id", "operator_id", "currency"), cell, strict=True)) | _sums(some)
        for cell, some in cells.items()
    ]


def _sums(events: list[Event]) -> dict[str, int]:
    found = dict.fromkeys(KINDS, 0)
    for e in events:
        if e["amount_minor"] < ABSURD:
            found["other" if e["kind"] == "none" else e["kind"]] += e["amount_minor"]
    times = [e["ts_ms"] for e in events]
    return found | {
        "cost": sum(found.values()), "records": len(events), "first_ms": min(times), "last_ms": max(times),
        "absurd": sum(e["amount_minor"] >= ABSURD for e in events),
    }  # fmt: skip


def campaigns(chat: list[Event], product: list[Event], spent: list[Event]) -> list[dict[str, Any]]:
    """Every campaign, with what it cost in each currency."""
    times = defaultdict(list)
    for e in (*filter(_names, chat), *product):
        if e.get("campaign_id"):
            times[e["campaign_id"]].append(e["ts_ms"])
    rows = []
    for campaign in {*times, *(e["campaign_id"] for e in spent)} - {"-"}:
        mine = [e for e in spent if e["campaign_id"] == campaign]
        about = {
            "campaign_id": campaign, "channel": _said(mine, "channel"), "owner_id": _said(mine, "operator_id"),
            "first_at": _time(min(times[campaign], default=None)), "last_at": _time(max(times[campaign], default=None)),
        }  # fmt: skip
        for currency in sorted({e["currency"] for e in mine}) or [None]:
            sums = _sums([e for e in mine if e["currency"] == currency]) if currency else dict.fromkeys(KINDS, 0)
            rows.append(about | {"currency": currency} | {kind: sums[kind] for kind in KINDS})
    return rows


def stability(chat: list[Event], product: list[Event], spent: list[Event]) -> list[dict[str, Any]]:
    """What campaigns brought and cost by currency, and how those of a channel differ; who joined is left out."""
    orders = [order for order in People([], product, []).orders() if not order["absurd"]]
    rows, known = [], campaigns(chat, product, spent)
    for one in known:
        name = one["campaign_id"]
        mine = [order for order in orders if order["campaign_id"] == name]
        costs = {row["currency"]: sum(row[kind] for kind in KINDS) for row in known if row["campaign_id"] == name}
        acts = [e for e in product if e.get("campaign_id") == name]
        did = {kind: {e["user_id"] for e in acts if e["type"] == kind} for kind in ("click", "share", "signup")}
        about = {
            "campaign_id": name, "channel": one["channel"], "first_at": one["first_at"],
            "users": len({e["user_id"] for e in acts}), "clicked": len(did["click"]), "sharers": len(did["share"]),
            "shares": sum(e["type"] == "share" for e in acts), "signed_up": len(did["signup"]),
        }  # fmt: skip
        for currency in sorted({order["currency"] for order in mine} | {*costs} - {None}) or [""]:
            paid, cost = [order for order in mine if order["currency"] == currency], costs.get(currency, 0)
            buyers, net = len({order["user_id"] for order in paid}), sum(order["net_minor"] for order in paid)
            goods = sum(order["cost_minor"] or 0 for order in paid)
            rows.append(about | {
                "currency": currency, "buyers": buyers, "orders": len(paid), "net_minor": net, "goods_minor": goods,
                "cost_minor": cost, "cac_minor": cost / buyers if buyers else None,
                "roi": (net - goods - cost) / cost if cost else None,
            })  # fmt: skip
    found = {(row["campaign_id"], row["currency"]): row for row in rows}
    return [row | _of_channel([r for r in found.values() if _place(r) == _place(row)]) for row in found.values()]


def _place(row: dict[str, Any]) -> tuple[str | None, str]:
    return row["channel"], row["currency"]


def _of_channel(rows: list[dict[str, Any]]) -> dict[str, Any]:
    ordered = sorted(rows, key=lambda r: (r["first_at"] is None, r["first_at"] or datetime.max, r["campaign_id"]))
    nets = [row["net_minor"] for row in ordered]
    mean = statistics.fmean(nets)
    several = len(nets) > 1
    return {
        "channel_campaigns": len(nets), "channel_mean_minor": mean,
        "channel_variation": statistics.stdev(nets) / mean if several and mean else None,
        "channel_trend_minor": statistics.linear_regression(range(len(nets)), nets).slope if several else None,
    }  # fmt: skip


def _time(ms: int | None) -> datetime | None:
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC)


def _names(event: Event) -> bool:
    return event["type"] in ("join", "message", "call") and is_fact(event) and not event.get("holdout")


def _said(events: list[Event], name: str) -> str | None:
    """What the newest declaration says, else the newest record."""
    given = [e for e in events if e[name]]
    declared = [e for e in given if e["kind"] == "none"]
    return max(declared or given, key=lambda e: e["ts_ms"], default={name: None})[name]
