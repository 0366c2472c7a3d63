"""What messages, reactions and readings change: a member's masks, and the panes of the hour and the day.

Late ones leave the panes alone. Compiled; touches only the records it is given.
"""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.chat.fields import FIELDS
from analytics.kernels.calendar import HOUR_MS, day_of
from analytics.kernels.compiled import kernel
from analytics.kernels.fields import has
from analytics.kernels.masks import bit, roll, roll_hours

_EMPTY = np.uint64(0)


@kernel
def _ages(m, starts, ts):
    """Roll the masks to a member's newest activity. Returns how many days and hours `ts` lies before it."""
    if m.last_ms == 0:
        m.last_ms = ts
        return 0, 0
    day, base_day = day_of(starts, ts), day_of(starts, m.last_ms)
    hour, base_hour = ts // HOUR_MS, m.last_ms // HOUR_MS
    if ts <= m.last_ms:
        return base_day - day, base_hour - hour
    if day > base_day:
        m.spoke_lo, m.spoke_hi = roll(m.spoke_lo, m.spoke_hi, day - base_day)
        m.reacted_lo, m.reacted_hi = roll(m.reacted_lo, m.reacted_hi, day - base_day)
        m.read_lo, m.read_hi = roll(m.read_lo, m.read_hi, day - base_day)
    if hour > base_hour:
        m.spoke_hours = roll_hours(m.spoke_hours, hour - base_hour)
        m.reacted_hours = roll_hours(m.reacted_hours, hour - base_hour)
        m.read_hours = roll_hours(m.read_hours, hour - base_hour)
    m.last_ms = ts
    return 0, 0


@kernel
def speak(m, starts, ts, late, hour_pane, day_pane):
    """A message."""
    days, hours = _ages(m, starts, ts)
    lo, hi, hour = bit(days, 0), bit(days, 64), bit(hours, 0)
    if not late:
        hour_pane.messages += 1
        day_pane.messages += 1
        hour_pane.speakers += m.spoke_hours & hour == _EMPTY
        day_pane.speakers += m.spoke_lo & lo | m.spoke_hi & hi == _EMPTY
        m.open_messages[day_of(starts, ts) & 3] += 1
    m.spoke_lo |= lo
    m.spoke_hi |= hi
    m.spoke_hours |= hour
    m.spoke_ms = max(m.spoke_ms, ts)
    m.messages += 1


@kernel
def react(m, starts, ts, late, hour_pane, day_pane):
    """A reaction."""
    days, hours = _ages(m, starts, ts)
    lo, hi, hour = bit(days, 0), bit(days, 64), bit(hours, 0)
    if not late:
        hour_pane.reactions += 1
        day_pane.reactions += 1
        hour_pane.reactors += m.reacted_hours & hour == _EMPTY
        day_pane.reactors += m.reacted_lo & lo | m.reacted_hi & hi == _EMPTY
    m.reacted_lo |= lo
    m.reacted_hi |= hi
    m.reacted_hours |= hour


@kernel
def read(m, starts, ts, late, hour_pane, day_pane):
    """A reading."""
    days, hours = _ages(m, starts, ts)
    lo, hi, hour = bit(days, 0), bit(days, 64), bit(hours, 0)
    if not late:
        hour_pane.reads += 1
        day_pane.reads += 1
        hour_pane.readers += m.read_hours & hour == _EMPTY
        day_pane.readers += m.read_lo & lo | m.read_hi & hi == _EMPTY
    m.read_lo |= lo
    m.read_hi |= hi
    m.read_hours |= hour


@kernel
def describe(words, spans, present, row, hour_pane, day_pane):
    """Count what a message is: a reply, a mention of others, a question, whether it carries links."""
    reply = has(present, FIELDS.reply_message_bit) or has(present, FIELDS.reply_member_bit)
    mentions = spans[FIELDS.mentions, 1, row] if has(present, FIELDS.mentions_bit) else 0
    question = has(present, FIELDS.question_bit) and words[FIELDS.question, row] != 0
    link = has(present, FIELDS.link_bit) and words[FIELDS.link_count, row] > 0
    for pane in (hour_pane, day_pane):
        pane.replies += reply
        pane.mentions += mentions
        pane.questions += question
        pane.links += link
