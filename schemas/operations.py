"""What operators decide, as records of the topic `operations`: rebuild and replay know it from there."""

from typing import Annotated, Literal

from pydantic import Field

from schemas.fields import Envelope, Id

Partition = Annotated[int, Field(ge=0, le=65_535)]
Offset = Annotated[int, Field(ge=0, le=2**53)]


class Operation(Envelope):
    """What every decision carries: what it is about (the record key), who decided, and why."""

    subject: Id
    actor_id: Id
    reason: Id


class Exclude(Operation):
    """A record is passed over, or with `undo` no longer; the newest decision about a record counts.

    `topic` is its name in the contract; `subject` is `TOPIC/PARTITION/OFFSET`.
    """

    type: Literal["exclude"]
    topic: Id
    partition: Partition
    offset: Offset
    undo: bool = False


OPERATION_EVENTS: tuple[type[Envelope], ...] = (Exclude,)
