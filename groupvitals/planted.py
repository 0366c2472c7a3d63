"""Compares what the simulator planted with what was found: the proof in the demo."""

from collections import Counter
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from sinks.clickhouse.connection import Address, Native

_REWARDS = {
    "referred": "people brought by somebody",
    "referrers": "people who brought somebody",
    "commissions": "orders that earn a commission",
    "commissions_minor": "commissions after refunds, minor units",
    "bonuses_minor": "bonuses, minor units",
    "paid_minor": "paid out, minor units",
}


def _found(address: Address) -> dict[str, dict[Any, Any]]:
    """Counts from the database, by name and key."""
    native, d = Native(address), address.database
    queries = {
        "types": f"SELECT type, uniqExact(event_id) FROM {d}.events GROUP BY type",
        "flags": f"SELECT 'repeated', countIf(duplicate = 1) FROM {d}.events FINAL UNION ALL "
        f"SELECT 'late', countIf(late = 1) FROM {d}.events FINAL",
        "letters": f"SELECT error, count() FROM {d}.dead_letters FINAL "
        f"WHERE topic IN (SELECT topic FROM {d}.epochs WHERE contract = 'chat.events') GROUP BY error",
        "product": f"SELECT type, uniqExact(event_id) FROM {d}.product_events GROUP BY type",
        "links": f"SELECT 'link', uniqExact(event_id) FROM {d}.link_events WHERE type != 'tick'",
        "money": f"SELECT user_id, sum(net_minor) FROM {d}.orders GROUP BY user_id",
        "campaigns": f"SELECT campaign_id, (channel, cost, ads, incentive, labour, commission) FROM {d}.campaigns",
        "rewards": f"SELECT 'referred', toInt64(count()) FROM {d}.people_referred_now "
        f"UNION ALL SELECT 'referrers', toInt64(uniqExact(referrer_id)) FROM {d}.people_referred_now "
        f"UNION ALL SELECT 'commissions', toInt64(count()) FROM {d}.commissions WHERE earned_minor > 0 "
        f"UNION ALL SELECT 'commissions_minor', sum(earned_minor) FROM {d}.commissions "
        f"UNION ALL SELECT 'bonuses_minor', sum(amount_minor) FROM {d}.ledger WHERE kind = 'adjusted' "
        f"UNION ALL SELECT 'paid_minor', sum(amount_minor) FROM {d}.ledger WHERE kind = 'paid'",
        "payouts": f"SELECT outcome, count() FROM {d}.people_payouts_now GROUP BY outcome",
        "inviters": f"SELECT value, (any(joins), any(left_1h)) FROM {d}.joins_quality WHERE dimension = 'inviter' "
        "GROUP BY value",
        "cases": f"SELECT person_id, groupArray(rule) FROM {d}.referral_risk GROUP BY person_id",
        "messages": f"SELECT group_id, sum(messages) FROM {d}.memberships GROUP BY group_id",
        "known": f"SELECT group_id, known FROM {d}.groups",
        "tiers": f"SELECT group_id, (loud, occasional, silent) FROM {d}.tiers",
        "wau": f"SELECT group_id, wau FROM {d}.rolling_activity WHERE window = '7d'",
    }
    return {name: dict(native.execute(query)) for name, query in queries.items()}


def compare(truth_file: Path, address: Address, console: Console) -> bool:
    """Print what was planted beside what was found; returns whether every count is equal."""
    truth = orjson.loads(truth_file.read_bytes())
    found = _found(address)
    equal = _counts(truth, found, console)
    equal &= _product(truth, found, console)
    equal &= _rewards(truth, found, console)
    equal &= _campaigns(truth, found, console)
    return _groups(truth, found, console) and equal


def _counts(truth: dict[str, Any], found: dict[str, dict[Any, Any]], console: Console) -> bool:
    planted = truth["topics"]["chat.events"]
    reasons: Counter[str] = Counter()
    for kind, count in planted["broken"].items():
        reasons[truth["reasons"][kind]] += count
    rows = [(name, count, found["types"].get(name, 0)) for name, count in sorted(planted["by_type"].items())]
    rows += [(f"dead letters: {name}", count, found["letters"].get(name, 0)) for name, count in sorted(reasons.items())]
    rows += [("repeated records", planted["repeated"], found["flags"]["repeated"])]
    rows += [("later than 48 h", planted["late_beyond"], found["flags"]["late"])]
    return _table("chat events", "Every record, counted", rows, console)


