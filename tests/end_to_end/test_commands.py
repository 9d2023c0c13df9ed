"""The other commands, beside a running server and on its data."""

import re
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from service.cli import app
from service.database import connection_pool
from tests.end_to_end.client import Person
from tests.end_to_end.evidence import read_models
from tests.end_to_end.server import dsn_of, run
from tests.importers.repository import Work

NOTE = "Title: FaceNet\nAuthors: Florian Schroff\nLink: http://arxiv.org/abs/1503.03832\n\n"


async def read_models_of(data_dir: Path) -> dict[str, list[str]]:
    async with connection_pool(dsn_of(data_dir)) as pool:
        return await read_models(pool)


def plain(text: str) -> str:
    """Without colours, frames and line breaks."""
    return " ".join(re.sub(r"\x1b\[[0-9;]*m|[│╭╮╰╯─]", "", text).split())


@pytest.mark.parametrize(
    ("command", "teaches"),
    [
        ("", ["serve", "migrate", "rebuild", "import", "SHORTSCIENCE_DATA_DIR", "SHORTSCIENCE_DATABASE_URL"]),
        (
            "serve",
            ["--host", "--port", "--data-dir", "--database-url", "SHORTSCIENCE_PORT", "8000"],
        ),
        ("migrate", ["--data-dir", "--database-url", "up to date"]),
        ("rebuild", ["--data-dir", "--database-url", "beside the live ones"]),
        ("import", ["notes"]),
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
    assert "1 files with 2 revisions, 2 of them new; 1 files refused." in results[0].stdout
    assert "1 files with 2 revisions, 0 of them new; 1 files refused." in results[1].stdout
    query = """{ paper(by: { arxivId: "1503.03832" }) { title summaries { nodes { bodyHtml
        author { ... on User { displayName } } revisions { nodes { number body note } } } } } }"""
    [summary] = (await Person(http).read(query))["paper"]["summaries"]["nodes"]
    assert "<math" in summary["bodyHtml"]
    assert summary["author"] == {"displayName": "Ada"}
    assert summary["revisions"]["nodes"] == [
        {"number": 1, "body": NOTE + "Faces as points.", "note": "Start"},
        {"number": 2, "body": NOTE + "Faces as $x$.", "note": "Formulas"},
    ]


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
    lines = [line for line in result.stderr.splitlines() if line.strip()]
    assert result.returncode == 1
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith("Error: ")
    assert not (tmp_path / "data").exists()
