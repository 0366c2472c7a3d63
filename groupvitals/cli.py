"""The command `groupvitals`: finds commands by name, imports only the one that runs, and turns errors into exit codes.

Command modules import heavy libraries (Faust, Numba, Arrow, Kafka) inside their functions, to keep `--help` fast.
"""

import os
import sys
import threading
import traceback
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from groupvitals.logs import quiet_libraries
from schemas.errors import UNEXPECTED, ConfigError, GroupvitalsError

#: Name -> module:function, or module:typer application for a command with commands of its own.
COMMANDS: dict[str, str] = {
    "up": "groupvitals.commands.services:up",
    "down": "groupvitals.commands.services:down",
    "status": "groupvitals.commands.services:status",
    "migrate": "groupvitals.commands.migrate:migrate",
    "topics": "groupvitals.commands.topics:topics",
    "simulate": "groupvitals.commands.simulate:simulate",
    "import": "groupvitals.commands.importing:import_",
    "worker": "groupvitals.commands.worker:worker",
    "replay": "groupvitals.commands.replay:replay",
    "rebuild": "groupvitals.commands.rebuild:rebuild",
    "exclude": "groupvitals.commands.exclude:exclude",
    "ask": "groupvitals.commands.ask:app",
    "whatif": "groupvitals.commands.whatif:whatif",
    "evaluate": "groupvitals.commands.evaluate:app",
    "dlq": "groupvitals.commands.dlq:app",
    "doctor": "groupvitals.commands.doctor:doctor",
    "demo": "groupvitals.commands.demo:demo",
}
#: Commands that `--help` leaves out.
HIDDEN = {"demo"}
#: Exit code of a command that was interrupted before it was done.
INTERRUPTED = 130


class Commands(TyperGroup):
    """The group of all commands, each imported on demand."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Names, in the order in which people need them."""
        return [name for name in COMMANDS if name not in HIDDEN]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, or None."""
        return _load(cmd_name) if cmd_name in COMMANDS else None


def _load(name: str) -> Any:
    module, _, attribute = COMMANDS[name].partition(":")
    target = getattr(import_module(module), attribute)
    if isinstance(target, typer.Typer):
        application = target
    else:
        application = typer.Typer(add_completion=False)
        application.command(name, hidden=name in HIDDEN)(target)
    command = typer.main.get_command(application)
    command.name = name
    return command


app = typer.Typer(
    cls=Commands, add_completion=False, no_args_is_help=True, rich_markup_mode="rich", pretty_exceptions_enable=False
)


@app.callback()
def _groupvitals(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors. May be given anywhere.")] = False,
) -> None:
    """Live, exact vital signs of chat communities."""


def _debugging(arguments: list[str]) -> bool:
    return "--debug" in arguments or os.environ.get("GROUPVITALS_DEBUG", "") not in ("", "0", "false")


def run(arguments: list[str]) -> int:
    """Run one command line and return its exit code; errors are one sentence on stderr."""
    debug = _debugging(arguments)
    if not debug:
        quiet_libraries()
    try:
        typer.main.get_command(app).main([word for word in arguments if word != "--debug"], prog_name="groupvitals")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return INTERRUPTED
    except GroupvitalsError as error:
        _say(str(error), debug)
        return error.exit_code
    except OSError as error:
        return _refused_folder(error, debug)
    except Exception as error:
        _say(f"Unexpected {type(error).__name__}: {error}. Run again with --debug to see where.", debug)
        return UNEXPECTED
    return 0


def _refused_folder(error: OSError, debug: bool) -> int:
    from groupvitals.folders import refused

    sentence = refused(error)
    _say(sentence or f"Unexpected {type(error).__name__}: {error}. Run again with --debug to see where.", debug)
    return ConfigError.exit_code if sentence else UNEXPECTED


def _say(sentence: str, debug: bool) -> None:
    if debug:
        traceback.print_exc()
    print(sentence, file=sys.stderr)


def main() -> None:
    """Entry point of the console script."""
    code = run(sys.argv[1:])
    busy = [thread for thread in threading.enumerate() if thread is not threading.main_thread() and not thread.daemon]
    if busy:  # such as an insert that no server answers: Python would wait for it, possibly for ever
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
