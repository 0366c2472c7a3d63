"""Bookmarks: what makes an import go on, and what makes it begin anew."""

import os
from pathlib import Path

import pytest

from sources.chunks import START, Position
from sources.resume import Bookmark


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"one\ntwo\n")
    return path


def test_an_unknown_file_begins_at_its_start(file: Path, tmp_path: Path) -> None:
    assert Bookmark(tmp_path / "imports", file, "ndjson").read() == START


def test_a_known_file_goes_on(file: Path, tmp_path: Path) -> None:
    bookmark = Bookmark(tmp_path / "imports", file, "ndjson")
    bookmark.write(Position(4, 1))
    assert bookmark.read() == Position(4, 1)
    assert not bookmark.finished(bookmark.read())
    bookmark.write(Position(8, 2))
    assert bookmark.finished(bookmark.read())


def test_another_kind_of_import_of_the_same_file_begins_at_its_start(file: Path, tmp_path: Path) -> None:
    Bookmark(tmp_path / "imports", file, "ndjson").write(Position(4, 1))
    assert Bookmark(tmp_path / "imports", file, "edges").read() == START


def test_a_file_that_grew_goes_on_after_a_whole_line_only(file: Path, tmp_path: Path) -> None:
    bookmark = Bookmark(tmp_path / "imports", file, "ndjson")
    bookmark.write(Position(8, 2))
    with file.open("ab") as more:
        more.write(b"thr")
    assert bookmark.read() == Position(8, 2)
    bookmark.write(Position(11, 3))
    with file.open("ab") as more:
        more.write(b"ee\n")
    assert bookmark.read() == START


def test_another_file_under_the_name_begins_anew(file: Path, tmp_path: Path) -> None:
    bookmark = Bookmark(tmp_path / "imports", file, "ndjson")
    bookmark.write(Position(8, 2))
    other = tmp_path / "other"
    other.write_bytes(b"ONE\nTWO\nTHREE\n")
    other.replace(file)
    assert bookmark.read() == START


def test_a_file_that_was_rewritten_begins_anew(file: Path, tmp_path: Path) -> None:
    bookmark = Bookmark(tmp_path / "imports", file, "ndjson")
    bookmark.write(Position(8, 2))
    file.write_bytes(b"ONE\nTWO\n")
    os.utime(file, ns=(1, 1))
    assert bookmark.read() == START
    file.write_bytes(b"ONE\n")
    assert bookmark.read() == START


def test_a_damaged_bookmark_is_as_good_as_none(file: Path, tmp_path: Path) -> None:
    bookmark = Bookmark(tmp_path / "imports", file, "ndjson")
    bookmark.write(Position(8, 2))
    (bookmark_file,) = (tmp_path / "imports").iterdir()
    bookmark_file.write_bytes(b'{"offset":')
    assert bookmark.read() == START
