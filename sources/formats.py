"""The formats that can be imported, by name."""

from sources.chunks import Reader
from sources.edges import read_edges
from sources.irc import read_irc
from sources.ndjson import read_ndjson

FORMATS: dict[str, Reader] = {"ndjson": read_ndjson, "edges": read_edges, "irc": read_irc}
