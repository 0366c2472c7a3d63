"""The text of a file, however it is stored: gzip is decompressed, UTF-16 becomes UTF-8."""

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schemas.errors import DataError

#: The byte order mark with which some programs begin UTF-8.
BOM = codecs.BOM_UTF8
_GZIP = b"\x1f\x8b"
_BLOCK = 1 << 20
_Stream = io.BufferedReader | gzip.GzipFile


@contextmanager
def open_text(path: Path, offset: int = 0) -> Iterator[_Stream]:
    """The bytes of a file's text from an offset in it on. Raises `DataError` when the file cannot be read."""
    try:
        with path.open("rb") as file:
            stream = _unpacked(file)
            if encoding := _utf_16(stream):
                stream = io.BufferedReader(_Utf8(stream, encoding), _BLOCK)
                while offset and (skipped := stream.read(min(offset, _BLOCK))):
                    offset -= len(skipped)
            else:
                stream.seek(offset)
            yield stream
    except (EOFError, zlib.error, UnicodeDecodeError) as error:
        raise DataError(f"{path} is damaged or incomplete: {error}.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from None


def text_size(path: Path) -> int | None:
    """The bytes of a file's text; None where only reading all of it would tell."""
    with path.open("rb") as file:
        known = _unpacked(file) is file and _utf_16(file) is None
    return path.stat().st_size if known else None


def is_utf8(path: Path) -> bool:
    """Whether the text is UTF-8 regardless of the mapping: the file has a byte order mark, or was UTF-16."""
    try:
        with path.open("rb") as file:
            stream = _unpacked(file)
            return _utf_16(stream) is not None or stream.peek(len(BOM))[: len(BOM)] == BOM
    except (EOFError, OSError, zlib.error):  # reading on reports it
        return False


def plain_name(path: Path) -> Path:
    """The name of a file without the suffix of compression."""
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def _unpacked(file: io.BufferedReader) -> _Stream:
    return gzip.GzipFile(fileobj=file) if file.peek(2)[:2] == _GZIP else file


def _utf_16(stream: _Stream) -> str | None:
    """The byte order in which UTF-16 begins: by its mark, or by two characters that are also in ASCII."""
    head = stream.peek(4)[:4]
    if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    if len(head) == 4:
        if head[0] and not head[1] and head[2] and not head[3]:
            return "utf-16-le"
        if not head[0] and head[1] and not head[2] and head[3]:
            return "utf-16-be"
    return None


class _Utf8(io.RawIOBase):
    """Another encoding's bytes as UTF-8. What is not a character there (a lone surrogate) is not one here either."""

    def __init__(self, stream: _Stream, encoding: str) -> None:
        self._stream, self._left, self._ended = stream, b"", False
        self._decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "bytearray | memoryview", /) -> int:  # type: ignore[override]
        while not self._left and not self._ended:
            block = self._stream.read(_BLOCK)
            self._ended = not block
            self._left = self._decoder.decode(block, self._ended).encode("utf-8", "surrogatepass")
        given = self._left[: len(buffer)]
        buffer[: len(given)] = given
        self._left = self._left[len(given) :]
        return len(given)
