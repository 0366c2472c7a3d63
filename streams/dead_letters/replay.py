"""Sends dead letters back into the topic and partition they came from, and marks them as replayed."""

import time
from collections import Counter
from collections.abc import Collection
from typing import Any

from kafka import KafkaProducer

from schemas.kafka import Kafka
from streams.dead_letters.reading import UNKNOWN, DeadLetter, read_letters, replayed_letters
from streams.kafka.admin import FIND_MS, kafka_faults
from streams.kafka.reading import STALL_S
from streams.kafka.topics import MAX_DEAD_LETTER_BYTES

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
    with kafka_faults(kafka), _producer(kafka) as producer:
        for letter in read_letters(kafka, topics):
            if letter.identity in replayed or error not in (None, letter.error):
                continue
            sent[letter.topic, letter.error] += 1
            if not dry_run:
                batch.append(letter)
            if len(batch) == BATCH:
                _send_back(producer, batch)
                batch = []
        _send_back(producer, batch)
    return dict(sent)


def _producer(kafka: Kafka) -> KafkaProducer:
    return KafkaProducer(
        **kafka.for_kafka_python(), bootstrap_timeout_ms=FIND_MS, acks="all",
        max_request_size=MAX_DEAD_LETTER_BYTES,
    )  # fmt: skip


def _send_back(producer: KafkaProducer, letters: list[DeadLetter]) -> None:
    def send(letter: DeadLetter) -> Any:  # the very partition, so that the key's state is found whoever produced it
        partition = letter.partition if letter.partition != UNKNOWN else None
        value = letter.value if letter.key is not None else letter.value or b""  # Kafka wants a key or a value
        return producer.send(letter.topic, value, letter.key, partition=partition)

    for future in [send(letter) for letter in letters]:
        future.get(timeout=STALL_S)
    for future in [producer.send(f"{letter.topic}.dlq", b"", letter.key, headers=_mark(letter)) for letter in letters]:
        future.get(timeout=STALL_S)


def _mark(letter: DeadLetter) -> list[tuple[str, bytes]]:
    fields = {"topic": letter.topic, "partition": letter.partition, "offset": letter.offset}
    fields["replayed_ms"] = time.time_ns() // 1_000_000
    return [(f"dlq.{name}", str(value).encode()) for name, value in fields.items()]
