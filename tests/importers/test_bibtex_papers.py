"""BibTeX files imported into a real log."""

from service.commands.context import Context
from service.domain.events import PaperRegistered
from service.importers.bibtex import RefusedEntry, parse_bibtex
from service.importers.bibtex_papers import ImportedPaper, import_bibtex

SOURCE = r"""
@article{journals/corr/SchroffKP15, author = {Florian Schroff and Dmitry Kalenichenko}, title = {{FaceNet}},
  journal = {CoRR}, volume = {abs/1503.03832}, year = {2015}}
@misc{nothing, note = {no title}}
@inproceedings{conf/cvpr/HeZRS16, author = {Kaiming He}, title = {Deep Residual Learning},
  booktitle = {CVPR}, year = 2016, doi = {10.1109/CVPR.2016.90}}
"""


async def imported(ctx: Context, source: str) -> list[ImportedPaper | RefusedEntry]:
    return [item async for item in import_bibtex(ctx, parse_bibtex(source))]


async def test_papers_are_registered_once_and_refusals_name_their_line(ctx: Context) -> None:
    first, refused, second = await imported(ctx, SOURCE)
    assert isinstance(first, ImportedPaper)
    assert isinstance(second, ImportedPaper)
    assert isinstance(refused, RefusedEntry)
    assert (first.new, second.new, refused.line) == (True, True, 4)
    papers = [r.event for r in await ctx.store.read(0, 100) if isinstance(r.event, PaperRegistered)]
    assert {(p.bibtex_key, p.arxiv_id, p.doi, p.venue_key) for p in papers} == {
        ("journals/corr/SchroffKP15", "1503.03832", None, "journals/corr"),
        ("conf/cvpr/HeZRS16", None, "10.1109/cvpr.2016.90", "conf/cvpr"),
    }

    head = await ctx.store.head()
    again = await imported(ctx, SOURCE)
    assert [(i.paper_id, i.new) for i in again if isinstance(i, ImportedPaper)] == [
        (first.paper_id, False),
        (second.paper_id, False),
    ]
    assert await ctx.store.head() == head


async def test_another_key_for_a_known_identifier_is_the_same_paper(ctx: Context) -> None:
    [first] = await imported(
        ctx, "@misc{a, title={T}, author={A B}, eprint={1503.03832}, archiveprefix={arXiv}}"
    )
    [other] = await imported(
        ctx, "@misc{b, title={T}, author={A B}, url={https://arxiv.org/abs/1503.03832v2}}"
    )
    assert isinstance(first, ImportedPaper)
    assert isinstance(other, ImportedPaper)
    assert (other.paper_id, other.new) == (first.paper_id, False)
