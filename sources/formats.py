"""The formats that can be imported, by name."""

from sources.chunks import Reader
from sources.edges import read_edges
from sources.irc import read_irc
from sources.mapped import read_mapped
from sources.ndjson import read_ndjson
from sources.telegram import read_telegram
from sources.wecom import read_wecom

FORMATS: dict[str, Reader] = {
    "ndjson": read_ndjson,
    "edges": read_edges,
    "irc": read_irc,
    "telegram": read_telegram,
    "wecom": read_wecom,
    "mapped": read_mapped,
}
