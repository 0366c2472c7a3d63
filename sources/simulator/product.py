"""`product.events` and `identity.links` of a simulated world."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sources.simulator import lines as ln
from sources.simulator.batch import Batch, batch
from sources.simulator.calls import Calls
from sources.simulator.campaigns import CURRENCY
from sources.simulator.groups import Ints
from sources.simulator.plan import DAY_MS, HOUR_MS, NEVER
from sources.simulator.traffic import superpose
from sources.simulator.users import Users
from sources.simulator.world import LINKS, World


@dataclass(frozen=True)
class Orders:
    """One element per order; `campaign` -1: none; `refund_ms` `NEVER`: kept. `amount_minor` is in minor units."""

    user: Ints
    ts_ms: Ints
    amount_minor: Ints
    campaign: Ints
    refund_ms: Ints


@dataclass(frozen=True)
class Clicks:
    """One element per click on a campaign's link."""

    user: Ints
    ts_ms: Ints
    campaign: Ints


class Product:
    """What the users do in the product. Opens and views are made slice by slice, the rest in advance."""

    def __init__(self, world: World, users: Users) -> None:
        self.world, self.users = world, users
        self.who = ln.glue(',"user_id":"u', ln.numbers(users.person), '","app_id":"shop"')
        groups = ln.texts(world.groups.ids)
        self.group_field = ln.text_field("group_id", groups.take(world.members.group[users.member]))
        self.clicks = self._draw_clicks()
        self.orders = self._draw_orders()
        self._numbers = {"open": 0, "view": 0}

    def slice(self, index: int, begin_ms: int, end_ms: int) -> Iterator[tuple[str, Batch]]:
        """Opens and views of one slice as (type, batch)."""
        world, users = self.world, self.users
        rng = world.plan.rng("product", index)
        for type_, letter, share in (("open", "uo", 1.0), ("view", "uv", 1.5)):
            user, ts_ms = superpose(rng, users.opens * share * world.plan.use, begin_ms, end_ms)
            there = (users.signup_ms[user] <= ts_ms) & (ts_ms < users.quit_ms[user])
            user, ts_ms = user[there], ts_ms[there]
            number = np.arange(self._numbers[type_], self._numbers[type_] + len(user))
            self._numbers[type_] += len(user)
            content = ln.glue(',"content_id":"content', ln.numbers(rng.integers(0, 200, len(user))), '"')
            yield type_, self.events_of(letter, number, type_, user, ts_ms, content)

    def events_of(self, letter: str, number: Any, type_: str, user: Ints, ts_ms: Ints, *parts: Any) -> Batch:
        """Events of one type: their numbers, users and times, and what else they say."""
        text = ln.events(self.world.plan.run, letter, number, type_, ts_ms, self.who.take(user), *parts)
        return batch(text, ts_ms, user)

    def _draw_clicks(self) -> Clicks:
        """Members of a campaign's groups click in the days after its start, as often as its strength says."""
        world, users = self.world, self.users
        rng, campaigns = world.plan.rng("clicks"), world.campaigns
        group = world.members.group[users.member]
        chosen = [np.flatnonzero(campaigns.targets[c][group] & (rng.random(len(users)) < 0.2 * campaigns.strength[c]))
                  for c in range(len(campaigns.start_ms))]  # fmt: skip
        user = np.concatenate([np.empty(0, np.int64), *chosen])
        campaign = np.repeat(np.arange(len(chosen)), [len(rows) for rows in chosen])
        ts_ms = campaigns.start_ms[campaign] + (rng.exponential(0.5, len(user)) * DAY_MS).astype(np.int64)
        keep = (ts_ms < world.plan.end_ms) & (ts_ms > users.signup_ms[user]) & (ts_ms < users.quit_ms[user])
        return Clicks(user[keep], ts_ms[keep], campaign[keep])

    def _draw_orders(self) -> Orders:
        """Everyday orders, orders after a campaign's click, and the orders of forged rings right after sign-up."""
        plan, users, clicks = self.world.plan, self.users, self.clicks
        rng = plan.rng("orders")
        user = np.repeat(np.arange(len(users)), users.orders)
        begin = np.maximum(users.signup_ms[user], plan.start_ms)
        end = np.maximum(np.minimum(users.quit_ms[user], plan.end_ms), begin + 1)
        ts_ms = begin + (rng.random(len(user)) * (end - begin)).astype(np.int64)
        ts_ms = np.where(users.ring[user] >= 0, begin + rng.integers(20_000, 90_000, len(user)), ts_ms)
        bought = rng.random(len(clicks.user)) < self.world.campaigns.strength[clicks.campaign] / 3
        user = np.concatenate([user, clicks.user[bought]])
        ts_ms = np.concatenate([ts_ms, clicks.ts_ms[bought] + rng.integers(60_000, 24 * HOUR_MS, int(bought.sum()))])
        campaign = np.concatenate([np.full(len(user) - int(bought.sum()), -1), clicks.campaign[bought]])
        keep = ts_ms < plan.end_ms
        user, ts_ms, campaign = user[keep], ts_ms[keep], campaign[keep]
        refunded = rng.random(len(user)) < np.where(users.ring[user] >= 0, 0.6, 0.05)
        refund_ms = np.where(refunded, ts_ms + (rng.uniform(2, 8, len(user)) * DAY_MS).astype(np.int64), NEVER)
        amount = (rng.lognormal(8.8, 0.7, len(user))).astype(np.int64) + 100
        return Orders(user, ts_ms, amount, campaign, np.where(refund_ms < plan.end_ms, refund_ms, NEVER))

    def events(self, calls: Calls) -> list[tuple[str, Batch]]:
        """Everything but opens and views as (type, batch)."""
        return [*self._beginnings(), *self._click_events(calls), *self._order_events(), *self._rare_events()]

    def _beginnings(self) -> Iterator[tuple[str, Batch]]:
        users, plan = self.users, self.world.plan
        new = np.flatnonzero(users.signup_ms >= plan.start_ms)
        referrer = users.referrer[new]
        brought = ln.pick(ln.text_field("referrer_user_id", ln.glue("u", ln.numbers(users.person))), referrer)
        campaign = ln.pick(self.world.campaign_fragments, self.world.members.campaign[users.member[new]])
        code = ln.pick(ln.text_field("referral_code", ln.glue("code", ln.numbers(users.person))), referrer)
        yield "signup", self.events_of("us", new, "signup", new, users.signup_ms[new], brought, code, campaign)
        trial = new[new % 3 == 0]
        ts_ms = users.signup_ms[trial] + HOUR_MS
        rows, ts_ms = trial[ts_ms < plan.end_ms], ts_ms[ts_ms < plan.end_ms]
        yield "trial", self.events_of("ut", rows, "trial", rows, ts_ms, ',"product_id":"basic"')

    def _click_events(self, calls: Calls) -> Iterator[tuple[str, Batch]]:
        world, clicks = self.world, self.clicks
        yield "click", self.events_of(
            "uc", np.arange(len(clicks.user)), "click", clicks.user, clicks.ts_ms,
            world.campaign_fragments.take(clicks.campaign), self.group_field.take(clicks.user),
        )  # fmt: skip
        rows = np.flatnonzero(calls.answer_way == 2)
        member, call = calls.answer_member[rows], ln.numbers(calls.answer_call[rows])
        group = ln.text_field("group_id", ln.texts(world.groups.ids).take(world.members.group[member]))
        yield "click", self.events_of(
            "uk", rows, "click", self.users.of_person[world.members.person[member]], calls.answer_ms[rows],
            ',"link_id":"k', call, '","call_id":"k', call, '"', group,
        )  # fmt: skip

    def _order_events(self) -> Iterator[tuple[str, Batch]]:
        users, orders, number = self.users, self.orders, np.arange(len(self.orders.user))
        ring = users.ring[orders.user]
        device = np.where(ring >= 0, ring, -1)
        shared = ln.numbers(np.arange(int(ring.max(initial=0)) + 1))
        forged = ln.glue(',"payment_fingerprint":"ring', shared, '","device_fingerprint":"ring', shared, '"')
        campaign = ln.glue(',"campaign_id":"c', ln.numbers(orders.campaign), '"')
        told = np.where(orders.campaign >= 0, number, -1)
        own = ln.glue(',"payment_fingerprint":"p', ln.numbers(orders.user), '"').take(number)
        yield "purchase", self.events_of(
            "up", number, "purchase", orders.user, orders.ts_ms, ',"order_id":"o', ln.numbers(number),
            '"', ln.number_field("amount_minor", orders.amount_minor), f',"currency":"{CURRENCY}","product_id":"basic"',
            ln.number_field("cost_minor", orders.amount_minor * 2 // 5), ln.pick(campaign, told),
            ln.pick(self.group_field.take(orders.user), told), ln.pick_or(forged, device, own),
        )  # fmt: skip
        back = np.flatnonzero(orders.refund_ms < NEVER)
        yield "refund", self.events_of(
            "ur", back, "refund", orders.user[back], orders.refund_ms[back], ',"order_id":"o', ln.numbers(back),
            '","refund_id":"r', ln.numbers(back), '"', ln.number_field("amount_minor", orders.amount_minor[back]),
            f',"currency":"{CURRENCY}"',
        )  # fmt: skip

    def _rare_events(self) -> Iterator[tuple[str, Batch]]:
        """Shares, contacts by operators, and a custom event; one each for some users."""
        world, users, plan = self.world, self.users, self.world.plan
        rng, purposes = plan.rng("rare"), ("onboarding", "sales", "research", "support", "winback")
        begin = np.maximum(users.signup_ms, plan.start_ms)
        for type_, letter, share in (("share", "uh", 0.15), ("contact", "ua", 0.05), ("custom", "ux", 0.1)):
            ts_ms = begin + (rng.random(len(users)) * (plan.end_ms - begin)).astype(np.int64)
            user = np.flatnonzero((rng.random(len(users)) < share) & (ts_ms < users.quit_ms))
            operator = world.member_ids.take(world.first[world.members.group[users.member[user]]])
            outcome: NDArray[np.int64] = rng.integers(0, 3, len(user))
            parts = {
                "share": (',"link_id":"l', ln.numbers(rng.integers(0, LINKS, len(user))), '","target":"group"',
                          self.group_field.take(user)),
                "contact": (ln.text_field("operator_id", operator), self.group_field.take(user),
                            ln.text_field("purpose", ln.texts(purposes).take(user % 5)),
                            ln.text_field("outcome", ln.texts(["reached", "no_answer", "refused"]).take(outcome))),
                "custom": (',"name":"checkin"', ln.number_field("value", outcome)),
            }[type_]  # fmt: skip
            yield type_, self.events_of(letter, user, type_, user, ts_ms[user], *parts)

    def links(self) -> list[tuple[str, Batch]]:
        """`identity.links`: all accounts of users are linked, and a few unlinked later. The owner is the membership."""
        world, users = self.world, self.users
        persons = int(world.members.person.max()) + 1
        account = world.groups.platform[world.members.group] * persons + world.members.person
        _, member = np.unique(account, return_index=True)
        user = users.of_person[world.members.person[member]]
        member, user = member[user >= 0], user[user >= 0]
        parts = []
        for letter, ts_ms, unlink in (("ul", users.linked_ms, "false"), ("uu", users.unlinked_ms, "true")):
            rows = np.flatnonzero(ts_ms[user] < world.plan.end_ms)
            at = ts_ms[user[rows]]
            text = ln.events(
                world.plan.run, letter, member[rows], "link", at,
                ln.text_field("account_id", world.account_ids(member[rows])),
                ',"user_id":"u', ln.numbers(users.person[user[rows]]), f'","source":"phone","unlink":{unlink}',
            )  # fmt: skip
            parts.append(("link", batch(text, at, member[rows])))
        return parts
