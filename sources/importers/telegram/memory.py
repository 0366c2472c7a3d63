"""What one import remembers for the next: small JSON files, which may be missing or broken."""

from pathlib import Path
from typing import Any

import orjson


def remembered(file: Path | None, *parts: str) -> dict[str, dict[str, Any]]:
    """The parts of a file, each a dictionary; empty ones where the file is missing or broken."""
    try:
        known = orjson.loads(file.read_bytes()) if file else {}
        return {part: dict(known[part]) for part in parts}
    except (OSError, ValueError, KeyError, TypeError):
        return {part: {} for part in parts}


def remember(file: Path | None, **parts: dict[str, Any]) -> None:
    """Write the parts; a crash leaves the old file or the new one."""
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        new = file.with_suffix(".new")
        new.write_bytes(orjson.dumps(parts))
        new.replace(file)
