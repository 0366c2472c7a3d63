"""Free TCP ports on 127.0.0.1, remembered in the home folder so that addresses survive a restart."""

import json
import socket
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

#: Below the range that operating systems use for outgoing connections.
FIRST, LAST, BLOCK = 20_000, 30_000, 10


def is_free(port: int) -> bool:
    """Tell whether a server could listen on 127.0.0.1:port."""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def remembered(home: Path) -> dict[str, int]:
    """Ports by name as last chosen; empty when none have been."""
    try:
        return dict(json.loads((home / "ports.json").read_text()))
    except FileNotFoundError:
        return {}


def choose(home: Path, names: Sequence[str], in_use: Iterable[str]) -> dict[str, int]:
    """Return a port for each name, keeping remembered ones that are free or `in_use` by our own servers.

    The search starts at a place derived from the home's path, so two checkouts rarely collide.
    """
    ports, ours = remembered(home), set(in_use)
    kept = {name: ports[name] for name in names if name in ports and (name in ours or is_free(ports[name]))}
    candidates = _candidates(home)
    for name in names:
        if name not in kept:
            kept[name] = next(port for port in candidates if port not in kept.values() and is_free(port))
    if kept != ports:
        home.mkdir(parents=True, exist_ok=True)
        (home / "ports.json").write_text(json.dumps(kept, indent=2))
    return kept


def _candidates(home: Path) -> Iterable[int]:
    span = LAST - FIRST
    start = zlib.crc32(str(home).encode()) % (span // BLOCK) * BLOCK
    return (FIRST + (start + step) % span for step in range(span))
