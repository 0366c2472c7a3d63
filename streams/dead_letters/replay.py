"""Sends dead letters back into the topic and partition they came from, and marks them as replayed."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection

from schemas.kafka import Kafka
from sources.producer import Producer, Record
from streams.dead_letters.reading import UNKNOWN, DeadLetter, read_letters, replayed_letters

#: Letters that are sent back before their marks are written.
BATCH = 500


def replay_letters(
    kafka: Kafka, topics: Collection[str], error: str | None = None, dry_run: bool = False
) -> dict[tuple[str, str], int]:
    """Send waiting letters back to the topic and partition they came from, mark them, count them by (topic, error).

    Only those of class `error` if one is given; `dry_run` only counts. A letter that was sent and not yet marked when
    this was killed is sent again the next time, and the worker counts an event id once.
    """
    replayed = replayed_letters(kafka, topics)
    sent: Counter[tuple[str, str]] = Counter()
    batch: list[DeadLetter] = []
    for letter in read_letters(kafka, topics):
        if letter.identity in replayed or error not in (None, letter.error):
            continue
        sent[letter.topic, letter.error] += 1
        if not dry_run:
            batch.append(letter)
        if len(batch) == BATCH:
            asyncio.run(_send_back(kafka, batch))
            batch = []
    if batch:
        asyncio.run(_send_back(kafka, batch))
    return dict(sent)


async def _send_back(kafka: Kafka, letters: list[DeadLetter]) -> None:
    async with Producer(kafka) as producer:
        await producer.deliver([_original(letter) for letter in letters])
        await producer.deliver([Record(f"{one.topic}.dlq", b"", one.key, headers=_mark(one)) for one in letters])


def _original(letter: DeadLetter) -> Record:
    """For the very partition it came from, so that the key's state is found whoever produced it."""
    partition = letter.partition if letter.partition != UNKNOWN else None
    value = letter.value if letter.key is not None else letter.value or b""  # Kafka wants a key or a value
    return Record(letter.topic, value, letter.key, partition)


def _mark(letter: DeadLetter) -> dict[str, bytes]:
    fields = {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
    fields["replayed_ms"] = time.time_ns() // 1_000_000
    return {f"dlq.{name}": str(value).encode() for name, value in fields.items()}
