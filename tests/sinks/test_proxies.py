"""Proxies of the environment, and the one that is set: what goes through them, and what does not."""

import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from groupvitals.connections import clickhouse
from groupvitals.settings import Settings
from schemas.errors import BackpressureError
from sinks.clickhouse.bulk import Bulk
from sinks.clickhouse.connection import Address
from tests.conftest import Run
from tests.streams.workers import send

pytestmark = pytest.mark.services
#: Nothing listens there.
_DEAD = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def dead_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, _DEAD)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def _proxy(address: Address) -> Iterator[tuple[str, list[str]]]:
    """A proxy that takes every host for ClickHouse: its address, and the addresses that it was asked for."""
    asked: list[str] = []
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path.partition("?")[0])
            body = self.rfile.read(int(self.headers["Content-Length"]))
            path = f"http://{address.host}:{address.http_port}/?{self.path.partition('?')[2]}"
            with direct.open(urllib.request.Request(path, body, dict(self.headers)), timeout=30) as answer:
                found = answer.read()
            self.send_response(200)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


def test_commands_reach_what_is_local_past_the_environments_proxies(settings: Settings, groupvitals: Run) -> None:
    for words in (["topics"], ["migrate"]):
        assert groupvitals(*words).returncode == 0
    send(settings, [b'{"group_id": "telegram:-:g"}'])
    done = groupvitals("worker", "--until-caught-up")
    assert "1 dead letter" in done.stdout + done.stderr, "it landed over HTTP"


def test_what_is_elsewhere_goes_through_the_proxy_that_is_set(settings: Settings) -> None:
    address = replace(clickhouse(settings), database="default")
    with _proxy(address) as (proxy, asked):
        there = replace(address, host="clickhouse.example", proxy=proxy)
        assert Bulk(there).query("SELECT 1")
        assert set(asked) == {f"http://clickhouse.example:{address.http_port}/"}
        asked.clear()
        for name in ("127.0.0.1", "localhost"):
            assert Bulk(replace(there, host=name)).query("SELECT 1")
        assert asked == []


def test_what_is_elsewhere_goes_through_the_environments_proxy_unless_told_not_to(settings: Settings) -> None:
    there = replace(clickhouse(settings), host="clickhouse.example")
    with pytest.raises(BackpressureError, match="proxy"):
        Bulk(there).query("SELECT 1")
    with pytest.raises(BackpressureError, match="resolve"):
        Bulk(replace(there, proxy="none")).query("SELECT 1")
