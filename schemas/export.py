"""Exports the contract: JSON Schema of each input topic and AsyncAPI 3 of all, from the models alone.

`python -m schemas.export` writes `schemas/generated/`; a test fails when these files differ from the models.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Union

from pydantic import Field, TypeAdapter

from schemas.asyncapi import asyncapi
from schemas.topics import INPUT_TOPICS, TopicSpec

FOLDER = Path(__file__).parent / "generated"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def topic_schema(spec: TopicSpec) -> dict[str, Any]:
    """JSON Schema 2020-12 of one topic's events: one of its types, told apart by `type`."""
    events: Any = Annotated[Union[spec.events], Field(discriminator="type")]  # noqa: UP007
    schema: dict[str, Any] = TypeAdapter(events).json_schema()
    about = {
        "$schema": _DIALECT,
        "$id": f"urn:groupvitals:1:{spec.name}",
        "title": spec.name,
        "description": f"Events of {spec.name}, record key: {spec.key}. A null field counts as absent, unknown fields "
        "are ignored. Event time is at most 1 h ahead of the record's timestamp.",
    }
    return about | schema


def documents() -> dict[str, str]:
    """File name -> text of every generated document."""
    schemas = {f"{name}.schema.json": topic_schema(spec) for name, spec in INPUT_TOPICS.items()}
    return {
        name: json.dumps(document, indent=2) + "\n"
        for name, document in {**schemas, "asyncapi.json": asyncapi()}.items()
    }


def write(folder: Path = FOLDER) -> None:
    """Write every document and remove obsolete ones."""
    folder.mkdir(exist_ok=True)
    current = documents()
    for old in folder.iterdir():
        if old.name not in current:
            old.unlink()
    for name, text in current.items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write()
