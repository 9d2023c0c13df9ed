"""The packaged samples: complete, consistent, and fit to be shown."""

import unicodedata
from collections import Counter
from dataclasses import asdict
from importlib.resources import files

import pytest

from service.domain.events import MetadataSource
from service.domain.paper import PaperFields, normalised
from service.samples import (
    Action,
    CastVote,
    EditComment,
    PostComment,
    PublishSummary,
    RegisterPaper,
    RemoveComment,
    RetractSummary,
    ReviseSummary,
    SetSummaryVisibility,
    SignUp,
    WithdrawVote,
    load,
)
from service.text import PaperReference, render


@pytest.fixture(scope="module")
def actions() -> list[Action]:
    return load()


def latest_bodies(actions: list[Action]) -> dict[str, str]:
    bodies = {}
    for action in actions:
        match action:
            case PublishSummary(name=name, body=body) | ReviseSummary(summary=name, body=body):
                bodies[name] = body
    return bodies


def all_bodies(actions: list[Action]) -> list[str]:
    return [
        a.body for a in actions if isinstance(a, PublishSummary | ReviseSummary | PostComment | EditComment)
    ]


def test_a_dozen_papers_with_distinct_identifiers(actions: list[Action]) -> None:
    papers = [a.fields for a in actions if isinstance(a, RegisterPaper)]
    assert len(papers) == 12
    for identifiers in (
        [p.bibtex_key for p in papers],
        [p.doi for p in papers if p.doi],
        [p.arxiv_id for p in papers if p.arxiv_id],
    ):
        assert len(set(identifiers)) == len(identifiers)
    assert {"1503.03832", "1502.03167", "1512.03385", "1906.06316", "1811.11742"} <= {
        p.arxiv_id for p in papers
    }


def test_the_arxiv_id_agrees_with_the_first_publication(actions: list[Action]) -> None:
    papers = [a.fields for a in actions if isinstance(a, RegisterPaper)]
    for paper in papers:
        assert (paper.arxiv_id is None) == (paper.published_on is None)
        if paper.arxiv_id and paper.published_on:
            assert paper.arxiv_id.split(".")[0] == paper.published_on.strftime("%y%m")
        assert paper.abstract
        assert paper.authors


def test_the_domain_keeps_the_metadata_as_it_is(actions: list[Action]) -> None:
    for action in actions:
        if isinstance(action, RegisterPaper):
            fields = asdict(action.fields) | {"source": MetadataSource(action.fields.source)}
            assert normalised(PaperFields(**fields)) == PaperFields(**fields)


def test_at_least_six_people_with_plain_usernames(actions: list[Action]) -> None:
    people = [a for a in actions if isinstance(a, SignUp)]
    assert len(people) >= 6
    for person in people:
        assert person.username.replace("-", "").replace("_", "").isalnum()
        assert person.username.isascii()
        assert unicodedata.is_normalized("NFC", person.display_name)


def test_summaries_are_of_a_useful_length(actions: list[Action]) -> None:
    bodies = latest_bodies(actions)
    assert len(bodies) >= 18
    assert {
        name: len(body.split()) for name, body in bodies.items() if not 150 <= len(body.split()) <= 600
    } == {}


def test_one_summary_per_user_and_paper(actions: list[Action]) -> None:
    pairs = Counter((a.by, a.paper) for a in actions if isinstance(a, PublishSummary))
    assert max(pairs.values()) == 1


def test_several_papers_have_several_summaries(actions: list[Action]) -> None:
    per_paper = Counter(a.paper for a in actions if isinstance(a, PublishSummary))
    assert sum(count >= 2 for count in per_paper.values()) >= 4
    assert set(per_paper) == {a.key for a in actions if isinstance(a, RegisterPaper)}


def test_edits_are_many_and_explained(actions: list[Action]) -> None:
    edits = [a for a in actions if isinstance(a, ReviseSummary)]
    revisions = Counter(a.summary for a in edits)
    assert sum(1 <= count <= 3 for count in revisions.values()) >= 8
    assert max(revisions.values()) <= 3
    assert all(edit.note for edit in edits)


