"""A worker's event loop: what a hanging server holds does not hold the worker."""

import asyncio
import threading

from streams.worker.loop import WorkerLoop


def test_the_loop_ends_while_a_thread_still_waits_for_an_answer() -> None:
    asked, answer, answered = threading.Event(), threading.Event(), threading.Event()

    def ask() -> None:
        asked.set()
        answer.wait(20)
        answered.set()

    async def work() -> None:
        asking = asyncio.create_task(asyncio.to_thread(ask))
        await asyncio.to_thread(asked.wait)
        asking.cancel()

    with asyncio.Runner(loop_factory=WorkerLoop) as runner:
        runner.run(work())
    assert not answered.is_set()
    answer.set()
    assert answered.wait(20)
