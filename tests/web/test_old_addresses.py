"""Links of the old site lead to permalinks, and those stay."""

import pytest

from tests.web.site import Site


async def moved(site: Site, address: str) -> str:
    """Where an address leads."""
    response = await site.client.get(address)
    assert response.status_code == 302, response.text
    assert response.headers["cache-control"] == "no-cache"
    return response.headers["location"]


async def test_a_paper_of_the_old_site(site: Site) -> None:
    """The fragment stays with the browser, which takes it along: it is the id of a summary's article."""
    ada = await site.user("ada")
    paper = await site.paper(ada, "DeepFace", "conf/cvpr/TaigmanYRW14")
    await site.summary(ada, paper, "About faces.")
    location = await moved(site, "/paper?bibtexKey=conf/cvpr/TaigmanYRW14")
    assert location == f"/papers/{paper}"
    page = await site.client.get(location)
    assert page.status_code == 200
    assert '<article class="summary" id="ada"' in page.text


async def test_a_venue_of_the_old_site(site: Site) -> None:
    ada = await site.user("ada")
    venue = {"venue_key": "conf/cvpr", "venue_name": "Vision & Patterns"}
    await site.paper(ada, "DeepFace", "a", **venue, year=2014)
    await site.paper(ada, "<b>Later</b>", "b", **venue, year=2015)
    await site.paper(ada, "Undated", "c", **venue)
    assert await moved(site, "/venue?key=conf/cvpr&year=2014") == "/venues/conf/cvpr?year=2014"
    assert await moved(site, "/venue?key=conf%2Fcvpr") == "/venues/conf/cvpr"
    assert await moved(site, "/venue?key=conf/cvpr&year=") == "/venues/conf/cvpr"

    whole = await site.client.get("/venues/conf/cvpr")
    assert whole.status_code == 200
    assert "<h1>Vision &amp; Patterns</h1>" in whole.text
    assert "3 papers" in whole.text
    titles = [whole.text.index(title) for title in ("&lt;b&gt;Later&lt;/b&gt;", "DeepFace", "Undated")]
    assert titles == sorted(titles)
    assert 'href="/venues/conf/cvpr?year=2015"' in whole.text
    of_a_year = await site.client.get("/venues/conf/cvpr?year=2014")
    assert "1 paper of 2014" in of_a_year.text
    assert "DeepFace" in of_a_year.text
    assert "Later" not in of_a_year.text


async def test_a_strange_key_has_a_permalink_too(site: Site) -> None:
    ada = await site.user("ada")
    key = 'Ännals/"50%"&<i>?#'
    await site.paper(ada, "A", "a", venue_key=key, venue_name=None, year=1999)
    response = await site.client.get("/venue", params={"key": key, "year": "1999"}, follow_redirects=True)
    assert response.status_code == 200
    assert "1 paper of 1999" in response.text
    assert "<i>?" not in response.text


@pytest.mark.parametrize(
    "address",
    [
        "/venue",
        "/venue?key=",
        "/venue?key=nowhere",
        "/venue?key=%00",
        "/venues/",
        "/venues/nowhere",
        "/venues/conf/cvpr?year=2014",
        "/paper",
        "/paper?bibtexKey=nothing",
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_addresses_of_nothing(quiet_site: Site, address: str) -> None:
    assert (await quiet_site.client.get(address)).status_code == 404


@pytest.mark.parametrize("year", ["2013", "-1", "x", "20144", "٢٠١٤", "2014.0"])
async def test_years_that_are_not(site: Site, year: str) -> None:
    await site.paper(await site.user("ada"), "A", "a", venue_key="v", year=2014)
    for address in ("/venue?key=v", "/venues/v?"):
        response = await site.client.get(f"{address}&year={year}", follow_redirects=True)
        assert response.status_code == 404
