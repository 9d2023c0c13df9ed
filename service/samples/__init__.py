"""The content of a first start: papers, people, and what they said about them, as actions to replay.

`samples.toml` tells the story in order of time; `texts/` holds each revision's body. Everything here is
pure: who loads the samples runs the actions through the commands.
"""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import fields
from importlib.resources import files
from typing import Any, TypeVar

import msgspec

from service.samples.actions import (
    Action,
    CastVote,
    EditComment,
    PaperFields,
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
    WithdrawVote,
)
from service.samples.story import SampleError, check

__all__ = [
    "Action",
    "CastVote",
    "EditComment",
    "PaperFields",
    "PostComment",
    "PublishSummary",
    "RedactRevision",
    "RegisterPaper",
    "RemoveComment",
    "RestoreRevision",
    "RetractSummary",
    "ReviseSummary",
    "SampleError",
    "SetSummaryVisibility",
    "SignUp",
    "WithdrawVote",
    "load",
    "parse",
    "text",
]

Shape = TypeVar("Shape")

KINDS: Mapping[str, type[Action]] = {
    "sign_up": SignUp,
    "register_paper": RegisterPaper,
    "publish_summary": PublishSummary,
    "revise_summary": ReviseSummary,
    "restore_revision": RestoreRevision,
    "redact_revision": RedactRevision,
    "set_summary_visibility": SetSummaryVisibility,
    "retract_summary": RetractSummary,
    "cast_vote": CastVote,
    "withdraw_vote": WithdrawVote,
    "post_comment": PostComment,
    "edit_comment": EditComment,
    "remove_comment": RemoveComment,
}


def load() -> list[Action]:
    """The packaged samples, in order of time.

    Errors: `SampleError` when they contradict themselves.
    Source: `samples.toml` and `texts/` beside this file.
    """
    return parse((files("service.samples") / "samples.toml").read_text("utf-8"), text)


def text(name: str) -> str:
    """One revision's body, byte for byte.

    Errors: `SampleError` when there is no such file.
    """
    try:
        return (files("service.samples.texts") / name).read_bytes().decode("utf-8")
    except FileNotFoundError as error:
        raise SampleError(f"there is no text {name}") from error


def parse(source: str, body_of: Callable[[str], str]) -> list[Action]:
    """Actions from TOML; `body_of` gives the body of the text that a row names.

    Errors: `SampleError` for an unknown field, reference or value, or times out of order.
    """
    data = tomllib.loads(source)
    users = {row["username"]: row for row in data["users"]}
    papers = {row["key"]: row for row in data["papers"]}
    actions = [_action(row, users, papers, body_of) for row in data["actions"]]
    check(actions)
    return actions


def _action(
    row: Mapping[str, Any],
    users: Mapping[str, Mapping[str, Any]],
    papers: Mapping[str, Mapping[str, Any]],
    body_of: Callable[[str], str],
) -> Action:
    values = dict(row)
    match values.pop("action", None):
        case "sign_up":
            return _shape(SignUp, {"at": row["at"], **_named(users, row["by"])})
        case "register_paper":
            paper = dict(_named(papers, values.pop("paper", "")))
            values["key"] = paper.pop("key")
            return _shape(RegisterPaper, values | {"fields": _shape(PaperFields, paper)})
        case str(kind) if kind in KINDS:
            if "text" in values:
                values["body"] = body_of(values.pop("text"))
            return _shape(KINDS[kind], values)
        case kind:
            raise SampleError(f"{kind!r} is not an action, in {row}")


def _named(rows: Mapping[str, Mapping[str, Any]], name: str) -> Mapping[str, Any]:
    if name not in rows:
        raise SampleError(f"nothing is called {name!r}")
    return rows[name]


def _shape(kind: type[Shape], values: Mapping[str, Any]) -> Shape:
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # each kind is a dataclass
    if unknown := values.keys() - set(names):
        raise SampleError(f"{kind.__name__} has no {', '.join(sorted(unknown))}, in {dict(values)}")
    try:
        return msgspec.convert(dict.fromkeys(names) | dict(values), kind)
    except msgspec.ValidationError as error:
        raise SampleError(f"{error}, in {dict(values)}") from error
