"""The formats that can be imported, by name, and what each can tell."""

from sources.chunks import Reader
from sources.importers.edges import read_edges
from sources.importers.irc import read_irc
from sources.importers.mapped.importer import read_mapped
from sources.importers.ndjson import read_ndjson
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

#: The types of chat events that a file of a format can hold at all; of others its silence says nothing.
#: `ndjson` and `mapped` are not here: they tell what was put into them.
TELLS: dict[str, frozenset[str]] = {
    "edges": frozenset({"message", "join"}),
    "irc": frozenset({"message", "join", "leave", "profile"}),
    "telegram": frozenset({"message", "edit", "reaction", "join", "leave", "group"}),
    "wecom": frozenset({"message", "recall", "join", "profile", "roster", "roster_end", "group"}),
}
