"""The campaigns of a simulated world: when and where they run, how well they work, and `campaign.costs`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sources.simulator import lines as ln
from sources.simulator.batch import Batch, batch
from sources.simulator.groups import Floats, Ints
from sources.simulator.plan import Plan

if TYPE_CHECKING:
    from sources.simulator.world import World

#: Campaigns of the first two channels work alike, those of the last one vary widely.
CHANNELS = ("moments", "ads", "partner")
CURRENCY = "CNY"
#: What a campaign costs: kinds, and which part of `cost_minor` each is. Labour is spent in the campaign's first group.
COSTS = {"ads": 1, "incentive": 10, "labour": 5, "commission": 20}


@dataclass(frozen=True)
class Campaigns:
    """One element per campaign. `targets[c, g]`: campaign c runs in group g.

    `strength` (0..1) scales who stays, who clicks (a fifth of it) and which clicks buy (a third of it). `cost_minor` is
    what its advertising costs, in minor units; `costs_of` has all kinds.
    """

    channel: Ints
    start_ms: Ints
    strength: Floats
    targets: NDArray[np.bool_]
    cost_minor: Ints


def draw_campaigns(plan: Plan) -> Campaigns:
    """Draw the campaigns of a plan, spread over its time."""
    rng, count = plan.rng("campaigns"), plan.campaigns
    span = plan.end_ms - plan.start_ms
    channel = np.arange(count) % len(CHANNELS)
    steady = rng.normal(0.6, 0.02, count)
    return Campaigns(
        channel=channel,
        start_ms=plan.start_ms + ((0.1 + 0.7 * np.arange(count) / max(count, 1)) * span).astype(np.int64),
        strength=np.where(channel < 2, steady, rng.uniform(0.05, 0.95, count)),
        targets=rng.random((count, plan.groups)) < 0.4,
        cost_minor=rng.integers(20_000, 200_000, count),
    )


def costs_of(campaigns: Campaigns) -> dict[str, Ints]:
    """What campaigns cost, by kind, in minor units."""
    return {kind: campaigns.cost_minor // part for kind, part in COSTS.items()}


def cost_events(plan: Plan, world: "World") -> list[tuple[str, Batch]]:
    """Declarations and costs of all campaigns as (type, batch)."""
    campaigns, parts = world.campaigns, []
    number = np.arange(len(campaigns.start_ms))
    name = ln.glue(',"campaign_id":"c', ln.numbers(number), '"')
    channel = ln.text_field("channel", ln.texts(CHANNELS).take(campaigns.channel))
    first = np.where(campaigns.targets.any(axis=1), campaigns.targets.argmax(axis=1), -1)
    group = ln.pick(ln.text_field("group_id", ln.texts(world.groups.ids)), first)
    for after, (kind, amount) in enumerate({"none": np.zeros_like(number), **costs_of(campaigns)}.items(), start=-1):
        ts_ms = campaigns.start_ms + after * 1_000
        text = ln.events(
            plan.run, f"c{kind[0]}", number, "cost", ts_ms, name, channel, *([group] if kind == "labour" else []),
            f',"kind":"{kind}"', ln.number_field("amount_minor", amount), f',"currency":"{CURRENCY}"',
        )  # fmt: skip
        parts.append(("cost", batch(text, ts_ms, number)))
    return parts
