"""Which revisions of a summary repeat the words of one of them."""

from uuid import UUID

from schema.context import Operation
from schema.fields import given
from service.domain import limits
from service.domain.limits import Path
from service.domain.policy import is_own
from service.text.copies import copies, holding


def wanted_words(words: str | None, path: Path) -> str | None:
    """The argument `words`; None when it was left out. Errors: Invalid for a text that is none."""
    asked = given(words)
    return None if asked is None else limits.text(asked, limits.BODY, path, optional=True)


async def copies_of(operation: Operation, summary_id: UUID, number: int, words: str | None) -> list[int]:
    """Numbers of the revisions that repeat a revision, while its text is there; for its author alone."""
    summary = await operation.loaders.summary.load(summary_id)
    if summary is None or not is_own(operation.viewer, summary.author_id):
        return []
    operation.bench.enter()
    texts = await _near(operation, summary_id, number)
    return await _found(operation, texts, number, texts.get(number), words)


async def copies_left(
    operation: Operation, summary_id: UUID, number: int, text: str | None, words: str | None
) -> list[int]:
    """The same for the text that it had; the operation reads what is there now. None: nobody knows it."""
    operation.bench.enter(anyway=True)  # the text is gone: whoever asks again is told nothing
    return await _found(operation, await _near(operation, summary_id, number), number, text, words)


async def _near(operation: Operation, summary_id: UUID, number: int) -> dict[int, str]:
    """The texts that survive, of the nearest revisions, by number."""
    near = await operation.loaders.survivors_near.load((summary_id, number))
    found = await operation.loaders.source.load_many([version.payload for version in near])
    return {version.number: text for version, text in zip(near, found, strict=True) if text is not None}


async def _found(
    operation: Operation, texts: dict[int, str], number: int, text: str | None, words: str | None
) -> list[int]:
    if words is not None:
        return await operation.bench.work(holding, texts, number, words)
    return [] if text is None else await operation.bench.work(copies, {**texts, number: text}, number)
