"""A deployment whose Kafka and ClickHouse want TLS and passwords, and what it says when they do not fit."""

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from groupvitals.settings import load_settings
from streams.kafka.admin import kafka_admin
from tests.secure import doors as secure
from tests.secure.certificates import KEY_PASSWORD
from tests.secure.doors import SECRETS, Deployment, Doors
from tests.secure.kafka import USERS
from tests.streams.workers import stop, wait_until

pytestmark = pytest.mark.services
_WRONG = "wrong-secret-0000"


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Doors]:
    with secure.doors(tmp_path_factory.mktemp("doors"), load_settings().cache) as found:
        yield found


@pytest.fixture
def deployment(doors: Doors, home: Path) -> Deployment:
    return Deployment(doors, home.parent)


def assert_no_secret(*texts: str) -> None:
    assert [secret for secret in [*SECRETS, _WRONG] for text in texts if secret in text] == []


def landed(deployment: Deployment) -> int:
    done = deployment.run("ask", "rolling_activity", "--format", "json")
    rows = json.loads(done.stdout) if done.returncode == 0 else []
    return int(sum(row["messages"] for row in rows if row["window"] == "24h" and row["group_id"] != "*"))


def test_everything_works_with_few_rights_and_shows_no_secret(deployment: Deployment) -> None:
    deployment.grant()
    files = [f"world/{name}.ndjson" for name in ("chat.events", "product.events", "identity.links")]
    commands = [
        ["topics"], ["migrate"], ["simulate", "world", "--groups", "4", "--members", "60", "--days", "9"],
        ["import", *files],
        ["worker", "--agent", "all", "--until-caught-up"],
        ["rebuild", "--verify"], ["dlq", "list"], ["dlq", "replay"], ["doctor", "--json"],
        ["replay", "--restart", files[0]],
    ]  # fmt: skip
    for words in commands:
        done = deployment.run(*words, talkative=True)
        assert done.returncode in (0, 1) if words[0] == "doctor" else done.returncode == 0, (words, done.stderr[-3000:])
        assert_no_secret(done.stdout, done.stderr)
        if words[0] == "doctor":
            assert [one for one in json.loads(done.stdout) if one["severity"] == "error"] == []
    assert "DEBUG:kafka" in done.stderr, "the libraries' own log was seen"
    logs = list((deployment.folder / ".groupvitals").glob("replay*.log"))
    assert logs
    assert_no_secret(*(log.read_text() for log in logs))
    assert landed(deployment)


def test_a_running_worker_shows_no_secret(deployment: Deployment) -> None:
    deployment.grant()
    for words in (["topics"], ["migrate"]):
        assert deployment.run(*words).returncode == 0
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    command = [sys.executable, "-m", "groupvitals", "--debug", "worker", "--agent", "all"]
    variables = {
        "KAFKA__SASL_MECHANISM": "PLAIN",  # sends the password itself
        "KAFKA__PASSWORD_FILE": "", "KAFKA__PASSWORD": USERS["worker"], "WORKER__WEB_PORT": port,
    }  # fmt: skip
    log = deployment.folder / "worker.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=deployment.folder, env=deployment.environment(True, **variables), stdout=output, stderr=output
        )
    try:
        pages = {}

        def ready() -> bool:
            for name in ("readyz", "metrics", "healthz"):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=10) as answer:
                        pages[name] = answer.read().decode()
                except OSError:
                    return False
            return True

        wait_until(ready, "the worker is ready", 300)
        listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        assert " --debug worker" in listed
        assert_no_secret(*pages.values(), listed, log.read_text())
        assert stop(process) == 0
        assert_no_secret(log.read_text())
    finally:
        process.kill()


@pytest.mark.parametrize(
    "words", [["topics"], ["dlq", "list"], ["worker", "--agent", "all"], ["import", "empty.ndjson"]]
)
@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"KAFKA__PASSWORD": _WRONG, "KAFKA__PASSWORD_FILE": ""}, "rejects the user worker"),
        ({"KAFKA__CA_FILE": "stranger"}, "shows a certificate that is not trusted"),
    ],
)  # fmt: skip
def test_kafka_that_refuses_is_named(
    deployment: Deployment, words: list[str], changed: dict[str, str], sentence: str
) -> None:
    (deployment.folder / "empty.ndjson").touch()
    if "KAFKA__CA_FILE" in changed:
        changed = {"KAFKA__CA_FILE": str(deployment.doors.certificates.stranger)}
    done = deployment.run("--debug", *words, **changed, CLICKHOUSE__DATABASE="default")
    assert done.returncode == 3
    said = done.stderr.strip().splitlines()[-1]
    assert said.startswith(f"Kafka at {deployment.doors.kafka.sasl_ssl} {sentence}")
    assert_no_secret(done.stdout, done.stderr)
    with kafka_admin(deployment.open) as admin:
        assert not [group for group in admin.list_groups() if deployment.name in group["group_id"]]


