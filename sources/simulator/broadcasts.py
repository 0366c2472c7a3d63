"""Broadcasts of a simulated world: operators post one link in hundreds of groups at once, and users follow it."""

from dataclasses import dataclass

import numpy as np

from sources.simulator import lines as ln
from sources.simulator.batch import Activity, Batch, batch
from sources.simulator.groups import Ints
from sources.simulator.plan import DAY_MS, HOUR_MS
from sources.simulator.product import Product
from sources.simulator.traffic import observed
from sources.simulator.users import Users
from sources.simulator.world import World

#: Groups that a broadcast reaches: log-normal with this median.
GROUPS = 300
#: Share of the users in these groups who follow the link, and of those who share it.
FOLLOW, SHARE = 0.03, 0.05


@dataclass(frozen=True)
class Broadcasts:
    """Posts and clicks, one element each, with the number of the broadcast."""

    post: Ints
    post_group: Ints
    post_ms: Ints
    click: Ints
    click_user: Ints
    click_ms: Ints


def draw_broadcasts(world: World, users: Users) -> Broadcasts:
    """Draw the plan's broadcasts: each goes to neighbouring groups in an order of its own, some time in the day."""
    plan, groups, members = world.plan, world.groups, world.members
    rng, count = plan.rng("broadcasts"), len(groups.ids)
    order, at_home = rng.permutation(count), members.group[users.member]
    posts: list[tuple[Ints, Ints, Ints]] = [(np.empty(0, np.int64),) * 3]
    clicks = list(posts)
    for number in range(plan.broadcasts):
        first, size = rng.integers(count), min(count, 1 + int(rng.lognormal(np.log(GROUPS), 0.5)))
        group = order[(first + np.arange(size)) % count]
        begin = plan.start_ms + int(rng.integers(plan.days)) * DAY_MS + int(rng.integers(9, 21)) * HOUR_MS
        ts_ms = begin + rng.integers(0, HOUR_MS, size)
        there = (groups.born_ms[group] < ts_ms) & (ts_ms < plan.end_ms)
        there &= observed(groups, members, world.first[group], ts_ms)
        posts.append((np.full(size, number)[there], group[there], ts_ms[there]))
        reached = np.zeros(count, np.bool_)
        reached[group[there]] = True
        user = np.flatnonzero(reached[at_home] & (rng.random(len(users)) < FOLLOW))
        clicked = begin + HOUR_MS + (rng.exponential(0.25, len(user)) * DAY_MS).astype(np.int64)
        keep = (users.signup_ms[user] < clicked) & (clicked < np.minimum(users.quit_ms[user], plan.end_ms - HOUR_MS))
        clicks.append((np.full(len(user), number)[keep], user[keep], clicked[keep]))
    return Broadcasts(*(np.concatenate(column) for rows in (posts, clicks) for column in zip(*rows, strict=True)))


def post_events(world: World, broadcasts: Broadcasts, activity: Activity) -> list[tuple[str, Batch]]:
    """The operators' messages, as (type, batch)."""
    row, poster = np.arange(len(broadcasts.post)), world.first[broadcasts.post_group]
    activity.add("message", poster, broadcasts.post_ms)
    text = ln.events(
        world.plan.run, "w", row, "message", broadcasts.post_ms, world.who.take(poster), ',"message_id":"w',
        ln.numbers(row), '","kind":"link","text_len":30,"question":false,"feature_version":1,"link_count":1',
        ',"link_ids":["w', ln.numbers(broadcasts.post), '"]',
    )  # fmt: skip
    return [("message", batch(text, broadcasts.post_ms, broadcasts.post_group))]


def answer_events(product: Product, broadcasts: Broadcasts) -> list[tuple[str, Batch]]:
    """Clicks on the links, and some shares an hour later, as (type, batch). Every other click names its group."""
    every, some = np.arange(len(broadcasts.click)), np.arange(0, len(broadcasts.click), round(1 / SHARE))
    parts = []
    for letter, type_, row, later_ms, more in (
        ("uw", "click", every, 0, ""), ("us-w", "share", some, HOUR_MS, ',"target":"moments"'),
    ):  # fmt: skip
        user, ts_ms = broadcasts.click_user[row], broadcasts.click_ms[row] + later_ms
        link = ln.glue(',"link_id":"w', ln.numbers(broadcasts.click[row]), '"')
        group = ln.pick(product.group_field, np.where(row % 2 == 0, user, -1))
        parts.append((type_, product.events_of(letter, row, type_, user, ts_ms, link, more, group)))
    return parts
