"""The contract's last word on one record: bytes in, a model out, or the reason why not."""

import json
from functools import cache
from typing import Any

from pydantic import ValidationError

from schemas.errors import InvalidEventError
from schemas.fields import MAX_AHEAD_MS, MAX_VALUE_BYTES, Envelope
from schemas.json_object import JsonObject, read_object
from schemas.topics import INPUT_TOPICS


@cache
def _models(topic: str) -> dict[str, type[Envelope]]:
    return {model.model_fields["type"].annotation.__args__[0]: model for model in INPUT_TOPICS[topic].events}  # type: ignore[union-attr,misc]


def _parse(value: bytes) -> JsonObject:
    if not value:
        raise InvalidEventError("empty", "the record has no value")
    if len(value) > MAX_VALUE_BYTES:
        raise InvalidEventError("too_large", f"{len(value):,} bytes, the limit is {MAX_VALUE_BYTES:,}")
    return read_object(value)


def _model(topic: str, data: JsonObject) -> type[Envelope]:
    models = _models(topic)
    name = data.get("type")
    if name is None and len(models) <= 2:  # topics of one event type need not name it; `tick` always does
        return next(iter(models.values()))
    if name is None:
        raise InvalidEventError("missing", "type: field required")
    if not isinstance(name, str) or name not in models:
        raise InvalidEventError("unknown_type", f"type: {str(name)[:40]!r} is none of {', '.join(models)}")
    return models[name]


def _no_surrogates(fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        try:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
        except UnicodeEncodeError:
            raise InvalidEventError("invalid_utf8", f"{name}: a lone surrogate escape is not a character") from None


def validate(topic: str, value: bytes | None, kafka_ts_ms: int = -1) -> Envelope:
    """Check one record of an input topic against the contract. What stands in fields that it does not know is ignored.

    `kafka_ts_ms` is the Kafka record's timestamp, the "now" of validation (-1: unknown, no upper bound on event time).
    Raises `InvalidEventError`.
    """
    data = _parse(value or b"")
    model = _model(topic, data)
    if repeated := [key for key in data.repeated if key in model.model_fields]:
        raise InvalidEventError("duplicate_key", f"{', '.join(repeated)}: given more than once")
    if b"\\u" in (value or b""):
        _no_surrogates({name: data[name] for name in model.model_fields if name in data})
    try:
        event = model.model_validate(dict(data))
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "event"
        kind = "missing" if first["type"] == "missing" else "invalid_field"
        raise InvalidEventError(kind, f"{where}: {first['msg']}") from None
    if 0 <= kafka_ts_ms < event.ts_ms - MAX_AHEAD_MS:
        raise InvalidEventError("invalid_field", "ts_ms: more than 1 h ahead of the Kafka record's timestamp")
    return event
