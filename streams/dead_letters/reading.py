"""Reads the dead-letter topics: an overview, and single letters in full.

A dead-letter topic is a log of letters and of marks. A mark is a record with the identity headers of a letter and
`dlq.replayed_ms`: the letter was sent back to its topic and is not offered again. The mark follows its letter in the
same topic, and so is kept at least as long. A letter is identified by the topic, partition and offset of its original
record; a worker that was killed may have written it twice, but it counts once.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from aiokafka.structs import ConsumerRecord, TopicPartition

from schemas.errors import ConfigError, DataError
from schemas.kafka import Kafka
from streams.kafka.reading import CommittedReader, committed_reader

#: Partition of a letter whose headers do not say where it came from; its offset is then that of the letter itself.
UNKNOWN = -1

Identity = tuple[str, int, int]


@dataclass(frozen=True)
class DeadLetter:
    """One refused record: its position, why it was refused, and its original key and bytes."""

    topic: str
    partition: int
    offset: int
    error: str
    reason: str
    headers: dict[str, str]
    key: bytes | None
    value: bytes | None

    @property
    def identity(self) -> Identity:
        """Topic, partition and offset of the original record."""
        return self.topic, self.partition, self.offset

    @property
    def first_seen_ms(self) -> int:
        """When it was refused, milliseconds since the Unix epoch."""
        return int(self.headers.get("dlq.first_seen_ms", 0))


@dataclass
class LetterCount:
    """Letters of one topic with the same error and reason; `partition` and `offset` are those of the newest."""

    topic: str
    error: str
    reason: str
    waiting: int = 0
    replayed: int = 0
    newest_ms: int = 0
    partition: int = 0
    offset: int = 0


def count_letters(kafka: Kafka, topics: Collection[str]) -> list[LetterCount]:
    """Count the dead letters of `topics` (the original topics' names in Kafka) by error and reason, largest first."""
    replayed = replayed_letters(kafka, topics)
    counts: dict[tuple[str, str, str], LetterCount] = {}
    for letter in read_letters(kafka, topics):
        kind = letter.topic, letter.error, letter.reason
        count = counts.setdefault(kind, LetterCount(*kind))
        if letter.identity in replayed:
            count.replayed += 1
        else:
            count.waiting += 1
        if letter.first_seen_ms >= count.newest_ms:
            count.newest_ms, count.partition, count.offset = letter.first_seen_ms, letter.partition, letter.offset
    return sorted(counts.values(), key=lambda count: (-count.waiting, -count.replayed, count.topic, count.reason))


def find_letter(kafka: Kafka, topic: str, partition: int, offset: int) -> DeadLetter:
    """The dead letter of one original record; raises `DataError` when there is none."""
    for letter in read_letters(kafka, [topic]):
        if letter.identity == (topic, partition, offset):
            return letter
    place = f"{topic} partition {partition} offset {offset}"
    raise DataError(f"No dead letter came from {place}: see `groupvitals dlq list`.")


def read_letters(kafka: Kafka, topics: Collection[str]) -> Iterator[DeadLetter]:
    """Every letter of the topics once, up to their current ends."""
    seen: set[Identity] = set()
    for letter in _read(kafka, topics):
        if "dlq.replayed_ms" not in letter.headers and letter.identity not in seen:
            seen.add(letter.identity)
            yield letter


def replayed_letters(kafka: Kafka, topics: Collection[str]) -> set[Identity]:
    """Letters that were already sent back."""
    return {letter.identity for letter in _read(kafka, topics) if "dlq.replayed_ms" in letter.headers}


def _read(kafka: Kafka, topics: Collection[str]) -> Iterator[DeadLetter]:
    with committed_reader(kafka) as reader:
        partitions = [place for topic in topics for place in _partitions(reader, f"{topic}.dlq")]
        yield from map(_letter, reader.read(reader.bounds(partitions)))


def _partitions(reader: CommittedReader, dlq: str) -> list[TopicPartition]:
    found = reader.partitions(dlq)
    if not found:
        raise ConfigError(f"There is no topic {dlq}: run `groupvitals topics`.")
    return found


def _letter(record: ConsumerRecord) -> DeadLetter:
    headers = {name: value.decode("utf-8", "backslashreplace") for name, value in record.headers if value is not None}
    place = headers.get("dlq.partition", ""), headers.get("dlq.offset", "")
    labelled = all(number.isdecimal() for number in place)
    return DeadLetter(
        topic=record.topic.removesuffix(".dlq"),
        partition=int(place[0]) if labelled else UNKNOWN,
        offset=int(place[1]) if labelled else record.offset,
        error=headers.get("dlq.error", "unlabelled"),
        reason=headers.get("dlq.reason", "not written by a worker"),
        headers=headers,
        key=record.key,
        value=record.value,
    )
