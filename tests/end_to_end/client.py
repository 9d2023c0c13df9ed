"""People at their keyboards: GraphQL over HTTP, as a frontend sends it."""

from dataclasses import dataclass
from typing import Any

import httpx

PASSWORD = "a long enough password"

ERROR = "... on UserError { code message path }"
EXISTING = "... on AlreadyExists { existing { id } }"
SELECTIONS = {
    "signUp": "... on SessionPayload { token position expiresAt user { id username } }",
    "signIn": "... on SessionPayload { token position expiresAt user { id username } }",
    "registerPaper": f"... on PaperPayload {{ position thing: paper {{ id }} }} {EXISTING}",
    "publishSummary": f"... on SummaryPayload {{ position thing: summary {{ id }} }} {EXISTING}",
    "reviseSummary": "... on SummaryPayload { position thing: summary { id } } "
    "... on RevisionConflict { currentRevision }",
    "setSummaryVisibility": "... on SummaryPayload { position thing: summary { id } }",
    "retractSummary": "... on SummaryPayload { position thing: summary { id } }",
    "castVote": "... on VotePayload { position thing: subject { id } }",
    "postComment": "... on CommentPayload { position thing: comment { id } }",
}


def mutation(name: str) -> str:
    """One mutation with what there is to know of its outcome."""
    type_ = f"{name[0].upper()}{name[1:]}Input"
    selection = f"__typename {SELECTIONS[name]} {ERROR}"
    return f"mutation($input: {type_}!) {{ outcome: {name}(input: $input) {{ {selection} }} }}"


def number(position: str) -> int:
    """The place in the log that a Position stands for."""
    return int(position.partition("-")[2])


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, as it came."""

    status: int
    headers: httpx.Headers
    body: Any

    @property
    def data(self) -> Any:
        """Errors: AssertionError when there are any."""
        assert self.status == 200, self.body
        assert "errors" not in self.body, self.body
        return self.body["data"]

    @property
    def codes(self) -> list[str]:
        """Of its errors; empty when it went well."""
        return [error["extensions"]["code"] for error in self.body.get("errors", ())]


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a browser; a visitor without a token."""

    http: httpx.AsyncClient
    token: str | None = None
    id: str = ""

    async def ask(self, query: str, *, min_position: str | None = None, **variables: Any) -> Answer:
        """One request."""
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        if min_position is not None:
            headers["Min-Position"] = min_position
        response = await self.http.post(
            "/graphql", json={"query": query, "variables": variables}, headers=headers
        )
        return Answer(response.status_code, response.headers, response.json())

    async def attempt(self, name: str, **given: Any) -> Answer:
        """A mutation, whatever comes of it."""
        return await self.ask(mutation(name), input=given)

    async def do(self, name: str, **given: Any) -> Any:
        """A mutation that is answered: its outcome or its refusal."""
        return (await self.attempt(name, **given)).data["outcome"]

    async def read(self, query: str, **variables: Any) -> Any:
        """Data, without errors."""
        return (await self.ask(query, **variables)).data

    async def sign_up(self, username: str) -> "Person":
        outcome = await self.do("signUp", username=username, password=PASSWORD)
        assert outcome["__typename"] == "SessionPayload", outcome
        return Person(self.http, outcome["token"], outcome["user"]["id"])

    def at(self, http: httpx.AsyncClient) -> "Person":
        """The same person at another server."""
        return Person(http, self.token, self.id)

    async def paper(self, key: str) -> str:
        outcome = await self.do("registerPaper", fields=paper_fields(key))
        return str(outcome["thing"]["id"])

    async def summary(self, paper: str, body: str, **more: Any) -> str:
        outcome = await self.do("publishSummary", paperId=paper, body=body, **more)
        return str(outcome["thing"]["id"])

    async def comment(self, summary: str, body: str, parent: str | None = None) -> str:
        outcome = await self.do("postComment", summaryId=summary, body=body, parentId=parent)
        return str(outcome["thing"]["id"])


def paper_fields(key: str) -> dict[str, Any]:
    """The least that a paper needs."""
    return {"bibtexKey": key, "title": f"On {key}", "authors": ["Ada Lovelace", "Bob Wiener"]}
