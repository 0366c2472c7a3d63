"""Where Kafka is and as whom we log in: the one value that everything that talks to Kafka receives.

It gives the arguments of kafka-python's and aiokafka's clients; `streams.kafka.credentials` derives Faust's from it.
"""

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from schemas.errors import ConfigError


class _Unshown(str):
    """A password as client libraries take it, hidden because kafka-python logs a client's arguments at debug level."""

    def __repr__(self) -> str:
        return repr(str(SecretStr(self)))


@dataclass(frozen=True)
class Kafka:
    """The brokers, `host:port[,host:port]`, and how we log in. Files are PEM; no `ca_file`: the system's CAs."""

    bootstrap: str
    security_protocol: str = "PLAINTEXT"
    sasl_mechanism: str = "SCRAM-SHA-512"
    user: str = ""
    password: SecretStr = SecretStr("")
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    key_password: SecretStr = SecretStr("")

    def __str__(self) -> str:
        return f"Kafka at {self.bootstrap}"

    @property
    def hosts(self) -> list[str]:
        """`host:port` of every broker that is named."""
        return self.bootstrap.split(",")

    @property
    def sasl(self) -> bool:
        """Whether we log in with a user and a password."""
        return self.security_protocol.startswith("SASL_")

    @property
    def who(self) -> str:
        """The identity we log in as, for messages."""
        return f"the user {self.user}" if self.sasl else "this client"

    def ssl_context(self) -> ssl.SSLContext | None:
        """What verifies the brokers and shows our certificate; None without TLS.

        Raises `ConfigError` when a file cannot be used.
        """
        if not self.security_protocol.endswith("SSL"):
            return None
        context = tls("kafka.ca_file", self.ca_file)
        if self.cert_file is not None:
            try:  # a function: without one, OpenSSL would ask the terminal for the password of a locked key
                context.load_cert_chain(self.cert_file, self.key_file, self.key_password.get_secret_value)
            except OSError as error:
                files = " and ".join(str(file) for file in (self.cert_file, self.key_file) if file)
                raise ConfigError(
                    f"The client certificate for Kafka, {files}, cannot be used: {error}. See kafka.cert_file, "
                    "kafka.key_file and kafka.key_password."
                ) from None
        return context

    def security(self) -> dict[str, Any]:
        """Protocol, TLS and login as both client libraries call them. Raises `ConfigError` as `ssl_context` does."""
        found: dict[str, Any] = {"security_protocol": self.security_protocol, "ssl_context": self.ssl_context()}
        if self.sasl:
            found["sasl_mechanism"] = self.sasl_mechanism
            found["sasl_plain_username"] = self.user
            found["sasl_plain_password"] = _Unshown(self.password.get_secret_value())
        return found

    def for_clients(self) -> dict[str, Any]:
        """The arguments of every kafka-python and aiokafka client. Raises `ConfigError` as `ssl_context` does."""
        return {"bootstrap_servers": self.hosts, **self.security()}


def tls(setting: str, ca_file: Path | None) -> ssl.SSLContext:
    """A context that trusts the CAs of a setting's file; None: the system's. Raises `ConfigError`."""
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ConfigError(f"{setting} {ca_file} cannot be used: {error}.") from None
