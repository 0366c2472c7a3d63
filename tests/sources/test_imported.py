"""What operators export, from the file to the answers, imported twice and overlapping, on real servers."""

from pathlib import Path
from typing import Any

import pytest

from groupvitals.settings import Settings
from sources.mapping import load_mapping
from tests.conftest import Run
from tests.sources.reading import records
from tests.streams.workers import ROOT, Answers

pytestmark = pytest.mark.services
EXPORTS = Path(__file__).parent / "exports"
EXAMPLES = ROOT / "docs" / "examples"
#: Format, file, what else is said, its agent.
FILES = (
    ("telegram", EXPORTS / "telegram.json", (), "community"),
    ("wecom", EXPORTS / "wecom-2024-03-02.ndjson", (), "community"),
    ("mapped", EXAMPLES / "orders.csv", ("--mapping", str(EXAMPLES / "shop.toml")), "product"),
)
ASKED = ("tiers", "effective_members", "retention", "orders", "memberships")


def known(answers: Answers) -> dict[str, Any]:
    """Everything that people ask, without what says when it was written."""
    return {view: answers.rows(view) for view in ASKED}


def test_an_export_imported_again_or_overlapping_changes_nothing(
    settings: Settings, groupvitals: Run, home: Path
) -> None:
    for command in ("topics", "migrate"):
        assert groupvitals(command).returncode == 0
    answers = Answers(settings)

    def bring(*more: str) -> None:
        for format_, path, options, _ in FILES:
            done = groupvitals("import", "--format", format_, *options, *more, str(path))
            assert done.returncode == 0, done.stderr
        assert groupvitals("worker", "--agent", "all", "--until-caught-up").returncode == 0

    bring()
    first = known(answers)
    wanted: dict[str, int] = {}
    for format_, path, options, agent in FILES:
        mapping = {"mapping": load_mapping(Path(options[1]))} if options else {}
        found = records(format_, path, **mapping)
        wanted[agent] = wanted.get(agent, 0) + len({event["event_id"] for event in found})
    for agent, table in (("community", "events"), ("product", "product_events")):
        assert answers.value(f"SELECT uniqExact(event_id) FROM {{d}}.{table}") == wanted[agent]
    assert sum(len(rows) for rows in first.values()) > 20 and first["orders"]
    bring("--restart")
    assert known(answers) == first
    half = home.parent / "archive.ndjson"
    lines = (EXPORTS / "wecom-2024-03-02.ndjson").read_bytes().splitlines(keepends=True)
    half.write_bytes(b"".join(lines[len(lines) // 2 :]))
    assert groupvitals("import", "--format", "wecom", str(half)).returncode == 0
    assert groupvitals("worker", "--agent", "all", "--until-caught-up").returncode == 0
    assert known(answers) == first
