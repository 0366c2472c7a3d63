"""How kernels are compiled: without the interpreter lock, and kept on disk until any kernel's source changes.

Numba's own cache looks only at the file a function stands in, not at the functions it calls, so the cache folder is
named after the sources of every room that holds kernels.
"""

import hashlib
import os
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


if "NUMBA_CACHE_DIR" not in os.environ:
    _home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    numba.config.CACHE_DIR = str(_home / "groupvitals" / "kernels" / _digest())

#: Decorator of every kernel.
kernel: _Decorator = njit(cache=True, nogil=True, _nrt=False)
#: Decorator of a part of a kernel that takes whole tuples of arrays: handing them over costs more than the part does.
inlined: _Decorator = njit(cache=True, nogil=True, _nrt=False, forceinline=True)
