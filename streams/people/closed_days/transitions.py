"""Changes of members' states on closed days, on their way to the topic `member.transitions`."""

import asyncio
from typing import Any

import orjson

from schemas.kafka import Kafka
from schemas.topics import TRANSITIONS
from sources.chunks import START, Chunk
from sources.producer import Producer
from streams.people.closed_days.day_rows import Tell


def sender(kafka: Kafka, prefix: str) -> Tell:
    """What sends changes to their topic and returns when Kafka has them all.

    It raises `BackpressureError` when Kafka does not take them now, `ServiceError` when it refuses.
    """

    async def send(changes: list[dict[str, Any]]) -> None:
        keys, values = [one["group_id"].encode() for one in changes], [orjson.dumps(one) for one in changes]
        async with Producer(kafka, prefix) as producer:
            await producer.acknowledged(await producer.send(Chunk(TRANSITIONS.name, START, keys, values)))

    def tell(changes: list[dict[str, Any]]) -> None:
        if changes:
            asyncio.run(send(changes))

    return tell
