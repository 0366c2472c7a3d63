"""Files as people have them: compressed, in UTF-16, with a byte order mark; read alike, and gone on with alike."""

import codecs
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from schemas.errors import DataError
from sources.chunks import START, Position, read_lines
from sources.importers.formats import FORMATS
from sources.mapping import load_mapping
from sources.resume import Bookmark
from sources.text import text_size
from tests.sources.reading import chunks
from tests.sources.test_imported import EXAMPLES, EXPORTS

PACKED: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "two gzips": lambda text: gzip.compress(text[:500]) + gzip.compress(text[500:]),
    "mark": lambda text: codecs.BOM_UTF8 + text,
    "gzip and mark": lambda text: gzip.compress(codecs.BOM_UTF8 + text),
    "UTF-16": lambda text: text.decode().encode("utf-16"),
    "UTF-16, big end first": lambda text: codecs.BOM_UTF16_BE + text.decode().encode("utf-16-be"),
    "UTF-16 without mark": lambda text: text.decode().encode("utf-16-le"),
    "gzip and UTF-16": lambda text: gzip.compress(text.decode().encode("utf-16")),
}
EVENTS = b'{"event_id":"%d","group_id":"a:b:\xe8\x8c\xb6","type":"message"}\n'
TEXTS = {
    "ndjson": b"".join(EVENTS % n for n in range(40)),
    "edges": b"".join(b"a b 17000000%02d\n" % n for n in range(40)),
    "irc": b"".join(b"[10:%02d] <ann> hi\n" % n for n in range(40)),
    "telegram": (EXPORTS / "telegram.json").read_bytes(),
    "wecom": (EXPORTS / "wecom-2024-03-02.ndjson").read_bytes(),
    "mapped": (EXAMPLES / "orders.csv").read_bytes(),
}
SHOP = load_mapping(EXAMPLES / "shop.toml")


@pytest.mark.parametrize("packed", PACKED)
@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_is_read_however_it_is_stored(
    format_: str, packed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sources.chunks.CHUNK_BYTES", 300)
    plain, other = tmp_path / "2024-03-02.txt", tmp_path / "2024-03-02.txt.gz"
    plain.write_bytes(TEXTS[format_])
    other.write_bytes(PACKED[packed](TEXTS[format_]))
    mapping = SHOP.model_copy(update={"encoding": "gbk"}) if "mark" in packed or "UTF" in packed else SHOP
    wanted = chunks(format_, plain, mapping=SHOP)
    found = chunks(format_, other, mapping=mapping)
    assert [chunk.end.line for chunk in found][-1] == [chunk.end.line for chunk in wanted][-1]
    assert [value for chunk in found for value in chunk.values] == [v for chunk in wanted for v in chunk.values]
    assert [key for chunk in found for key in chunk.keys] == [key for chunk in wanted for key in chunk.keys]
    for number in range(1, len(found) + 1):
        assert chunks(format_, other, found[number - 1].end, mapping=mapping) == found[number:]


def test_a_file_that_ends_too_early_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(bytes(range(256)) * 1_000)[:-100])
    with pytest.raises(DataError, match=r"x\.gz is damaged or incomplete"):
        list(read_lines(path))
    path.write_bytes("abc".encode("utf-16")[:-1])
    with pytest.raises(DataError, match=r"x\.gz is damaged or incomplete"):
        list(read_lines(path))


def test_half_a_character_of_utf_16_stands_alone(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes("a\ud800\nb\n".encode("utf-16", "surrogatepass"))
    assert [line for _, lines, _ in read_lines(path) for line in lines] == [b"a\xed\xa0\x80", b"b"]


@pytest.mark.parametrize("packed", ["gzip", "UTF-16"])
def test_places_in_a_packed_file_are_remembered_and_it_begins_anew_when_it_grew(packed: str, tmp_path: Path) -> None:
    path, folder = tmp_path / "x", tmp_path / "imports"
    path.write_bytes(PACKED[packed](b"".join(b"line %d\n" % n for n in range(2_000))))
    assert text_size(path) is None
    bookmark = Bookmark(folder, path, "ndjson")
    bookmark.write(Position(8, 2))
    assert bookmark.read() == Position(8, 2)
    assert not bookmark.finished(bookmark.read())
    bookmark.write(Position(8, 2), finished=True)
    again = Bookmark(folder, path, "ndjson")
    assert again.finished(again.read())
    again.write(Position(path.read_bytes().index(b"\n") + 1, 1))  # where a plain file would have a whole line
    with path.open("ab") as more:
        more.write(PACKED[packed](b"three\n"))
    assert Bookmark(folder, path, "ndjson").read() == START
