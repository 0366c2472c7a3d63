"""Where the fields of chat events stand in a frame, as the kernels read them. Touches nothing."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from typing import NamedTuple

import numpy as np

from analytics.compiled import kernel
from schemas.columns import columns


class Fields(NamedTuple):
    """Where the fields stand: rows of `Frame.words` and `Frame.spans`, bits of `Frame.present`, codes of the types."""

    ts_ms: int
    event_id: int
    group_id: int
    member_id: int
    member_bit: int
    reply_message_bit: int
    reply_member_bit: int
    mentions: int
    mentions_bit: int
    question: int
    question_bit: int
    text: int
    text_bit: int
    link_count: int
    link_bit: int
    removed: int
    removed_bit: int
    inviter_id: int
    inviter_bit: int
    source: int
    source_bit: int
    unknown_source: int
    snapshot_id: int
    joined_ms: int
    joined_bit: int
    role: int
    role_bit: int
    complete: int
    created_ms: int
    created_bit: int
    status: int
    status_bit: int
    member_count: int
    member_count_bit: int
    healthy: int
    platform: int
    message: int
    edit: int
    recall: int
    reaction: int
    read: int
    join: int
    leave: int
    roster: int
    roster_end: int
    profile: int
    group: int
    heartbeat: int
    call: int
    tick: int


def chat_fields() -> Fields:
    """The places in frames of `chat.events`."""
    spec = columns("chat.events")
    alias = {
        "reply_message": "reply_to_message_id", "reply_member": "reply_to_member_id", "member": "member_id",
        "link": "link_count", "inviter": "inviter_id", "joined": "joined_at_ms", "created": "created_at_ms",
    }  # fmt: skip

    def place(name: str) -> int:
        if name in spec.types:
            return spec.types.index(name)
        if name == "unknown_source":
            return spec.field("source").values.index("unknown")
        if name.endswith("_bit"):
            return spec.field(alias.get(name[:-4], name[:-4])).index
        field = spec.field({"joined_ms": "joined_at_ms", "created_ms": "created_at_ms"}.get(name, name))
        return int(spec.places[field.index])

    return Fields(*(place(name) for name in Fields._fields))


#: The same for every frame, so kernels take the places as constants.
FIELDS = chat_fields()


@kernel
def has(present, bit):
    """Whether a record's word of `Frame.present` has this field."""
    return present >> np.uint64(bit) & np.uint64(1) == np.uint64(1)
