"""The contract as an AsyncAPI 3.0 document: channels, messages, keys, dead-letter headers, operations."""

from typing import Any

from pydantic import BaseModel

from schemas.chat import Tick
from schemas.topics import CONTRACT_VERSION, SHARDS, TOPICS, TopicSpec
from schemas.transition import Transition

#: Headers of a dead letter: name -> meaning. All values are UTF-8 strings.
DEAD_LETTER_HEADERS = {
    "dlq.topic": "topic of the original record",
    "dlq.partition": "its partition",
    "dlq.offset": "its offset",
    "dlq.error": "class of the error, such as invalid_json or missing",
    "dlq.reason": "the field and what is wrong with it",
    "dlq.schema_version": "version of the contract that refused it",
    "dlq.first_seen_ms": "when it was refused, milliseconds since the Unix epoch",
    "dlq.original_bytes": "only where key or value were cut: their lengths, bytes",
}
#: Topics with records.
_CONTRACT = tuple(spec for spec in TOPICS if spec is not SHARDS)
_DERIVED = {
    "member.transitions": "A member's state changed on a day that is closed.",
    "alerts": "One JSON object an alert or its resolution.",
}
#: Payloads of the topics that Groupvitals writes.
_WRITTEN = {"member.transitions": Transition.model_json_schema()}


def asyncapi() -> dict[str, Any]:
    """Build the document; payloads point into the JSON Schemas next to it."""
    specs = [(spec.name, spec) for spec in _CONTRACT]
    channels = {name: _channel(spec) for name, spec in specs}
    channels |= {spec.dlq: _dead_letter_channel(spec) for _, spec in specs if spec.dead_letters}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Groupvitals",
            "version": f"{CONTRACT_VERSION}.0",
            "description": (
                "Events in, vital signs of chat communities out. An event is one JSON object, one Kafka message."
            ),
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": _operations(),
        "components": {"schemas": {"DeadLetterHeaders": _headers()}},
    }


def message_name(event: type[BaseModel]) -> str:
    """The `type` of an event."""
    return str(event.model_fields["type"].annotation.__args__[0])  # type: ignore[union-attr]


def _channel(spec: TopicSpec) -> dict[str, Any]:
    about = _DERIVED.get(spec.name, f"Record key: {spec.key}.")
    messages = {message_name(event): _message(spec, event) for event in spec.events}
    if not spec.events:
        payload = _WRITTEN.get(spec.name, {"type": "object"})
        messages = {"record": {"bindings": _key(spec.key), "payload": payload}}
    return {"address": spec.name, "description": about, "messages": messages, "bindings": _binding(spec.compacted)}


def _message(spec: TopicSpec, event: type[BaseModel]) -> dict[str, Any]:
    return {
        "name": message_name(event),
        "summary": " ".join((event.__doc__ or "").split()),
        "contentType": "application/json",
        "payload": {"$ref": f"./{spec.name}.schema.json#/$defs/{event.__name__}"},
        "bindings": _key(f"{spec.key}; one tick goes to each partition" if event is Tick else spec.key),
    }


def _dead_letter_channel(spec: TopicSpec) -> dict[str, Any]:
    message = {
        "name": "dead_letter",
        "summary": "The original bytes of a record that was refused; the key is the original key.",
        "contentType": "application/octet-stream",
        "headers": {"$ref": "#/components/schemas/DeadLetterHeaders"},
        "payload": {"description": "the original bytes, whatever they are"},
        "bindings": _key(spec.key),
    }
    about = f"Records of {spec.name} that broke the contract."
    return {
        "address": spec.dlq,
        "description": about,
        "messages": {"dead_letter": message},
        "bindings": _binding(False),
    }


def _headers() -> dict[str, Any]:
    fields = {name: {"type": "string", "description": meaning} for name, meaning in DEAD_LETTER_HEADERS.items()}
    return {
        "type": "object",
        "properties": fields,
        "required": [name for name in fields if name != "dlq.original_bytes"],
    }


def _key(meaning: str) -> dict[str, Any]:
    return {"kafka": {"key": {"type": "string", "description": meaning}, "bindingVersion": "0.5.0"}}


def _binding(compacted: bool) -> dict[str, Any]:
    policy = "compact" if compacted else "delete"
    return {"kafka": {"topicConfiguration": {"cleanup.policy": [policy]}, "bindingVersion": "0.5.0"}}


def _operations() -> dict[str, Any]:
    operations = {}
    for spec in _CONTRACT:
        if spec.events:
            operations[f"receive.{spec.name}"] = _operation("receive", spec.name)
        else:
            operations[f"send.{spec.name}"] = _operation("send", spec.name)
        if spec.dead_letters:
            operations[f"send.{spec.dlq}"] = _operation("send", spec.dlq)
    return operations


def _operation(action: str, channel: str) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{channel}"}}
