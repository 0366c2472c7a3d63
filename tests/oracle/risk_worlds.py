"""Referrals of a simulated world as records of the product, with people who bring themselves, and some late records."""

import json
import random
from typing import Any

from sources.simulator.plan import NEVER
from sources.simulator.referral_rings import PRINTS, referral_world
from tests.oracle.community import HOUR_MS, Record
from tests.oracle.worlds import DAY_MS, World

BEGIN_MS = 1_735_693_200_000
#: How many records of the product come last: orders of an hour that is over, after a tick.
LAST = 5
_COLUMNS = dict(zip(PRINTS, ("payment_fingerprint", "device_fingerprint", "ip_hash"), strict=True))
_LOOK_ALIKES = {"family": 6, "office": 0, "teacher": 0, "viral": 0, "dormitory": 1}


def risky(seed: int) -> tuple[World, World]:
    """A ring of each kind among few others: product and links."""
    rng, found = random.Random(seed), referral_world(seed, 60, 1, _LOOK_ALIKES)
    events: list[tuple[int, dict[str, Any]]] = []
    used: dict[tuple[int, int], dict[str, str]] = {}
    for person, kind, number, ms in found.uses.tolist():
        used.setdefault((person, ms), {})[_COLUMNS[PRINTS[kind]]] = f"f{number}"
    for person, (referrer, since, last) in enumerate(
        zip(found.referrer.tolist(), found.since_ms.tolist(), found.last_ms.tolist(), strict=True)
    ):
        brought = {"referrer_user_id": f"u{referrer}"} if referrer >= 0 else {}
        events.append((since, {"type": "signup", "user_id": f"u{person}"} | brought))
        events.append((last, {"type": "open", "user_id": f"u{person}"}))
    for number, (person, ms, refund_ms) in enumerate(found.orders.tolist()):
        order = {"user_id": f"u{person}", "order_id": f"o{number}", "currency": "CNY", "amount_minor": 100}
        events.append((ms, order | {"type": "purchase"} | used[person, ms]))
        if refund_ms < NEVER:
            parts = ((0, "r", 30), (HOUR_MS, "s", 20)) if number % 3 else ((0, "r", 100),)
            for later, back, amount in parts:
                refund = order | {"type": "refund", "refund_id": back, "amount_minor": amount}
                events.append((refund_ms + later, refund))
    events.append((30 * DAY_MS, {"type": "trial", "user_id": "second", "referrer_user_id": "u0"}))
    events.append((1, {"type": "trial", "user_id": "ann", "referrer_user_id": "bob"}))
    events.append((2, {"type": "trial", "user_id": "bob", "referrer_user_id": "ann"}))
    events.append((found.end_ms + HOUR_MS, {"type": "tick"}))
    late = [(ms + (rng.randrange(40 * HOUR_MS) if rng.random() < 0.1 else 0), ms, event) for ms, event in events]
    late.sort(key=lambda one: one[0])
    (boss,) = found.planted["payment"]
    for number, person in enumerate([who for who, by in enumerate(found.referrer.tolist()) if by == boss][:LAST]):
        order = {"user_id": f"u{person}", "order_id": f"last{number}", "currency": "CNY", "amount_minor": 100}
        last = order | {"type": "purchase", "device_fingerprint": "last"}
        late.append((found.end_ms + HOUR_MS + 1, found.end_ms - 1, last))
    told = {"account_id": "second", "user_id": "u0", "source": "login"}
    return _world(late, "p"), _world([(60 * DAY_MS, 60 * DAY_MS, told)], "l")


def _world(events: list[tuple[int, int, dict[str, Any]]], letter: str) -> World:
    records = [
        Record(
            offset,
            BEGIN_MS + at,
            json.dumps(event | {"event_id": f"{letter}{offset}", "ts_ms": BEGIN_MS + ms}).encode(),
        )
        for offset, (at, ms, event) in enumerate(events)
    ]
    return World("UTC", 48, 4_000_000, tuple(records))
