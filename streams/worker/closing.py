"""Closing in bounded time, whatever the servers do."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

#: How long leaving the consumer group, or closing a connection, may take, seconds.
_CLOSING_S = 5


async def within(closing: Callable[[], Awaitable[None]]) -> None:
    """Close something, or give up after a few seconds."""
    with suppress(asyncio.CancelledError, TimeoutError):
        async with asyncio.timeout(_CLOSING_S):
            await closing()
