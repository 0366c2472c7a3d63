"""Quix Streams: a stateful update an event, counts by day in its RocksDB state. Counts only, no raw landing.

Its defaults are kept (changelog topic, at-least-once, checkpoint every 5 s and at the end); the state of a message's key
(`group_id`) holds one number a day. The clock stops after the last checkpoint, when RocksDB and the changelog have it all.
"""

import time

from quixstreams import Application, State
from quixstreams.state.rocksdb import RocksDBStore

from bench.job import Job, Outcome
from bench.oracle import Counts

DAY_MS = 86_400_000
EOF_WAIT_S = 60.0


def main() -> None:
    """Run the job on standard input."""
    job = Job.read()
    app = Application(
        broker_address=job.bootstrap,
        consumer_group=job.name,
        auto_offset_reset="earliest",
        state_dir=job.folder / "quix",
        loglevel="WARNING",
    )
    topic = app.topic(job.topic, key_deserializer="str", value_deserializer="json")
    first = 0.0

    def count(event: dict[str, object], state: State) -> None:  # type: ignore[type-arg]
        nonlocal first
        if not first:
            first = time.time()
        if event["type"] == "message":
            day = str(int(event["ts_ms"]) // DAY_MS)  # type: ignore[call-overload]
            state.set(day, state.get(day, 0) + 1)

    app.dataframe(topic).update(count, stateful=True)
    app.run(count=job.events, collect=False)
    done = time.time()
    print(done, first)


if __name__ == "__main__":
    main()