def _product(truth: dict[str, Any], found: dict[str, dict[Any, Any]], console: Console) -> bool:
    rows = [
        (name, count, found["product"].get(name, 0))
        for name, count in sorted(truth["topics"]["product.events"]["by_type"].items())
    ]
    rows += [("links", sum(truth["topics"]["identity.links"]["by_type"].values()), found["links"]["link"])]
    users = dict(zip(truth["users"]["user_id"], truth["users"]["net_revenue_minor"], strict=True))
    earned = {user: net for user, net in users.items() if net}
    rows += [("users who earned", len(earned), sum(net != 0 for net in found["money"].values()))]
    rows += [("net revenue, minor units", sum(earned.values()), sum(found["money"].values()))]
    right = sum(found["money"].get(user, 0) == net for user, net in users.items())
    rows += [("users whose net revenue is right", len(users), right)]
    return _table("product and links", "Every act, counted", rows, console)


def _rewards(truth: dict[str, Any], found: dict[str, dict[Any, Any]], console: Console) -> bool:
    planted = dict(truth["rewards"])
    payouts = planted.pop("payouts")
    rows = [(_REWARDS[name], count, found["rewards"].get(name, 0)) for name, count in planted.items()]
    rows += [(f"payouts {outcome}", count, found["payouts"].get(outcome, 0)) for outcome, count in payouts.items()]
    invited = truth["inviters"]
    for number, name in enumerate(("joins", "left_within_hour")):
        have = sum(counts[number] for counts in found["inviters"].values())
        rows += [(f"invited: {name.replace('_', ' ')}", sum(invited[name]), have)]
    equal = _table("referrals", "What referrals earn, to the minor unit", rows, console)
    console.print(_rings(truth["users"], set(found["cases"])))
    return equal


def _rings(users: dict[str, Any], suspects: set[str]) -> str:
    """How many forged rings have a case. This is a guess, which need not equal what was planted."""
    rings: dict[int, set[str]] = {}
    for user, ring in zip(users["user_id"], users["ring"], strict=True):
        if ring is not None:
            rings.setdefault(ring, set()).add(user)
    caught = sum(bool(ring & suspects) for ring in rings.values())
    honest = len(suspects.difference(*rings.values()))
    return (
        f"Forged rings: {len(rings)} planted, {caught} with a case; honest referrers with a case: {honest}. Rings of "
        "three to five people who bring one person each leave little to see (docs/rewards.md).\n"
    )


def _table(what: str, title: str, rows: list[tuple[str, int, int]], console: Console) -> bool:
    table = Table(what, "planted", "found", "", title=title, header_style="bold")
    for name, want, have in rows:
        table.add_row(name, f"{want:,}", f"{have:,}", "equal" if want == have else "[red]differs[/]")
    console.print(table)
    return all(want == have for _, want, have in rows)


def _campaigns(truth: dict[str, Any], found: dict[str, dict[Any, Any]], console: Console) -> bool:
    planted, kinds = truth["campaigns"], ("cost", "ads", "incentive", "labour", "commission")
    table = Table("campaign", "channel", title="What every campaign cost, minor units", header_style="bold")
    for kind in kinds:
        table.add_column(f"{kind} planted")
        table.add_column("found")
    table.add_column("")
    equal = True
    columns = (planted[name] for name in ("campaign_id", "channel", *(f"{kind}_minor" for kind in kinds)))
    for campaign, channel, *amounts in zip(*columns, strict=True):
        of, *have = found["campaigns"].get(campaign, ("", *(0 for _ in kinds)))
        same = (channel, *amounts) == (of, *have)
        equal &= same
        pairs = [f"{amount:,}" for pair in zip(amounts, have, strict=True) for amount in pair]
        table.add_row(campaign, channel, *pairs, "equal" if same else "[red]differs[/]")
    console.print(table)
    return equal


def _groups(truth: dict[str, Any], found: dict[str, dict[Any, Any]], console: Console) -> bool:
    members, groups = truth["members"], truth["groups"]
    known = Counter(members["group_id"])
    messages: Counter[str] = Counter()
    habits: dict[str, Counter[str]] = {}
    for group, count, habit in zip(members["group_id"], members["messages"], members["habit"], strict=True):
        messages[group] += count
        habits.setdefault(group, Counter())[habit] += 1
    table = Table(
        "group", "planted as", "members planted", "known", "messages planted", "counted", "", "loud", "occasional",
        "silent", "spoke in 7 d", title="Every group", header_style="bold",
    )  # fmt: skip
    equal = True
    for group, kind, cause in zip(groups["group_id"], groups["kind"], groups["cause"], strict=True):
        same = messages[group] == found["messages"].get(group, 0)
        equal &= same
        loud, occasional, silent = found["tiers"].get(group, (0, 0, 0))
        table.add_row(
            group, kind if cause == "none" else f"{kind}: {cause}",
            str(known[group]), str(found["known"].get(group, 0)),
            f"{messages[group]:,}", f"{found['messages'].get(group, 0):,}", "equal" if same else "[red]differs[/]",
            str(loud), str(occasional), str(silent), str(found["wau"].get(group, 0)),
        )  # fmt: skip
    console.print(table)
    return equal
