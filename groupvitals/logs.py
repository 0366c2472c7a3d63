"""Logging on stderr: plain lines for people, or one JSON object per line for programs."""

import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from groupvitals.folders import refused
from schemas.errors import ConfigError, GroupvitalsError
from streams.observability.naming import AGENT

_QUIET = (
    "faust", "mode", "aiokafka", "kafka", "streams.kafka.app", "streams.kafka.frames", "clickhouse_connect",
    "clickhouse_driver", "asyncio", "urllib3", "numba",
)  # fmt: skip
_PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"
#: What every record has; anything else was given as `extra`.
_OWN = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
log = logging.getLogger(__name__)


class JsonLines(logging.Formatter):
    """`time` (UTC), `level`, `logger`, `message`, the fields given as `extra`, and `exception` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as one line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        line |= {name: value for name, value in vars(record).items() if name not in _OWN}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str, ensure_ascii=False)


def quiet_libraries() -> None:
    """Silence libraries: what they run into surfaces as our own errors, which are reported once."""
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _name_agent(record: logging.LogRecord) -> bool:
    if agent := AGENT.get():
        record.agent = agent
    return True


def _begin_with_agent(record: logging.LogRecord) -> bool:
    if agent := AGENT.get():
        record.msg = f"{agent}: {record.msg}"
    return True


def log_to_stderr(form: str) -> None:
    """Log our own lines at INFO, with the agent that they are about where a process has several."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_name_agent if form == "json" else _begin_with_agent)
    handler.setFormatter(JsonLines() if form == "json" else logging.Formatter(_PLAIN))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    quiet_libraries()


@contextmanager
def last_words(form: str) -> Iterator[None]:
    """With JSON lines, also log the error that ends the program, and exit with its code."""
    import typer

    from schemas.errors import UNEXPECTED

    try:
        yield
    except GroupvitalsError as error:
        if form != "json":
            raise
        log.error("%s", error)  # noqa: TRY400 - the message says it all
        raise typer.Exit(error.exit_code) from error
    except Exception as error:
        if form != "json":
            raise
        if isinstance(error, OSError) and (sentence := refused(error)):
            log.error("%s", sentence)  # noqa: TRY400 - the message says it all
            raise typer.Exit(ConfigError.exit_code) from error
        log.exception("Unexpected %s", type(error).__name__)
        raise typer.Exit(UNEXPECTED) from error
