"""Work beside a worker's own: should it fail, the worker goes on without it, but not silently."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

log = logging.getLogger(__name__)


def in_background(work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    """Start it. Whoever starts it cancels it in the end."""
    task = asyncio.create_task(work)
    task.add_done_callback(_say_why_it_ended)
    return task


def _say_why_it_ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error(
            "A background task of the worker failed; the worker goes on without it. Restart it: %s",
            error,
            exc_info=error,
        )
