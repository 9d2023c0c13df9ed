"""Registering papers."""

from dataclasses import dataclass
from uuid import UUID

from service.commands.context import Context, Decision, Done, execute
from service.domain import paper
from service.domain.errors import DomainError, NotFound
from service.domain.limits import Path
from service.domain.paper import Paper, PaperFields
from service.eventstore.model import Claim

__all__ = ["PaperFields", "RegisterPaper", "paper_of", "register_paper"]


@dataclass(frozen=True, slots=True)
class RegisterPaper:
    fields: PaperFields
    idempotency_key: str | None = None


async def register_paper(ctx: Context, command: RegisterPaper) -> Done:
    """Register a paper under all its identifiers; Done.id is the paper.

    Errors: Unauthenticated, Invalid, ExistsAlready (an identifier is known), KeyReused.
    """
    ctx.signed_in()
    paper_id = ctx.new_id()

    async def decide() -> Decision:
        (registered,) = paper.decide_register(paper_id, command.fields)
        takes = tuple(Claim(key, paper_id) for key in paper.claim_keys(registered))
        return Decision(paper_id, (registered,), takes)

    def refuse(key: str, owner: UUID) -> DomainError:
        (registered,) = paper.decide_register(paper_id, command.fields)
        return paper.exists_already(owner, paper.claim_keys(registered)[key])

    return await execute(ctx, command, decide, refuse)


async def paper_of(ctx: Context, paper_id: UUID, path: Path) -> Paper:
    """Errors: NotFound for what is not a paper."""
    recorded = await ctx.store.load(paper_id, contents="none")
    found = paper.paper_from(item.event for item in recorded)
    if found is None:
        raise NotFound(f"There is no paper with this {path[-1]}.", path=path)
    return found
