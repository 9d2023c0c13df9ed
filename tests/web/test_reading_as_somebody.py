"""Who asks, and from which position on: Authorization, Position and Min-Position."""

import asyncio

import pytest

from schema.scalars import log_position
from service.accounts.service import Session
from service.commands.user import SignUp, sign_up
from tests.web.site import Site, body_of
from tests.web.test_requests import error

VIEWER = "{ viewer { username } }"
FEED = "{ feed { totalCount } }"


async def session_of(site: Site) -> Session:
    session = await site.tools.accounts.sign_up("ada", "a long pass phrase 77", None, None)
    assert await site.tools.progress.wait_for(session.position, 20)
    return session


async def test_the_bearer_of_a_token_is_its_user(site: Site) -> None:
    token = (await session_of(site)).token
    for header in (f"Bearer {token}", f"bearer   {token}"):
        response = await site.ask(VIEWER, {"authorization": header})
        assert body_of(response) == {"data": {"viewer": {"username": "ada"}}}
        assert response.headers["cache-control"] == "no-store"


async def test_no_header_is_a_visitor(site: Site) -> None:
    assert body_of(await site.ask(VIEWER)) == {"data": {"viewer": None}}


async def test_a_token_that_is_over_is_no_visitor(site: Site) -> None:
    token = (await session_of(site)).token
    await site.tools.accounts.sign_out(token)
    response = await site.ask(VIEWER, {"authorization": f"Bearer {token}"})
    error(response, 401, "UNAUTHENTICATED", "token")
    assert response.headers["www-authenticate"].startswith("Bearer")


async def test_a_token_that_is_over_does_not_hinder_signing_in_and_out(site: Site) -> None:
    token = (await session_of(site)).token
    await site.tools.accounts.sign_out(token)
    over = {"authorization": f"Bearer {token}"}
    signed_out = await site.ask("mutation { signOut }", over)
    assert (signed_out.status_code, body_of(signed_out)) == (200, {"data": {"signOut": False}})
    signed_in = await site.ask(
        'mutation { signIn(input: {username: "ada", password: "a long pass phrase 77"}) '
        "{ ... on SessionPayload { user { username } } } }",
        over,
    )
    assert body_of(signed_in) == {"data": {"signIn": {"user": {"username": "ada"}}}}


@pytest.mark.parametrize(
    "query",
    [
        "{ __typename }",
        "mutation { signOut __typename }",
        "mutation { signOut { id } }",
        "mutation {",
        "fragment f on Query { __typename }",
        "query a { __typename } query b { __typename }",
    ],
)
@pytest.mark.asyncio(loop_scope="module")
async def test_an_unknown_token_with_anything_else(quiet_site: Site, query: str) -> None:
    error(await quiet_site.ask(query, {"authorization": "Bearer unknown"}), 401, "UNAUTHENTICATED", "token")


@pytest.mark.parametrize("token", ["unknown", "x" * 5_000, "a b", "ss_", "t\u00f6ken"])
@pytest.mark.asyncio(loop_scope="module")
async def test_an_unknown_token(quiet_site: Site, token: str) -> None:
    headers = {"authorization": f"Bearer {token}"}
    response = await quiet_site.client.post("/graphql", json={"query": VIEWER}, headers=_latin(headers))
    error(response, 401, "UNAUTHENTICATED")


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "", "Digest x", "token"])
@pytest.mark.asyncio(loop_scope="module")
async def test_another_scheme(quiet_site: Site, header: str) -> None:
    error(await quiet_site.ask(VIEWER, {"authorization": header}), 401, "UNAUTHENTICATED", "Bearer TOKEN")


async def test_two_tokens(site: Site) -> None:
    token = (await session_of(site)).token
    two = [("authorization", f"Bearer {token}")] * 2
    response = await site.client.post("/graphql", json={"query": VIEWER}, headers=two)
    error(response, 401, "UNAUTHENTICATED", "once")


async def test_answers_carry_the_position_that_they_reflect(site: Site) -> None:
    session = await session_of(site)
    response = await site.ask(FEED)
    assert response.headers["position"] == str(log_position(site.tools.log_id, session.position))
    assert response.json()["extensions"] == {"position": response.headers["position"]}
    for nothing in ("{__typename}", "{viewer{id}}", "mutation{signOut}"):
        assert (await site.ask(nothing)).headers["position"] == response.headers["position"]


async def test_a_read_from_a_position_sees_the_write(site: Site) -> None:
    for number in range(20):
        done = await sign_up(site.acting(), SignUp(f"user{number}"))
        asked = str(log_position(site.tools.log_id, done.position))
        query = f'{{ user(username: "user{number}") {{ username }} }}'
        response = await site.ask(query, {"min-position": asked})
        assert body_of(response) == {"data": {"user": {"username": f"user{number}"}}}
        assert response.headers["position"] >= asked


@pytest.mark.parametrize("value", ["", "7", "-1", "nonsense", "c5814d56-7", "x" * 9_000, "00000000-\u00b2"])
@pytest.mark.asyncio(loop_scope="module")
async def test_a_malformed_position(quiet_site: Site, value: str) -> None:
    response = await quiet_site.client.post(
        "/graphql", json={"query": FEED}, headers=_latin({"min-position": value})
    )
    found = error(response, 400, "INVALID", "Min-Position")
    assert found["extensions"] == {"code": "INVALID", "header": "Min-Position", "reason": "MALFORMED"}


async def test_a_position_of_another_log(site: Site) -> None:
    own = str(log_position(site.tools.log_id, 0))
    other = ("0" if own[0] != "0" else "1") + own[1:]
    response = await site.ask(FEED, {"min-position": other})
    found = error(response, 400, "INVALID", "Min-Position", "another log")
    assert found["extensions"] == {"code": "INVALID", "header": "Min-Position", "reason": "OTHER_LOG"}


async def test_a_position_beyond_the_head_is_an_error_at_once(stuck_site: Site) -> None:
    beyond = str(log_position(stuck_site.tools.log_id, 1))
    found = error(await stuck_site.ask(FEED, {"min-position": beyond}), 400, "INVALID", "beyond the end")
    assert found["extensions"] == {"code": "INVALID", "header": "Min-Position", "reason": "BEYOND_END"}


async def test_two_positions(site: Site) -> None:
    own = ("min-position", str(log_position(site.tools.log_id, 0)))
    response = await site.client.post("/graphql", json={"query": FEED}, headers=[own, own])
    error(response, 400, "INVALID", "several times")


async def test_a_wait_that_runs_out(stuck_site: Site) -> None:
    done = await sign_up(stuck_site.acting(), SignUp("ada"))
    asked = str(log_position(stuck_site.tools.log_id, done.position))
    answers = await asyncio.gather(*(stuck_site.ask(FEED, {"min-position": asked}) for _ in range(3)))
    for response in answers:
        found = error(response, 503, "NOT_YET_VISIBLE")
        assert found["extensions"]["position"] == asked
        assert response.headers["retry-after"] == "1"


def _latin(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    """Header values beyond ASCII, as some clients send them."""
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
