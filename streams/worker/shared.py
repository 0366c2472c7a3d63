"""What the workers of one process share, so that connections and threads do not multiply with agents."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from sinks.clickhouse.store import ClickHouseStore
from streams.config import WorkerConfig
from streams.operations.following import Following

#: Threads that talk to ClickHouse, each over two connections at most: for one agent, and for any number of them.
_ONE, _MOST = 4, 8


class Shared:
    """`store` has a connection per thread; `inserts` are the threads of all processors that talk to it."""

    def __init__(self, configs: Sequence[WorkerConfig]) -> None:
        one = configs[0]
        self.store = ClickHouseStore(one.address)
        self.following = Following(one.kafka, one.topic_prefix, [config.agent.contract for config in configs])
        self.inserts = ThreadPoolExecutor(_ONE if len(configs) == 1 else _MOST, "inserts")

    async def close(self) -> None:
        """Close the connections; the threads finish what they are doing, and nothing new begins."""
        try:
            await self.following.close()
        finally:
            self.inserts.shutdown(wait=False, cancel_futures=True)