@pytest.mark.parametrize("words", [["migrate"], ["worker", "--agent", "all"], ["ask", "tiers"]])
@pytest.mark.parametrize("lock", ["password", "ca"])
def test_clickhouse_that_refuses_is_named(deployment: Deployment, words: list[str], lock: str) -> None:
    deployment.grant()
    if words[0] == "worker":
        assert deployment.run("topics").returncode == 0
    if lock == "password":
        done = deployment.run(*words, CLICKHOUSE__PASSWORD=_WRONG, CLICKHOUSE__PASSWORD_FILE="")
        sentence = "does not let the user keeper in"
    else:
        done = deployment.run(*words, CLICKHOUSE__CA_FILE=str(deployment.doors.certificates.stranger))
        sentence = "shows a certificate that is not trusted"
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    said = done.stderr.strip().splitlines()[-1]
    assert said.startswith(f"ClickHouse at localhost:{deployment.doors.clickhouse[0]} {sentence}")
    assert_no_secret(done.stdout, done.stderr)
    with kafka_admin(deployment.open) as admin:
        assert not [group for group in admin.list_groups() if deployment.name in group["group_id"]]


def test_doctor_names_both_refusals(deployment: Deployment) -> None:
    done = deployment.run(
        "doctor", "--json", KAFKA__PASSWORD=_WRONG, KAFKA__PASSWORD_FILE="",
        CLICKHOUSE__CA_FILE=str(deployment.doors.certificates.stranger),
    )  # fmt: skip
    found = {one["what"]: one["found"] for one in json.loads(done.stdout) if one["severity"] == "error"}
    assert done.returncode == 2
    assert "rejects the user worker" in found["kafka"]
    assert "shows a certificate that is not trusted" in found["clickhouse"]
    assert "Traceback" not in done.stderr
    assert_no_secret(done.stdout, done.stderr)


def test_a_missing_right_is_named_before_the_group_is_joined(deployment: Deployment) -> None:
    deployment.grant()
    for words in (["topics"], ["migrate"]):
        assert deployment.run(*words).returncode == 0
    (deployment.folder / "kafka.password").write_text(USERS["stranger"])
    topic = f"{deployment.name}.chat.events"
    for words, sentence in {
        ("topics",): "Kafka refused to create the topic",
        ("worker",): f"does not let the user stranger READ the topic {topic}, WRITE the topic {topic}, WRITE the topic "
        f"{topic}.dlq, READ the topic {deployment.name}.operations",
        ("doctor", "--json"): f"does not let the user stranger see the topic {topic}",
    }.items():
        done = deployment.run(*words, KAFKA__USER="stranger")
        assert sentence in done.stderr + done.stdout, done.stderr
        assert "Traceback" not in done.stderr
        assert done.returncode == 2 if words[0] == "doctor" else done.returncode == 3
    with kafka_admin(deployment.open) as admin:
        assert not [group for group in admin.list_groups() if deployment.name in group["group_id"]]


def test_other_ways_in(deployment: Deployment) -> None:
    deployment.grant()
    certificates = deployment.doors.certificates
    certificate = {
        "KAFKA__BOOTSTRAP": deployment.doors.kafka.ssl, "KAFKA__SECURITY_PROTOCOL": "SSL", "KAFKA__USER": "",
        "KAFKA__PASSWORD_FILE": "", "KAFKA__CERT_FILE": str(certificates.client),
        "KAFKA__KEY_FILE": str(certificates.client_key),
    }  # fmt: skip
    assert deployment.run("topics", **certificate, KAFKA__KEY_PASSWORD=KEY_PASSWORD).returncode == 0
    done = deployment.run("topics", KAFKA__SASL_MECHANISM="PLAIN", talkative=True)
    assert done.returncode == 0
    assert_no_secret(done.stdout, done.stderr)
    for words, changed, code, sentence in (
        ("topics", {**certificate, "KAFKA__KEY_PASSWORD": _WRONG}, 2, "The client certificate for Kafka"),
        ("topics", {**certificate, "KAFKA__CERT_FILE": "", "KAFKA__KEY_FILE": ""}, 3, "SSL without kafka.cert_file?"),
        ("topics", {"KAFKA__SASL_MECHANISM": "SCRAM-SHA-256"}, 3, "does not accept SCRAM-SHA-256"),
        ("topics", {"KAFKA__PASSWORD_FILE": "nowhere"}, 2, "kafka.password_file nowhere cannot be read"),
        ("migrate", {"CLICKHOUSE__CA_FILE": "nowhere"}, 2, "clickhouse.ca_file nowhere cannot be used"),
    ):
        done = deployment.run(words, **changed)
        assert (done.returncode, sentence in done.stderr) == (code, True), done.stderr
        assert_no_secret(done.stderr)
