from uuid import UUID

import pytest

from service.domain.errors import Invalid
from service.domain.events import UserSignedUp
from service.domain.user import claim_key, decide_sign_up, user_from
from tests.domain.given import given

USER = UUID(int=1)


def sign_up(username: str, display_name: str | None = None):
    return lambda _: decide_sign_up(USER, username, display_name)


@pytest.mark.parametrize("username", ["ada", "Ada-L_1815", "0ad", "a" * 39])
def test_a_username_keeps_its_spelling(username: str) -> None:
    given(user_from).when(sign_up(username, " Ada  Lovelace ")).then(
        UserSignedUp(originator_id=USER, originator_version=1, username=username, display_name="Ada Lovelace")
    )


@pytest.mark.parametrize(
    "username",
    [
        "",
        "ab",
        "a" * 40,
        "_ada",
        "-ada",
        "ada ",
        "ada\n",
        "адa",
        "ada\x00",
        "a.b",
        "ａda",
        "Admin",
        "graphql",
    ],
)
def test_other_usernames_are_refused(username: str) -> None:
    given(user_from).when(sign_up(username)).refused(Invalid, "input", "username")


@pytest.mark.parametrize("name", ["", " \n", "x" * 201, "a\x07"])
def test_a_display_name_is_a_line_of_text(name: str) -> None:
    given(user_from).when(sign_up("ada", name)).refused(Invalid, "input", "displayName")


def test_a_claim_does_not_know_case() -> None:
    assert claim_key("ADA") == claim_key("ada") == "username:ada"


@pytest.mark.parametrize(
    ("username", "wrong"),
    [
        ("ab", "this one has 2 characters."),
        ("a" * 40, "this one has 40 characters."),
        ("ada lace", "this one has the character U+0020."),
        ("_ada", "this one begins with '_'."),
    ],
)
def test_what_is_wrong_with_a_username(username: str, wrong: str) -> None:
    outcome = given(user_from).when(sign_up(username))
    assert outcome.error is not None
    assert outcome.error.message.endswith(f": {wrong}")
