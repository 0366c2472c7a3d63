"""Quix Streams: one stateful update per event, counts by day in its RocksDB state. Counts only, no raw landing.

Its defaults are kept (changelog topic, at-least-once, a checkpoint every 5 s and at the end); the state of a message's
key (`group_id`) holds one number a day. Tried and no faster: no changelog, larger fetches, values as bytes; its
tumbling windows take twice the CPU.

The clock stops after the last checkpoint, when RocksDB and the changelog have it all.
"""

import json
import time
from typing import Any

from confluent_kafka import Consumer, TopicPartition  # type: ignore[import-untyped]
from quixstreams import Application, State
from quixstreams.state.rocksdb import RocksDBStore

from bench.job import Job, Outcome
from bench.oracle import Counts

DAY_MS = 86_400_000


def main() -> None:
    """Run the job on standard input."""
    job = Job.read()
    app = Application(
        broker_address=job.servers.bootstrap,
        consumer_group=job.name,
        auto_offset_reset="earliest",
        state_dir=job.folder / "quix",
        loglevel="WARNING",
    )
    topic = app.topic(job.topic, key_deserializer="str", value_deserializer="json")
    first = 0.0

    def count(event: dict[str, Any], state: State) -> None:  # type: ignore[type-arg]
        nonlocal first
        if not first:
            first = time.time()
        if event["type"] == "message":
            day = str(event["ts_ms"] // DAY_MS)
            state.set(day, state.get(day, 0) + 1)

    app.dataframe(topic).update(count, stateful=True)
    app.run(count=job.events, collect=False)
    done = time.time()
    Outcome(first, done, _next_offsets(job), _counts(job)).write(job.folder)


def _next_offsets(job: Job) -> list[int]:
    consumer = Consumer({"bootstrap.servers": job.servers.bootstrap, "group.id": job.name})
    committed = consumer.committed([TopicPartition(job.topic, p) for p in range(job.partitions)], timeout=30)
    consumer.close()
    return [max(at.offset, 0) for at in committed]


def _counts(job: Job) -> Counts:
    """Read the state as it lies on disk: keys are `"group"|"day"`, both JSON."""
    store = RocksDBStore("default", job.topic, str(job.folder / "quix" / job.name))
    counts: Counts = {}
    for number in range(job.partitions):
        items = store.assign_partition(number).iter_items(b"")  # type: ignore[attr-defined]
        for key, value in items:
            group, day = (json.loads(part) for part in key.split(b"|"))
            counts[group, int(day)] = json.loads(value)
    return counts


if __name__ == "__main__":
    main()
