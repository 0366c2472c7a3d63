"""Where kernels find the fields of chat events in a frame. Constants only."""

from typing import NamedTuple

from analytics.kernels.fields import places


class Fields(NamedTuple):
    """Where the fields are: rows of `Frame.words` and `Frame.spans`, bits of `Frame.present`, codes of the types."""

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


#: Fields with shorter names here than in the contract.
_ALIAS = {
    "reply_message": "reply_to_message_id", "reply_member": "reply_to_member_id", "member": "member_id",
    "link": "link_count", "inviter": "inviter_id", "joined": "joined_at_ms", "created": "created_at_ms",
    "joined_ms": "joined_at_ms", "created_ms": "created_at_ms",
}  # fmt: skip
FIELDS = Fields(*places("chat.events", Fields._fields, _ALIAS))
