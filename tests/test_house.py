"""The rules of the house: import directions, a README a room, modules of readable length, a portable lock."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HOUSE = tomllib.loads((ROOT / "pyproject.toml").read_text())
ROOMS = HOUSE["tool"]["importlinter"]["root_packages"]
LONGEST = 250


def test_rooms_import_only_what_stands_below_them() -> None:
    program = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("folder", [*ROOMS, "bench", "docs", "tests", "."])
def test_every_folder_says_what_lives_there(folder: str) -> None:
    assert (ROOT / folder / "README.md").exists()


@pytest.mark.parametrize("room", ROOMS)
def test_modules_say_what_they_are_for_and_stay_short(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        text = path.read_text()
        assert text.startswith('"""'), f"{path} does not say what it is for"
        assert text.count("\n") <= LONGEST, f"{path} is longer than {LONGEST} lines"


def test_pages_name_files_that_exist() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("*/README.md"), *(ROOT / "docs").rglob("*.md")]
    named = re.compile(rf"`((?:{'|'.join([*ROOMS, 'bench', 'docs', 'tests'])})/[\w./-]*)`")
    missing = {
        f"{page.relative_to(ROOT)}: {path}"
        for page in pages
        for path in named.findall(page.read_text())
        if "quiet_hours" not in path and not (ROOT / path).exists()
    }
    assert not missing


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-bench.lock"])
def test_the_lock_pins_every_package_by_hash_and_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text()
    pins = re.findall(r"^[a-z0-9._-]+==.*?(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)
    assert len(pins) > 50
    assert all("--hash=sha256:" in pin for pin in pins)
    assert "://" not in text
    assert "index" not in text


def test_the_lock_has_what_the_project_asks_for() -> None:
    asked = HOUSE["project"]["dependencies"] + HOUSE["project"]["optional-dependencies"]["dev"]
    names = {re.split(r"[<>=\[;]", requirement)[0] for requirement in asked}
    pinned = set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert names <= pinned
