"""A real broker behind a locked door: SASL_SSL with SCRAM-SHA-512 or PLAIN, SSL with client certificates; rights."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.progress import Progress

from deploy import kafka, ports, server
from tests.secure.certificates import Certificates

#: User names and their passwords. `admin` may do everything, `stranger` nothing, the others what they are granted.
USERS = {"admin": "admin-secret-a81c", "worker": "worker-secret-77d0", "stranger": "stranger-secret-19b4"}
_PORTS = ("kafka", "kafka_controller", "sasl_ssl", "ssl")


@dataclass(frozen=True)
class SecureKafka:
    """`host:port` of each listener; `open` needs no password and is the brokers' own."""

    open: str
    sasl_ssl: str
    ssl: str


@contextmanager
def secure_kafka(home: Path, cache: Path, certificates: Certificates) -> Iterator[SecureKafka]:
    """Start it, and stop it at the end."""
    folder, found = home / "kafka", ports.choose(home, _PORTS, [])
    folder.mkdir(parents=True, exist_ok=True)
    with Progress(disable=True) as bar:
        program = kafka.KAFKA.fetch(cache, bar)
    storage = [word for name, secret in USERS.items() for word in _scram(name, secret)]
    server.launch(folder, kafka.command(folder, program, found, _properties(found, certificates), storage))
    try:
        server.wait_until_healthy(kafka.KAFKA, folder, found)
        yield SecureKafka(*(f"127.0.0.1:{found[name]}" for name in ("kafka", "sasl_ssl", "ssl")))
    finally:
        server.terminate(folder)


def _scram(name: str, secret: str) -> list[str]:
    return ["--add-scram", f"SCRAM-SHA-512=[name={name},password={secret}]"]


def _properties(found: dict[str, int], certificates: Certificates) -> str:
    listeners = {"PLAINTEXT": found["kafka"], "SASL_SSL": found["sasl_ssl"], "SSL": found["ssl"]}
    addresses = ",".join(f"{name}://127.0.0.1:{port}" for name, port in listeners.items())
    plain = " ".join(f'user_{name}="{secret}"' for name, secret in USERS.items())
    login = "org.apache.kafka.common.security"
    return f"""\
listeners={addresses},CONTROLLER://127.0.0.1:{found["kafka_controller"]}
advertised.listeners={addresses}
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SSL:SSL
sasl.enabled.mechanisms=SCRAM-SHA-512,PLAIN
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={login}.scram.ScramLoginModule required;
listener.name.sasl_ssl.plain.sasl.jaas.config={login}.plain.PlainLoginModule required {plain};
listener.name.ssl.ssl.client.auth=required
ssl.keystore.type=PEM
ssl.keystore.location={certificates.server}
ssl.truststore.type=PEM
ssl.truststore.location={certificates.ca}
ssl.principal.mapping.rules=RULE:^CN=([^,]+).*$/$1/
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS;User:admin
"""
