"""Features of messages that are derived from their text, which is not stored. Compiled; fills in the frame."""

# mypy: disable-error-code="no-untyped-def,no-untyped-call,misc"

import numpy as np

from analytics.chat.fields import FIELDS
from analytics.kernels.compiled import kernel
from analytics.kernels.fields import has


@kernel
def _is_question(buffer, start, length):
    """A question mark (ASCII, full-width or Arabic) that no letter or digit follows, as it does inside a link."""
    for i in range(start, start + length):
        c = buffer[i]
        left = start + length - i
        if c == 63:
            after = buffer[i + 1] if left > 1 else 32
            if not (48 <= after <= 57 or 65 <= after <= 90 or 97 <= after <= 122):
                return True
        elif (c == 0xEF and left > 2 and buffer[i + 1] == 0xBC and buffer[i + 2] == 0x9F) or (
            c == 0xD8 and left > 1 and buffer[i + 1] == 0x9F
        ):
            return True
    return False


@kernel
def derive(frame):
    """Mark every message with a text as a question or not, unless the event itself says so."""
    for row in range(len(frame.offsets)):
        if not frame.ok[row] or frame.types[row] != FIELDS.message or not has(frame.present[row], FIELDS.text_bit):
            continue
        if not has(frame.present[row], FIELDS.question_bit):
            start, length = frame.spans[FIELDS.text, 0, row], frame.spans[FIELDS.text, 1, row]
            frame.words[FIELDS.question, row] = _is_question(frame.buffer, start, length)
            frame.present[row] |= np.uint64(1) << np.uint64(FIELDS.question_bit)
