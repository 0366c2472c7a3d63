"""Features derived from a message's text on import, so that the text itself need not be kept."""

import re
from typing import Any

VERSION = 1
"""Version of these rules, carried as `feature_version`."""

_LINK = re.compile(r"\b(?:https?://|www\.)\S+", re.IGNORECASE)


def features(text: str) -> dict[str, Any]:
    """Message fields derived from text: length in characters, links, whether it asks something (a question mark)."""
    words, link_count = _LINK.subn("", text)
    question = "?" in words or "？" in words
    return {"text_len": len(text), "link_count": link_count, "question": question, "feature_version": VERSION}
