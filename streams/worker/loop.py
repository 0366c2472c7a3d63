"""The event loop of a worker: ending it does not wait for threads that a hanging server holds."""

import asyncio


class WorkerLoop(asyncio.SelectorEventLoop):
    """A loop that, when it ends, leaves threads of `asyncio.to_thread` that are still busy behind.

    asyncio would join them. A question to a server that hangs would then hold a worker that was told to stop for as
    long as ClickHouse may take to answer, which is more than `worker.stop_timeout_s` promises.
    """

    async def shutdown_default_executor(self, timeout: float | None = None) -> None:  # noqa: ASYNC109 - asyncio's name
        """Wait for nothing: `close` lets threads end by themselves."""
