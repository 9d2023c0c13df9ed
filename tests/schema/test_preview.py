"""Previews: as a summary would be shown, and nothing is kept."""

import pytest

from tests.schema.people import Api

PREVIEW = "query ($body: String!) { preview(body: $body) { html mentions { bibtexKey } problems } }"


async def test_it_is_what_a_summary_shows(api: Api) -> None:
    ada = await api.person("ada")
    paper = await ada.paper("conf/x/A15", doi="10.1234/x")
    body = "It learns $x^2$, see \\cite{conf/x/A15}, https://doi.org/10.1234/X and \\cite{nobody}. <script>"
    summary = await ada.summary(paper, body)
    shown = (await api.read("query ($id: ID!) { summary(id: $id) { bodyHtml } }", id=summary))["summary"]
    head = (await api.tools.store.head()).position
    found = (await api.read(PREVIEW, body=body))["preview"]
    assert found == {"html": shown["bodyHtml"], "mentions": [{"bibtexKey": "conf/x/A15"}], "problems": []}
    assert "<script" not in found["html"]
    assert (await api.tools.store.head()).position == head


async def test_problems_are_told(api: Api) -> None:
    [problem] = (await api.read(PREVIEW, body="$\\nothing$"))["preview"]["problems"]
    assert problem.startswith("Formula 1: ")


async def test_an_empty_editor(api: Api) -> None:
    for body in ("", " \n"):
        found = (await api.read(PREVIEW, body=body))["preview"]
        assert (found["html"].strip(), found["mentions"], found["problems"]) == ("", [], [])


@pytest.mark.parametrize("body", ["a\x00", "\ud800", "x" * 100_001])
async def test_what_no_summary_may_hold(api: Api, body: str) -> None:
    error = await api.refused(PREVIEW, body=body)
    assert error["extensions"] == {"code": "INVALID", "argument": "body"}
