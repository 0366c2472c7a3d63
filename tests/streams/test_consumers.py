"""Consumers of those who only look at a topic: they stay open only if they have started."""

import asyncio
import gc
import socket
from contextlib import suppress

import pytest
from aiokafka.errors import KafkaConnectionError

from schemas.kafka import Kafka
from streams.kafka.consumer import started


def test_a_consumer_that_cannot_start_is_closed() -> None:
    complaints = list[str]()

    async def fail_to_start() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context["message"]))
        with socket.create_server(("127.0.0.1", 0)) as silent:
            kafka = Kafka(f"127.0.0.1:{silent.getsockname()[1]}")
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    await started(kafka)
        with pytest.raises(KafkaConnectionError):
            await started(kafka)
        gc.collect()  # aiokafka complains of consumers that were thrown away open

    asyncio.run(fail_to_start())
    assert not complaints
