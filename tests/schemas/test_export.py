"""What is generated from the models: up to date, well-formed, and of one mind with the models."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from schemas.export import FOLDER, documents
from schemas.topics import INPUT_TOPICS, SHARDS, TOPICS
from tests.schemas.test_contract import ACCEPTED, MESSAGE, PURCHASE, REFUSED_REWARDS

ASYNCAPI: dict[str, Any] = json.loads((FOLDER / "asyncapi.json").read_text())


def test_generated_documents_are_up_to_date() -> None:
    on_disk = {path.name: path.read_text() for path in FOLDER.iterdir()}
    assert on_disk == documents(), "run `make generated` and commit schemas/generated"


def _validator(topic: str) -> Draft202012Validator:
    schema = json.loads((FOLDER / f"{topic}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("case", [case for case in ACCEPTED if case != "null is absent"])
def test_json_schema_accepts_what_the_models_accept(case: str) -> None:
    topic, record = ACCEPTED[case]
    _validator(topic).validate(record)


@pytest.mark.parametrize(
    "change",
    [{"type": "shout"}, {"member_id": ""}, {"member_id": "a\nb"}, {"member_id": "a" * 129}, {"platform": "icq"},
     {"text_len": -1}, {"text_len": "1"}, {"mentions": "ann"}, {"mentions": [""]}, {"ts_ms": 1}, {"kind": None}],
)  # fmt: skip
def test_json_schema_refuses_what_the_models_refuse(change: dict[str, Any]) -> None:
    assert not _validator("chat.events").is_valid(MESSAGE | change)


@pytest.mark.parametrize("case", REFUSED_REWARDS)
def test_json_schema_refuses_rewards_that_the_models_refuse(case: str) -> None:
    assert not _validator("rewards").is_valid(REFUSED_REWARDS[case][0])


def test_json_schema_takes_null_for_absent_where_fields_go_together() -> None:
    plan = ACCEPTED["share of an order"][1]
    assert _validator("rewards").is_valid(plan | {"fixed_minor": None, "currency": None})


def test_json_schema_refuses_a_missing_field() -> None:
    for name in ("order_id", "amount_minor", "currency", "user_id", "type"):
        record = {key: value for key, value in PURCHASE.items() if key != name}
        assert not _validator("product.events").is_valid(record), name


def _references(node: Any) -> list[str]:
    if isinstance(node, dict):
        own = [node["$ref"]] if "$ref" in node else []
        return own + [found for value in node.values() for found in _references(value)]
    return [found for value in node for found in _references(value)] if isinstance(node, list) else []


def _resolve(reference: str) -> Any:
    file, _, pointer = reference.partition("#")
    node: Any = ASYNCAPI if not file else json.loads((FOLDER / file).read_text())
    for part in pointer.strip("/").split("/"):
        node = node[part]
    return node


def test_asyncapi_has_every_topic_with_its_key() -> None:
    assert ASYNCAPI["asyncapi"] == "3.0.0"
    assert ASYNCAPI["info"]["version"] == "1.1.0"
    addresses = {channel["address"] for channel in ASYNCAPI["channels"].values()}
    contract = [spec for spec in TOPICS if spec is not SHARDS]  # which has no records
    assert addresses == {spec.name for spec in contract} | {spec.dlq for spec in TOPICS if spec.dead_letters}
    for spec in contract:
        for message in ASYNCAPI["channels"][spec.name]["messages"].values():
            assert spec.key in message["bindings"]["kafka"]["key"]["description"]


def test_asyncapi_messages_are_the_topic_s_types() -> None:
    for name, spec in INPUT_TOPICS.items():
        messages = ASYNCAPI["channels"][name]["messages"]
        assert len(messages) == len(spec.events)
        for kind, message in messages.items():
            assert _resolve(message["payload"]["$ref"])["properties"]["type"]["const"] == kind


def test_asyncapi_references_lead_somewhere() -> None:
    references = _references(ASYNCAPI)
    assert references
    for reference in references:
        _resolve(reference)


def test_asyncapi_operations_cover_every_channel_once() -> None:
    operations = ASYNCAPI["operations"].values()
    assert {operation["action"] for operation in operations} == {"send", "receive"}
    channels = [operation["channel"]["$ref"].removeprefix("#/channels/") for operation in operations]
    assert sorted(channels) == sorted(ASYNCAPI["channels"])


def test_dead_letters_carry_the_contract_s_headers() -> None:
    headers = ASYNCAPI["channels"]["chat.events.dlq"]["messages"]["dead_letter"]["headers"]["$ref"]
    names = ["topic", "partition", "offset", "error", "reason", "schema_version", "first_seen_ms"]
    assert _resolve(headers)["required"] == [f"dlq.{name}" for name in names]
