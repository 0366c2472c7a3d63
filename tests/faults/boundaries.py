"""The places of a start, a flush and a take-over at which a worker can be made to signal itself, from outside its code.

`arm` runs in a worker's own process, before the worker is made, and touches nothing but that process.
"""

import signal
import threading
from collections.abc import Callable
from contextvars import ContextVar
from functools import wraps
from itertools import count
from typing import Any

#: A worker has found both servers and is about to join.
STARTING = "before the consumer connects"
#: In the order in which a flush passes them.
FLUSH = (
    "after decode",
    "after the dead letters",
    "between the tables",
    "before the checkpoint row",
    "after the checkpoint row",
    "after the commit",
    "after the confirmation",
)
#: In the order in which a take-over passes them.
TAKE_OVER = (
    "take-over: after the first commit",
    "take-over: after loading",
    "take-over: after the first checkpoint",
    "take-over: after the second commit",
)
#: More of the people agent, in the order in which it passes them; older terms are dropped at a second flush.
PEOPLE = (
    "people: after reading",
    "people: after working out",
    "people: after publishing",
    "people: before older terms are dropped",
    "people: after older terms were dropped",
)

_commits: ContextVar[Any] = ContextVar("commits of the take-over under way")
_COMMITS = {1: "take-over: after the first commit", 2: "take-over: after the second commit"}


def leave_when_idle(ms: int) -> None:
    """Have a consumer leave its group when it fetches nothing for so long: the real limit would take a test days."""
    from streams.kafka import frames

    frames._LONGEST_IDLE_MS = ms


def arm(boundary: str, nth: int, number: signal.Signals) -> None:
    """At the `nth` passing of `boundary` this process gets the signal."""
    from sinks.clickhouse.store import ClickHouseStore
    from streams.checkpoint import processor, takeover
    from streams.dead_letters.producer import DeadLetterProducer
    from streams.kafka.broker import KafkaBroker
    from streams.kafka.frames import FrameConsumerThread
    from streams.people import task as people
    from streams.people.task import PeopleTask

    passed = count(1)

    def reach(here: str) -> None:
        if here == boundary and next(passed) == nth:
            signal.pthread_kill(threading.get_ident(), number)  # sent to the process, another thread may take it first

    def then(owner: Any, name: str, here: str, counts: Callable[..., bool] = lambda *_, **__: True) -> None:
        original: Callable[..., Any] = getattr(owner, name)

        @wraps(original)
        def call(*args: Any, **options: Any) -> Any:
            result = original(*args, **options)
            if counts(*args, **options):
                reach(here)
            return result

        setattr(owner, name, call)

    then(processor, "decode", "after decode")
    then(processor, "confirmed", "after the confirmation")
    then(takeover, "fill", "take-over: after loading")
    then(ClickHouseStore, "insert", "between the tables")
    then(PeopleTask, "look", "people: after reading")
    then(PeopleTask, "take", "people: after working out")
    then(people, "drop_older", "people: after older terms were dropped")
    then(people, "publish", "people: after publishing", lambda _, heads, *__: any(h.cut.sequence for h in heads))
    drop = people.drop_older
    connect, send, write, commit, take_over = (
        FrameConsumerThread._connect, DeadLetterProducer.send, ClickHouseStore.write_checkpoints, KafkaBroker.commit,
        processor.take_over,
    )  # fmt: skip

    async def connecting(self: Any) -> None:
        reach(STARTING)
        await connect(self)

    async def sending(self: Any, letters: list[Any], *ended: Any) -> None:
        await send(self, letters, *ended)
        if letters:
            reach("after the dead letters")

    def writing(self: Any, checkpoints: list[Any]) -> None:
        first = checkpoints[0].cut.sequence == 0
        if not first:
            reach("before the checkpoint row")
        write(self, checkpoints)
        reach("take-over: after the first checkpoint" if first else "after the checkpoint row")

    async def committing(self: Any, cuts: Any) -> bool:
        done = await commit(self, cuts)
        commits = _commits.get(None)
        reach(_COMMITS[next(commits)] if commits else "after the commit")
        return done

    async def taking_over(*args: Any, **options: Any) -> bool:
        _commits.set(count(1))
        return await take_over(*args, **options)

    def dropping(*args: Any) -> None:
        reach("people: before older terms are dropped")
        drop(*args)

    people.drop_older = dropping
    FrameConsumerThread._connect = connecting  # type: ignore[method-assign]
    DeadLetterProducer.send, ClickHouseStore.write_checkpoints = sending, writing  # type: ignore[method-assign]
    KafkaBroker.commit, processor.take_over = committing, taking_over  # type: ignore[method-assign]
