"""ClickHouse as a local server: the library of its embedded build in a child process. Writes its own folder only."""

import platform
import shutil
import sys
import urllib.request
from pathlib import Path

from rich.progress import Progress

from deploy import fetch
from deploy.errors import DeployError
from deploy.server import Ports, Server, log_path

VERSION = "26.7"
PACKAGE_VERSION = "26.7.3-stable.1"
LIBRARY = "libchdb.so"
CONFIGURATION = Path(__file__).with_name("clickhouse_config")
CHILD = Path(__file__).with_name("clickhouse_child.py")

#: By (sys.platform, machine); only what was verified here has a digest.
TARBALLS = {
    ("linux", "x86_64"): fetch.Tarball(
        "@chdb/lib-linux-x64-gnu", PACKAGE_VERSION,
        "c0d32b129e988f2b9a9a31c9141aecf5e1e2453f9a079efc4d36ab8e3f92b2ad", 177_817_999,
    ),
    ("linux", "aarch64"): fetch.Tarball("@chdb/lib-linux-arm64-gnu", PACKAGE_VERSION),
    ("darwin", "x86_64"): fetch.Tarball("@chdb/lib-darwin-x64", PACKAGE_VERSION),
    ("darwin", "arm64"): fetch.Tarball("@chdb/lib-darwin-arm64", PACKAGE_VERSION),
}  # fmt: skip


def _fetch(cache: Path, progress: Progress) -> Path:
    here = (sys.platform, platform.machine())
    if here not in TARBALLS:
        raise DeployError(
            f"There is no ClickHouse library for {here[0]} on {here[1]}: use `groupvitals up --containers` "
            "or set GROUPVITALS_CLICKHOUSE__HOST to a running server."
        )
    return fetch.npm_file(cache, "ClickHouse", TARBALLS[here], LIBRARY, progress)


def _command(folder: Path, program: Path, ports: Ports) -> list[str]:
    for name in ("config.xml", "users.xml"):
        shutil.copyfile(CONFIGURATION / name, folder / name)
    options = {
        "config-file": folder / "config.xml", "path": folder / "data", "logger.log": log_path(folder),
        "log-level": "warning", "listen_host": "127.0.0.1",
        "tcp_port": ports["clickhouse_tcp"], "http_port": ports["clickhouse_http"],
    }  # fmt: skip
    return [sys.executable, "-I", str(CHILD), str(program), *(f"--{key}={value}" for key, value in options.items())]


def _check(ports: Ports) -> None:
    """Ask for 1 over HTTP and over the native protocol."""
    import clickhouse_driver

    request = urllib.request.Request(f"http://127.0.0.1:{ports['clickhouse_http']}/", b"SELECT 1")
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # regardless of the environment's proxies
    with direct.open(request, timeout=5) as answer:
        answer.read()
    with clickhouse_driver.Client(
        "127.0.0.1", ports["clickhouse_tcp"], connect_timeout=5, send_receive_timeout=5
    ) as client:
        client.execute("SELECT 1")


CLICKHOUSE = Server(
    "clickhouse", "ClickHouse", VERSION, ("clickhouse_tcp", "clickhouse_http"), _fetch, _command, _check
)
