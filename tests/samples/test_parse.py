"""Sample data that contradicts itself is refused with the place."""

import pytest

from service.samples import PublishSummary, RegisterPaper, SampleError, SignUp, parse, text

START = """
[[users]]
username = "ada"
display_name = "Ada"
[[users]]
username = "bo"
display_name = "Bo"
[[papers]]
key = "p"
bibtex_key = "conf/x/P"
title = "P"
authors = ["A. Uthor"]
keywords = []
source = "MANUAL"
[[actions]]
at = 2024-01-01T00:00:01Z
action = "sign_up"
by = "ada"
[[actions]]
at = 2024-01-01T00:00:02Z
action = "sign_up"
by = "bo"
[[actions]]
at = 2024-01-01T00:00:03Z
action = "register_paper"
by = "ada"
paper = "p"
[[actions]]
at = 2024-01-01T00:00:04Z
action = "publish_summary"
by = "ada"
paper = "p"
name = "p.ada"
text = "p.ada.1.md"
visibility = "PRIVATE"
"""


def then(row: str, at: str = "2024-01-01T00:00:05Z") -> str:
    return f"{START}[[actions]]\nat = {at}\n{row}"


def test_a_short_story() -> None:
    sign_up, _, register, publish = parse(START, {"p.ada.1.md": "Body"}.__getitem__)
    assert isinstance(sign_up, SignUp)
    assert (sign_up.username, sign_up.display_name) == ("ada", "Ada")
    assert isinstance(register, RegisterPaper)
    assert (register.key, register.fields.title, register.fields.doi) == ("p", "P", None)
    assert isinstance(publish, PublishSummary)
    assert (publish.body, publish.visibility) == ("Body", "PRIVATE")


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ('action = "sign_up"\nby = "eve"', "nothing is called 'eve'"),
        ('action = "sign_up"\nby = "ada"', "ada signs up twice"),
        ('action = "dance"\nby = "ada"', "'dance' is not an action"),
        ('action = "cast_vote"\nby = "eve"\nsubject = "p.ada"\nvalue = "UP"', "eve acts before signing up"),
        ('action = "cast_vote"\nby = "ada"\nsubject = "q"\nvalue = "UP"', "q does not exist yet"),
        ('action = "cast_vote"\nby = "bo"\nsubject = "p.ada"\nvalue = "UP"', "bo cannot see p.ada"),
        ('action = "cast_vote"\nby = "ada"\nsubject = "p.ada"\nvalue = "SIDEWAYS"', "Invalid enum value"),
        ('action = "cast_vote"\nby = "ada"\nsubject = "p.ada"', "got `null`"),
        ('action = "withdraw_vote"\nby = "bo"\nsubject = "p.ada"', "never cast"),
        ('action = "withdraw_vote"\nby = "ada"\nsubject = "p.ada"\nwhy = "x"', "WithdrawVote has no why"),
        ('action = "retract_summary"\nby = "bo"\nsummary = "p.ada"', "bo cannot change the summary p.ada"),
        ('action = "revise_summary"\nby = "ada"\nsummary = "p.ada"\nbody = "Body"', "changes nothing"),
        ('action = "register_paper"\nby = "ada"\npaper = "p"', "p is registered twice"),
        ('action = "remove_comment"\nby = "ada"\ncomment = "c"', "the comment c does not exist yet"),
        (
            'action = "post_comment"\nby = "bo"\nsummary = "p.ada"\nname = "c"\nbody = "?"',
            "bo cannot see p.ada",
        ),
        (
            'action = "publish_summary"\nby = "ada"\npaper = "p"\n'
            'name = "q"\nbody = "x"\nvisibility = "PUBLIC"',
            "ada summarises p twice",
        ),
    ],
)
def test_contradictions_are_refused(row: str, complaint: str) -> None:
    with pytest.raises(SampleError, match=complaint):
        parse(then(row), lambda _: "Body")


@pytest.mark.parametrize(
    ("at", "complaint"),
    [
        ("2024-01-01T00:00:04Z", "does not increase"),
        ("2024-01-01T00:00:09", "not in UTC"),
        ("2024-01-01T09:00:00+02:00", "not in UTC"),
    ],
)
def test_times_increase_and_are_in_utc(at: str, complaint: str) -> None:
    row = 'action = "withdraw_vote"\nby = "ada"\nsubject = "p.ada"'
    with pytest.raises(SampleError, match=complaint):
        parse(then(row, at), lambda _: "Body")


def test_a_missing_text_is_named() -> None:
    with pytest.raises(SampleError, match=r"there is no text nobody\.md"):
        text("nobody.md")
