"""What the benches without peers share: their own topic and database, removed at the end."""

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import topic
from bench.job import Job, Servers
from schemas.topics import CHAT


@contextmanager
def job_of(name: str, where: Servers, home: Path, partitions: int) -> Iterator[Job]:
    """A job with an empty topic, database and folder; everything but the folder's logs is removed at the end."""
    prefix = f"bench.{name}-{time.time_ns() // 1_000_000}."
    job = Job(prefix + name, where, prefix + CHAT.name, partitions, 0, f"bench_{name}", home / "runs" / name)
    client = where.clickhouse()
    client.execute(f"DROP DATABASE IF EXISTS {job.database} SYNC")
    shutil.rmtree(job.folder, ignore_errors=True)
    job.folder.mkdir(parents=True)
    topic.create(where.bootstrap, job.topic, partitions)
    try:
        yield job
    finally:
        topic.remove(where.bootstrap, prefix)
        client.execute(f"DROP DATABASE IF EXISTS {job.database} SYNC")
