"""Connections to ClickHouse: the native protocol for DDL and small tables, HTTP with Arrow for bulk rows."""

import ipaddress
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import clickhouse_connect
import clickhouse_driver
import clickhouse_driver.errors
import urllib3.exceptions
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.httputil import get_pool_manager
from pydantic import SecretStr

from schemas.errors import BackpressureError, RecoverableError, ServiceError

#: What a writer must not leave to the server's defaults. Merging a block on insert costs another two thirds of the
#: insert, and every reader takes the newest version anyway.
WRITER_SETTINGS: dict[str, Any] = {"async_insert": 0, "distributed_foreground_insert": 1, "optimize_on_insert": 0}
#: A worker that takes over may be answered by another replica than the one that took the last checkpoint.
_REPLICATED: dict[str, Any] = {"insert_quorum": "auto", "insert_quorum_parallel": 0, "select_sequential_consistency": 1}
_AWAY = (OSError, EOFError, clickhouse_driver.errors.NetworkError, clickhouse_driver.errors.SocketTimeoutError)
#: Transient server errors: too many parts, memory, time-outs, keeper away, shutting down, disk full (243 when room is
#: reserved, 75 and 1001 when a file cannot be written or made).
_PASSING = {75, 159, 160, 164, 201, 202, 203, 209, 210, 241, 242, 243, 252, 279, 285, 286, 319, 425, 999, 1001}
_TOO_MANY_PARTS = 252
#: Unknown table, unknown database.
_NOT_THERE = {60, 81}
#: Unknown user, wrong or missing password, not from this address.
_NO_LOGIN = {192, 193, 194, 195, 516}
_UNTRUSTED = "CERTIFICATE_VERIFY_FAILED"


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
        return WRITER_SETTINGS | (_REPLICATED if self.cluster else {})

    def __str__(self) -> str:
        return f"ClickHouse at {self.host}:{self.tcp_port}"


def _away(address: Address, error: Exception) -> RecoverableError | ServiceError:
    """A transient error: the server cannot be reached; a lasting one when its certificate is not trusted."""
    if _UNTRUSTED in str(error):
        why = str(error).partition("certificate verify failed: ")[2].partition(" (_ssl")[0]
        return ServiceError(
            f"{address} shows a certificate that is not trusted: {why}. Set the CA that signed it in "
            "clickhouse.ca_file, and clickhouse.host to the name in the certificate."
        )
    return BackpressureError(f"{address} cannot be reached: {error}.")


def _busy(address: Address, code: int, message: str) -> BackpressureError:
    if code == _TOO_MANY_PARTS:
        return BackpressureError(
            f"{address} has too many parts and accepts no rows until they merge (see `groupvitals doctor`): {message}"
        )
    return BackpressureError(f"{address} is busy: {message}")


def _refusal(address: Address, code: int, message: str) -> ServiceError:
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
            raise _away(self.address, error) from error
        except clickhouse_driver.errors.ServerException as error:
            message = error.message.split("Stack trace")[0].strip()
            if error.code in _PASSING:
                raise _busy(self.address, error.code, message) from error
            raise _refusal(self.address, error.code, message) from error
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
            raise _away(self.address, error) from error
        except clickhouse_driver.errors.ServerException as error:
            message = error.message.split("Stack trace")[0].strip()
            raise _refusal(self.address, error.code, message) from error
        return [dict(zip((name for name, _ in columns), row, strict=True)) for row in rows]

    def _forget(self) -> None:
        client = self._local.__dict__.pop("client", None)
        if client is not None:
            client.disconnect()


def _pool(address: Address) -> Any:
    """A connection pool that ignores the environment's proxies; None: the default, which uses them."""
    ca_file = str(address.ca_file) if address.ca_file else None
    if address.local or address.proxy == "none":
        return get_pool_manager(ca_cert=ca_file)
    if not address.proxy:
        return None
    through = "https_proxy" if address.secure else "http_proxy"
    return get_pool_manager(ca_cert=ca_file, **{through: address.proxy})


class Bulk:
    """Arrow in and out over HTTP, one client per thread."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._local = threading.local()

    def _client(self) -> Any:
        if not hasattr(self._local, "client"):
            a = self.address
            self._local.client = clickhouse_connect.get_client(
                host=a.host,
                port=a.http_port,
                username=a.user,
                password=a.password.get_secret_value(),
                secure=a.secure,
                ca_cert=str(a.ca_file) if a.ca_file else None,
                pool_mgr=_pool(a),
                database=a.database,
                connect_timeout=5,
                send_receive_timeout=int(a.timeout_s),
                autogenerate_session_id=False,
                compress=False,
            )
        return self._local.client

    def insert(self, table: str, columns: list[str], block: bytes, token: str) -> None:
        """Insert an Arrow stream, once per token as far as the table remembers them. Raises as `Native.execute`."""
        settings = self.address.settings | {"insert_deduplication_token": token}
        self._call(lambda client: client.raw_insert(table, columns, block, settings=settings, fmt="ArrowStream"))

    def query(self, statement: str, settings: dict[str, Any] | None = None) -> bytes:
        """A query's result as an Arrow stream."""
        options = {
            "output_format_arrow_string_as_string": 1,
            "output_format_arrow_low_cardinality_as_dictionary": 0,
            **(_REPLICATED if self.address.cluster else {}),
            **(settings or {}),
        }
        return bytes(self._call(lambda client: client.raw_query(statement, settings=options, fmt="ArrowStream")))

    def _call(self, action: Any) -> Any:
        try:
            return action(self._client())
        except (ClickHouseError, urllib3.exceptions.HTTPError, OSError) as error:
            message = str(error).split("Stack trace")[0].strip()
            if _UNTRUSTED in message:
                raise _away(self.address, error) from error
            code = message.partition("Code: ")[2].partition(".")[0]
            if code.isdigit() and int(code) not in _PASSING:
                raise _refusal(self.address, int(code), message) from error
            self._local.__dict__.pop("client", None)
            if code.isdigit():
                raise _busy(self.address, int(code), message) from error
            raise BackpressureError(f"{self.address} cannot take rows: {message}") from error
