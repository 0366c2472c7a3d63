"""Fill the indices of a `State` again after its arrays grew, were thinned out or loaded. Compiled."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

from analytics.chat.ids import member_key, pane_key
from analytics.chat.state import GROUPS, LABELS, MEMBERS, PANES
from analytics.kernels.arena import id_length
from analytics.kernels.compiled import kernel
from analytics.kernels.hashing import hash64
from analytics.kernels.open_addressing import index_row


@kernel
def rebuild_group_index(state):
    """Index every group by the hash of its id."""
    for row in range(state.counts[GROUPS]):
        index_row(state.group_index, state.groups[row].hash, row)


@kernel
def rebuild_member_index(state):
    """Index every membership by the hash of its group's and its own id."""
    for row in range(state.counts[MEMBERS]):
        m = state.members[row]
        own = hash64(state.arena, m.id_at + 2, id_length(state.arena, m.id_at))
        index_row(state.member_index, member_key(state.groups[m.group].hash, own), row)


@kernel
def rebuild_pane_index(state):
    """Index every pane."""
    for row in range(state.counts[PANES]):
        p = state.panes[row]
        index_row(state.pane_index, pane_key(p.group, p.bucket, p.daily), row)


@kernel
def rebuild_label_index(state):
    """Index every label by its string."""
    for row in range(state.counts[LABELS]):
        at = state.labels[row]
        index_row(state.label_index, hash64(state.arena, at + 2, id_length(state.arena, at)), row)
