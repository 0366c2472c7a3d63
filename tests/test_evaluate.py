"""`groupvitals evaluate`: what it prints, draws and refuses. tests/test_collegemsg.py asks it of a real deployment."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytics.backtest.backtest import Activity, cuts, evaluate
from groupvitals.commands import evaluate as command
from schemas.errors import ConfigError
from tests.conftest import Run


def result(returning: bool = True) -> dict[str, Any]:
    """Members who speak every third day; half of them stop on day 20, or all do."""
    rows = [(m, day) for m in range(60) for day in range(m % 3, 130, 3) if day < 20 or (returning and m % 2)]
    member, day = np.array([*rows, (100, 129)]).T
    activity = Activity(member.astype(np.uint64), day)
    return command.summary([evaluate(activity, cut, 28) for cut in cuts(activity, 28, [70, 90])], 28)


def test_the_summary_by_hand() -> None:
    found = result()
    assert found["horizon_days"] == 28
    assert [cut["day"] for cut in found["cuts"]] == ["1970-03-12", "1970-04-01"]
    assert [(cut["members"], cut["returned"]) for cut in found["cuts"]] == [(60, 30), (60, 30)]
    methods = {row["method"]: row for row in found["methods"]}
    assert methods["recency"] == {"method": "recency", "auc": 1.0, "brier": None, "log_loss": None}
    assert methods["score"]["auc"] == 1.0
    assert methods["score"]["brier"] == pytest.approx(np.mean([cut["brier"] for cut in found["cuts"]]), rel=1e-12)
    assert next(iter(methods)) == "score"
    assert list(methods)[-1] == "score, in-sample"
    assert [cut["auc"]["recency"] for cut in found["cuts"]] == [1.0, 1.0]
    last = found["cuts"][1]
    assert (last["zombies"], last["zombies_gone"]) == (30, 1.0)
    assert sum(point["members"] for point in last["calibration"]) == 60
    assert sum(point["members"] for point in found["calibration"]) == 120


def test_figures_that_do_not_exist_are_null() -> None:
    found = json.loads(json.dumps(result(returning=False), allow_nan=False))
    assert found["methods"][0]["auc"] is None
    assert found["cuts"][0]["returned"] == 0


def test_the_tables_show_every_method_and_cut(capsys: pytest.CaptureFixture[str]) -> None:
    found = result()
    command._table(found)
    shown = capsys.readouterr().out
    assert all(row["method"] in shown for row in found["methods"])
    assert all(cut["day"] in shown for cut in found["cuts"])
    assert "within 28 d: means over 2 past days" in shown


def test_the_picture_is_a_small_png(tmp_path: Path) -> None:
    path = tmp_path / "curve.png"
    command.draw(command._plot(), result(), path)
    assert path.read_bytes().startswith(b"\x89PNG")
    assert path.stat().st_size < 150_000
    with pytest.raises(ConfigError, match="cannot be written"):
        command.draw(command._plot(), result(), tmp_path / "nowhere" / "curve.png")


def test_without_matplotlib_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ConfigError, match="pip install matplotlib"):
        command._plot()


def test_a_cut_must_be_a_day(groupvitals: Run) -> None:
    done = groupvitals("evaluate", "zombies", "--cut", "yesterday")
    assert done.returncode == 2
    assert done.stderr == "--cut 'yesterday' is not a day such as 2026-05-01.\n"


def test_without_servers_it_says_how_to_get_them(groupvitals: Run) -> None:
    done = groupvitals("evaluate", "zombies")
    assert done.returncode == 3
    assert "groupvitals up" in done.stderr
