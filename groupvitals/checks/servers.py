"""Kafka and ClickHouse themselves: connections, versions, migrations, parts, merges, disks, clocks."""

import time
from collections.abc import Iterator

from deploy import clickhouse as our_clickhouse
from deploy import kafka as our_kafka
from groupvitals.checks.finding import ERROR, OK, WARNING, Deployment, Finding
from sinks.clickhouse.migrations import pending
from sinks.clickhouse.schema import differences
from sinks.clickhouse.views.outdated import outdated

#: Active parts of one table partition from which we warn, whatever ClickHouse's own limits are.
MANY_PARTS = 300
#: Numbers of parts from which ClickHouse slows down and refuses inserts: the table's own settings, or the server's.
_LIMITS = "SELECT name, {} FROM system.tables WHERE database = %(database)s AND engine LIKE '%%MergeTree'".format(
    ", ".join(
        f"if(toUInt64OrZero(extract(engine_full, '{name} = (\\\\d+)')) AS {name}_here > 0, {name}_here, "
        f"(SELECT toUInt64(value) FROM system.merge_tree_settings WHERE name = '{name}'))"
        for name in ("parts_to_delay_insert", "parts_to_throw_insert")
    )
)
#: Longest usual merge in seconds; share of a disk that should be free, and that must be; tolerated clock skew, seconds.
LONG_MERGE_S, DISK_LOW, DISK_FULL, SKEW_S = 3600, 0.15, 0.05, 5.0


def kafka(deployment: Deployment) -> Iterator[Finding]:
    """Whether Kafka answers and has the topic."""
    topic, name = deployment.topic, deployment.config.topic
    if topic is None:
        yield Finding(ERROR, "kafka", f"there is no topic {name}", "Run `groupvitals topics`.")
        return
    version = ".".join(map(str, topic.version))
    yield _version("kafka", f"version {version}, {name} has {len(topic.ends)} partitions", version, our_kafka.VERSION)
    wanted = deployment.settings.kafka.chat_partitions
    if len(topic.ends) != wanted:
        yield Finding(
            WARNING, "kafka", f"{name} has {len(topic.ends)} partitions, kafka.chat_partitions is {wanted}",
            "Correct the setting: the partitions of a topic in use cannot be changed.",
        )  # fmt: skip


def clickhouse(deployment: Deployment) -> Iterator[Finding]:
    """Whether ClickHouse answers."""
    version = deployment.native.execute("SELECT version()")[0][0]
    where = str(deployment.config.address).removeprefix("ClickHouse ")
    yield _version("clickhouse", f"version {version} {where}", version, our_clickhouse.VERSION)


def _version(what: str, found: str, version: str, tested: str) -> Finding:
    if int(version.partition(".")[0]) < int(tested.partition(".")[0]):
        return Finding(WARNING, what, found, f"It is older than {tested}, which the tests run with: update it.")
    return Finding(OK, what, found)


def migrations(deployment: Deployment) -> Iterator[Finding]:
    """Whether all migrations of this version are applied."""
    if missing := pending(deployment.config.address, deployment.config.time_zone):
        yield Finding(ERROR, "migrations", f"not applied: {', '.join(missing)}", "Run `groupvitals migrate`.")
    else:
        yield Finding(OK, "migrations", "all applied")


def tables(deployment: Deployment) -> Iterator[Finding]:
    """Whether the columns are those that the migrations create."""
    found = differences(deployment.config.address)
    for difference in found:
        if difference.extra:
            do = "Workers leave it at its default. A view or a table of your own is safer."
            yield Finding(WARNING, "tables", str(difference), do)
        else:
            do = "Run `groupvitals migrate`, which says what to do. Until then workers refuse to use the database."
            yield Finding(ERROR, "tables", str(difference), do)
    if not found:
        yield Finding(OK, "tables", "all columns are those of this version")


def views(deployment: Deployment) -> Iterator[Finding]:
    """Whether the views are those of this version."""
    config = deployment.config
    missing, old = outdated(config.address, config.time_zone)
    if missing:
        yield Finding(ERROR, "views", f"missing: {', '.join(missing)}", "Run `groupvitals migrate`.")
    if old:
        what = f"not those of this version or of these settings: {', '.join(old)}"
        yield Finding(WARNING, "views", what, "Run `groupvitals migrate`; give views of your own other names.")
    if not missing and not old:
        yield Finding(OK, "views", "all views are those of this version")


