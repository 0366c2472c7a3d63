"""Alert rules: valid PromQL over metrics that are declared, and a runbook page each."""

import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from groupvitals.metrics_page import PAGE, page
from groupvitals.settings import Settings, describe
from streams.observability.metrics import METRICS

ROOT = Path(__file__).parent.parent.parent
RUNBOOKS = ROOT / "docs" / "runbooks"
RULES: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((ROOT / "deploy" / "prometheus" / "alerts.yaml").read_text())["groups"]
    for rule in group["rules"]
]
#: Metrics that are not ours, and the labels that Prometheus adds to all.
FOREIGN = {"up", "process_start_time_seconds"}
ADDED = {"job", "instance"}


def selectors(node: Any) -> list[Any]:
    """All vector selectors of an expression."""
    found = [node] if type(node).__name__ == "VectorSelector" else []
    for name in ("lhs", "rhs", "expr", "param", "vector_selector"):
        child = getattr(node, name, None)
        if child is not None:
            found += selectors(child)
    for child in getattr(node, "args", None) or ():
        found += selectors(child)
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_rule_asks_for_declared_metrics_and_labels(rule: dict[str, Any]) -> None:
    declared = {metric.name: set(metric.labels) for metric in METRICS}
    used = selectors(promql_parser.parse(rule["expr"]))
    names = {selector.name for selector in used}
    assert names, "the expression asks for something"
    assert names == set(re.findall(r"\b(?:groupvitals|process)_\w+|\bup\b", rule["expr"])), "none was overlooked"
    assert names - FOREIGN <= declared.keys()
    for selector in used:
        asked = {matcher.name for matcher in selector.matchers.matchers}
        assert asked - ADDED <= declared.get(selector.name, set())
    labels = {label for name in names for label in declared.get(name, ())} | ADDED
    kept = [set(re.split(r"[, ]+", by)) for by in re.findall(r"by \(([^)]*)\)", rule["expr"])]
    assert all(by <= labels for by in kept)
    told = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
    assert all(told <= by for by in kept or [labels]), "what the summary names survives the expression"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_rule_says_how_bad_it_is_and_where_its_page_is(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("warning", "critical")
    path = ROOT / rule["annotations"]["runbook_url"]
    assert path == RUNBOOKS / f"{rule['alert']}.md"
    text = path.read_text()
    assert text.startswith(f"# {rule['alert']}\n")
    assert "## Look at\n- " in text and "## Do\n- " in text


def test_every_page_has_its_alert_and_stands_in_the_list() -> None:
    alerts = [rule["alert"] for rule in RULES]
    assert len(set(alerts)) == len(alerts)
    assert {path.stem for path in RUNBOOKS.glob("*.md")} == {*alerts, "README"}
    assert re.findall(r"^\| \[(\w+)\]\(\1\.md\)", (RUNBOOKS / "README.md").read_text(), re.MULTILINE) == alerts


@pytest.mark.parametrize("path", sorted(RUNBOOKS.glob("*.md")), ids=lambda path: path.stem)
def test_pages_name_settings_metrics_and_alerts_that_there_are(path: Path) -> None:
    text = path.read_text()
    known = {metric.name for metric in METRICS}
    assert set(re.findall(r"\bgroupvitals_\w+", text)) <= known
    settings = {name for name, *_ in describe(Settings.model_construct())}
    assert set(re.findall(r"`((?:worker|kafka|clickhouse)\.\w+)`", text)) <= settings
    assert set(re.findall(r"\bGroupvitals\w+", text)) <= {rule["alert"] for rule in RULES}


def test_names_and_labels_follow_the_conventions() -> None:
    for metric in METRICS:
        assert re.fullmatch(r"groupvitals_[a-z]+(_[a-z]+)*", metric.name)
        assert metric.kind == "counter" or not metric.name.endswith(("_count", "_sum", "_bucket"))
        assert not {"group", "group_id", "member", "member_id", "user"} & set(metric.labels)
        assert metric.meaning and not metric.meaning.endswith(".")


def test_the_metrics_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run `make generated` and commit docs/metrics.md"