def test_every_text_is_used_exactly_once(actions: list[Action]) -> None:
    used = [a.body for a in actions if isinstance(a, PublishSummary | ReviseSummary)]
    stored = [
        f.read_bytes().decode() for f in files("service.samples.texts").iterdir() if f.name.endswith(".md")
    ]
    assert sorted(used) == sorted(stored)


def final_votes(actions: list[Action]) -> dict[tuple[str, str], str]:
    votes: dict[tuple[str, str], str] = {}
    for action in actions:
        match action:
            case PublishSummary(name=name, by=by):
                votes[name, by] = "UP"
            case CastVote(subject=subject, by=by, value=value):
                votes[subject, by] = value
            case WithdrawVote(subject=subject, by=by):
                del votes[subject, by]
    return votes


def test_one_summary_has_a_negative_score(actions: list[Action]) -> None:
    scores: Counter[str] = Counter()
    for (subject, _), value in final_votes(actions).items():
        scores[subject] += 1 if value == "UP" else -1
    assert [subject for subject, score in scores.items() if score < 0] == ["gan.padraig"]


def test_some_votes_change_and_one_is_withdrawn(actions: list[Action]) -> None:
    cast = Counter((a.subject, a.by) for a in actions if isinstance(a, CastVote))
    assert sum(count > 1 for count in cast.values()) >= 2
    assert sum(isinstance(a, WithdrawVote) for a in actions) == 1


def test_threads_are_three_deep_with_an_edit_and_a_removal_under_replies(actions: list[Action]) -> None:
    comments = {a.name: a for a in actions if isinstance(a, PostComment)}
    assert len(comments) >= 20
    assert max(depth(comments, name) for name in comments) == 3
    assert sum(isinstance(a, EditComment) for a in actions) == 1
    removed = [a.comment for a in actions if isinstance(a, RemoveComment)]
    assert len(removed) == 1
    assert any(a.parent == removed[0] for a in comments.values())


def depth(comments: dict[str, PostComment], name: str) -> int:
    parent = comments[name].parent
    return 1 if parent is None else 1 + depth(comments, parent)


def test_one_unlisted_one_private_and_one_retracted(actions: list[Action]) -> None:
    shown = {}
    for action in actions:
        match action:
            case PublishSummary(name=name, visibility=visibility):
                shown[name] = str(visibility)
            case SetSummaryVisibility(summary=name, visibility=visibility):
                shown[name] = str(visibility)
            case RetractSummary(summary=name):
                shown[name] = "retracted"
    counts = Counter(shown.values())
    assert (counts["UNLISTED"], counts["PRIVATE"], counts["retracted"]) == (1, 1, 1)


def test_times_lie_in_the_story(actions: list[Action]) -> None:
    assert (actions[0].at.year, actions[-1].at.year) == (2024, 2026)
    assert actions[-1].at.month <= 10


def test_every_text_renders_without_problems_and_within_the_limits(actions: list[Action]) -> None:
    for body in all_bodies(actions):
        assert render(body).problems == ()
        assert 0 < len(body) <= 100_000
        assert unicodedata.is_normalized("NFC", body)
    assert all(len(a.body) <= 20_000 for a in actions if isinstance(a, PostComment | EditComment))


def test_links_to_papers_lead_to_the_samples(actions: list[Action]) -> None:
    keys = {a.fields.bibtex_key for a in actions if isinstance(a, RegisterPaper)}
    linked = {r for body in all_bodies(actions) for r in render(body).references}
    assert {r.value for r in linked if r.scheme == "BIBTEX"} <= keys
    assert PaperReference("BIBTEX", "conf/cvpr/HeZRS16") in linked
    assert sum(r.scheme == "BIBTEX" for r in linked) >= 5


@pytest.mark.parametrize(
    "mark",
    [
        "$$",
        "\\(",
        "\\[",
        "```python",
        "\\cite{",
        "/paper?bibtexKey=",
        "[^1]:",
        "\n|",
        "\n- ",
        "\n1. ",
        "\n> ",
    ],
)
def test_the_texts_together_show_every_kind_of_markup(actions: list[Action], mark: str) -> None:
    assert any(mark in body for body in latest_bodies(actions).values())
