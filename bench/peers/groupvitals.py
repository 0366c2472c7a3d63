"""This project's worker: a complete `groupvitals worker --until-caught-up`, as people run it.

It validates every field, looks for duplicates, keeps memberships, panes and registers, lands raw rows and state, writes
checkpoints and commits. Start and compilation of its kernels are outside the measured stretch, as for the others.
"""

import json
import os
import subprocess
import sys

from bench.job import Job, Outcome
from schemas.topics import CHAT

COMMAND = [sys.executable, "-m", "groupvitals"]


def environment(job: Job) -> dict[str, str]:
    """The settings of this run as variables."""
    servers = job.servers
    return {
        "GROUPVITALS_HOME": str(job.folder),
        "GROUPVITALS_KAFKA__BOOTSTRAP": servers.bootstrap,
        "GROUPVITALS_KAFKA__TOPIC_PREFIX": job.topic.removesuffix(CHAT.name),
        "GROUPVITALS_KAFKA__CHAT_PARTITIONS": str(job.partitions),
        "GROUPVITALS_CLICKHOUSE__HOST": servers.host,
        "GROUPVITALS_CLICKHOUSE__TCP_PORT": str(servers.tcp_port),
        "GROUPVITALS_CLICKHOUSE__HTTP_PORT": str(servers.http_port),
        "GROUPVITALS_CLICKHOUSE__USER": servers.user,
        "GROUPVITALS_CLICKHOUSE__PASSWORD": servers.password,
        "GROUPVITALS_CLICKHOUSE__DATABASE": job.database,
    }


def variables(job: Job) -> dict[str, str]:
    """This process's environment plus the settings of this run."""
    return dict(os.environ) | environment(job)


def prepare(job: Job, variables: dict[str, str]) -> None:
    """Make topics, tables and views."""
    for command in ("topics", "migrate"):
        subprocess.run([*COMMAND, command], env=variables, check=True, stdout=subprocess.DEVNULL)


def command(job: Job, entry: str = "groupvitals", agent: str = "community") -> list[str]:
    """The worker as it is measured; `entry` is the module that is run."""
    stats = str(job.folder / "stats.json")
    return [sys.executable, "-m", entry, "worker", "--agent", agent, "--until-caught-up", "--stats", stats]


def outcome(job: Job) -> Outcome:
    """What the worker reports about itself, and what is in ClickHouse."""
    stats = json.loads((job.folder / "stats.json").read_text())
    client, db = job.servers.clickhouse(), job.database
    days = client.execute(f"SELECT group_id, bucket, messages FROM {db}.panes WHERE daily = 1 AND messages > 0")
    ends = dict(client.execute(f"SELECT partition, max(offset) + 1 FROM {db}.events GROUP BY partition"))
    landed = client.execute(f"SELECT count() FROM {db}.events FINAL")[0][0]
    return Outcome(
        stats["reading_since"],
        stats["last_flush_at"],
        [ends.get(p, 0) for p in range(job.partitions)],
        {(group, day): messages for group, day, messages in days},
        landed,
        stats["stages_s"],
    )
