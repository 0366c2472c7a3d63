"""Connections to ClickHouse: where it is, what its errors mean, and statements over the native protocol."""

import ipaddress
import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from schemas.errors import BackpressureError, RecoverableError, ServiceError

#: Otherwise importing the driver fills a table of 400 years of dates, which takes longer than answering a question.
os.environ.setdefault("CLICKHOUSE_DRIVER_LASY_DATE_LUT", "1")

import clickhouse_driver
import clickhouse_driver.errors

#: What a writer must not leave to the server's defaults. Merging a block on insert costs another two thirds of the
#: insert, and every reader takes the newest version anyway.
WRITER_SETTINGS: dict[str, Any] = {"async_insert": 0, "distributed_foreground_insert": 1, "optimize_on_insert": 0}
#: A worker that takes over may be answered by another replica than the one that took the last checkpoint.
REPLICATED: dict[str, Any] = {"insert_quorum": "auto", "insert_quorum_parallel": 0, "select_sequential_consistency": 1}
_AWAY = (OSError, EOFError, clickhouse_driver.errors.NetworkError, clickhouse_driver.errors.SocketTimeoutError)
#: Transient server errors: too many parts, memory, time-outs, keeper away, shutting down, disk full (243 when room is
#: reserved, 75 and 1001 when a file cannot be written or made).
PASSING = {75, 159, 160, 164, 201, 202, 203, 209, 210, 241, 242, 243, 252, 279, 285, 286, 319, 425, 999, 1001}
_TOO_MANY_PARTS = 252
#: Unknown table, unknown database.
_NOT_THERE = {60, 81}
#: Unknown user, wrong or missing password, not from this address.
_NO_LOGIN = {192, 193, 194, 195, 516}
UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"


@dataclass(frozen=True)
class Address:
    """Where the database is, and as whom we connect."""

    host: str = "127.0.0.1"
    tcp_port: int = 9000
    http_port: int = 8123
    user: str = "default"
    password: SecretStr = SecretStr("")
    database: str = "vitals"
    secure: bool = False
    cluster: str | None = None
    timeout_s: float = 30.0
    ca_file: Path | None = None
    proxy: str = ""
    """For HTTP to another machine; `none`: no proxy; empty: as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say."""

    @property
    def local(self) -> bool:
        """Whether the server is on this machine."""
        with suppress(ValueError):
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        return self.host.lower() == "localhost"

    @property
    def settings(self) -> dict[str, Any]:
        """Settings of every statement; on a cluster a majority of replicas must have what is acknowledged."""
        return WRITER_SETTINGS | (REPLICATED if self.cluster else {})

    def __str__(self) -> str:
        return f"ClickHouse at {self.host}:{self.tcp_port}"


def away(address: Address, error: Exception) -> RecoverableError | ServiceError:
    """A transient error: the server cannot be reached; a lasting one when its certificate is not trusted."""
    if UNTRUSTED in str(error):
        why = str(error).partition("certificate verify failed: ")[2].partition(" (_ssl")[0]
        return ServiceError(
            f"{address} shows a certificate that is not trusted: {why}. Set the CA that signed it in "
            "clickhouse.ca_file, and clickhouse.host to the name in the certificate."
        )
    return BackpressureError(f"{address} cannot be reached: {error}.")


def busy(address: Address, code: int, message: str) -> BackpressureError:
    """The error for a code in `PASSING`."""
    if code == _TOO_MANY_PARTS:
        return BackpressureError(
            f"{address} has too many parts and accepts no rows until they merge (see `groupvitals doctor`): {message}"
        )
    return BackpressureError(f"{address} is busy: {message}")


def refusal(address: Address, code: int, message: str) -> ServiceError:
    """The error for any other code: it will be the same the next time."""
    if code in _NO_LOGIN:
        return ServiceError(
            f"{address} does not let the user {address.user} in: unknown user or wrong password. "
            "Correct clickhouse.user or clickhouse.password."
        )
    if code in _NOT_THERE:
        return ServiceError(f"{address} has no {address.database} as this version needs it: run `groupvitals migrate`.")
    return ServiceError(f"{address} refused a statement: {message}")


class Native:
    """Statements over the native protocol, one connection per thread, opened when first needed."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._local = threading.local()

    def _client(self) -> clickhouse_driver.Client:
        if not hasattr(self._local, "client"):
            a = self.address
            self._local.client = clickhouse_driver.Client(
                a.host,
                port=a.tcp_port,
                user=a.user,
                password=a.password.get_secret_value(),
                secure=a.secure,
                ca_certs=str(a.ca_file) if a.ca_file else None,
                connect_timeout=min(a.timeout_s, 5),
                send_receive_timeout=a.timeout_s,
                sync_request_timeout=min(a.timeout_s, 5),
                client_name="groupvitals",
            )
        return self._local.client

    def execute(
        self, statement: str, rows: list[Any] | None = None, parameters: dict[str, Any] | None = None,
        settings: dict[str, Any] | None = None,
    ) -> Any:  # fmt: skip
        """Run one statement. Raises `BackpressureError` when the server is away, `ServiceError` when it refuses."""
        try:
            given = rows if rows is not None else parameters
            return self._client().execute(statement, given, settings=self.address.settings | (settings or {}))
        except _AWAY as error:
            self._forget()
            raise away(self.address, error) from error
        except clickhouse_driver.errors.ServerException as error:
            message = error.message.split("Stack trace")[0].strip()
            if error.code in PASSING:
                raise busy(self.address, error.code, message) from error
            raise refusal(self.address, error.code, message) from error
        except clickhouse_driver.errors.Error as error:
            self._forget()
            raise BackpressureError(f"{self.address} broke the connection: {error}.") from error

    def query(
        self, statement: str, parameters: dict[str, Any] | None = None, settings: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """Rows of a query as dictionaries."""
        try:
            rows, columns = self._client().execute(statement, parameters, with_column_types=True, settings=settings)
        except _AWAY as error:
            self._forget()
            raise away(self.address, error) from error
        except clickhouse_driver.errors.ServerException as error:
            message = error.message.split("Stack trace")[0].strip()
            raise refusal(self.address, error.code, message) from error
        return [dict(zip((name for name, _ in columns), row, strict=True)) for row in rows]

    def _forget(self) -> None:
        client = self._local.__dict__.pop("client", None)
        if client is not None:
            client.disconnect()
