"""Sends dead letters back into the topic and partition they came from, and marks them as replayed."""

import asyncio
import time
from collections import Counter
from collections.abc import Collection, Iterator
from itertools import islice

from schemas.kafka import Kafka
from sources.producer import Producer, Record
from streams.dead_letters.reading import UNKNOWN, DeadLetter, read_letters, replayed_letters

#: Number of letters sent back in one transaction.
BATCH = 500


def replay_letters(
    kafka: Kafka, topics: Collection[str], error: str | None = None, dry_run: bool = False
) -> dict[tuple[str, str], int]:
    """Send waiting letters back to the topic and partition they came from, mark them, count them by (topic, error).

    Only those of class `error` if one is given; `dry_run` only counts. Letters and their marks are sent in one
    transaction: whenever this is killed, each letter was sent back once or not at all. A replay fails when another one
    of the same topic starts.
    """
    sent: Counter[tuple[str, str]] = Counter()
    for topic in topics:
        if dry_run:
            sent.update((letter.topic, letter.error) for letter in _waiting(kafka, topic, error))
        else:
            sent.update(_replay(kafka, topic, error))
    return dict(sent)


def _waiting(kafka: Kafka, topic: str, error: str | None) -> Iterator[DeadLetter]:
    """Letters of a topic that have not been sent back yet."""
    replayed = replayed_letters(kafka, [topic])
    return (
        letter
        for letter in read_letters(kafka, [topic])
        if letter.identity not in replayed and error in (None, letter.error)
    )


def _replay(kafka: Kafka, topic: str, error: str | None) -> Counter[tuple[str, str]]:
    """Send a topic's letters back. Before marks are read, starting the producer ends what a killed one left open."""
    sent: Counter[tuple[str, str]] = Counter()
    producer = Producer(kafka, transactional_id=f"{topic}.dlq-replay")
    with asyncio.Runner() as runner:  # letters are read in a loop of their own, alternating with this one
        try:
            runner.run(producer.start())
            letters = _waiting(kafka, topic, error)
            while batch := list(islice(letters, BATCH)):
                runner.run(_send_back(producer, batch))
                sent.update((letter.topic, letter.error) for letter in batch)
        finally:
            runner.run(producer.stop())
    return sent


async def _send_back(producer: Producer, letters: list[DeadLetter]) -> None:
    marks = [Record(f"{one.topic}.dlq", b"", one.key, headers=_mark(one)) for one in letters]
    async with producer.transaction():
        await producer.deliver([_original(letter) for letter in letters] + marks)


def _original(letter: DeadLetter) -> Record:
    """The original record, for the same partition, so that it meets its key's state whoever produced it."""
    partition = letter.partition if letter.partition != UNKNOWN else None
    value = letter.value if letter.key is not None else letter.value or b""  # Kafka wants a key or a value
    return Record(letter.topic, value, letter.key, partition)


def _mark(letter: DeadLetter) -> dict[str, bytes]:
    fields = {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
    fields["replayed_ms"] = time.time_ns() // 1_000_000
    return {f"dlq.{name}": str(value).encode() for name, value in fields.items()}
