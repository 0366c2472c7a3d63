"""How people name themselves in groups: a convention such as `name-role-industry-city`."""

import re

_FIELD = r"[^\W\d_][^\W_]*"
_SEPARATOR = r"""(?P<separator>(?:_|[^\w'"\\])+)"""
_CONVENTION = re.compile(rf"{_FIELD}{_SEPARATOR}(?:{_FIELD}(?P=separator))*{_FIELD}")


def convention(text: str) -> tuple[list[str], str]:
    """Names of the fields, and their separator; none for an empty text. Raises `ValueError`."""
    if not text:
        return [], ""
    found = _CONVENTION.fullmatch(text)
    fields = text.split(found["separator"]) if found else []
    if found is None or len(set(fields)) < len(fields):
        raise ValueError("not different names with the same separator between them, such as name-role-industry-city")
    return fields, found["separator"].strip() or found["separator"]
