"""Waits for something unreachable: backoff with jitter, logged once and then rarely."""

import asyncio
import logging
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

from schemas.errors import BackpressureError

log = logging.getLogger(__name__)
T = TypeVar("T")
_LONGEST_S, _LOG_EVERY_S = 5.0, 60.0
#: Retries in this process by action.
retries: Counter[str] = Counter()


@dataclass
class _Wait:
    """An action that waits, for all in this process who do the same."""

    since: float
    why: str = ""
    warned_at: float = float("-inf")
    callers: int = 0


_waits: dict[str, _Wait] = {}
_changing = threading.Lock()


def waits() -> dict[str, str]:
    """What waits in this process now, with its last error."""
    return {doing: wait.why for doing, wait in _waits.copy().items()}


async def retrying(action: Callable[[], Awaitable[T]], doing: str, give_up: Callable[[], bool] = lambda: False) -> T:
    """Run `action` until it works; `BackpressureError` means waiting.

    The first failure is logged, then one per minute, then the recovery; if several do the same at a time, once for all.
    `give_up` is asked before each new try.
    """
    pause, waiting = 0.1, False
    try:
        while True:
            try:
                result = await action()
            except BackpressureError as error:
                if give_up():
                    raise
                retries[doing] += 1
                _failed(doing, str(error), first=not waiting)
                waiting = True
                await asyncio.sleep(pause * random.uniform(0.5, 1.0))
                pause = min(pause * 2, _LONGEST_S)
            else:
                if waiting and (wait := _waits[doing]).callers == 1 and wait.warned_at > float("-inf"):
                    log.warning("%s continues after %.0f s.", doing, monotonic() - wait.since)
                return result
    finally:
        if waiting:
            _ended(doing)


def _failed(doing: str, why: str, first: bool) -> None:
    now = monotonic()
    with _changing:
        wait = _waits.setdefault(doing, _Wait(now))
        wait.why = why
        wait.callers += first
        due = now - wait.warned_at >= _LOG_EVERY_S
        if due:
            wait.warned_at = now
    if due:
        log.warning("%s is waiting: %s Trying again.", doing, why)


def _ended(doing: str) -> None:
    with _changing:
        _waits[doing].callers -= 1
        if not _waits[doing].callers:
            del _waits[doing]


def wait_for(action: Callable[[], T], doing: str) -> T:
    """`retrying` for a thread that has no event loop."""

    async def call() -> T:
        return action()

    return asyncio.run(retrying(call, doing))
