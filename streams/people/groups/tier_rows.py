"""What rows of tiers say, of now and of closed days."""

# mypy: disable-error-code="no-untyped-call"

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analytics.people import tiers
from streams.landing.arrow import categories
from streams.people.memory.names import Codes

_SHAPES = ("effective_speakers", "gini", "half_of_messages_by")


def shapes_of(messages: Codes, of: Codes, groups: Codes, messages_of: Codes) -> NDArray[np.float64]:
    """How messages are spread over those who wrote them: of everybody (row 0), and of each of these groups.

    messages, of: by membership, what it wrote as a part of the base, and its group; messages_of: by person.
    """
    shapes, speakers = np.zeros((len(groups) + 1, 3)), np.flatnonzero(messages)
    place = np.full(int(of.max(initial=-1)) + 1, -1)
    here = groups[groups < len(place)]
    place[here] = np.flatnonzero(groups < len(place))
    places = place[of[speakers]]
    found = places >= 0
    spoken = np.sort(places[found] << 32 | messages[speakers[found]])
    tiers.shapes_of_groups(spoken, spoken & 0xFFFFFFFF, np.ones(len(spoken), np.int64), shapes[1:])
    counted = np.bincount(messages_of)  # persons, by number of messages
    counts = np.flatnonzero(counted[1:]) + 1
    shapes[0] = tiers.concentration(counts, counted[counts])
    return shapes


def columns(figures: NDArray[np.int64], shapes: NDArray[np.float64]) -> dict[str, pa.Array]:
    """All that a row says."""
    found: dict[str, Any] = {name: figures[:, i] for i, name in enumerate(tiers.FIGURES)}
    members, messages = found["members"], found["messages"]
    for name in ("loud", "occasional", "silent"):
        found[f"{name}_share"] = found[name] / members
    found["loud_message_share"] = found["loud_messages"] / np.maximum(messages, 1)
    found |= {name: shapes[:, i] for i, name in enumerate(_SHAPES[:2])}
    found[_SHAPES[2]] = shapes[:, 2].astype(np.int64)
    bands = np.searchsorted(np.array([most for _, most in tiers.BANDS]), members).astype(np.int8)
    rows = {name: pa.array(np.ascontiguousarray(one)) for name, one in found.items()}
    return {"size_band": categories(bands, tuple(name for name, _ in tiers.BANDS))} | rows
