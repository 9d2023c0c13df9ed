"""Operations made from the schema at random: each is answered, and never with a fault of ours."""

import asyncio
from collections import Counter
from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.graphql import nodes

from tests.web.site import running_site

SDL = Path("schema/schema.graphql")
DATES = st.dates().map(lambda date: nodes.String(date.isoformat())) | st.text().map(nodes.String)
PLACES = st.from_regex(r"\A[0-9a-f]{8}-[0-9]{26}\Z").map(nodes.String) | st.text().map(nodes.String)


def ask_at_random(url: str) -> Counter[str]:
    """Ask every field of Query and Mutation at random; how often each was answered with data."""
    schemathesis.graphql.scalar("Date", DATES)
    schemathesis.graphql.scalar("Position", PLACES)
    schema = schemathesis.graphql.from_path(SDL)
    answered: Counter[str] = Counter()
    for found in schema.get_all_operations():
        operation = found.ok()
        answers: list[bool] = []
        _ask(url, operation, answers)
        answered[operation.label] = sum(answers)
    return answered


def _ask(url: str, operation: schemathesis.APIOperation, answers: list[bool]) -> None:
    @settings(
        max_examples=12,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        response = case.call(base_url=f"{url}/graphql")
        answer = response.json()
        codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
        assert response.status_code < 500, answer
        assert "INTERNAL" not in codes, answer
        assert "data" in answer or codes, answer
        answers.append(bool(answer.get("data")))

    ask()


async def test_no_operation_of_the_schema_meets_a_fault_of_ours(database_url: str) -> None:
    async with running_site(database_url) as site:
        answered = await asyncio.to_thread(ask_at_random, site.url)
    assert {"Query.paper", "Query.venue", "Mutation.registerPaper", "Mutation.postComment"} <= answered.keys()
    assert sum(count > 0 for count in answered.values()) > 10  # not all of them are refused outright
