"""The one tree of errors that people see; the command line turns each branch into its own exit code."""

#: Exit code of an internal fault.
UNEXPECTED = 70


class GroupvitalsError(Exception):
    """Something people can act on: the message says what happened, to what, and what to do next."""

    exit_code = 1


class ConfigError(GroupvitalsError):
    """A setting, argument or layout is wrong; nothing was started."""

    exit_code = 2


class ServiceError(GroupvitalsError):
    """Kafka, ClickHouse or a local service cannot be reached or refuses."""

    exit_code = 3


class DataError(GroupvitalsError):
    """The data cannot be trusted as it stands: a broken chain, a topic that changed, too many dead letters."""

    exit_code = 4


class RecoverableError(GroupvitalsError):
    """A passing fault: the same call may work a moment later."""

    exit_code = 3


class BackpressureError(RecoverableError):
    """The receiver is slow or away: keep the rows and try again.

    `retry_after` is in seconds.
    """

    def __init__(self, message: str, retry_after: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InvalidEventError(GroupvitalsError):
    """One record breaks the contract.

    `kind` is a stable class for counting (`invalid_json`, `missing`, `too_large`, …), `reason` names the field and says
    what is wrong with it.
    """

    exit_code = 4

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind = kind
        self.reason = reason
