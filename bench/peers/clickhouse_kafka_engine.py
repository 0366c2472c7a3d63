"""ClickHouse's Kafka engine: the queue table, a view that lands raw rows, a view that counts them by group and day.

Of the ways its documentation shows, the one that was fastest here: the queue takes each message as one `String`
(`RawBLOB`) and the first view parses it. With `JSONEachRow` the engine builds every column anew for every message:
twice the CPU, four times with `LowCardinality` columns. The second view stands on the raw table and feeds a
`SummingMergeTree`. Two consumers with a thread each, blocks of up to 2 s. No look for duplicates or wrong fields.

The engine has no moment of its own for the first record: the clock starts when a consumer has its partitions.
"""

import time

from clickhouse_driver import Client

from bench.job import Job, Outcome

#: Columns of the raw rows: every field that the bench's events have.
COLUMNS = {
    "event_id": "String",
    "type": "LowCardinality(String)",
    "ts_ms": "Int64",
    "platform": "LowCardinality(String)",
    "group_id": "LowCardinality(String)",
    "member_id": "String",
    "message_id": "String",
    "kind": "LowCardinality(String)",
    "text_len": "UInt32",
    "reply_to_message_id": "String",
    "emoji": "LowCardinality(String)",
    "count": "UInt32",
    "source": "LowCardinality(String)",
    "reason": "LowCardinality(String)",
}
POLL_S = 0.1

_TABLES = """
CREATE TABLE {db}.queue (message String) ENGINE = Kafka SETTINGS kafka_broker_list = '{bootstrap}',
    kafka_topic_list = '{topic}', kafka_group_name = '{name}', kafka_format = 'RawBLOB', kafka_num_consumers = 2,
    kafka_thread_per_consumer = 1, kafka_flush_interval_ms = 2000, kafka_poll_timeout_ms = 100;
CREATE TABLE {db}.raw ({columns}, partition UInt16, offset UInt64) ENGINE = MergeTree ORDER BY (group_id, ts_ms);
CREATE TABLE {db}.days (group_id LowCardinality(String), day Date, messages UInt64)
    ENGINE = SummingMergeTree ORDER BY (group_id, day);
CREATE MATERIALIZED VIEW {db}.raw_to_days TO {db}.days AS
    SELECT group_id, toDate(fromUnixTimestamp64Milli(ts_ms, 'UTC')) AS day, count() AS messages
    FROM {db}.raw WHERE type = 'message' GROUP BY group_id, day
"""
_START = """
CREATE MATERIALIZED VIEW {db}.queue_to_raw TO {db}.raw AS
    WITH JSONExtract(message, 'Tuple({columns})') AS event
    SELECT {fields}, _partition AS partition, _offset AS offset FROM {db}.queue
"""


def main() -> None:
    """Run the job on standard input."""
    job = Job.read()
    client, db = job.servers.clickhouse(), job.database
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    for statement in _TABLES.split(";"):
        client.execute(
            statement.format(db=db, columns=columns, bootstrap=job.servers.bootstrap, topic=job.topic, name=job.name)
        )
    fields = ", ".join(f"event.{name} AS {name}" for name in COLUMNS)
    client.execute(_START.format(db=db, columns=columns, fields=fields))
    first = _assigned(client, db)
    done = _landed(client, db, job.events)
    client.execute(f"DROP VIEW {db}.queue_to_raw SYNC")
    _answer(client, job, first, done)


def _assigned(client: Client, db: str) -> float:
    while not client.execute(
        f"SELECT max(length(assignments.partition_id)) FROM system.kafka_consumers WHERE database = '{db}'"
    )[0][0]:
        time.sleep(0.02)
    return time.time()


def _landed(client: Client, db: str, events: int) -> float:
    while client.execute(f"SELECT count() FROM {db}.raw")[0][0] < events:
        time.sleep(POLL_S)
    messages = client.execute(f"SELECT countIf(type = 'message') FROM {db}.raw")[0][0]
    while client.execute(f"SELECT sum(messages) FROM {db}.days")[0][0] < messages:
        time.sleep(POLL_S)
    return time.time()


def _answer(client: Client, job: Job, first: float, done: float) -> None:
    db = job.database
    ends = dict(client.execute(f"SELECT partition, max(offset) + 1 FROM {db}.raw GROUP BY partition"))
    days = client.execute(f"SELECT group_id, toUInt32(day), sum(messages) FROM {db}.days GROUP BY group_id, day")
    landed = client.execute(f"SELECT count() FROM {db}.raw")[0][0]
    counts = {(group, day): messages for group, day, messages in days}
    Outcome(first, done, [ends.get(p, 0) for p in range(job.partitions)], counts, landed).write(job.folder)


if __name__ == "__main__":
    main()
