from uuid import UUID, uuid4

import pytest

from service.commands.comment import (
    EditComment,
    PostComment,
    RemoveComment,
    edit_comment,
    post_comment,
    remove_comment,
)
from service.commands.context import Context
from service.commands.paper import PaperFields, RegisterPaper, register_paper
from service.commands.summary import (
    PublishSummary,
    ReviseSummary,
    SetSummaryVisibility,
    publish_summary,
    revise_summary,
    set_summary_visibility,
)
from service.domain.errors import Forbidden, Invalid, NotFound, Unauthenticated
from service.domain.events import CommentPosted, Visibility
from service.eventstore.model import EventStore
from tests.commands.acting import events, refused, topics, unchanged

COMMENT_ID = ("input", "commentId")


@pytest.fixture
async def comment(bob: Context, summary: UUID) -> UUID:
    return (await post_comment(bob, PostComment(summary, None, "Why?"))).id


async def test_a_thread(store: EventStore, ada: Context, bob: Context, summary: UUID, comment: UUID) -> None:
    await revise_summary(ada, ReviseSummary(summary, "Better.", None, 1))
    done = await post_comment(ada, PostComment(summary, comment, "Because."))
    (reply,) = await events(store, done.position - 1)
    assert isinstance(reply, CommentPosted)
    assert (reply.parent_id, reply.on_revision, reply.summary_id) == (comment, 2, summary)
    before = done.position
    await edit_comment(bob, EditComment(comment, "Why not?"))
    await remove_comment(bob, RemoveComment(comment))
    assert await topics(store, before) == ["CommentEdited", "CommentRemoved"]
    reply_to_removed = post_comment(ada, PostComment(summary, comment, "Hello?"))
    await refused(store, reply_to_removed, Invalid, "input", "parentId")


async def test_saying_the_same_again_appends_nothing(store: EventStore, bob: Context, comment: UUID) -> None:
    async with unchanged(store):
        assert (await edit_comment(bob, EditComment(comment, "Why?"))).id == comment
    await remove_comment(bob, RemoveComment(comment))
    async with unchanged(store):
        await remove_comment(bob, RemoveComment(comment))
    await refused(store, edit_comment(bob, EditComment(comment, "Again")), Invalid, *COMMENT_ID)


async def test_a_parent_on_another_summary_is_refused_and_a_hidden_one_is_not_there(
    store: EventStore, ada: Context, bob: Context, summary: UUID, comment: UUID
) -> None:
    other_paper = (await register_paper(bob, RegisterPaper(PaperFields("other", "Other")))).id
    other = (await publish_summary(bob, PublishSummary(other_paper, "Mine."))).id
    across = PostComment(other, comment, "Hm.")
    await refused(store, post_comment(bob, across), Invalid, "input", "parentId")
    await set_summary_visibility(ada, SetSummaryVisibility(summary, Visibility.PRIVATE))
    hidden = await refused(store, post_comment(bob, across), NotFound, "input", "parentId")
    unknown = post_comment(bob, PostComment(other, uuid4(), "Hm."))
    assert hidden.message == (await refused(store, unknown, NotFound, "input", "parentId")).message


async def test_only_its_author_changes_a_comment(store: EventStore, ada: Context, comment: UUID) -> None:
    await refused(store, edit_comment(ada, EditComment(comment, "Mine")), Forbidden, *COMMENT_ID)
    await refused(store, remove_comment(ada, RemoveComment(comment)), Forbidden, *COMMENT_ID)


async def test_ids_of_nothing_and_of_other_things_are_not_found(
    store: EventStore, bob: Context, paper: UUID, summary: UUID, comment: UUID
) -> None:
    for wrong in (uuid4(), paper, comment):
        on_wrong = post_comment(bob, PostComment(wrong, None, "x"))
        await refused(store, on_wrong, NotFound, "input", "summaryId")
    for wrong in (uuid4(), paper, summary):
        below_wrong = post_comment(bob, PostComment(summary, wrong, "x"))
        await refused(store, below_wrong, NotFound, "input", "parentId")
        await refused(store, edit_comment(bob, EditComment(wrong, "x")), NotFound, *COMMENT_ID)
        await refused(store, remove_comment(bob, RemoveComment(wrong)), NotFound, *COMMENT_ID)


async def test_a_comment_is_hidden_with_its_summary(
    store: EventStore, ada: Context, bob: Context, summary: UUID, comment: UUID
) -> None:
    await set_summary_visibility(ada, SetSummaryVisibility(summary, Visibility.PRIVATE))
    await refused(store, post_comment(bob, PostComment(summary, None, "x")), NotFound, "input", "summaryId")
    hidden = await refused(store, edit_comment(bob, EditComment(comment, "x")), NotFound, *COMMENT_ID)
    unknown = await refused(store, edit_comment(bob, EditComment(uuid4(), "x")), NotFound, *COMMENT_ID)
    assert hidden.message == unknown.message


async def test_visitors_and_bad_texts_are_refused(
    store: EventStore, visitor: Context, bob: Context, summary: UUID, comment: UUID
) -> None:
    await refused(store, post_comment(visitor, PostComment(summary, None, "x")), Unauthenticated)
    await refused(store, edit_comment(visitor, EditComment(comment, "x")), Unauthenticated)
    await refused(store, remove_comment(visitor, RemoveComment(comment)), Unauthenticated)
    for body in (" ", "x" * 20_001, "\x07"):
        await refused(store, post_comment(bob, PostComment(summary, None, body)), Invalid, "input", "body")
        await refused(store, edit_comment(bob, EditComment(comment, body)), Invalid, "input", "body")


async def test_a_key_gives_the_first_comment_again(store: EventStore, bob: Context, summary: UUID) -> None:
    command = PostComment(summary, None, "Why?", idempotency_key="k")
    first = await post_comment(bob, command)
    async with unchanged(store):
        again = await post_comment(bob, command)
    assert (again.id, again.replayed) == (first.id, True)
