"""The groups of a simulated world: where they are, what happens to them, and when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sources.simulator.plan import DAY_MS, NEVER, Plan

PLATFORMS = ("wechat", "wecom", "telegram", "discord", "qq", "whatsapp", "dingtalk", "feishu", "line")
#: Platforms that report reading.
READING = ("wecom", "dingtalk", "feishu", "line")
KINDS = ("live", "fade", "advertising")
CAUSES = ("none", "fewer_speakers", "lost_core", "fewer_replies", "advertising")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Groups:
    """One element per group. Times are milliseconds, `NEVER` for what does not happen.

    `turn_ms`: fading or advertising begins. `half_life_days`: how fast talk falls from then on (inf: it does not).
    """

    ids: list[str]
    platform: Ints
    size: Ints
    kind: Ints
    cause: Ints
    born_ms: Ints
    turn_ms: Ints
    dissolved_ms: Ints
    half_life_days: Floats
    outage_from_ms: Ints
    outage_until_ms: Ints

    @property
    def reads(self) -> NDArray[np.bool_]:
        """Whether the group's platform reports reading."""
        return np.isin(self.platform, [PLATFORMS.index(name) for name in READING])

    def level(self, group: Ints, at_ms: int | Ints) -> Floats:
        """How much of their usual talk some groups have at a time: 1, then halved every half-life, 0 when dissolved."""
        age = np.maximum(0, at_ms - self.turn_ms[group]) / DAY_MS
        return np.where(at_ms < self.dissolved_ms[group], np.exp2(-age / self.half_life_days[group]), 0.0)


def draw_groups(plan: Plan) -> Groups:
    """Draw the groups of a plan."""
    rng, count = plan.rng("groups"), plan.groups
    span = plan.end_ms - plan.start_ms
    weights = rng.lognormal(0, 0.9, count)
    size = 5 + rng.multinomial(plan.members - 5 * count, weights / weights.sum())
    platform = rng.permutation(np.arange(count) % len(PLATFORMS))
    kind = rng.permutation(np.repeat([0, 1, 2], [count - count // 4 - count // 6, count // 4, count // 6]))
    cause = np.select([kind == 1, kind == 2], [1 + rng.permutation(count) % 3, 4], 0)
    born = np.where(rng.random(count) < 0.2, plan.start_ms + (rng.random(count) * 0.5 * span).astype(np.int64), 0)
    turn = np.maximum(born, plan.start_ms) + (rng.uniform(0.2, 0.5, count) * 0.6 * span).astype(np.int64)
    half_life = rng.uniform(0.06, 0.2, count) * plan.days
    outage_from = plan.start_ms + (rng.uniform(0.3, 0.8, count) * span).astype(np.int64)
    outage = (rng.random(count) < 0.05) & (kind == 0)
    dissolved = (kind == 1) & (rng.random(count) < 0.15)
    return Groups(
        ids=[f"{PLATFORMS[p]}:{plan.workspace}:g{g}" for g, p in enumerate(platform)],
        platform=platform,
        size=size,
        kind=kind,
        cause=cause,
        born_ms=born,
        turn_ms=np.where(kind > 0, turn, NEVER),
        dissolved_ms=np.where(dissolved, turn + (plan.end_ms - turn) * 8 // 10, NEVER),
        half_life_days=np.where((kind > 0) & (cause != 1), half_life, np.inf),
        outage_from_ms=np.where(outage, outage_from, NEVER),
        outage_until_ms=np.where(outage, outage_from + 2 * DAY_MS, NEVER),
    )
