"""A file shows its format by its first lines; one that is something else than its format says is refused."""

import json
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.errors import ConfigError
from sources.chunks import Options
from sources.importers.detect import SIGNS, format_of
from sources.importers.formats import FORMATS
from sources.importers.ndjson import topic_of
from sources.simulator import Plan
from sources.simulator.files import write
from tests.sources.test_rows import ROWS, mapping
from tests.sources.test_text import PACKED, SHOP, TEXTS

MAPPED = Options(mapping=SHOP)
MESSAGE = {
    "id": 1, "type": "message", "date_unixtime": "1788256800", "from": "N", "from_id": "user1", "text": "x",
}  # fmt: skip
CHAT = {"name": "big", "type": "private_supergroup", "id": 1, "messages": [MESSAGE] * 50}


def file(folder: Path, text: bytes, name: str = "x") -> Path:
    path = folder / name
    path.write_bytes(text)
    return path


def test_every_format_has_its_signs() -> None:
    assert SIGNS.keys() == FORMATS.keys()


@pytest.mark.parametrize("packed", ["plain", *PACKED])
@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_shows_its_format(format_: str, packed: str, tmp_path: Path) -> None:
    text = TEXTS[format_]
    path = file(tmp_path, PACKED[packed](text) if packed != "plain" else text)
    assert format_of(path, None, MAPPED) == format_


@pytest.mark.parametrize("given", FORMATS)
@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_of_one_format_is_no_other(format_: str, given: str, tmp_path: Path) -> None:
    path = file(tmp_path, TEXTS[format_])
    if given == format_:
        assert format_of(path, given, MAPPED) == format_
        return
    with pytest.raises(ConfigError, match=rf"looks like .*: use --format {format_}\."):
        format_of(path, given, MAPPED)


@pytest.mark.parametrize("given", [None, *FORMATS])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        (json.dumps([MESSAGE] * 3, indent=1).encode(), "a JSON array: write one object per line"),
        (json.dumps([MESSAGE] * 3).encode(), "a JSON array"),
        (b"[]", "a JSON array"),
        (b"<!DOCTYPE html>\n<html>\n<body>\n", "an HTML page: export as JSON"),
        (b"<table><tr><td>1</td></tr></table>", "an HTML page"),
        (b'<?xml version="1.0"?><a/>', "an XML document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "an Excel workbook"),
        (b"%PDF-1.7\n", "a PDF"),
        (b"(\xb5/\xfd\x04", "zstd: decompress it first"),
        (orjson.dumps(CHAT), "a Telegram export without line breaks"),
    ],
)
def test_what_no_format_reads_is_named_with_what_to_do(
    text: bytes, said: str, given: str | None, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=said):
        format_of(file(tmp_path, text), given, MAPPED)


@pytest.mark.parametrize(("inside", "said"), [("xl/workbook.xml", "xlsx.*save the sheet as CSV"), ("a.csv", "a ZIP")])
def test_workbooks_and_archives_are_named(inside: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(inside, "1,2\n")
    with pytest.raises(ConfigError, match=said):
        format_of(path, "mapped", MAPPED)


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        (b"one\ntwo\nthree\n" * 1_000, "ndjson", "text in no known format, not events of the contract"),
        (b"one\ntwo\nthree\n" * 1_000, None, "text in no known format"),
        (b"one\ntwo\nthree\n" * 1_000, "edges", "not an edge list"),
        (b"a,b\n1,2\n3,4\n", "ndjson", "a table, not events of the contract: use --format mapped"),
        (b"a;b\n1;2\n", None, "a table: use --format mapped --mapping FILE to say which column is which field"),
        (b'{"a":1}\n{"a":2}\n', "ndjson", "JSON lines in a format of their own"),
        (b'{\n "a": 1\n}\n', "ndjson", "one JSON object spread over several lines"),
        (b"\x00\x01\x02" * 500, "ndjson", "not a text file"),
        (b'{"message": {\n', "telegram", None),  # as much as an export without messages: the importer says so
    ],
)
def test_a_file_of_which_nothing_can_be_read_is_refused(
    text: bytes, given: str | None, said: str | None, tmp_path: Path
) -> None:
    path = file(tmp_path, text)
    if said is None:
        assert format_of(path, given, Options()) == given
        return
    with pytest.raises(ConfigError, match=said):
        format_of(path, given, Options())


def test_an_empty_file_is_whatever_it_is_taken_for(tmp_path: Path) -> None:
    assert [format_of(file(tmp_path, b" \n\n"), given, Options()) for given in ("irc", None)] == ["irc", "ndjson"]


@pytest.mark.parametrize("indent", [1, 4, "\t"])
def test_exports_of_an_account_are_known_before_their_first_chat(indent: Any, tmp_path: Path) -> None:
    contacts = [{"first_name": "N" * 100}] * 5_000
    account = {"about": "Here", "personal_information": {}, "contacts": {"list": contacts}, "chats": {"list": [CHAT]}}
    path = file(tmp_path, json.dumps(account, indent=indent).encode())
    assert format_of(path, None, Options()) == "telegram"


def test_a_table_is_its_mappings_and_no_others(tmp_path: Path) -> None:
    assert format_of(ROWS / "lines.csv", None, Options(mapping=mapping("byorder"))) == "mapped"
    for given in (None, "mapped"):
        with pytest.raises(
            ConfigError, match=r"lines\.csv lacks the mapping's columns at, .*; the table has order, customer"
        ):
            format_of(ROWS / "lines.csv", given, MAPPED)


def test_simulated_files_are_known_and_go_where_their_events_belong(tmp_path: Path) -> None:
    write(Plan(end_ms=1_767_225_600_000, groups=8, members=300, days=14, broken=0.05), tmp_path)
    for path in sorted(tmp_path.glob("*.ndjson")):
        topic = path.stem
        assert format_of(path, None, Options()) == "ndjson"
        unnamed = file(tmp_path, path.read_bytes(), "events.ndjson")
        assert topic_of(unnamed, Options()) == topic
        misnamed = "chat.events" if topic != "chat.events" else "product.events"
        with pytest.raises(ConfigError, match=f"contains events of {topic}, not of {misnamed}: use --topic {topic}"):
            format_of(path, None, Options(topic=misnamed))
