"""Faust `take`: batches of up to 1,000 events within 0.5 s, added up before they reach the table. Counts only.

One table update a batch and key instead of one an event; larger batches were no faster. `take_events` rather than
`take`, to know the offsets; the table uses the key's partitioner, since a batch spans partitions. No raw landing.
"""

from collections import Counter

import faust

from bench.job import Job
from bench.peers import faust_app

DAY_MS = 86_400_000
BATCH = 1_000
WITHIN_S = 0.5


def main() -> None:
    """Run the job on standard input."""
    job = Job.read()
    app = faust_app.make_app(job)
    table = faust_app.table(app, job, use_partitioner=True)
    progress = faust_app.Progress(job)

    async def notice_first(value: object) -> object:
        if not progress.first:
            progress.first = faust_app.now()
        return value

    @app.agent(app.topic(job.topic, value_serializer="json"))  # type: ignore[untyped-decorator]
    async def count(stream: faust.Stream) -> None:
        stream.add_processor(notice_first)
        async for batch in stream.take_events(min(BATCH, job.events), within=WITHIN_S):
            counts = Counter(
                f"{event.value['group_id']}|{event.value['ts_ms'] // DAY_MS}"
                for event in batch
                if event.value["type"] == "message"
            )
            for key, messages in counts.items():
                table[key] += messages
            for event in batch:
                progress.next_offsets[event.message.partition] = event.message.offset + 1
            progress.left -= len(batch)
            if progress.left <= 0:
                progress.done = faust_app.now()
                progress.finished.set()
                return

    faust_app.run(job, app, progress, lambda: faust_app.split(table))


if __name__ == "__main__":
    main()
