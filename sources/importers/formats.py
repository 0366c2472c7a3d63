"""The formats that can be imported, by name, and which events each can contain."""

from pathlib import Path

from schemas.topics import CHAT
from sources.chunks import Options, Reader
from sources.importers.edges import read_edges
from sources.importers.irc import read_irc
from sources.importers.mapped.importer import mapping_of, read_mapped
from sources.importers.ndjson import read_ndjson, topic_of
from sources.importers.telegram.importer import read_telegram
from sources.importers.wecom.importer import read_wecom

FORMATS: dict[str, Reader] = {
    "ndjson": read_ndjson,
    "edges": read_edges,
    "irc": read_irc,
    "telegram": read_telegram,
    "wecom": read_wecom,
    "mapped": read_mapped,
}

#: The types of chat events that a file of each format can contain; the absence of other types means nothing.
#: `ndjson` and `mapped` are not listed: they contain whatever was put into them.
TELLS: dict[str, frozenset[str]] = {
    "edges": frozenset({"message", "join"}),
    "irc": frozenset({"message", "join", "leave", "profile"}),
    "telegram": frozenset({"message", "edit", "reaction", "join", "leave", "profile", "roster", "group"}),
    "wecom": frozenset({"message", "recall", "join", "profile", "roster", "roster_end", "group"}),
}


def topic_fed(format_: str, path: Path, options: Options) -> str:
    """The topic to which the records of a file go. Raises `ConfigError` when that needs a mapping and there is none."""
    if format_ == "mapped":
        return mapping_of(options).topic
    return topic_of(path, options) if format_ == "ndjson" else CHAT.name
