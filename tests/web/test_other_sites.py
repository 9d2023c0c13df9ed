"""Pages of other sites: those on the list may use the API, all others may not. And compression."""

import gzip
from collections.abc import AsyncIterator

import httpx
import pytest

from service.settings import Settings, SettingsError
from tests.web.site import Site, body_of, running_site

FRIEND = "https://www.example.org"
STRANGER = "https://evil.example"
READ = {"query": "{ feed { totalCount } }"}


@pytest.fixture
async def open_site(database_url: str) -> AsyncIterator[Site]:
    async with running_site(database_url, cors_origins=f"{FRIEND}, http://localhost:3000") as running:
        yield running


async def preflight(site: Site, origin: str, *headers: str, method: str = "POST") -> httpx.Response:
    asked = {"origin": origin, "access-control-request-method": method}
    if headers:
        asked["access-control-request-headers"] = ",".join(headers)
    return await site.client.options("/graphql", headers=asked)


@pytest.mark.asyncio(loop_scope="module")
async def test_off_by_default(quiet_site: Site) -> None:
    asked = await preflight(quiet_site, FRIEND, "content-type")
    answered = await quiet_site.client.post("/graphql", json=READ, headers={"origin": FRIEND})
    for response in (asked, answered):
        assert not [name for name in response.headers if name.startswith("access-control")]
    assert asked.status_code == 405


async def test_a_friend_may_ask_and_send(open_site: Site) -> None:
    headers = ("authorization", "content-type", "min-position", "graphql-require-preflight", "x-request-id")
    for origin in (FRIEND, "http://localhost:3000"):
        asked = await preflight(open_site, origin, *headers)
        assert asked.status_code == 200
        assert asked.headers["access-control-allow-origin"] == origin
        assert set(headers) <= set(asked.headers["access-control-allow-headers"].lower().split(", "))
        assert "POST" in asked.headers["access-control-allow-methods"]
        assert "access-control-allow-credentials" not in asked.headers
    by_get = await preflight(open_site, FRIEND, "apollo-require-preflight", method="GET")
    assert by_get.status_code == 200

    answered = await open_site.client.post("/graphql", json=READ, headers={"origin": FRIEND})
    assert body_of(answered) == {"data": {"feed": {"totalCount": 0}}}
    assert answered.headers["access-control-allow-origin"] == FRIEND
    exposed = answered.headers["access-control-expose-headers"].lower().split(", ")
    assert {"position", "x-request-id"} <= set(exposed)
    assert "origin" in answered.headers["vary"].lower()


async def test_refusals_can_be_read_too(open_site: Site) -> None:
    headers = {"origin": FRIEND, "authorization": "Bearer unknown"}
    refused = await open_site.client.post("/graphql", json=READ, headers=headers)
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == FRIEND


@pytest.mark.parametrize(
    "origin", [STRANGER, "null", f"{FRIEND}.evil.example", "http://www.example.org", f"{FRIEND}:8443"]
)
async def test_a_stranger_may_not(open_site: Site, origin: str) -> None:
    asked = await preflight(open_site, origin, "content-type")
    answered = await open_site.client.post("/graphql", json=READ, headers={"origin": origin})
    assert asked.status_code == 400
    for response in (asked, answered):
        assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize(("headers", "method"), [(["x-other"], "POST"), ([], "DELETE")])
async def test_a_friend_may_not_do_everything(open_site: Site, headers: list[str], method: str) -> None:
    assert (await preflight(open_site, FRIEND, *headers, method=method)).status_code == 400


async def raw(site: Site, method: str, path: str, **more: object) -> tuple[httpx.Response, bytes]:
    """An answer and its bytes as they were sent."""
    async with site.client.stream(method, path, **more) as response:  # type: ignore[arg-type]
        return response, b"".join([part async for part in response.aiter_raw()])


@pytest.mark.asyncio(loop_scope="module")
async def test_what_everybody_may_read_is_compressed(quiet_site: Site) -> None:
    plain = (await quiet_site.client.get("/schema.graphql", headers={"accept-encoding": "identity"})).content
    for refusing in ("gzip;q=0", "br, gzip; q=0.000", "identity, gzip;q=0;x=1", "", "gzipped"):
        response, sent = await raw(
            quiet_site, "GET", "/schema.graphql", headers={"accept-encoding": refusing}
        )
        assert "content-encoding" not in response.headers
        assert sent == plain
        assert "accept-encoding" in response.headers["vary"].lower()
    for taking in ("gzip;q=0.5", "br;q=0, gzip", "gzip ; q=1"):
        response, _ = await raw(quiet_site, "GET", "/schema.graphql", headers={"accept-encoding": taking})
        assert response.headers["content-encoding"] == "gzip"
    response, sent = await raw(quiet_site, "GET", "/schema.graphql", headers={"accept-encoding": "br, gzip"})
    assert response.headers["content-encoding"] == "gzip"
    assert gzip.decompress(sent) == plain
    assert len(sent) < len(plain) / 2
    assert int(response.headers["content-length"]) == len(sent)
    assert "accept-encoding" in response.headers["vary"].lower()
    wide = {"query": "{ __schema { types { name description } } }"}
    response, sent = await raw(quiet_site, "POST", "/graphql", json=wide)
    assert response.headers["content-encoding"] == "gzip"
    assert "min-position" in response.headers["vary"].lower()


@pytest.mark.asyncio(loop_scope="module")
async def test_small_answers_go_as_they_are(quiet_site: Site) -> None:
    response, _ = await raw(quiet_site, "POST", "/graphql", json=READ)
    assert "content-encoding" not in response.headers


async def test_nothing_secret_is_compressed(site: Site) -> None:
    """Neither what a viewer reads, nor the token that a mutation may bring."""
    session = await site.tools.accounts.sign_up("ada", "a long pass phrase 77", None, None)
    wide = {"query": "{ __schema { types { name description } } }"}
    headers = {"authorization": f"Bearer {session.token}"}
    response, sent = await raw(site, "POST", "/graphql", json=wide, headers=headers)
    assert "content-encoding" not in response.headers
    assert len(sent) > 5_000
    sign_in = (
        'mutation { signIn(input: {username: "ada", password: "a long pass phrase 77"}) '
        f"{{ ... on SessionPayload {{ token {'x' * 2_000}: __typename }} }} }}"
    )
    response, sent = await raw(site, "POST", "/graphql", json={"query": sign_in})
    assert b'"token":"' in sent
    assert len(sent) > 2_000
    assert "content-encoding" not in response.headers


@pytest.mark.parametrize(
    "origin",
    ["*", "www.example.org", "https://*.example.org", "https://Example.org", "https://a.org/x", "null"],
)
def test_what_is_no_origin_is_told(origin: str) -> None:
    with pytest.raises(SettingsError, match="SHORTSCIENCE_CORS_ORIGINS"):
        Settings.read(cors_origins=f"{FRIEND},{origin}")
