"""`groupvitals evaluate`: what it reads, prints, draws, refuses. tests/test_collegemsg.py asks a real deployment."""

import gzip
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analytics.backtest.activity import Activity, cuts
from analytics.backtest.backtest import evaluate
from groupvitals.commands import evaluate as command
from groupvitals.foretelling import show, summary
from groupvitals.histories import cut_of, of_file
from schemas.errors import ConfigError, DataError
from tests.conftest import Run


def result(returning: bool = True) -> dict[str, Any]:
    """Members who speak every third day; half of them stop on day 20, or all do."""
    rows = [(m, day) for m in range(60) for day in range(m % 3, 130, 3) if day < 20 or (returning and m % 2)]
    member, day = np.array([*rows, (100, 129)]).T
    activity = Activity(member.astype(np.uint64), day)
    return summary([evaluate(activity, cut, 28) for cut in cuts(activity, 28, [70, 90])])


def test_the_summary_by_hand() -> None:
    found = result()
    assert found["horizon_days"] == 28
    assert [cut["day"] for cut in found["cuts"]] == ["1970-03-12", "1970-04-01"]
    assert [(cut["members"], cut["returned"]) for cut in found["cuts"]] == [(60, 30), (60, 30)]
    methods = {row["method"]: row for row in found["methods"]}
    assert methods["recency"] == {"method": "recency", "auc": 1.0, "brier": None, "log_loss": None, "error": None}
    assert methods["score"]["auc"] == 1.0
    assert methods["score"]["brier"] == pytest.approx(np.mean([cut["brier"] for cut in found["cuts"]]), rel=1e-12)
    assert next(iter(methods)) == "score"
    assert list(methods)[-1] == "score, in-sample"
    assert [cut["auc"]["recency"] for cut in found["cuts"]] == [1.0, 1.0]
    last = found["cuts"][1]
    margin = {"zombies": 30, "zombies_back": 0, "others": 0, "others_back": 0}
    assert last["silent"] == margin | {"zombies_back_share": 0.0, "others_back_share": None}
    recently = last["recently_silent"]
    assert {name: recently[name] for name in last["silent"]} == last["silent"]
    assert (recently["members"], recently["returned"]) == (30, 0)
    curve = recently["calibration"]
    assert recently["error"] == pytest.approx(sum(one["predicted"] * one["members"] for one in curve) / 30)
    assert found["recently_silent"]["days"] == [28, 99] and found["zombie_chance"] == 0.05
    assert [row["method"] for row in found["recently_silent"]["methods"]] == list(methods)
    assert found["recently_silent"]["methods"][0]["auc"] is None, "all of them stayed away"
    assert sum(point["members"] for point in last["calibration"]) == 60
    assert sum(point["members"] for point in found["calibration"]) == 120


def test_figures_that_do_not_exist_are_null() -> None:
    found = json.loads(json.dumps(result(returning=False), allow_nan=False))
    assert found["methods"][0]["auc"] is None
    assert found["cuts"][0]["returned"] == 0


def test_the_tables_show_every_method_and_cut(capsys: pytest.CaptureFixture[str]) -> None:
    found = result()
    show(found)
    shown = capsys.readouterr().out
    assert all(row["method"] in shown for row in found["methods"])
    assert all(cut["day"] in shown for cut in found["cuts"])
    assert "within 28 d: means over 2 past days" in shown
    assert "silent for 28 to 99 d" in shown


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


def test_a_cut_is_a_day_or_so_many_days_after_the_first() -> None:
    spoken = Activity(np.array([1, 1], np.uint64), np.array([100, 300]))
    assert (cut_of("1970-05-01", spoken), cut_of("150", spoken)) == (120, 250)
    with pytest.raises(ConfigError, match="'yesterday' is neither a day"):
        cut_of("yesterday", spoken)


def rows_of(activity: Activity) -> list[tuple[int, int]]:
    members, days = activity.between(activity.begin, activity.end)
    return sorted(zip(members.tolist(), days.tolist(), strict=True))


def test_a_history_is_read_from_a_table(tmp_path: Path) -> None:
    """Whatever its columns are called and in whatever order they stand; the same member in two channels is two."""
    lines = [
        "day,messages,channel,member",
        "2020-01-02,5,a,1",
        "2020-01-05,1,a,x",
        "2020-01-02,1,b,1",
        "2020-01-02,1,b,1",
    ]
    path = tmp_path / "days.csv.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    day = 18_263
    assert rows_of(of_file(path)) == [(0, day), (1, day + 3), (2, day)]
    plain = tmp_path / "days.csv"
    plain.write_text("user,date\n1,2020-01-02\n2,2020-01-02\n")
    assert rows_of(of_file(plain)) == [(0, day), (1, day)]


def test_a_history_is_read_from_edges(tmp_path: Path) -> None:
    """Who sent counts, on a day of UTC; with or without a line of names."""
    for head in ("", "src dst time\n"):
        path = tmp_path / "edges.txt"
        path.write_text(f"{head}7 8 86399\n7 9 86400\n8 7 172800\n")
        assert rows_of(of_file(path)) == [(0, 0), (0, 1), (1, 2)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a,b\n1,2\n", "has columns a, b. It needs"), ("member,day\n1,soon\n", "cannot be read"),
        ("one\n", "neither CSV"), ("1 2 3\n1 2 soon\n", "cannot be read"), ("", "neither CSV"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_history_is_refused(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(text)
    with pytest.raises(DataError, match=says):
        of_file(path)


def test_a_history_of_a_file_needs_no_servers(tmp_path: Path, groupvitals: Run) -> None:
    path = tmp_path / "days.csv"
    days = [np.datetime64(day, "D") for day in range(0, 200, 2)]
    path.write_text("member,day\n" + "".join(f"{member},{day}\n" for day in days for member in ("a", "b")))
    done = groupvitals("evaluate", "zombies", str(path), "--cut", "100", "--json")
    assert done.returncode == 0, done.stderr
    (cut,) = json.loads(done.stdout)["cuts"]
    assert (cut["day"], cut["members"], cut["returned"]) == ("1970-04-11", 2, 2)
    missing = groupvitals("evaluate", "zombies", str(tmp_path / "none.csv"))
    assert missing.returncode != 0 and "cannot be read" in missing.stderr
    short = groupvitals("evaluate", "zombies", str(path), "--horizon", "43")
    assert short.returncode == 2 and "1 to 42" in short.stderr


def test_without_servers_it_says_how_to_get_them(groupvitals: Run) -> None:
    done = groupvitals("evaluate", "zombies")
    assert done.returncode == 3
    assert "groupvitals up" in done.stderr
