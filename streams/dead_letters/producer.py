"""Dead letters on their way out: the original bytes under the original key, with where and why in the headers."""

from collections.abc import Callable

from schemas.kafka import Kafka
from sources.producer import Producer, Record
from streams.dead_letters.letter import Letter
from streams.retry import retrying

#: A key or value beyond this is cut: a dead letter too large for its topic would block everything behind it for ever.
MAX_BYTES = 7 << 19
#: Maximum letters in flight.
_AT_ONCE = 500


class DeadLetterProducer:
    """Sends the dead letters of one topic; `send` returns when all are acknowledged by all replicas."""

    def __init__(self, kafka: Kafka, topic: str) -> None:
        self.topic = topic
        self._kafka = kafka
        self._producer: Producer | None = None

    async def send(self, letters: list[Letter], ended: Callable[[], bool] = lambda: False) -> None:
        """Send them all. Waits while Kafka is unreachable, unless their flush has `ended` (`BackpressureError`).

        Raises `ServiceError` when Kafka refuses them.
        """
        if letters:
            await retrying(lambda: self._send(letters), "sending dead letters", ended)

    async def _send(self, letters: list[Letter]) -> None:
        if self._producer is None:
            producer = Producer(self._kafka)
            await producer.start()
            self._producer = producer
        for first in range(0, len(letters), _AT_ONCE):
            await self._producer.deliver([self._record(letter) for letter in letters[first : first + _AT_ONCE]])

    def _record(self, letter: Letter) -> Record:
        headers = {
            "dlq.topic": self.topic,
            "dlq.partition": letter.partition,
            "dlq.offset": letter.offset,
            "dlq.error": letter.error,
            "dlq.reason": letter.reason,
            "dlq.schema_version": 1,
            "dlq.first_seen_ms": letter.first_seen_ms,
        }
        key, value = letter.key and letter.key[:MAX_BYTES], letter.value and letter.value[:MAX_BYTES]
        if key is None and value is None:  # aiokafka sends no such record, though brokers keep them
            value = b""
        if (key, value) != (letter.key, letter.value):
            headers["dlq.original_bytes"] = f"{len(letter.key or b'')}, {len(letter.value or b'')}"
        named = {name: str(value).encode("utf-8", "replace") for name, value in headers.items()}
        return Record(f"{self.topic}.dlq", value, key, headers=named)

    async def stop(self) -> None:
        """Close the connection."""
        if self._producer is not None:
            await self._producer.stop()
