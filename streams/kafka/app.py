"""A Faust app whose frame topics come as frames, through a transport with the frame consumer."""

from collections.abc import Callable
from typing import Any

import faust
from faust.app.base import BootStrategy
from faust.transport.drivers import aiokafka as driver

from streams.kafka.frames import FrameConsumer


class FrameTransport(driver.Transport):  # type: ignore[misc]
    """The stock transport with the frame consumer."""

    Consumer = FrameConsumer


class _WithoutProducer(BootStrategy):  # type: ignore[misc]
    """Starts everything but Faust's producer, through which nothing is sent."""

    enable_kafka_producer = False


class FrameApp(faust.App):  # type: ignore[misc]
    """A Faust app in which `frame_topics` come as frames; `positions` says where to read a topic's partitions."""

    BootStrategy = _WithoutProducer

    def __init__(
        self, *args: Any, frame_topics: set[str], positions: Callable[[str], dict[int, int]], **kwargs: Any
    ) -> None:
        self.frame_topics, self.positions = frame_topics, positions
        super().__init__(*args, **kwargs)

    def _new_transport(self) -> FrameTransport:
        return FrameTransport(self.conf.broker_consumer, self)
