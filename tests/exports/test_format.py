"""The page about the format is true: its example verifies, also by the verifier that stands there."""

import re
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest

from service.eventstore.postgres import PostgresStore
from tests.exports.exported import complete, joined, lines, live, proved, public
from tests.projections.history import World

PAGE = (Path(__file__).parents[2] / "docs" / "export-format.md").read_text("utf-8")


def block(language: str) -> str:
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def by_the_page(data: bytes) -> str:
    """What the page's own verifier says. Errors: CalledProcessError."""
    done = subprocess.run(
        [sys.executable, "-c", block("python")], input=data, capture_output=True, check=True
    )
    return done.stdout.decode()


def test_the_example_holds() -> None:
    data = block("json").encode()
    held = proved(data)
    assert (held.events, held.withheld, held.opened, held.covered) == (3, 1, 1, 3)
    assert by_the_page(data).count(" positions, signed by shortscience/") == 2


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ('"text":"Ada"', '"text":"Adb"'),
        ('"x/y"', '"x/z"'),
        ('"withheld":3', '"withheld":4'),
        (r'"leaf":"\w{4}(\w+","withheld")', r'"leaf":"0000\1'),
        (r'{"leaf":.*"withheld".*\n', ""),
    ],
)
def test_the_pages_verifier_finds_changes(was: str, now: str) -> None:
    changed, count = re.subn(was, now, block("json"))
    assert count == 1
    with pytest.raises(subprocess.CalledProcessError):
        by_the_page(changed.encode())


async def test_it_takes_real_files(
    pool: asyncpg.Pool, store: PostgresStore, world: World, conn: asyncpg.Connection
) -> None:
    """Written from the page alone, it comes to the same."""
    await live(pool, store, world)
    for data in (await complete(conn), await public(conn)):
        assert by_the_page(data).count("\n") == proved(data).checkpoints
        with pytest.raises(subprocess.CalledProcessError):
            by_the_page(joined(lines(data)[:-1]))
