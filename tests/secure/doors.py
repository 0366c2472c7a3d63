"""Both servers behind locked doors, and a deployment of its own that has the keys: its variables, and its commands."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kafka.admin import (
    ACL,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourceType,
)

from schemas.kafka import Kafka
from streams.kafka.admin import kafka_admin
from tests.conftest import data_in_memory
from tests.secure import clickhouse
from tests.secure.certificates import KEY_PASSWORD, Certificates, issue
from tests.secure.kafka import USERS, SecureKafka, secure_kafka

#: What may stand nowhere but in the settings.
SECRETS = [*USERS.values(), KEY_PASSWORD, clickhouse.PASSWORD, clickhouse.BASIC]
#: What docs/operations.md tells to grant, on everything whose name begins with the topic prefix.
RIGHTS = {
    ResourceType.TOPIC: ("READ", "WRITE", "CREATE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"),
    ResourceType.GROUP: ("READ",),
    ResourceType.TRANSACTIONAL_ID: ("WRITE",),
}
_ROOT = Path(__file__).parent.parent.parent
#: Has every logger of a child process write everything, whatever the program wants.
_TALKATIVE = """\
import logging
logging.basicConfig(level=logging.DEBUG)
logging.Logger.setLevel = lambda logger, level: None
"""


@dataclass(frozen=True)
class Doors:
    """The two servers, and what opens them."""

    certificates: Certificates
    kafka: SecureKafka
    clickhouse: tuple[int, int]


@contextmanager
def doors(home: Path, cache: Path) -> Iterator[Doors]:
    """Start both, and stop them at the end."""
    certificates = issue(home / "certificates")
    with (
        data_in_memory(home / "k" / "kafka" / "data", home / "c" / "clickhouse" / "data"),
        secure_kafka(home / "k", cache, certificates) as kafka,
        clickhouse.secure_clickhouse(home / "c", cache, certificates) as found,
    ):
        yield Doors(certificates, kafka, found)


class Deployment:
    """Topics, a database and a folder of their own. `variables` say who comes in and how; change them at will."""

    def __init__(self, doors: Doors, folder: Path) -> None:
        self.name, self.doors, self.folder = f"t{uuid.uuid4().hex[:12]}", doors, folder
        for name, secret in {"kafka": USERS["worker"], "clickhouse": clickhouse.PASSWORD}.items():
            (folder / f"{name}.password").write_text(f"{secret}\n")
        (folder / "talkative").mkdir()
        (folder / "talkative" / "sitecustomize.py").write_text(_TALKATIVE)
        self.variables = {
            "KAFKA__BOOTSTRAP": doors.kafka.sasl_ssl,
            "KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
            "KAFKA__USER": "worker",
            "KAFKA__PASSWORD_FILE": str(folder / "kafka.password"),
            "KAFKA__CA_FILE": str(doors.certificates.ca),
            "KAFKA__TOPIC_PREFIX": f"{self.name}.",
            "CLICKHOUSE__HOST": "localhost",
            "CLICKHOUSE__TCP_PORT": str(doors.clickhouse[0]),
            "CLICKHOUSE__HTTP_PORT": str(doors.clickhouse[1]),
            "CLICKHOUSE__USER": clickhouse.USER,
            "CLICKHOUSE__PASSWORD_FILE": str(folder / "clickhouse.password"),
            "CLICKHOUSE__SECURE": "true",
            "CLICKHOUSE__CA_FILE": str(doors.certificates.ca),
            "CLICKHOUSE__DATABASE": self.name,
        }

    @property
    def open(self) -> Kafka:
        """Kafka's own way in, for what the deployment must not need."""
        return Kafka(self.doors.kafka.open)

    def grant(self, user: str = "worker") -> None:
        """Grant `RIGHTS`."""
        allow, prefixed = ACLPermissionType.ALLOW, ACLResourcePatternType.PREFIXED
        with kafka_admin(self.open) as admin:
            for kind, operations in RIGHTS.items():
                where = ResourcePattern(kind, f"{self.name}.", prefixed)
                admin.create_acls([ACL(f"User:{user}", "*", ACLOperation[name], allow, where) for name in operations])

    def environment(self, talkative: bool, **changed: str) -> dict[str, str]:
        """The environment of a command; an empty value leaves a variable out."""
        path = f"{self.folder / 'talkative'}:{_ROOT}" if talkative else str(_ROOT)
        own = {f"GROUPVITALS_{name}": value for name, value in (self.variables | changed).items() if value}
        return os.environ | own | {"PYTHONPATH": path, "COLUMNS": "120", "NO_COLOR": "1"}

    def run(self, *words: str, talkative: bool = False, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, with variables `changed`; `talkative`: with everything logged."""
        return subprocess.run(
            [sys.executable, "-m", "groupvitals", *words], cwd=self.folder, capture_output=True, text=True, timeout=300,
            env=self.environment(talkative, **changed), check=False,
        )  # fmt: skip
