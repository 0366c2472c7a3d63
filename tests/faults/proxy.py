"""A TCP proxy that harms inserts on their way to ClickHouse: their answers, their requests, or everything's speed.

One proxy stands before one port. A connection's bytes pass in order and unchanged until a fault strikes.
"""

import random
import socket
import threading
import time
from contextlib import suppress
from typing import Literal

Fault = Literal["none", "drop the answer", "delay the answer", "drop the request", "slow"]
_CHUNK = 1 << 16


class Proxy:
    """Listens on a free port of 127.0.0.1; `harmed` counts the inserts that a fault struck.

    A share of the inserts (`share`, by `seed`) is struck by `fault`; `seconds` is how long answers wait, or, where all
    is slow, every piece that passes. The native protocol answers an INSERT twice: before the rows, and after.
    """

    def __init__(self, target: tuple[str, int], native: bool, seed: int, share: float, seconds: float) -> None:
        self.fault: Fault = "none"
        self.harmed = 0
        self._target, self._native, self._share, self._seconds = target, native, share, seconds
        self._random = random.Random(seed)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Take no more connections."""
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(self._target)
                except OSError:
                    client.close()
                    continue
                connection = _Connection(self, client, server)
                threading.Thread(target=connection.up, daemon=True).start()
                threading.Thread(target=connection.down, daemon=True).start()

    def strikes(self) -> bool:
        """Whether this insert is one of those that are struck."""
        return self.fault not in ("none", "slow") and self._random.random() < self._share

    def harm(self) -> None:
        """Count one."""
        self.harmed += 1

    @property
    def native(self) -> bool:
        """Which of the two protocols passes here."""
        return self._native

    @property
    def seconds(self) -> float:
        """How long a fault lasts."""
        return self._seconds


class _Connection:
    """Both directions of one connection; `_struck` is the fault that the insert under way meets."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._struck: Fault = "none"
        self._rows_sent = False

    def up(self) -> None:
        """What the client sends."""
        with suppress(OSError):
            while data := self._client.recv(_CHUNK):
                if b"INSERT" in data and self._proxy.strikes():
                    self._struck, self._rows_sent = self._proxy.fault, not self._proxy.native
                    if self._struck == "drop the request":
                        self._proxy.harm()
                        break
                elif self._struck != "none":
                    self._rows_sent = True
                if self._proxy.fault == "slow":
                    time.sleep(self._proxy.seconds)
                    self._proxy.harm()
                self._server.sendall(data)
        self._close()

    def down(self) -> None:
        """What the server answers."""
        with suppress(OSError):
            while data := self._server.recv(_CHUNK):
                if self._struck != "none" and self._rows_sent:
                    self._proxy.harm()
                    if self._struck == "drop the answer":
                        break
                    time.sleep(self._proxy.seconds)
                    self._struck = "none"
                self._client.sendall(data)
        self._close()

    def _close(self) -> None:
        for one in (self._client, self._server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
