"""Asking the API as one person or another."""

from dataclasses import dataclass, field
from typing import Any

import strawberry
from strawberry.types.execution import ExecutionResult

from schema.context import Context, Tools, open_context

REFUSAL = "__typename ... on UserError { code message path }"
CONFLICT = "... on RevisionConflict { currentRevision }"
EXISTS = "... on AlreadyExists { existing { __typename id } }"
SUMMARY = f"{{ ... on SummaryPayload {{ position summary {{ id }} }} {REFUSAL} {CONFLICT} {EXISTS} }}"
REDACTED = "... on RedactionPayload { position summary { id } revision { number } copies { number } }"
REDACTION = f"{{ {REDACTED} {REFUSAL} }}"
COMMENT = f"{{ ... on CommentPayload {{ position comment {{ id }} }} {REFUSAL} }}"
VOTE = f"{{ ... on VotePayload {{ position subject {{ id score {{ net viewerVote }} }} }} {REFUSAL} }}"
PAPER = f"{{ ... on PaperPayload {{ position paper {{ id }} }} {REFUSAL} {EXISTS} }}"
SESSION = (
    f"{{ ... on SessionPayload {{ position token expiresAt user {{ id username }} }} {REFUSAL} {EXISTS} }}"
)

MUTATIONS = {
    "signUp": ("SignUpInput", SESSION),
    "signIn": ("SignInInput", SESSION),
    "registerPaper": ("RegisterPaperInput", PAPER),
    "publishSummary": ("PublishSummaryInput", SUMMARY),
    "reviseSummary": ("ReviseSummaryInput", SUMMARY),
    "restoreRevision": ("RestoreRevisionInput", SUMMARY),
    "redactRevision": ("RedactRevisionInput", REDACTION),
    "retractSummary": ("RetractSummaryInput", SUMMARY),
    "setSummaryVisibility": ("SetSummaryVisibilityInput", SUMMARY),
    "postComment": ("PostCommentInput", COMMENT),
    "editComment": ("EditCommentInput", COMMENT),
    "removeComment": ("RemoveCommentInput", COMMENT),
    "castVote": ("CastVoteInput", VOTE),
    "withdrawVote": ("WithdrawVoteInput", VOTE),
}


@dataclass
class Api:
    """A visitor; `person` gives somebody who signed up."""

    schema: strawberry.Schema
    tools: Tools
    token: str | None = None
    id: str = ""
    context: Context = field(init=False)  # of the last request

    async def ask(self, query: str, **variables: Any) -> ExecutionResult:
        """A request, with whatever comes of it."""
        self.context = await open_context(self.tools, token=self.token)
        return await self.schema.execute(query, variables, self.context)

    async def read(self, query: str, **variables: Any) -> Any:
        """The data of a request that goes well."""
        result = await self.ask(query, **variables)
        assert result.errors is None, result.errors
        return result.data

    async def refused(self, query: str, **variables: Any) -> Any:
        """The one error of a request."""
        result = await self.ask(query, **variables)
        assert result.errors is not None
        [error] = result.errors
        return error.formatted

    async def do(self, mutation: str, **input: Any) -> Any:
        """The outcome of a mutation, refusals among them."""
        type_, selection = MUTATIONS[mutation]
        data = await self.read(
            f"mutation ($input: {type_}!) {{ outcome: {mutation}(input: $input) {selection} }}", input=input
        )
        return data["outcome"]

    async def person(self, username: str) -> "Api":
        outcome = await self.do("signUp", username=username, password="a long enough password")
        return Api(self.schema, self.tools, outcome["token"], outcome["user"]["id"])

    async def paper(self, key: str, **fields: Any) -> str:
        given = {"bibtexKey": key, "title": f"On {key}", "authors": ["Ada", "Bob"], **fields}
        outcome = await self.do("registerPaper", fields=given)
        return str(outcome["paper"]["id"])

    async def summary(
        self, paper: str, body: str = "A text.", visibility: str = "PUBLIC", *, anonymous: bool = False
    ) -> str:
        outcome = await self.do(
            "publishSummary", paperId=paper, body=body, visibility=visibility, anonymous=anonymous
        )
        return str(outcome["summary"]["id"])

    async def comment(self, summary: str, body: str = "Well said.", parent: str | None = None) -> str:
        outcome = await self.do("postComment", summaryId=summary, body=body, parentId=parent)
        return str(outcome["comment"]["id"])
