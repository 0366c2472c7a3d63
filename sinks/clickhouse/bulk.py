"""Bulk rows to and from ClickHouse: Arrow over HTTP."""

import threading
from typing import Any

import clickhouse_connect
import urllib3.exceptions
from clickhouse_connect.driver.exceptions import ClickHouseError
from clickhouse_connect.driver.httputil import get_pool_manager

from schemas.errors import BackpressureError
from sinks.clickhouse.connection import PASSING, REPLICATED, UNTRUSTED, Address, away, busy, refusal


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
            **(REPLICATED if self.address.cluster else {}),
            **(settings or {}),
        }
        return bytes(self._call(lambda client: client.raw_query(statement, settings=options, fmt="ArrowStream")))

    def _call(self, action: Any) -> Any:
        try:
            return action(self._client())
        except (ClickHouseError, urllib3.exceptions.HTTPError, OSError) as error:
            message = str(error).split("Stack trace")[0].strip()
            if UNTRUSTED in message:
                raise away(self.address, error) from error
            code = message.partition("Code: ")[2].partition(".")[0]
            if code.isdigit() and int(code) not in PASSING:
                raise refusal(self.address, int(code), message) from error
            self._local.__dict__.pop("client", None)
            if code.isdigit():
                raise busy(self.address, int(code), message) from error
            raise BackpressureError(f"{self.address} cannot take rows: {message}") from error
