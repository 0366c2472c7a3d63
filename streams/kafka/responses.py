"""Kafka's responses in memory: received as a whole, record batches kept as bytes. Replaces two classes of aiokafka.

Importing this is enough; stock topics work as before.
"""

import aiokafka.conn as aiokafka_conn
import aiokafka.consumer.fetcher as aiokafka_fetcher

_SIZE = 4


class _WholeResponses(aiokafka_conn.AIOKafkaProtocol):  # type: ignore[misc]
    """Delivers whole responses: a stream reader that grows with every chunk copies a large one nine times over."""

    def __init__(self, *args: object, **options: object) -> None:
        super().__init__(*args, **options)
        self._pieces: list[bytes] = []
        self._held, self._wanted = 0, _SIZE

    def data_received(self, data: bytes) -> None:
        """Keep chunks until their response is complete."""
        self._pieces.append(data)
        self._held += len(data)
        if self._held < self._wanted:
            return
        held = b"".join(self._pieces) if len(self._pieces) > 1 else data
        end, following = 0, _SIZE
        while following <= len(held):
            size = int.from_bytes(held[end : end + _SIZE], "big")
            if end + _SIZE + size > len(held):
                following = end + _SIZE + size
                break
            end += _SIZE + size
            following = end + _SIZE
        self._pieces, self._held, self._wanted = [held[end:]], len(held) - end, following - end
        if end:
            super().data_received(held[:end] if end < len(held) else held)


class _KeptRecords(aiokafka_fetcher.MemoryRecords):  # type: ignore[misc]
    """Record batches that are still available as bytes."""

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.data = data


# Connections and the fetcher look these up by name.
aiokafka_conn.AIOKafkaProtocol = _WholeResponses
aiokafka_fetcher.MemoryRecords = _KeptRecords
