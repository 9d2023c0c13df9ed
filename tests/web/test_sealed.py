"""What the log signs can be fetched and checked by whoever wants to, with nothing but what is served."""

import base64
import gzip
import hashlib
import json

import pytest

from service.domain.events import Visibility
from service.exports.checking import Proved, checked
from service.verification.checkpoints import opened
from service.verification.merkle import leaf_hash, root_of_inclusion, verify_consistency
from service.verification.notes import Verifier
from tests.projections.sealing import seal
from tests.web.site import Site, body_of

PROOF = """
query($id: ID!) { summary(id: $id) { revision(number: 1) { body proof {
  entry salt leafHash leafIndex path checkpoint { note position rootHash keys } } } } }
"""


async def verifiers(site: Site) -> list[Verifier]:
    return [Verifier.from_vkey(key) for key in (await site.client.get("/log/keys")).text.splitlines()]


async def grow(site: Site) -> tuple[str, str]:
    """Ids of a public and of a hidden summary."""
    ada = await site.user("ada")
    paper = await site.paper(ada, "On Engines", "conf/x/Engines")
    public = await site.summary(ada, paper, "It *computes*.\r\n")
    bob = await site.user("bob")
    hidden = await site.summary(bob, paper, "Not yet.", Visibility.PRIVATE)
    return str(public), str(hidden)


async def test_a_text_is_proved_with_what_is_served(site: Site) -> None:
    public, _ = await grow(site)
    await seal(site.tools.pool, site.tools.store)
    node = base64.urlsafe_b64encode(f"Summary:{public}".encode()).decode().rstrip("=")
    answer = await site.ask(PROOF, variables={"id": node})
    revision = answer.json()["data"]["summary"]["revision"]
    proof = revision["proof"]

    entry = json.loads(proof["entry"])
    commitment = entry["data"]["forgettable"]["body"][1]
    assert hashlib.sha256(bytes.fromhex(proof["salt"]) + revision["body"].encode()).hexdigest() == commitment
    leaf = leaf_hash(proof["entry"].encode())
    assert base64.b64encode(leaf).decode() == proof["leafHash"]
    [key] = [Verifier.from_vkey(one) for one in proof["checkpoint"]["keys"]]
    checkpoint = opened(proof["checkpoint"]["note"], key)
    path = [base64.b64decode(one) for one in proof["path"]]
    assert root_of_inclusion(leaf, proof["leafIndex"], checkpoint.size, path) == checkpoint.root
    assert base64.b64encode(checkpoint.root).decode() == proof["checkpoint"]["rootHash"]


async def test_before_it_is_sealed_there_is_no_proof(site: Site) -> None:
    public, _ = await grow(site)
    node = base64.urlsafe_b64encode(f"Summary:{public}".encode()).decode().rstrip("=")
    answer = await site.ask(PROOF, variables={"id": node})
    assert answer.json()["data"]["summary"]["revision"]["proof"] is None
    assert body_of(await site.ask("{ logCheckpoint { note } }")) == {"data": {"logCheckpoint": None}}
    assert (await site.client.get("/log/checkpoint")).status_code == 404


async def test_a_grown_log_is_consistent_with_what_was_seen_before(site: Site) -> None:
    await grow(site)
    await seal(site.tools.pool, site.tools.store)
    before = (await site.client.get("/log/checkpoint")).text
    await site.user("carl")
    await seal(site.tools.pool, site.tools.store)
    after = (await site.client.get("/log/checkpoint")).text
    [key] = await verifiers(site)
    first, second = opened(before, key), opened(after, key)
    assert first.size < second.size
    query = f"/log/proofs/consistency?first={first.size}&second={second.size}"
    proof = [base64.b64decode(one) for one in (await site.client.get(query)).json()["path"]]
    verify_consistency(first.size, second.size, proof, first.root, second.root)
    assert (await site.client.get(f"/log/checkpoint?size={first.size}")).text == before

    position = str(site.tools.log_position(first.size))
    asked = await site.ask(
        "query($since: Position!) { logCheckpoint { consistency(since: $since) } }",
        variables={"since": position},
    )
    written = asked.json()["data"]["logCheckpoint"]["consistency"]
    assert [base64.b64decode(one) for one in written] == proof


async def test_an_event_is_in_a_checkpoint(site: Site) -> None:
    await grow(site)
    await seal(site.tools.pool, site.tools.store)
    [key] = await verifiers(site)
    checkpoint = opened((await site.client.get("/log/checkpoint")).text, key)
    for position in range(1, checkpoint.size + 1):
        found = await site.client.get(f"/log/proofs/inclusion?position={position}&size={checkpoint.size}")
        leaf = base64.b64decode(found.json()["leaf"])
        path = [base64.b64decode(one) for one in found.json()["path"]]
        assert root_of_inclusion(leaf, position - 1, checkpoint.size, path) == checkpoint.root


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/log/proofs/inclusion?position=0&size=1", "position, a whole number from 1"),
        ("/log/proofs/inclusion?position=1", "size, a whole number from 1"),
        ("/log/proofs/inclusion?position=6&size=5", "Position 6 is not one of the first 5"),
        ("/log/proofs/inclusion?position=1&size=999999999", "There is no such proof"),
        ("/log/proofs/consistency?first=3&second=2", "The first 3 positions are more than the first 2"),
        ("/log/checkpoint?size=x", "size, a whole number from 1"),
    ],
)
async def test_what_cannot_be_proved_is_told(quiet_site: Site, address: str, told: str) -> None:
    answer = await quiet_site.client.get(address)
    assert answer.status_code == 400
    assert told in answer.json()["errors"][0]["message"]


async def test_a_summary_is_downloaded_with_its_proofs(site: Site) -> None:
    public, hidden = await grow(site)
    assert (await site.client.get(f"/summaries/{public}/events.jsonl.gz")).status_code == 503
    await seal(site.tools.pool, site.tools.store)
    answer = await site.client.get(f"/summaries/{public}/events.jsonl.gz")
    assert answer.headers["content-type"] == "application/gzip"
    lines = gzip.decompress(answer.content).splitlines(keepends=True)
    assert any("It *computes*." in line.decode() for line in lines)
    outside = (await site.client.get("/log/checkpoint")).text
    *_, proved = checked(lines, await verifiers(site), outside)
    assert isinstance(proved, Proved)
    assert (await site.client.get(f"/summaries/{hidden}/events.jsonl.gz")).status_code == 404
