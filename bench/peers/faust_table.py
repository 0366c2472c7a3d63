"""Stock Faust: an agent that takes one event at a time and counts in a table. Counts only, no raw landing."""

import faust

from bench.job import Job
from bench.peers import faust_app

DAY_MS = 86_400_000


def main() -> None:
    """Run the job on standard input."""
    job = Job.read()
    app = faust_app.make_app(job)
    table = faust_app.table(app, job)
    progress = faust_app.Progress(job)

    @app.agent(app.topic(job.topic, value_serializer="json"))  # type: ignore[untyped-decorator]
    async def count(stream: faust.Stream) -> None:
        async for event in stream.events():
            if not progress.first:
                progress.first = faust_app.now()
            value = event.value
            if value["type"] == "message":
                table[f"{value['group_id']}|{value['ts_ms'] // DAY_MS}"] += 1
            progress.next_offsets[event.message.partition] = event.message.offset + 1
            progress.left -= 1
            if not progress.left:
                progress.done = faust_app.now()
                progress.finished.set()
                return

    faust_app.run(job, app, progress, lambda: faust_app.split(table))


if __name__ == "__main__":
    main()
