"""Where Kafka is: the one value that everything that talks to Kafka receives, whichever client library it uses."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Kafka:
    """The brokers, `host:port[,host:port]`."""

    bootstrap: str

    def __str__(self) -> str:
        return f"Kafka at {self.bootstrap}"

    def for_kafka_python(self) -> dict[str, Any]:
        """What every client of kafka-python is made with."""
        return {"bootstrap_servers": self.bootstrap.split(",")}

    def for_aiokafka(self) -> dict[str, Any]:
        """What every client of aiokafka is made with."""
        return {"bootstrap_servers": self.bootstrap}
