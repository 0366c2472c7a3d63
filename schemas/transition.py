"""`member.transitions` (key `group_id`): a member's state changed. Written by Groupvitals, for others to read."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import Envelope, Id


class Transition(Envelope):
    """At the end of `day` the member's state was another one than before; `ts_ms` is that end.

    The same change, evaluated again, has the same `event_id`; the newest one counts.
    """

    type: Literal["transition"] = "transition"
    day: Annotated[date, Field(strict=False)]
    group_id: Id
    member_id: str
    person_id: str
    previous: str
    state: str
    reason: str
    score: float
