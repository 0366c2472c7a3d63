"""The campaigns of a simulated world: when and where they run, how well they work, and `campaign.costs`."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sources.simulator import lines as ln
from sources.simulator.batch import Batch, batch
from sources.simulator.groups import Floats, Ints
from sources.simulator.plan import Plan

#: Campaigns of the first two channels work alike, those of the last one vary widely.
CHANNELS = ("moments", "ads", "partner")
CURRENCY = "CNY"


@dataclass(frozen=True)
class Campaigns:
    """One element per campaign. `targets[c, g]`: campaign c runs in group g.

    `strength` (0..1) scales who stays, who clicks (a fifth of it) and which clicks buy (a third of it). Costs are in
    minor units.
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


def cost_events(plan: Plan, campaigns: Campaigns) -> list[tuple[str, Batch]]:
    """Declarations and costs of all campaigns as (type, batch)."""
    parts = []
    number = np.arange(len(campaigns.start_ms))
    name = ln.glue(',"campaign_id":"c', ln.numbers(number), '"')
    channel = ln.text_field("channel", ln.texts(CHANNELS).take(campaigns.channel))
    costs = (("none", "cn", -1, np.zeros_like(number)), ("ads", "ca", 0, campaigns.cost_minor),
             ("incentive", "ci", 1, campaigns.cost_minor // 10))  # fmt: skip
    for kind, letter, after, amount in costs:
        ts_ms = campaigns.start_ms + after * 1_000
        text = ln.events(
            plan.run, letter, number, "cost", ts_ms, name, channel,
            f',"kind":"{kind}"', ln.number_field("amount_minor", amount), f',"currency":"{CURRENCY}"',
        )  # fmt: skip
        parts.append(("cost", batch(text, ts_ms, number)))
    return parts
