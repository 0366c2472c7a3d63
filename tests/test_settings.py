"""Settings: where they come from, which wins, and how a wrong one is answered."""

from pathlib import Path

import pytest

from groupvitals.settings import Settings, describe, load_settings
from groupvitals.settings_page import PAGE, page
from schemas.errors import ConfigError


@pytest.fixture(autouse=True)
def _at_home(home: Path) -> None:
    """Every test has a working directory of its own."""


def test_defaults_need_nothing() -> None:
    settings = load_settings()
    assert settings.kafka.bootstrap is None
    assert settings.worker.zone.key == "UTC"


def test_variables_win_over_the_file_and_arguments_over_both(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("groupvitals.toml").write_text('[kafka]\nbootstrap = "file:1"\ntopic_prefix = "file."\nreplication = 2\n')
    monkeypatch.setenv("GROUPVITALS_KAFKA__BOOTSTRAP", "variable:1")
    monkeypatch.setenv("GROUPVITALS_KAFKA__TOPIC_PREFIX", "variable.")
    kafka = load_settings(kafka={"topic_prefix": "argument."}).kafka
    assert (kafka.topic_prefix, kafka.bootstrap, kafka.replication) == ("argument.", "variable:1", 2)


def test_another_file_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "other.toml"
    file.write_text('[clickhouse]\ndatabase = "other"\n')
    monkeypatch.setenv("GROUPVITALS_CONFIG", str(file))
    assert load_settings().clickhouse.database == "other"


def test_a_convention_for_nicknames_needs_nicknames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUPVITALS_PEOPLE__NICKNAME", "name-city")
    assert load_settings().worker.store_names
    monkeypatch.setenv("GROUPVITALS_WORKER__STORE_NAMES", "false")
    with pytest.raises(ConfigError, match=r"people\.nickname .* worker\.store_names"):
        load_settings()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("KAFKA__CHAT_PARTITIONS", "0", ["kafka.chat_partitions", "'0'", "GROUPVITALS_KAFKA__CHAT_PARTITIONS"]),
        ("KAFKA__CHAT_PARTITIONS", "many", ["kafka.chat_partitions", "'many'"]),
        ("WORKER__TIME_ZONE", "Mars/Olympus", ["worker.time_zone", "'Mars/Olympus'", "IANA"]),
        ("CLICKHOUSE__DATABASE", "a-b; DROP", ["clickhouse.database", "a-b; DROP"]),
        ("KAFKA__BOOTSTRP", "x:1", ["kafka.bootstrp", "GROUPVITALS_KAFKA__BOOTSTRP"]),
        ("PEOPLE__NICKNAME", "name-role_city", ["people.nickname", "'name-role_city'", "name-role-industry-city"]),
        ("PEOPLE__NICKNAME", "name'role", ["people.nickname", "name'role", "separator"]),
        ("KAFKAS", "x", ["GROUPVITALS_KAFKAS", "docs/settings.md"]),
    ],
)
def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: list[str]) -> None:
    monkeypatch.setenv(f"GROUPVITALS_{name}", value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[kafka]\nreplication = 99\n", ["kafka.replication", "99", "groupvitals.toml"]),
        ("[kafka]\nreplicas = 1\n", ["kafka.replicas", "groupvitals.toml"]),
        ("[kafak]\nreplication = 1\n", ["kafak", "groupvitals.toml"]),
        ("[kafka\n", ["groupvitals.toml", "not valid TOML"]),
    ],
)
def test_a_wrong_line_of_the_file_is_named(text: str, words: list[str]) -> None:
    Path("groupvitals.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_a_named_file_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUPVITALS_CONFIG", "nowhere.toml")
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load_settings()


def test_the_password_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GROUPVITALS_CLICKHOUSE__PASSWORD", "hush")
    settings = load_settings()
    assert settings.clickhouse.password.get_secret_value() == "hush"
    assert "hush" not in repr(settings)


def test_every_setting_says_what_it_means() -> None:
    rows = describe(Settings())
    assert len(rows) > 20
    assert [name for name, _, meaning in rows if not meaning] == []


def test_the_settings_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "run `make generated` and commit docs/settings.md"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"KAFKA__SECURITY_PROTOCOL": "SASL_SSL"}, r"needs kafka\.bootstrap"),
        ({"KAFKA__BOOTSTRAP": "k:1", "KAFKA__SECURITY_PROTOCOL": "SASL_SSL"}, r"SASL_SSL needs kafka\.user"),
        ({"KAFKA__PASSWORD": "hush"}, "needs kafka.security_protocol SASL_SSL"),
        ({"KAFKA__CA_FILE": "ca.pem"}, "SSL or SASL_SSL"),
        ({"KAFKA__PASSWORD": "hush", "KAFKA__PASSWORD_FILE": "file"}, "one of kafka.password"),
        ({"CLICKHOUSE__PASSWORD": "hush", "CLICKHOUSE__PASSWORD_FILE": "file"}, "one of clickhouse.password"),
        ({"CLICKHOUSE__CA_FILE": "ca.pem"}, "needs clickhouse.secure"),
        ({"KAFKA__PASSWROD": "hush"}, r"kafka\.passwrod from the variable GROUPVITALS_KAFKA__PASSWROD"),
        ({"KAFKA": '{"password": ["hush"]}'}, r"kafka\.password from"),
        ({"KAFKA": '{"password": "hush"'}, "not JSON"),
        ({"CLICKHOUSE": '"hush"'}, "clickhouse"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_refused_without_a_secret(
    home: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], message: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"GROUPVITALS_{name}", value)
    with pytest.raises(ConfigError, match=message) as caught:
        load_settings()
    assert "hush" not in str(caught.value)
    assert caught.value.__suppress_context__, "nor does a traceback show one"
