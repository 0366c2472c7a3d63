"""Dumps a small database of the version that is installed, with the records it was made from, for the upgrade test.

    PATH=/path/to/that/version/.venv/bin:$PATH python -m tests.upgrades.dump f39a579

Only that version's command line is used, on the servers of GROUPVITALS_HOME. The database and the topics' prefix are
both called `dumped`, so that a restore is one replacement in the text.
"""

import base64
import gzip
import io
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kafka import KafkaConsumer, TopicPartition

NAME, ZONE = "dumped", "Asia/Shanghai"
TOPICS = {"community": "chat.events", "product": "product.events", "links": "identity.links"}
#: Share of every topic's records that the dumped version had landed; the others wait in Kafka.
LANDED = 0.6
_HOME = Path(os.environ.get("GROUPVITALS_HOME", ".groupvitals"))
_ENVIRONMENT = os.environ | {
    "GROUPVITALS_CLICKHOUSE__DATABASE": NAME,
    "GROUPVITALS_KAFKA__TOPIC_PREFIX": f"{NAME}.",
    "GROUPVITALS_KAFKA__CHAT_PARTITIONS": "2",
    "GROUPVITALS_KAFKA__PERSON_PARTITIONS": "2",
    "GROUPVITALS_KAFKA__RETENTION_DAYS": "-1",
    "GROUPVITALS_WORKER__TIME_ZONE": ZONE,
    "GROUPVITALS_WORKER__TICK_S": "0",
}


def _groupvitals(*arguments: str) -> str:
    found = subprocess.run(["groupvitals", *arguments], env=_ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=True)
    return found.stdout


def _ask(statement: str) -> str:
    where = json.loads((_HOME / "endpoints.json").read_text())
    url = f"http://{where['clickhouse_host']}:{where['clickhouse_http']}/"
    with urllib.request.urlopen(urllib.request.Request(url, statement.encode())) as answer:
        text: str = answer.read().decode()
    return text


def _wait(true: Callable[[], bool]) -> None:
    while not true():
        time.sleep(0.2)


@contextmanager
def _worker() -> Iterator[None]:
    with subprocess.Popen(["groupvitals", "worker"], env=_ENVIRONMENT) as process:
        yield
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 0


def _simulate(folder: Path) -> dict[str, list[Path]]:
    """Files of records, each topic's in two parts; the second part of chat has some that break the contract."""
    size = ("--groups", "3", "--members", "40", "--days", "12", "--events", "500", "--broken", "0.02")
    _groupvitals("simulate", str(folder), *size)
    parts: dict[str, list[Path]] = {}
    for topic in TOPICS.values():
        lines = (folder / f"{topic}.ndjson").read_bytes().splitlines(keepends=True)
        cut = int(len(lines) * LANDED)
        for number, part in enumerate((lines[:cut], lines[cut:])):
            path = folder / str(number) / f"{topic}.ndjson"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"".join(part))
            parts.setdefault(topic, []).append(path)
    return parts


def _work(parts: dict[str, list[Path]]) -> None:
    """Land the first part of every topic, over several terms and two epochs, and close days."""
    _groupvitals("topics")
    _groupvitals("migrate")
    for topic, (first, _) in parts.items():
        lines = first.read_bytes().splitlines(keepends=True)
        for number, half in enumerate((lines[: len(lines) // 2], lines[len(lines) // 2 :])):
            path = first.parent / f"half{number}" / first.name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(b"".join(half))
            _groupvitals("import", "--topic", topic, str(path))
            for agent in (agent for agent, name in TOPICS.items() if name == topic):
                _groupvitals("worker", "--agent", agent, "--until-caught-up")
    _groupvitals("rebuild", "--drop-old")
    _groupvitals("rebuild", "--correct")
    _groupvitals("worker", "--agent", "all", "--until-caught-up", "--close-days")


def _tables() -> dict[str, bytes]:
    """Statements that make all tables and views, in order, and the rows of each table."""
    names = _ask(f"SELECT name FROM system.tables WHERE database = '{NAME}' AND engine != 'View' ORDER BY name").split()
    views = re.findall(rf"^CREATE OR REPLACE VIEW {NAME}\.(\w+)", _groupvitals("migrate", "--dry-run"), re.MULTILINE)
    made = [_ask(f"SHOW CREATE TABLE {NAME}.{name} FORMAT TSVRaw") for name in names + views]
    files = {"tables.sql": ";\n".join(made).encode()}
    for name in names:
        rows = _ask(f"SELECT * FROM {NAME}.{name} ORDER BY ALL FORMAT TSVWithNames")
        if rows.count("\n") > 1:
            files[f"{name}.tsv"] = rows.encode()
    return files


def _records() -> Iterator[dict[str, Any]]:
    """All records of all topics, by topic and partition, in order."""
    where = json.loads((_HOME / "endpoints.json").read_text())["kafka"]
    consumer = KafkaConsumer(bootstrap_servers=where, enable_auto_commit=False)
    for topic, number in itertools.product(TOPICS.values(), range(2)):
        part = TopicPartition(f"{NAME}.{topic}", number)
        consumer.assign([part])
        consumer.seek_to_beginning(part)
        (end,) = consumer.end_offsets([part]).values()
        while consumer.position(part) < end:
            for record in consumer.poll(1000).get(part, []):
                yield {
                    "topic": topic, "partition": number, "offset": record.offset, "ts_ms": record.timestamp,
                    "key": record.key and record.key.decode(), "value": base64.b64encode(record.value).decode(),
                }  # fmt: skip
    consumer.close()


def dump(version: str) -> Path:
    """Make `VERSION.tar.gz` beside this file."""
    with tempfile.TemporaryDirectory() as folder:
        parts = _simulate(Path(folder))
        _work(parts)
        files = _tables()
        for topic, (_, second) in parts.items():
            _groupvitals("import", "--topic", topic, str(second))
    files["records.ndjson"] = b"".join(json.dumps(record).encode() + b"\n" for record in _records())
    path = Path(__file__).parent / f"{version}.tar.gz"
    with gzip.GzipFile(path, "wb", mtime=0) as packed, tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


if __name__ == "__main__":
    print(dump(sys.argv[1]))
