"""What was answered while a history played is answered again as of then, less what is hidden today."""

from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from schema.ids import parse_id
from tests.projections.history import ACTIONS, Action
from tests.schema.people import Api
from tests.schema.recording import LISTS, PAPER, SUMMARY, Question, Witness, witness

HIDING = ("show", "retract", "remove", "erase", "redact")
NUMBER = st.integers(0, 30)
OPENING: list[Action] = [
    ("publish", 1, 0, 0), ("publish", 2, 1, 0), ("publish", 4, 2, 0), ("revise", 0, 1, 2),
    ("comment", 1, 0, 1), ("reply", 0, 0, 2), ("vote", 0, 1, 1), ("vote", 1, 0, 1),
]  # fmt: skip
SLOWLY = settings(max_examples=6, print_blob=True)


def undated(action: Action) -> Action:
    """Without a claimed date: `history` claims one where the last number is odd."""
    name, i, j, k = action
    return (name, i, j, 2 * k) if name in ("publish", "revise") else action


def histories(*names: str) -> st.SearchStrategy[list[Action]]:
    one = st.tuples(st.sampled_from(names), NUMBER, NUMBER, NUMBER).map(undated)
    return st.lists(one, min_size=4, max_size=14).map(lambda more: OPENING + more)


@SLOWLY
@given(actions=histories(*(name for name in ACTIONS if name not in HIDING)))
async def test_what_was_answered_then_is_answered_again(api: Api, actions: list[Action]) -> None:
    seen = await witness(api)
    await seen.play(actions, PAPER, SUMMARY)
    questions = seen.questions(PAPER, SUMMARY)
    for at, answers in seen.moments.items():
        for question in questions:  # what was not there yet is null
            assert await seen.ask(question, at) == answers.get(question)


@SLOWLY
@given(actions=histories(*ACTIONS, "publish", "comment"))
async def test_it_is_what_was_answered_less_what_is_hidden_today(api: Api, actions: list[Action]) -> None:
    seen = await witness(api)
    await seen.play(actions, LISTS, SUMMARY)
    today = {question: await seen.ask(question) for question in seen.questions(LISTS, SUMMARY)}
    erased = await _erased(seen)
    for at, answers in seen.moments.items():
        for question, now in today.items():
            found, was = await seen.ask(question, at), answers.get(question)
            if question[1] == LISTS:
                assert found == _still_listed(was, now)
            elif not _was_forgotten(found, question, erased):
                assert _readable(found, erased) == _readable(_less(was, now), erased)


async def _erased(seen: Witness) -> set[UUID]:
    """The streams of which something was erased."""
    sql = "SELECT stream_id FROM events JOIN payloads USING (position) WHERE content IS NULL"
    return {record["stream_id"] for record in await seen.api.tools.pool.fetch(sql)}


def _still_listed(was: Any, now: Any) -> Any:
    """The lists of then without what is not in those of today."""
    if was is None:
        return None
    kept = {
        order: [one for one in was[order]["nodes"] if one in now[order]["nodes"]]
        for order in ("TOP", "LATEST", "OLDEST")
    }
    return was | {order: {"totalCount": len(nodes), "nodes": nodes} for order, nodes in kept.items()}


def _was_forgotten(found: Any, question: Question, erased: set[UUID]) -> bool:
    """Who wrote it anonymously was erased, so that it is nobody's own any more, also while it was private."""
    return found is None and _uuid(question[2]) in erased


def _less(was: Any, now: Any) -> Any:
    """A summary of then with the texts that are left, and comments as far as they are not removed."""
    if was is None or now is None:
        return None
    left = {one["number"]: one for one in now["revisions"]["nodes"]}
    revisions = [
        one | {name: left[one["number"]][name] for name in ("body", "note")}
        for one in was["revisions"]["nodes"]
    ]
    gone = left[was["revisionNumber"]]["body"] is None
    second = was["second"] and {"body": left[2]["body"]}
    return (
        was
        | {"revisions": was["revisions"] | {"nodes": revisions}, "second": second}
        | ({"body": None, "bodyHtml": None, "excerpt": ""} if gone else {})
        | {"comments": _thread(was["comments"], now["comments"])}
    )


def _thread(was: Any, now: Any) -> Any:
    there = {one["id"]: one for one in now["nodes"]}
    nodes = []
    for one in was["nodes"]:
        today = there[one["id"]]
        gone = {"body": None, "bodyHtml": None} if today["body"] is None else {}
        replies = {"replies": _thread(one["replies"], today["replies"])} if "replies" in one else {}
        nodes.append(one | gone | replies)
    return was | {"nodes": nodes}


def _readable(found: Any, erased: set[UUID]) -> Any:
    """Without the texts of comments of which some were erased: the log does not say which ones are left."""
    if isinstance(found, list):
        return [_readable(one, erased) for one in found]
    if not isinstance(found, dict):
        return found
    inner = {name: _readable(value, erased) for name, value in found.items()}
    if "onRevision" in found and _uuid(found["id"]) in erased:
        inner |= {"body": ..., "bodyHtml": ...}
    return inner


def _uuid(id: str) -> UUID:
    uuid = getattr(parse_id(id, ("id",)), "uuid", None)
    assert isinstance(uuid, UUID)
    return uuid
