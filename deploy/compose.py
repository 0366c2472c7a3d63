"""The same services as containers, with `docker compose` and the official images named in `compose.yaml`."""

import os
import shutil
import subprocess
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

from deploy.errors import DeployError
from deploy.server import Ports

COMPOSE = Path(__file__).with_name("compose.yaml")


def project(home: Path) -> str:
    """Name of the compose project of a home folder; different for every folder."""
    return f"groupvitals-{zlib.crc32(str(home).encode()):08x}"


def is_up(home: Path) -> bool:
    """Tell whether `up` started containers for this folder and `down` has not stopped them."""
    return (home / "containers").exists()


def up(home: Path, services: Sequence[str], ports: Ports, say: Callable[[str], None]) -> None:
    """Start the containers on the given ports and wait until they are healthy."""
    if shutil.which("docker") is None or _docker("compose", "version").returncode or _docker("info").returncode:
        raise DeployError("No container engine answers `docker compose`: start one, or leave out --containers.")
    say(f"Starting containers: {', '.join(services)}.")
    (home / "containers").touch()
    done = _compose(home, ["up", "--detach", "--wait", *services], ports)
    if done.returncode:
        raise DeployError(f"The containers did not start: {done.stderr.strip()}")


def down(home: Path) -> list[str]:
    """Stop and remove the containers, keep their data, and return what was stopped."""
    if not is_up(home):
        return []
    done = _compose(home, ["down"], {})
    if done.returncode:
        raise DeployError(f"The containers did not stop: {done.stderr.strip()}")
    (home / "containers").unlink()
    return ["containers"]


def _compose(home: Path, words: list[str], ports: Ports) -> subprocess.CompletedProcess[str]:
    environment = {f"{name.upper()}_PORT": str(port) for name, port in ports.items()}
    return _docker("compose", "--project-name", project(home), "--file", str(COMPOSE), *words, **environment)


def _docker(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *words], env=os.environ | environment, capture_output=True, text=True, check=False)
