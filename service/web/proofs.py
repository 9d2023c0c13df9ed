"""What shows that nobody has tampered with the log, in words for people."""

import json

from starlette.requests import Request
from starlette.responses import Response

from projections import log_keys
from projections.proof import ProofRow
from projections.revision import RevisionRow
from projections.tree_reader import CheckpointRow, latest_checkpoint
from schema.context import Operation
from schema.verification import written
from service.verification.merkle import leaf_hash
from service.web import parts
from service.web.layout import page
from service.web.markup import NOTHING, Html, fill, joined, page_part

NOT_SEALED = Html(
    "<p>The log has taken it, but has not signed it yet. That takes a moment: load this page again.</p>"
)
NO_SALT = "It was destroyed with the text: who guesses the text cannot even check the guess."


async def proof_of(operation: Operation, revision: RevisionRow, *, downloadable: bool) -> Html:
    """How to check that the log has held a revision's text since it was recorded."""
    row: ProofRow | None = await operation.loaders.proof.load((revision.position, revision.body_payload))
    if row is None:
        return NOT_SEALED
    place = {"summary": revision.summary_id, "position": revision.position, "size": row.checkpoint.size}
    return page_part(
        "proof.html",
        at=parts.when(revision.recorded_at),
        position=f"{revision.position:,}",
        size=f"{row.checkpoint.size:,}",
        signed=parts.when(row.checkpoint.signed_at),
        witnesses=witnessed(row.checkpoint),
        commitment=_commitment(row),
        salt=NO_SALT if row.salt is None else row.salt.hex(),
        leaf=written(leaf_hash(row.entry)),
        origin=row.checkpoint.origin,
        root=written(row.checkpoint.root),
        entry=row.entry.decode(),
        path=f"/log/proofs/inclusion?position={revision.position}&size={row.checkpoint.size}",
        checkpoint=f"/log/checkpoint?size={row.checkpoint.size}",
        file=page_part("proof_file.html", **place) if downloadable else NOTHING,
    )


def _commitment(row: ProofRow) -> str:
    """What the event holds in place of the text."""
    return str(json.loads(row.entry)["data"]["forgettable"]["body"][1])


def witnessed(checkpoint: CheckpointRow) -> str:
    """How many others have seen the log grow up to there, and signed that it did not change."""
    number = checkpoint.cosignatures
    return "" if not number else f" {parts.plural(number, 'witness has', 'witnesses have')} cosigned it."


async def log_page(operation: Operation, _request: Request) -> Response:
    """What is signed, by whom, and how to check it."""
    session, witnesses = operation.session, operation.tools.witnesses
    checkpoint = await latest_checkpoint(session, witnesses)
    main = page_part(
        "log.html",
        newest=_newest(checkpoint),
        keys=_listed(await log_keys.keys(session)),
        witnesses=_witnesses(witnesses),
    )
    return page("The log, signed", main)


def _newest(checkpoint: CheckpointRow | None) -> Html:
    if checkpoint is None:
        return Html(
            "<p>Nothing is signed yet: the first checkpoint comes a moment after the first event.</p>"
        )
    return page_part(
        "newest.html",
        size=f"{checkpoint.size:,}",
        at=parts.when(checkpoint.signed_at),
        time=f"{checkpoint.signed_at:%H:%M:%S}",
        witnesses=witnessed(checkpoint),
        note=checkpoint.note,
    )


def _listed(keys: list[str]) -> Html:
    if not keys:
        return Html("<p>There is none yet.</p>")
    items = joined(fill("<li><code>{key}</code></li>", key=key) for key in keys)
    return fill('<ul class="keys">{items}</ul>', items=items)


def _witnesses(keys: tuple[str, ...]) -> Html:
    if keys:
        return _listed(list(keys))
    return Html("<p>Nobody is asked to cosign it at present. Keep a checkpoint: then you are one.</p>")
