"""Files that no format can read, recognised by how they begin, and what to do with each."""

import re

_CSV = "save the sheet as CSV (UTF-8) and import that with --format mapped"
_UNPACK = "decompress it first (only gzip can be read as is)"
#: How a file begins: what it is, what to do.
_MAGIC = {
    b"\xd0\xcf\x11\xe0": ("an Excel workbook (xls)", _CSV),
    b"%PDF": ("a PDF document", "export the data itself as CSV or JSON"),
    b"SQLite format 3\0": ("an SQLite database", "export its table as CSV and import that with --format mapped"),
    b"PAR1": ("a Parquet file", "export it as CSV or JSON lines and import that with --format mapped"),
    b"(\xb5/\xfd": ("compressed with zstd", _UNPACK),
    b"BZh": ("compressed with bzip2", _UNPACK),
    b"\xfd7zXZ\0": ("compressed with xz", _UNPACK),
    b"7z\xbc\xaf\x27\x1c": ("a 7z archive", _UNPACK),
    b"Rar!": ("a RAR archive", _UNPACK),
    b"{\\rtf": ("a text document (RTF)", "export the data itself as CSV or JSON"),
}
_PAGE = re.compile(rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body|table)\b", re.IGNORECASE | re.DOTALL)
#: An array of objects, arrays or strings; logs begin with `[` too, but then comes a time.
_ARRAY = re.compile(rb'\s*\[\s*[{\["\]]')
#: What marks a chat in a Telegram export, and the export of a whole account.
CHAT = re.compile(
    rb'"type":\s*"(?:personal_chat|bot_chat|saved_messages|(?:private|public)_(?:group|supergroup|channel))"'
)


def what_else(text: bytes) -> tuple[str, str] | None:
    """What a file is, and what to do with it, when its first bytes say that no format reads it."""
    for magic, found in _MAGIC.items():
        if text.startswith(magic):
            return found
    if text.startswith(b"PK\x03\x04"):
        if any(part in text for part in (b"[Content_Types].xml", b"xl/", b"mimetype")):
            return "an Excel workbook (xlsx) or another office document", _CSV
        return "a ZIP archive", _UNPACK
    if _PAGE.match(text):
        return "an HTML page", "export as JSON (Telegram Desktop: machine-readable JSON) or CSV instead"
    if text.lstrip().startswith(b"<?xml"):
        return "an XML document", "convert it to CSV or JSON lines and import that with --format mapped"
    if _ARRAY.match(text):
        return "a JSON array", "write one object per line (`jq -c '.[]' FILE > FILE.jsonl`) and import that"
    if text.lstrip().startswith(b"{") and b"\n" not in text.strip() and b'"messages"' in text and CHAT.search(text):
        return "a Telegram export without line breaks", "restore them (`python -m json.tool FILE > result.json`)"
    return None


def kind_of_text(text: bytes, lines: list[bytes], objects: int) -> tuple[str, str]:
    """The same for a text that no format recognises, as far as can be told."""
    mapping = "use --format mapped --mapping FILE to say which column is which field (docs/sources.md)"
    if b"\0" in text:
        return "not a text file", "export the data itself as CSV or JSON"
    if objects:
        return "JSON lines in a format of their own", mapping
    if text.lstrip().startswith(b"{"):
        return "one JSON object spread over several lines", "write one object per line (`jq -c . FILE > FILE.jsonl`)"
    for mark in (b",", b";", b"\t", b"|"):
        if len(lines) > 1 and 0 < lines[0].count(mark) == lines[1].count(mark):
            return "a table", mapping
    return "text in no known format", "docs/sources.md lists what can be imported"
