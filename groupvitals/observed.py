"""What is observed of a group, a campaign or a channel: the inputs of `groupvitals whatif`, from landed rows."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from schemas.errors import ConfigError

if TYPE_CHECKING:
    from sinks.clickhouse.connection import Address, Native

#: All groups together, in which everybody counts once.
_ALL = "*"
_COSTS = "sum(ifNull(cost_minor, 0)), count(cost_minor)"
_BUYERS = {
    "group": "SELECT currency, payers, orders, revenue FROM {d}.people_payers_now WHERE group_id = %(group)s",
    "campaigns": "SELECT currency, uniqExact(user_id), count(), sum(net_minor) FROM {d}.people_orders_now "
    "WHERE absurd = 0 AND campaign_id IN %(campaigns)s GROUP BY currency",
}
_TRAFFIC = {
    "group": "SELECT headcount - excluded FROM {d}.people_groups_now WHERE group_id = %(group)s",
    "campaigns": "SELECT uniqExact(user_id) FROM {d}.user_reference_states WHERE kind = 'campaign' "
    "AND reference IN %(campaigns)s AND bitShiftRight(version, 56) = (SELECT epoch FROM {d}.product_epoch)",
}
_WHERE = {"group": "(%(group)s = '*' OR group_id = %(group)s)", "campaigns": "campaign_id IN %(campaigns)s"}


@dataclass(frozen=True)
class Choice:
    """What is looked at: one group, campaign or channel; none of them: everything."""

    group: str | None = None
    campaign: str | None = None
    channel: str | None = None

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.group, self.campaign, self.channel)) > 1:
            raise ConfigError("Use one of --group, --campaign and --channel.")

    def __str__(self) -> str:
        given = {"group": self.group, "campaign": self.campaign, "channel": self.channel}
        return next((f"{kind} {name}" for kind, name in given.items() if name is not None), "all groups")


@dataclass
class _Totals:
    """In one currency: buyers, orders, what came in; what orders cost that say so, and how many do; what was spent."""

    buyers: int = 0
    orders: int = 0
    revenue: int = 0
    order_costs: int = 0
    with_cost: int = 0
    spent: int | None = None


def observed(address: "Address", choice: Choice, currency: str | None) -> tuple[str | None, dict[str, float | None]]:
    """The currency, and the inputs by name; None: not known. Raises `ConfigError` for what does not exist."""
    from sinks.clickhouse.connection import Native

    native = Native(address)
    kind, parameters = _parameters(native, choice)

    def rows(query: str) -> list[tuple[Any, ...]]:
        return native.execute(query.format(d=address.database), parameters=parameters)  # type: ignore[no-any-return]

    ((traffic,),) = rows(_TRAFFIC[kind]) or [(0,)]
    found: dict[str, _Totals] = defaultdict(_Totals)
    for of, *counts in rows(_BUYERS[kind]):
        found[of].buyers, found[of].orders, found[of].revenue = counts
    orders = f"SELECT currency, {_COSTS} FROM {{d}}.people_orders_now WHERE absurd = 0 AND {_WHERE[kind]}"
    for of, *costs in rows(f"{orders} GROUP BY currency"):
        found[of].order_costs, found[of].with_cost = costs
    spent = f"SELECT currency, sum(cost) FROM {{d}}.people_costs_now WHERE {_WHERE[kind]} AND records > 0"
    for of, cost in rows(f"{spent} GROUP BY currency"):
        found[of].spent = cost
    if currency is None and len(found) > 1:
        raise ConfigError(f"Of {choice} there is money in {', '.join(sorted(found))}: choose one with --currency.")
    currency = currency or next(iter(found), None)
    return currency, _inputs(traffic, found[currency] if currency else _Totals())


def _parameters(native: "Native", choice: Choice) -> tuple[str, dict[str, Any]]:
    d = native.address.database
    if choice.campaign is None and choice.channel is None:
        group = choice.group or _ALL
        known = f"SELECT count() FROM {d}.people_groups_now WHERE group_id = %(group)s"
        if choice.group and not native.execute(known, parameters={"group": group})[0][0]:
            raise ConfigError(f"There is no group {group!r}: `groupvitals ask effective_members` lists groups.")
        return "group", {"group": group}
    which, value = ("campaign_id", choice.campaign) if choice.campaign else ("channel", choice.channel)
    found = native.execute(
        f"SELECT campaign_id FROM {d}.people_campaigns_now WHERE {which} = %(value)s", parameters={"value": value}
    )
    if not found:
        raise ConfigError(f"There is no {choice}: the view {d}.campaigns lists campaigns and their channels.")
    return "campaigns", {"campaigns": sorted(campaign for (campaign,) in found)}


def _inputs(traffic: int, of: _Totals) -> dict[str, float | None]:
    return {
        "traffic": traffic or None,
        "conversion": _ratio(of.buyers, traffic),
        "average_order": _ratio(of.revenue, of.orders),
        "unit_cost": _ratio(of.order_costs, of.with_cost),
        "repurchases": _ratio(of.orders - of.buyers, of.buyers),
        "cac": None if of.spent is None else _ratio(of.spent, of.buyers),
    }


def _ratio(part: int, of: int) -> float | None:
    return part / of if of else None
