"""Remembers how far a file was imported, so that a second import continues instead of starting over."""

from hashlib import blake2b
from pathlib import Path

import orjson

from sources.chunks import START, Position
from sources.text import text_size


class Bookmark:
    """The place up to which one file's records were acknowledged.

    `what` distinguishes imports of the same file (format, target, options). A file that was replaced (inode), or is
    shorter than what was read, starts over; one that only grew continues, unless it is compressed or UTF-16, where
    positions in the text are not positions in the file.
    """

    def __init__(self, folder: Path, path: Path, what: str) -> None:
        self._path = path.resolve()
        name = blake2b(f"{self._path}\0{what}".encode(), digest_size=12).hexdigest()
        self._file = folder / f"{name}.json"
        self._finished = False

    def read(self) -> Position:
        """Where to continue; the start of the file when nothing is known about it."""
        try:
            known = orjson.loads(self._file.read_bytes())
            position, self._finished = Position(known["offset"], known["line"]), known.get("finished", False)
            same = known["inode"] == self._path.stat().st_ino and self._unchanged(known)
        except (OSError, ValueError, KeyError, TypeError):
            return START
        return position if same else START

    def _unchanged(self, known: dict[str, int]) -> bool:
        now = self._path.stat()
        if now.st_size == known["size"]:
            return now.st_mtime_ns == known["mtime_ns"]
        if text_size(self._path) is None:
            return False
        with self._path.open("rb") as file:  # grown: continue only after a complete line
            file.seek(known["offset"] - 1)
            return now.st_size > known["size"] and file.read(1) == b"\n"

    def finished(self, position: Position) -> bool:
        """Whether nothing follows the place that was read."""
        size = text_size(self._path)
        return position.offset == size if size is not None else self._finished

    def write(self, position: Position, finished: bool = False) -> None:
        """Remember a place, and whether the text ends there; a crash leaves either the old place or the new one."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        now = self._path.stat()
        known = {"path": str(self._path), "inode": now.st_ino, "size": now.st_size, "mtime_ns": now.st_mtime_ns}
        known |= {"finished": finished}
        new = self._file.with_suffix(".new")
        new.write_bytes(orjson.dumps(known | position._asdict()))
        new.replace(self._file)
