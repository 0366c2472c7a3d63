"""Waits for something unreachable: backoff with jitter, logged once and then rarely."""

import asyncio
import logging
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import TypeVar

from schemas.errors import BackpressureError

log = logging.getLogger(__name__)
T = TypeVar("T")
_LONGEST_S, _LOG_EVERY_S = 5.0, 60.0
#: In this process: retries by action, and what waits now, with its last error.
retries: Counter[str] = Counter()
waits: dict[str, str] = {}


async def retrying(action: Callable[[], Awaitable[T]], doing: str, give_up: Callable[[], bool] = lambda: False) -> T:
    """Run `action` until it works; `BackpressureError` means waiting.

    The first failure is logged, then one per minute, then the recovery. `give_up` is asked before each new try.
    """
    loop = asyncio.get_running_loop()
    wait, began, warned_at = 0.1, loop.time(), float("-inf")
    try:
        while True:
            try:
                result = await action()
            except BackpressureError as error:
                now = loop.time()
                if give_up():
                    raise
                retries[doing] += 1
                waits[doing] = str(error)
                if now - warned_at >= _LOG_EVERY_S:
                    log.warning("%s is waiting: %s Trying again.", doing, error)
                    warned_at = now
                await asyncio.sleep(wait * random.uniform(0.5, 1.0))
                wait = min(wait * 2, _LONGEST_S)
            else:
                if warned_at > float("-inf"):
                    log.warning("%s continues after %.0f s.", doing, loop.time() - began)
                return result
    finally:
        waits.pop(doing, None)


def wait_for(action: Callable[[], T], doing: str) -> T:
    """`retrying` for a thread that has no event loop."""

    async def call() -> T:
        return action()

    return asyncio.run(retrying(call, doing))
