"""Checks that the actions make a story: everyone and everything exists before it is used."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never

from service.samples.actions import (
    Action,
    CastVote,
    EditComment,
    PostComment,
    PublishSummary,
    RedactRevision,
    RegisterPaper,
    RemoveComment,
    RestoreRevision,
    RetractSummary,
    ReviseSummary,
    SetSummaryVisibility,
    SignUp,
    Visibility,
    WithdrawVote,
)


class SampleError(ValueError):
    """The sample data contradicts itself. The message says where."""


@dataclass(slots=True)
class _Summary:
    author: str
    paper: str
    bodies: list[str | None]  # of its revisions; None: redacted
    visibility: Visibility
    retracted: bool = False


@dataclass(slots=True)
class _Comment:
    author: str
    summary: str
    removed: bool = False


@dataclass(slots=True)
class _Story:
    users: set[str] = field(default_factory=set)
    papers: set[str] = field(default_factory=set)
    summaries: dict[str, _Summary] = field(default_factory=dict)
    comments: dict[str, _Comment] = field(default_factory=dict)
    votes: set[tuple[str, str]] = field(default_factory=set)

    def tell(self, action: Action) -> None:
        match action:
            case SignUp(username=username):
                _need(username not in self.users, f"{username} signs up twice")
                self.users.add(username)
            case _:
                _need(action.by in self.users, f"{action.by} acts before signing up")
                self._tell_by_user(action)

    def _tell_by_user(self, action: Action) -> None:
        match action:
            case RegisterPaper(key=key):
                _need(key not in self.papers, f"{key} is registered twice")
                self.papers.add(key)
            case PublishSummary():
                self._publish(action)
            case ReviseSummary(by=by, summary=name, body=body):
                bodies = self._own_summary(by, name).bodies
                _need(body != bodies[-1], f"a revision of {name} changes nothing")
                bodies.append(body)
            case RestoreRevision(by=by, summary=name, number=number):
                bodies = self._own_summary(by, name).bodies
                _need(
                    _text(bodies, number) not in (None, bodies[-1]),
                    f"revision {number} is nothing to restore",
                )
                bodies.append(bodies[number - 1])
            case RedactRevision(by=by, summary=name, number=number):
                bodies = self._own_summary(by, name).bodies
                _need(_text(bodies, number) is not None, f"nothing to redact in {number}")
                bodies[number - 1] = None
            case SetSummaryVisibility(by=by, summary=name, visibility=visibility):
                self._own_summary(by, name).visibility = visibility
            case RetractSummary(by=by, summary=name):
                self._own_summary(by, name).retracted = True
            case CastVote(by=by, subject=subject):
                self._visible_to(by, subject)
                self.votes.add((subject, by))
            case WithdrawVote(by=by, subject=subject):
                _need((subject, by) in self.votes, f"{by} withdraws a vote on {subject} never cast")
                self.votes.remove((subject, by))
            case PostComment():
                self._post(action)
            case EditComment(by=by, comment=name):
                self._own_comment(by, name)
            case RemoveComment(by=by, comment=name):
                self._own_comment(by, name).removed = True
            case SignUp():
                raise SampleError("a sign-up has no other actor")
            case _:
                assert_never(action)

    def _publish(self, action: PublishSummary) -> None:
        _need(action.paper in self.papers, f"{action.name} is about the unknown paper {action.paper}")
        _need(self._unused(action.name), f"the name {action.name} is taken")
        live = {(s.author, s.paper) for s in self.summaries.values() if not s.retracted}
        _need((action.by, action.paper) not in live, f"{action.by} summarises {action.paper} twice")
        self.summaries[action.name] = _Summary(action.by, action.paper, [action.body], action.visibility)
        self.votes.add((action.name, action.by))

    def _post(self, action: PostComment) -> None:
        _need(self._unused(action.name), f"the name {action.name} is taken")
        self._visible_to(action.by, action.summary)
        _need(action.summary in self.summaries, f"{action.name} comments on a comment; use parent")
        if action.parent is not None:
            parent = self._known_comment(action.parent)
            _need(parent.summary == action.summary, f"{action.name} answers a comment of another summary")
        self.comments[action.name] = _Comment(action.by, action.summary)

    def _unused(self, name: str) -> bool:
        return name not in self.summaries and name not in self.comments

    def _known_comment(self, name: str) -> _Comment:
        _need(name in self.comments, f"the comment {name} does not exist yet")
        return self.comments[name]

    def _own_comment(self, by: str, name: str) -> _Comment:
        comment = self._known_comment(name)
        _need(comment.author == by and not comment.removed, f"{by} cannot change the comment {name}")
        return comment

    def _own_summary(self, by: str, name: str) -> _Summary:
        _need(name in self.summaries, f"the summary {name} does not exist yet")
        summary = self.summaries[name]
        _need(summary.author == by and not summary.retracted, f"{by} cannot change the summary {name}")
        return summary

    def _visible_to(self, by: str, subject: str) -> None:
        if subject in self.comments:
            _need(not self.comments[subject].removed, f"the comment {subject} was removed")
            return self._visible_to(by, self.comments[subject].summary)
        _need(subject in self.summaries, f"{subject} does not exist yet")
        summary = self.summaries[subject]
        _need(not summary.retracted, f"the summary {subject} was retracted")
        return _need(summary.visibility != "PRIVATE" or summary.author == by, f"{by} cannot see {subject}")


def check(actions: Sequence[Action]) -> None:
    """Refuse a story that the commands would refuse, before anything is written.

    Errors: `SampleError` with the time of the first action that does not fit.
    """
    story, last = _Story(), None
    for action in actions:
        try:
            _in_order(last, action.at)
            story.tell(action)
        except SampleError as error:
            raise SampleError(f"{action.at.isoformat()}: {error}") from error
        last = action.at


def _in_order(last: datetime | None, at: datetime) -> None:
    offset = at.utcoffset()
    _need(offset is not None and not offset, "the time is not in UTC")
    _need(last is None or last < at, "the time does not increase")


def _text(bodies: Sequence[str | None], number: int) -> str | None:
    return bodies[number - 1] if 1 <= number <= len(bodies) else None


def _need(holds: bool, complaint: str) -> None:
    if not holds:
        raise SampleError(complaint)
