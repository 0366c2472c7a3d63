"""What an importer makes of a file: its chunks, and its records, each held against the contract."""

from pathlib import Path
from typing import Any

import orjson

from schemas.topics import INPUT_TOPICS
from schemas.validate import validate
from sources.chunks import START, Chunk, Options, Position, Problem
from sources.importers.formats import FORMATS


def chunks(format_: str, path: Path, start: Position = START, **options: Any) -> list[Chunk]:
    return list(FORMATS[format_](path, Options(**options), start))


def records(format_: str, path: Path, **options: Any) -> list[dict[str, Any]]:
    """All records of a file, each checked against the contract and its key."""
    found = []
    for chunk in chunks(format_, path, **options):
        for key, value in zip(chunk.keys, chunk.values, strict=True):
            event = validate(chunk.topic, value)
            assert key == INPUT_TOPICS[chunk.topic].key_of(vars(event)).encode()
            found.append(orjson.loads(value))
    return found


def problems(format_: str, path: Path, **options: Any) -> list[Problem]:
    """All problems of a file."""
    return [problem for chunk in chunks(format_, path, **options) for problem in chunk.problems]


def by_id(found: list[dict[str, Any]]) -> dict[str, bytes]:
    """The bytes of each event, by its id; one id must not stand for two events."""
    assert len({event["event_id"] for event in found}) == len(found)
    return {event["event_id"]: orjson.dumps(event) for event in found}