def _many_parts(table: str, n: int, delay: int, throw: int) -> Finding:
    found = f"{table} has {n:,} active parts in one table partition"
    do = (
        "Merges are behind or stopped: check system.merges and the disks. Fewer, larger flushes help "
        "(worker.flush_interval_s)."
    )
    if n >= throw:
        found += f"; at {throw:,} ClickHouse refuses inserts (TOO_MANY_PARTS), and workers wait"
        return Finding(ERROR, "parts", found, do)
    if n >= delay:
        found += f"; at {delay:,} ClickHouse slows inserts down, at {throw:,} it refuses them"
    return Finding(WARNING, "parts", found, do)


def parts(deployment: Deployment) -> Iterator[Finding]:
    """Whether merges keep up."""
    ask = deployment.health.ask
    counts = ask(
        "SELECT table, count() AS n FROM system.parts WHERE database = %(database)s AND active "
        "GROUP BY table, partition_id ORDER BY n DESC LIMIT 1 BY table"
    )
    limits = {table: (delay, throw) for table, delay, throw in ask(_LIMITS)}
    many = False
    for table, n in counts:
        delay, throw = limits[table]
        if n > MANY_PARTS or n >= min(delay, throw):
            many = True
            yield _many_parts(table, n, delay, throw)
    for table, elapsed in ask(
        "SELECT table, max(elapsed) FROM system.merges WHERE database = %(database)s "
        "GROUP BY table HAVING max(elapsed) > %(long)s",
        long=LONG_MERGE_S,
    ):
        yield Finding(
            WARNING, "merges", f"a merge of {table} has run for {elapsed / 60:,.0f} minutes",
            "Check system.merges, the disks and the server's load.",
        )  # fmt: skip
    broken = ask(
        "SELECT table, count(), any(reason) FROM system.detached_parts WHERE database = %(database)s "
        "AND reason != '' GROUP BY table"
    )
    for table, n, reason in broken:
        yield Finding(
            ERROR, "parts", f"{table} has {n:,} parts that ClickHouse detached ({reason})",
            "Check its log and disks. `groupvitals doctor --deep` shows which offsets lack rows.",
        )  # fmt: skip
    if not many and not broken:
        yield Finding(OK, "parts", f"at most {max((n for _, n in counts), default=0):,} in a table partition")


def disks(deployment: Deployment) -> Iterator[Finding]:
    """How full ClickHouse's disks are."""
    rows = deployment.health.ask("SELECT name, path, unreserved_space, total_space FROM system.disks ORDER BY name")
    for name, path, free, total in rows:
        if not total or total >= 1 << 62:  # object storage reports no size
            continue
        share = free / total
        found = f"{name} ({path}) has {free / 2**30:,.1f} GiB free, {share:.0%}"
        severity = ERROR if share < DISK_FULL else WARNING if share < DISK_LOW else OK
        do = "" if severity == OK else "Free space or add a disk: when it is full, inserts wait and the lag grows."
        yield Finding(severity, "disk", found, do)


def clocks(deployment: Deployment) -> Iterator[Finding]:
    """How far the clocks differ; Kafka's is only known from its newest records."""
    before = time.time()
    there = float(deployment.health.ask("SELECT toFloat64(now64(3))")[0][0])
    after = time.time()
    skew = there - (before + after) / 2
    tolerated = SKEW_S + (after - before) / 2
    what = f"ClickHouse's clock is {abs(skew):,.1f} s {'ahead of' if skew > 0 else 'behind'} this machine's"
    if abs(skew) > tolerated:
        yield Finding(WARNING, "clocks", what, "Synchronise all machines with a time server (NTP).")
    else:
        yield Finding(OK, "clocks", what)
    topic = deployment.topic
    ahead = max(topic.newest_ms.values(), default=0) / 1000 - after if topic else 0.0
    if ahead > tolerated:
        yield Finding(
            WARNING, "clocks", f"Kafka has a record stamped {ahead:,.1f} s in the future",
            "Synchronise the machines of Kafka and the producers with a time server (NTP): events are judged by these "
            "timestamps.",
        )  # fmt: skip
