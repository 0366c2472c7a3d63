"""A real ClickHouse whose user has a password, behind TLS on both ports."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.progress import Progress

from deploy import clickhouse, ports, server
from tests.secure.certificates import Certificates
from tests.secure.tls_front import tls_front

USER, PASSWORD = "keeper", "clickhouse-secret-c0de"
#: The same in the header of a request.
BASIC = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
_USER = f"""\
<{USER}><password>{PASSWORD}</password><networks><ip>127.0.0.1</ip></networks>
<profile>default</profile><quota>default</quota></{USER}>
</users>"""


@contextmanager
def secure_clickhouse(home: Path, cache: Path, certificates: Certificates) -> Iterator[tuple[int, int]]:
    """Start it, and stop it at the end; gives the native and the HTTP port."""
    folder, one = home / "clickhouse", clickhouse.CLICKHOUSE
    folder.mkdir(parents=True, exist_ok=True)
    found = ports.choose(home, one.ports, [])
    with Progress(disable=True) as bar:
        command = one.command(folder, one.fetch(cache, bar), found)
    users = folder / "users.xml"
    users.write_text(users.read_text().replace("</users>", _USER))
    server.launch(folder, command)
    try:
        server.wait_until_healthy(one, folder, found)
        with tls_front(certificates.server, found["clickhouse_tcp"], found["clickhouse_http"]) as (tcp, http):
            yield tcp, http
    finally:
        server.terminate(folder)
