"""Restores what `dump.py` made into real servers: tables, views and rows, and the topics with their records."""

import base64
import json
import tarfile
import urllib.request
from pathlib import Path

from kafka import KafkaProducer

from groupvitals.commands.topics import topic_layout
from groupvitals.connections import clickhouse, kafka_address
from groupvitals.settings import Settings
from sinks.clickhouse.connection import Native
from streams.kafka.broker import topic_origin
from streams.kafka.topics import ensure_topics
from tests.upgrades.dump import NAME, TOPICS


def restore(settings: Settings, version: str) -> None:
    """Fill the deployment's topics, then its database, which believes that it was made from them."""
    files = _files(version)
    ensure_topics(kafka_address(settings), topic_layout(settings))
    _send(settings, files.pop("records.ndjson"))
    text = {name: _moved(settings, content.decode(), files["epochs.tsv"]) for name, content in files.items()}
    address = clickhouse(settings)
    native = Native(address)
    native.execute(f"CREATE DATABASE {address.database}")
    for statement in text.pop("tables.sql").split(";\n"):
        native.execute(statement)
    for name, rows in text.items():
        insert = f"INSERT INTO {address.database}.{name.removesuffix('.tsv')} FORMAT TSVWithNames\n{rows}"
        urllib.request.urlopen(f"http://{address.host}:{address.http_port}/", insert.encode()).close()


def _files(version: str) -> dict[str, bytes]:
    with tarfile.open(Path(__file__).parent / f"{version}.tar.gz") as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}  # type: ignore[union-attr]


def _send(settings: Settings, records: bytes) -> None:
    prefix, kafka = settings.kafka.topic_prefix, kafka_address(settings)
    producer = KafkaProducer(**kafka.for_clients(), acks="all", max_request_size=8 << 20, linger_ms=20)
    sent = []
    for record in map(json.loads, records.splitlines()):
        key, value = record["key"], base64.b64decode(record["value"])
        sent.append(
            producer.send(
                prefix + record["topic"], value, key and key.encode(), None, record["partition"], record["ts_ms"]
            )
        )
    for future in sent:
        future.get(timeout=60)
    producer.close()


def _moved(settings: Settings, text: str, epochs: bytes) -> str:
    """The text with this deployment's database, topics and Kafka in place of the dumped one's."""
    own = {NAME + "." + topic: settings.kafka.topic_prefix + topic for topic in TOPICS.values()}
    ids: dict[str, str] = {}
    for row in epochs.decode().splitlines()[1:]:
        _, _, _, cluster, topic, topic_id, *_ = row.split("\t")
        origin = topic_origin(kafka_address(settings), own[topic])
        ids |= {cluster: origin.cluster, topic_id: origin.topic_id}
    ids |= own | {NAME + ".": settings.clickhouse.database + "."}
    for old, new in ids.items():
        text = text.replace(old, new)
    return text
