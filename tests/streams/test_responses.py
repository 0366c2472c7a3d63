"""Responses of Kafka reach their reader whole, in order and unchanged, however the network cuts them."""

import asyncio
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.responses import _WholeResponses


class _Fed(asyncio.StreamReader):
    """A reader that keeps what it is fed."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop=loop)
        self.fed: list[bytes] = []

    def feed_data(self, data: Any) -> None:
        self.fed.append(bytes(data))


def _responses(stream: bytes) -> int:
    """How many responses a stream holds; it must end where one ends."""
    at = count = 0
    while at < len(stream):
        at += 4 + int.from_bytes(stream[at : at + 4], "big")
        count += 1
    assert at == len(stream)
    return count


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=6), st.lists(st.integers(1, 50), max_size=40))
def test_responses_come_whole_however_they_are_cut(bodies: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(len(body).to_bytes(4, "big") + body for body in bodies)
    loop = asyncio.new_event_loop()
    try:
        reader = _Fed(loop)
        protocol = _WholeResponses(loop.create_future(), reader, loop=loop)
        at = 0
        for size in [*sizes, len(stream)]:
            if piece := stream[at : at + size]:
                protocol.data_received(piece)
            at += size
            complete = b"".join(reader.fed)
            assert stream.startswith(complete)
            _responses(complete)
            rest = stream[len(complete) : at]
            assert len(rest) < 4 or len(rest) < 4 + int.from_bytes(rest[:4], "big"), "nothing complete is held back"
    finally:
        loop.close()
    assert b"".join(reader.fed) == stream
