"""What people do after `groupvitals up --containers`, with a stand-in for the container engine.

The stand-in takes the words of `docker compose` and runs both servers as processes, on the ports that it is given.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import compose
from groupvitals.settings import load_settings
from tests.conftest import Run
from tests.streams.workers import ROOT

_DOCKER = """#!{python}
import json, os, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from deploy.services import down, up
home, words = Path(__file__).parent / "engine", sys.argv[1:]
with (Path(__file__).parent / "words").open("a") as log:
    print(*words, file=log)
if words[:1] == ["compose"] and "up" in words:
    home.mkdir(exist_ok=True)
    given = {{name[:-5].lower(): int(port) for name, port in os.environ.items() if name.endswith("_PORT")}}
    (home / "ports.json").write_text(json.dumps(given))
    up(home, Path({cache!r}), lambda text: None)
elif words[:1] == ["compose"] and "down" in words:
    down(home)
"""


@pytest.fixture
def engine(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the stand-in, first on the path."""
    folder = tmp_path / "bin"
    folder.mkdir()
    docker = folder / "docker"
    docker.write_text(_DOCKER.format(python=sys.executable, root=str(ROOT), cache=str(load_settings().cache)))
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    yield folder
    compose.down(home)


@pytest.mark.services
def test_replay_uses_the_containers_that_are_up(engine: Path, home: Path, groupvitals: Run) -> None:
    event = {
        "event_id": "1", "type": "message", "ts_ms": 1_700_000_000_000, "platform": "telegram",
        "group_id": "telegram:-:g",
        "member_id": "m", "message_id": "1", "kind": "text", "text_len": 3,
    }  # fmt: skip
    (home.parent / "chat.events.ndjson").write_text(json.dumps(event))
    assert groupvitals("up", "--containers").returncode == 0
    for words in (["replay", "chat.events.ndjson"], ["ask", "tiers"], ["up", "--containers"]):
        done = groupvitals(*words)
        assert done.returncode == 0, done.stderr
    assert not (home / "kafka").exists(), "no process was started beside the containers"
    refused = groupvitals("up")
    assert (refused.returncode, "of the other kind" in refused.stderr) == (3, True)
    assert groupvitals("down").returncode == 0
    assert "down" in (engine / "words").read_text().splitlines()[-1]
    assert not compose.is_up(home)
