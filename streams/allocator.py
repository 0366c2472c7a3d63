"""The process's memory allocator (glibc's): freed pages are kept for the next frame and given back when tasks move.

Returning every frame's pages and faulting them in again costs a sixth of the time. Never returning any lets the memory
of a worker that lives through many rebalances grow to its highest peak.
"""

import ctypes
from typing import Any

import pyarrow as pa

#: glibc's M_MMAP_THRESHOLD, M_TRIM_THRESHOLD, M_TOP_PAD, M_ARENA_MAX.
_KEEP = ((-3, 1 << 30), (-1, (1 << 31) - 1), (-2, 1 << 28), (-8, 1))


def _glibc(name: str) -> Any:
    return getattr(ctypes.CDLL(None), name, lambda *_: None)


def keep_freed_memory() -> None:
    """Let freed pages stay with the process; call before it has threads. Does nothing without glibc."""
    for option, value in _KEEP:
        _glibc("mallopt")(option, value)


def give_back() -> None:
    """Return all free pages to the system, Arrow's too; takes some milliseconds per hundred MiB."""
    pa.default_memory_pool().release_unused()
    _glibc("malloc_trim")(0)
