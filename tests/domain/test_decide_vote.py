from dataclasses import replace
from uuid import UUID

import pytest

from service.domain.errors import Invalid
from service.domain.events import SubjectKind, VoteCast, VoteValue, VoteWithdrawn
from service.domain.vote import Subject, decide_cast, decide_withdraw, vote_from
from tests.domain.given import given

VOTE, SUMMARY, BOB = (UUID(int=n) for n in range(1, 4))
SUBJECT = Subject(SUMMARY, SubjectKind.SUMMARY)
UP = VoteCast(
    originator_id=VOTE,
    originator_version=1,
    subject_id=SUMMARY,
    subject_kind=SubjectKind.SUMMARY,
    value=VoteValue.UP,
    voter_id=BOB,
)
WITHDRAWN = VoteWithdrawn(
    originator_id=VOTE, originator_version=2, subject_id=SUMMARY, subject_kind=SubjectKind.SUMMARY
)


def cast(value: VoteValue, subject: Subject = SUBJECT):
    return lambda state: decide_cast(state, VOTE, subject, value, BOB)


def withdraw(state):
    return decide_withdraw(state, SUBJECT)


def test_a_vote_is_cast_and_changed() -> None:
    given(vote_from).when(cast(VoteValue.UP)).then(UP)
    given(vote_from, UP).when(cast(VoteValue.DOWN)).then(
        replace(UP, originator_version=2, value=VoteValue.DOWN)
    )
    given(vote_from, UP, WITHDRAWN).when(cast(VoteValue.UP)).then(replace(UP, originator_version=3))


def test_the_same_vote_again_appends_nothing() -> None:
    given(vote_from, UP).when(cast(VoteValue.UP)).then()


def test_withdrawing_where_there_is_none_appends_nothing() -> None:
    given(vote_from).when(withdraw).then()
    given(vote_from, UP).when(withdraw).then(WITHDRAWN)
    given(vote_from, UP, WITHDRAWN).when(withdraw).then()


def test_what_was_withdrawn_takes_no_votes_but_gives_them_back() -> None:
    gone = replace(SUBJECT, withdrawn=True)
    given(vote_from).when(cast(VoteValue.UP, gone)).refused(Invalid, "input", "subjectId")
    given(vote_from, UP).when(lambda state: decide_withdraw(state, gone)).then(WITHDRAWN)


def test_a_stream_that_begins_in_its_middle_is_an_error() -> None:
    with pytest.raises(ValueError, match="VoteCast"):
        vote_from([WITHDRAWN])
