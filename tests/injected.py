"""Which faults a run of the tests injected, how often, and whether the answers were right after each.

A pytest plugin (named in pyproject.toml). `injected("ClickHouse killed")` in a test counts one; `--injected FILE`
writes them all as JSON.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

Inject = Callable[..., None]
_COUNTS = pytest.StashKey[dict[str, Counter[str]]]()
_FAILED = pytest.StashKey[set[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say where the report goes."""
    parser.addoption("--injected", type=Path, help="write how often each fault was injected, and how it went, as JSON")


def pytest_configure(config: pytest.Config) -> None:
    """Begin with nothing."""
    config.stash[_COUNTS], config.stash[_FAILED] = defaultdict(Counter), set()


@pytest.fixture
def injected(request: pytest.FixtureRequest) -> Inject:
    """Call it with a fault's name, and how often, once it was injected."""
    counts = request.config.stash[_COUNTS][request.node.nodeid]

    def count(fault: str, times: int = 1) -> None:
        counts[fault] += times

    return count


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> "pytest.TestReport":  # type: ignore[misc]
    """A fault has passed when the test that injected it has."""
    report: pytest.TestReport = yield  # type: ignore[misc]
    if report.failed:
        item.config.stash[_FAILED].add(item.nodeid)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the report."""
    path: Path | None = session.config.getoption("--injected")
    if path is not None:
        path.write_text(json.dumps(_summary(session.config), indent=2) + "\n")


def _summary(config: pytest.Config) -> list[dict[str, object]]:
    total: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for test, counts in config.stash[_COUNTS].items():
        total.update(counts)
        if test in config.stash[_FAILED]:
            wrong.update(counts)
    return [{"fault": name, "injected": n, "right_afterwards": n - wrong[name]} for name, n in sorted(total.items())]
