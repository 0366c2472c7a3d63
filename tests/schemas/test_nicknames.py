"""Conventions by which members name themselves."""

import pytest

from schemas.nicknames import convention


@pytest.mark.parametrize(
    ("text", "fields", "separator"),
    [
        ("", [], ""),
        ("name-role-industry-city", ["name", "role", "industry", "city"], "-"),
        ("name - role", ["name", "role"], "-"),
        ("name role", ["name", "role"], " "),
        ("姓名_职位_城市", ["姓名", "职位", "城市"], "_"),
    ],
)
def test_names_and_separator_are_taken_from_it(text: str, fields: list[str], separator: str) -> None:
    assert convention(text) == (fields, separator)


@pytest.mark.parametrize(
    "text", ["one", "name-role_city", "name-name", "-name-role", "name-role-", "a'b", 'a"b', "a\\b"]
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="separator"):
        convention(text)
