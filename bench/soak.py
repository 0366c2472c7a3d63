"""The long run: a steady load on two workers, one of which is killed and restarted every minute; what `make soak` runs.

`python -m bench.soak [--minutes N] [--rate N]` shows progress, draws `bench/results/soak.png`, writes
`bench/results/soak.json`, and ends with a verdict: every record landed once, the answers equal what was sent, memory
is flat. The duplicate horizon is 200,000 records per partition here, so that the index of event ids is full within
minutes and can neither hide nor look like a leak.
"""

import argparse
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench import report, soak_report, topic
from bench.events import events_file
from bench.job import Job
from bench.measure import server
from bench.peers import groupvitals
from bench.services import servers
from bench.soak_report import Run, Sample
from bench.solo import job_of
from bench.steady import PARTITIONS, TIME, Events, FollowingWorker, Load, Watch, endless
from groupvitals.settings import load_settings

SETTINGS = {"WORKER__DUPLICATE_HORIZON": 200_000}
EVERY_S = 60.0
DRAIN_S = 120.0
WATCH_S = 0.25
KEPT_BYTES = 64 << 20
_MB = 1 << 20

#: (group_id, days since 1970-01-01) -> messages
Days = Counter[tuple[str, int]]


def counted(events: Events, days: Days) -> Events:
    """The same events; messages are counted by group and day as they pass."""
    for partition, key, value in events:
        if b'"type":"message"' in value:
            days[key.decode(), int(TIME.search(value)[1]) // 86_400_000] += 1  # type: ignore[index]
        yield partition, key, value


def run(job: Job, load: Load, watch: Watch, minutes: float, shown: Progress) -> Run:
    """Sample once per second; once per minute, kill one worker and restart it."""
    lasting, killed = FollowingWorker(job, "lasting", **SETTINGS), FollowingWorker(job, "killed", **SETTINGS)
    clickhouse, kafka = server(job.servers.tcp_port), server(int(job.servers.bootstrap.rpartition(":")[2]))
    found = Run()
    bar = shown.add_task("", total=minutes * 60)
    began = next_kill = time.time()
    try:
        while (now := time.time()) < began + minutes * 60:
            if now >= next_kill + EVERY_S and now < began + minutes * 60 - EVERY_S / 2:
                found.kills.append(killed.kill())
                killed = FollowingWorker(job, "killed", **SETTINGS)
                next_kill = now
            if lasting.process.poll() is not None or killed.process.poll() is not None:
                raise RuntimeError(f"A worker ended unexpectedly: see the logs in {job.folder}.")
            memory = [lasting.rss(), killed.rss(), *(p.memory_info().rss if p else 0 for p in (clickhouse, kafka))]
            sample = Sample(now, watch.landed, load.total - watch.landed, *(rss / _MB for rss in memory))
            found.samples.append(sample)
            shown.update(bar, completed=now - began, description=soak_report.line(sample, len(found.kills)))
            time.sleep(max(0.0, now + 1 - time.time()))
        load.stop()
        watch.wait(load.total, [lasting, killed], DRAIN_S)
    finally:
        lasting.stop()
        killed.stop()
    return found


def check(job: Job, sent: int, days: Days) -> dict[str, bool]:
    """Compare what landed with what was sent, and the workers' answers with the raw rows."""
    client, db = job.servers.clickhouse(), job.database
    rows, offsets = client.execute(
        f"SELECT (SELECT count() FROM {db}.events FINAL), uniqExact(topic, partition, offset) FROM {db}.events"
    )[0]
    panes = client.execute(f"SELECT group_id, bucket, messages FROM {db}.panes WHERE daily = 1 AND messages > 0")
    differing = client.execute(
        f"SELECT count() FROM (SELECT group_id, day, speakers FROM {db}.group_day_counts FINAL) AS closed JOIN "
        f"(SELECT group_id, toDate(fromUnixTimestamp64Milli(ts_ms, 'UTC')) AS day, "
        f"uniqExactIf(member_id, type = 'message') AS speakers FROM {db}.events FINAL GROUP BY group_id, day) AS raw "
        "USING (group_id, day) WHERE closed.speakers != raw.speakers"
    )[0][0]
    return {
        "each_record_landed_once": rows == offsets == sent,
        "messages_a_group_and_day_equal": {(g, d): n for g, d, n in panes} == dict(days),
        "speakers_of_closed_days_equal": differing == 0,
    }


def measure(
    job: Job, file: Path, minutes: float, rate: int, shown: Progress
) -> tuple[Run, dict[str, Any], Load, Watch]:
    """The whole run and its checks."""
    groupvitals.prepare(job, groupvitals.variables(job))
    topic.keep(job.servers.bootstrap, job.topic, KEPT_BYTES)
    days: Days = Counter()
    with Watch(job, WATCH_S) as watch, Load(job, counted(endless(file), days), rate) as load:
        found = run(job, load, watch, minutes, shown)
    return found, check(job, load.total, days), load, watch


def main(arguments: list[str] | None = None) -> int:
    """Run it on a topic and a database of its own; exit code 1 when a check fails."""
    parser = argparse.ArgumentParser(prog="bench.soak", description="The long run.")
    parser.add_argument("--minutes", type=float, default=30, help="how long (default 30)")
    parser.add_argument("--rate", type=int, default=5_000, help="events per second (default 5,000)")
    options = parser.parse_args(arguments)
    console, settings = report.console(), load_settings()
    where, home = servers(settings, console), settings.home / "bench"
    file = events_file(home / "events", "realistic", 1_000_000)
    columns = TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as shown, job_of("soak", where, home, PARTITIONS) as job:
        found, checks, load, watch = measure(job, file, options.minutes, options.rate, shown)
    result = soak_report.summary(found, load, watch, options.rate) | checks
    report.write_result("soak", result)
    soak_report.picture(found, load, watch, report.RESULTS / "soak.png")
    soak_report.show(result, console)
    return 0 if soak_report.good(result) else 1


if __name__ == "__main__":
    sys.exit(main())
