"""How kernels are compiled: without the interpreter lock, and kept on disk until any kernel's source changes.

Numba's own cache only checks the file that holds a function, not the functions it calls, so the cache folder is named
after the sources of every room that holds kernels.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import njit

_Decorator = Callable[[Callable[..., Any]], Any]
_ROOT = Path(__file__).resolve().parents[2]


def _digest() -> str:
    digest = hashlib.sha256(numba.__version__.encode())
    for room in ("analytics", "schemas", "streams"):
        for file in sorted((_ROOT / room).rglob("*.py")):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def _kept() -> str:
    """Have Numba cache what it compiles in a folder of this user. Returns why that is impossible, or empty.

    What another user wrote is never loaded: it is code.
    """
    if "NUMBA_CACHE_DIR" in os.environ:
        return ""
    try:
        cache = os.environ.get("GROUPVITALS_CACHE") or Path(
            os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache", "groupvitals"
        )
        folder = Path(cache, f"kernels-{os.getuid()}", _digest())
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            numba.config.CACHE_DIR = str(folder)
    except (OSError, RuntimeError) as error:  # the latter: this user has no known home
        return str(error)
    return ""


#: Why kernels are compiled at every start; empty: they are cached. Numba's default would be next to the sources.
NOT_KEPT = _kept()
_OPTIONS = {"cache": not NOT_KEPT, "nogil": True, "_nrt": False}
#: Decorator of every kernel.
kernel: _Decorator = njit(**_OPTIONS)
#: Decorator of a part of a kernel that takes whole tuples of arrays: passing them costs more than the part itself.
inlined: _Decorator = njit(**_OPTIONS, forceinline=True)
#: Decorator of a part of a kernel that takes another part as an argument: kept on disk within the kernels that use it.
composed: _Decorator = njit(**_OPTIONS | {"cache": False}, forceinline=True)
