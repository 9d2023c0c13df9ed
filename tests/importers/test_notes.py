"""Notes imported into a real log: every text as Git has it, once, however often it is tried."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.commands.context import Context
from service.domain.events import PaperRegistered, SummaryPublished, SummaryRevised, UserSignedUp
from service.eventstore.model import Recorded
from service.importers.git_history import RefusedFile
from service.importers.notes import ImportedFile, import_notes
from service.importers.samples import load_samples, wants_samples
from tests.importers.repository import DAY, Work

HEAD = (
    "Title: FaceNet\nAuthors: Florian Schroff, Dmitry Kalenichenko\nLink: http://arxiv.org/abs/1503.03832\n"
)
MALLORY = {"GIT_AUTHOR_NAME": "Zoë Müller", "GIT_AUTHOR_EMAIL": "zoe@example.org"}


async def imported(ctx: Context, path: Path) -> list[ImportedFile | RefusedFile]:
    return [item async for item in import_notes(ctx, path)]


async def log(ctx: Context) -> list[Recorded]:
    return await ctx.store.read(0, 10_000)


def texts(recorded: list[Recorded]) -> list[str | None]:
    return [r.event.body for r in recorded if isinstance(r.event, SummaryPublished | SummaryRevised)]


async def test_each_commit_is_a_revision_with_its_author_date_and_message(ctx: Context, work: Work) -> None:
    work.save("facenet.md", HEAD + "\nFaces.", "Start\n\nThe first half.")
    work.save("facenet.md", HEAD + "\nFaces as points. ", "Say how", **MALLORY)

    [file] = await imported(ctx, work.path)

    assert isinstance(file, ImportedFile)
    assert (file.path, file.revisions, file.new_revisions) == ("facenet.md", 2, 2)
    first, second = [r for r in await log(ctx) if isinstance(r.event, SummaryPublished | SummaryRevised)]
    assert isinstance(first.event, SummaryPublished)
    assert isinstance(second.event, SummaryRevised)
    assert (first.event.body, first.event.note) == (HEAD + "\nFaces.", "Start\n\nThe first half.")
    assert (second.event.body, second.event.note) == (HEAD + "\nFaces as points. ", "Say how")
    assert first.occurred_at == datetime.fromtimestamp(DAY, UTC)
    assert second.occurred_at == datetime.fromtimestamp(2 * DAY, UTC)
    names = {r.event.originator_id: r.event for r in await log(ctx) if isinstance(r.event, UserSignedUp)}
    assert names[first.event.author_id].username == "Ada"
    assert second.actor is not None
    assert (names[second.actor].username, names[second.actor].display_name) == ("Zoe-Muller", "Zoë Müller")


async def test_the_paper_is_that_of_the_newest_head(ctx: Context, work: Work) -> None:
    work.save("a.md", HEAD.replace("1503.03832", "1409.0473"))
    work.save("a.md", HEAD)
    await imported(ctx, work.path)
    [paper] = [r.event for r in await log(ctx) if isinstance(r.event, PaperRegistered)]
    assert (paper.arxiv_id, paper.bibtex_key) == ("1503.03832", "journals/corr/1503.03832")
    assert paper.authors == ("Florian Schroff", "Dmitry Kalenichenko")


async def test_again_adds_nothing_and_later_only_what_is_new(ctx: Context, work: Work) -> None:
    work.save("a.md", HEAD + "one")
    await imported(ctx, work.path)
    before = await ctx.store.head()
    [again] = await imported(ctx, work.path)
    assert isinstance(again, ImportedFile)
    assert again.new_revisions == 0
    assert await ctx.store.head() == before

    work.save("a.md", HEAD + "two")
    work.save("b.md", HEAD.replace("1503.03832", "1409.0473") + "other")
    later = await imported(ctx, work.path)
    assert [item.new_revisions for item in later if isinstance(item, ImportedFile)] == [1, 1]
    assert texts(await log(ctx)) == [
        HEAD + "one",
        HEAD + "two",
        HEAD.replace("1503.03832", "1409.0473") + "other",
    ]


async def test_an_interrupted_import_goes_on_where_it_was(ctx: Context, work: Work) -> None:
    for number in range(3):
        work.save(f"{number}.md", HEAD.replace("1503.03832", f"1503.0383{number}"))
    running = import_notes(ctx, work.path)
    await anext(running)
    await running.aclose()
    assert len(texts(await log(ctx))) == 1
    files = await imported(ctx, work.path)
    assert [item.new_revisions for item in files if isinstance(item, ImportedFile)] == [0, 1, 1]


async def test_refused_files_say_why_and_leave_nothing(ctx: Context, work: Work) -> None:
    work.write("a blank past.md", " \n")
    work.write("no head.md", "Just words.")
    work.write("bell.md", HEAD + "\x07")
    work.write("long.md", HEAD + "x" * 100_001)
    first = work.commit()
    work.save("a blank past.md", HEAD)
    files = {
        item.path: item.reason for item in await imported(ctx, work.path) if isinstance(item, RefusedFile)
    }
    assert files["a blank past.md"].startswith(f"at commit {first[:12]}, the body is blank")
    assert "it has no head with a title" in files["no head.md"]
    assert "U+0007" in files["bell.md"]
    assert "limit is 100,000" in files["long.md"]
    assert await log(ctx) == []


async def test_a_second_note_of_the_same_author_on_a_paper_is_refused(ctx: Context, work: Work) -> None:
    work.write("a.md", HEAD)
    work.write("b.md", HEAD + "more")
    work.commit()
    _, refused = await imported(ctx, work.path)
    assert isinstance(refused, RefusedFile)
    assert refused.reason.startswith("its author has another summary of this paper already")


async def test_a_rewritten_past_is_refused_and_what_is_here_stays(ctx: Context, work: Work) -> None:
    work.save("a.md", HEAD + "one")
    base = work.git("rev-parse", "HEAD")
    work.save("a.md", HEAD + "two")
    await imported(ctx, work.path)
    work.git("reset", "-q", "--hard", base)
    work.save("a.md", HEAD + "another two")
    [refused] = await imported(ctx, work.path)
    assert isinstance(refused, RefusedFile)
    assert "its history was rewritten" in refused.reason
    assert texts(await log(ctx)) == [HEAD + "one", HEAD + "two"]


async def test_claimed_times_never_go_back_nor_ahead_of_now(ctx: Context, work: Work) -> None:
    future = int((datetime.now(UTC) + timedelta(days=400)).timestamp())
    work.save("a.md", HEAD + "one")
    work.write("a.md", HEAD + "two")
    work.commit(at=0)
    work.write("a.md", HEAD + "three")
    work.commit(at=future)
    await imported(ctx, work.path)
    times = [r.occurred_at for r in await log(ctx) if isinstance(r.event, SummaryPublished | SummaryRevised)]
    assert times[0] == times[1] == datetime.fromtimestamp(DAY, UTC)
    assert times[1] < times[2] <= datetime.now(UTC)


async def test_one_person_is_one_user_whatever_they_call_themselves(ctx: Context, work: Work) -> None:
    work.save("a.md", HEAD, GIT_AUTHOR_NAME="admin")  # a reserved username
    work.save("a.md", HEAD + "more", GIT_AUTHOR_NAME="Ada L.", GIT_AUTHOR_EMAIL="ADA@example.org")
    work.save("b.md", HEAD + "x", GIT_AUTHOR_NAME="admin", GIT_AUTHOR_EMAIL="other@example.org")
    await imported(ctx, work.path)
    users = [r.event.username for r in await log(ctx) if isinstance(r.event, UserSignedUp)]
    assert users == ["admin-2", "admin-3"]
    assert "example.org" not in repr(await log(ctx))


async def test_people_join_with_their_earliest_revision_of_any_file(ctx: Context, work: Work) -> None:
    work.save("z.md", HEAD.replace("1503.03832", "1409.0473"), "Line one\r\nline two")
    work.save("a.md", HEAD)
    await imported(ctx, work.path)
    recorded = await log(ctx)
    [joined] = [r.occurred_at for r in recorded if isinstance(r.event, UserSignedUp)]
    assert joined == datetime.fromtimestamp(DAY, UTC)
    notes = [r.event.note for r in recorded if isinstance(r.event, SummaryPublished)]
    assert notes == ["change", "Line one\nline two"]


async def test_the_samples_load_once_and_go_on_after_an_interruption(ctx: Context) -> None:
    class Interrupted(Exception): ...

    def stop_at_100(done: int, _total: int) -> None:
        if done == 100:
            raise Interrupted

    heard: list[tuple[int, int]] = []
    assert await wants_samples(ctx)
    with pytest.raises(Interrupted):
        await load_samples(ctx, stop_at_100)
    assert await wants_samples(ctx)
    await load_samples(ctx, lambda done, total: heard.append((done, total)))
    assert not await wants_samples(ctx)
    assert heard[-1][0] == heard[-1][1] == len(heard)
    published = [r for r in await log(ctx) if isinstance(r.event, SummaryPublished)]
    assert len(published) == len({r.event.originator_id for r in published}) == 26


async def test_a_log_with_other_content_wants_no_samples(ctx: Context, work: Work) -> None:
    work.save("a.md", HEAD)
    await imported(ctx, work.path)
    assert not await wants_samples(ctx)
