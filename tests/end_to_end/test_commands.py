"""The other commands, beside a running server and on its data."""

import asyncio
import re
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from service.cli import app
from service.database import connection_pool
from service.settings import Settings
from tests.end_to_end.client import Person
from tests.end_to_end.evidence import projected, read_models
from tests.end_to_end.server import dsn_of, run
from tests.importers.repository import Work

NOTE = "Title: FaceNet\nAuthors: Florian Schroff\nLink: http://arxiv.org/abs/1503.03832\n\n"


VARIABLES = [f"SHORTSCIENCE_{name.upper()}" for name in Settings.model_fields]


async def read_models_of(data_dir: Path) -> dict[str, list[str]]:
    async with connection_pool(dsn_of(data_dir)) as pool:
        return await read_models(pool)


async def projected_in(data_dir: Path) -> None:
    """Wait until the server shows what another process has written."""
    async with connection_pool(dsn_of(data_dir)) as pool:
        await projected(pool)


def plain(text: str) -> str:
    """Without colours, frames and line breaks."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m|[│╭╮╰╯─]", "", text).split())


@pytest.mark.parametrize(
    ("command", "teaches"),
    [
        ("", ["serve", "migrate", "rebuild", "import", "SHORTSCIENCE_DATA_DIR", "SHORTSCIENCE_DATABASE_URL"]),
        (
            "serve",
            ["--host", "--port", "--data-dir", "--database-url", "SHORTSCIENCE_PORT", "8000", *VARIABLES],
        ),
        ("migrate", ["--data-dir", "--database-url", "up to date"]),
        ("rebuild", ["--data-dir", "--database-url", "beside the live ones"]),
        ("import", ["notes", "bibtex"]),
        ("import bibtex", ["BibTeX files; - is the standard input", "--data-dir", "FILE:LINE: KEY: reason"]),
        ("import notes", ["A Git repository", "--ref", "--data-dir", "Markdown", "Run it again"]),
    ],
)
def test_help_teaches(command: str, teaches: list[str]) -> None:
    result = CliRunner().invoke(app, [*command.split(), "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    for word in teaches:
        assert word in plain(result.output)


def test_the_program_itself_answers() -> None:
    result = run("--help")
    assert result.returncode == 0
    assert "serve" in result.stdout


def test_migrate_beside_a_running_server_changes_nothing(
    http: httpx.AsyncClient, shared_data_dir: Path
) -> None:
    result = run("migrate", "--data-dir", shared_data_dir)
    assert (result.returncode, result.stdout) == (0, "The database was up to date already.\n")


async def test_notes_are_imported_beside_a_running_server(
    http: httpx.AsyncClient, shared_data_dir: Path, tmp_path: Path
) -> None:
    work = Work(tmp_path / "notes")
    work.save("facenet.md", NOTE + "Faces as points.", "Start")
    work.save("facenet.md", NOTE + "Faces as $x$.", "Formulas")
    work.save("shopping.md", "Milk.", "Not a note")

    results = [run("import", "notes", work.path, "--data-dir", shared_data_dir) for _ in range(2)]

    assert [result.returncode for result in results] == [0, 0], results
    assert "Refused shopping.md" in results[0].stdout + results[0].stderr
    assert "1 file with 2 revisions, 2 of them new; 1 file refused." in results[0].stdout
    assert "1 file with 2 revisions, 0 of them new; 1 file refused." in results[1].stdout
    await projected_in(shared_data_dir)
    query = """{ paper(by: { arxivId: "1503.03832" }) { title summaries { nodes { bodyHtml
        author { ... on User { displayName } } revisions { nodes { number body note } } } } } }"""
    [summary] = (await Person(http).read(query))["paper"]["summaries"]["nodes"]
    assert "<math" in summary["bodyHtml"]
    assert summary["author"] == {"displayName": "Ada"}
    assert summary["revisions"]["nodes"] == [
        {"number": 1, "body": NOTE + "Faces as points.", "note": "Start"},
        {"number": 2, "body": NOTE + "Faces as $x$.", "note": "Formulas"},
    ]


BAD = """
@article{no-title-%s, author = {Ada Lovelace}, year = 2001}
@article{[red]twice, title = {One}, author = {Ada}}
@article{[red]twice, title = {Other}, author = {Ada}}
"""


def test_bibtex_files_are_imported_beside_a_running_server(
    http: httpx.AsyncClient, shared_data_dir: Path, tmp_path: Path
) -> None:
    many, bad = tmp_path / "many.bib", tmp_path / f"{'long' * 40}.bib"
    many.write_text("".join(bibtex_entry(n) for n in range(2_000)))
    bad.write_text(BAD % ("x" * 100))

    command = ("import", "bibtex", many, bad, "--data-dir", shared_data_dir)
    first, second = run(*command), run(*command)

    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert first.stdout == "2,003 entries: 2,001 registered, 0 known, 2 refused.\n"
    assert second.stdout == "2,003 entries: 0 registered, 2,001 known, 2 refused.\n"
    untitled, twice = first.stderr.splitlines()
    assert untitled.startswith(f"{bad}:2: no-title-{'x' * 100}: ")
    assert twice.startswith(f"{bad}:4: [red]twice: ")


def bibtex_entry(n: int) -> str:
    doi = f"10.1000/many.{n}"
    return f"@article{{many{n}, title = {{Paper {n}}}, author = {{Lovelace, Ada}}, doi = {{{doi}}}}}\n"


async def test_bibtex_comes_by_the_standard_input(http: httpx.AsyncClient, shared_data_dir: Path) -> None:
    result = await asyncio.to_thread(
        run, "import", "bibtex", "-", "--data-dir", shared_data_dir, given=bibtex_entry(5_000)
    )
    assert result.stdout == "1 entry: 1 registered, 0 known, 0 refused.\n"
    await projected_in(shared_data_dir)
    found = await Person(http).read('{ paper(by: { bibtexKey: "many5000" }) { title } }')
    assert found == {"paper": {"title": "Paper 5000"}}


@pytest.mark.parametrize(("name", "content"), [("latin.bib", b"caf\xe9"), ("absent.bib", None)])
def test_a_file_that_cannot_be_read_is_told_in_one_line(
    tmp_path: Path, name: str, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = run("import", "bibtex", tmp_path / name, "--data-dir", tmp_path / "data")
    [line] = result.stderr.splitlines()
    assert result.returncode == 1
    assert line.startswith(f"Error: {tmp_path / name} ")
    assert not (tmp_path / "data").exists()


async def test_rebuild_beside_a_running_server_leaves_readers_and_writers_alone(
    http: httpx.AsyncClient, shared_data_dir: Path
) -> None:
    ada = await Person(http).sign_up("ada-rebuilds")
    summary = await ada.summary(await ada.paper("rebuilt"), "Before.")
    before = await read_models_of(shared_data_dir)

    result = run("rebuild", "--data-dir", shared_data_dir)

    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith("The read models are those of position ")
    assert await read_models_of(shared_data_dir) == before
    await ada.comment(summary, "After.")
    query = "query($id: ID!) { summary(id: $id) { body comments { nodes { body } } } }"
    assert (await ada.read(query, id=summary))["summary"] == {
        "body": "Before.",
        "comments": {"nodes": [{"body": "After."}]},
    }


def test_a_place_that_is_no_repository_is_told_in_one_line(tmp_path: Path) -> None:
    result = run("import", "notes", tmp_path, "--data-dir", tmp_path / "data")
    [line] = result.stderr.splitlines()
    assert result.returncode == 1
    assert line.startswith("Error: ")
    assert not (tmp_path / "data").exists()
