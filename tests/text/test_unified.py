"""Unified differences: `patch` and `git apply` make the next text of them, byte for byte."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.text.unified import unified
from tests.text.edits import TEXTS, revisions

PROGRAMS = {
    "patch": ["patch", "--silent", "--fuzz=0", "text"],
    "git": ["git", "apply", "--whitespace=nowarn"],
}
some_programs = settings(max_examples=60)


def apply(program: str, folder: Path, patch: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"no {program} here: it does not read our patches")
    env = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    done = subprocess.run(
        PROGRAMS[program], input=patch.encode(), cwd=folder, env=env, capture_output=True, check=False
    )
    assert done.returncode == 0, (done.stdout, done.stderr, patch)


def applied(program: str, folder: Path, before: str | None, patch: str) -> str:
    """What the program makes of a text; of no text, without a file to begin with."""
    file = folder / "text"
    file.unlink(missing_ok=True)
    if before is not None:
        file.write_bytes(before.encode())
    apply(program, folder, patch)
    return file.read_bytes().decode()


@pytest.mark.parametrize("program", PROGRAMS)
@some_programs
@given(revisions() | st.tuples(TEXTS, TEXTS) | st.tuples(st.none(), TEXTS))
def test_the_next_text_comes_out(program: str, tmp_path: Path, texts: tuple[str | None, str]) -> None:
    before, after = texts
    patch = unified(before, after, "a/text", "b/text")
    if (before or "") == after:
        assert patch == ""
    else:
        assert applied(program, tmp_path, before, patch) == after


@some_programs
@given(name=st.text(st.characters(exclude_categories=["Cs"])))
def test_no_name_breaks_it(tmp_path: Path, name: str) -> None:
    patch = unified("a\r\nb\n", "a\r\nc", f"a/{name}", f"b/{name}")
    assert patch.split("\n")[2:] == [
        "@@ -1,2 +1,2 @@",
        " a\r",
        "-b",
        "+c",
        "\\ No newline at end of file",
        "",
    ]
    assert applied("patch", tmp_path, "a\r\nb\n", patch) == "a\r\nc"


@pytest.mark.parametrize(
    "name", ["text", "two words", 'qu"ote', "back\\slash", "line\nend", "tab\t", "naïve", "\x01"]
)
def test_names_are_read_again(tmp_path: Path, name: str) -> None:
    """git apply finds the file by the name in the patch."""
    (tmp_path / name).write_bytes(b"old")
    apply("git", tmp_path, unified("old", "new", f"a/{name}", f"b/{name}"))
    assert (tmp_path / name).read_bytes() == b"new"


def test_hunks_have_three_lines_around_and_join_when_they_touch() -> None:
    lines = [f"{k}\n" for k in range(1, 31)]
    changed = ["new\n" if k in (5, 12, 20) else line for k, line in enumerate(lines, 1)]
    assert unified("".join(lines), "".join(changed), "a", "b") == (
        "--- a\n+++ b\n"
        "@@ -2,14 +2,14 @@\n 2\n 3\n 4\n-5\n+new\n 6\n 7\n 8\n 9\n 10\n 11\n-12\n+new\n 13\n 14\n 15\n"
        "@@ -17,7 +17,7 @@\n 17\n 18\n 19\n-20\n+new\n 21\n 22\n 23\n"
    )


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, "a\n", "--- /dev/null\n+++ b\n@@ -0,0 +1,1 @@\n+a\n"),
        ("", "a", "--- a\n+++ b\n@@ -0,0 +1,1 @@\n+a\n\\ No newline at end of file\n"),
        ("a\n", "", "--- a\n+++ b\n@@ -1,1 +0,0 @@\n-a\n"),
        ("a", "a\n", "--- a\n+++ b\n@@ -1,1 +1,1 @@\n-a\n\\ No newline at end of file\n+a\n"),
        ("a\x0cb\u2028c\rd\n", "a\n", "--- a\n+++ b\n@@ -1,1 +1,1 @@\n-a\x0cb\u2028c\rd\n+a\n"),
        ("a\n", "a\n", ""),
        (None, "", ""),
    ],
)
def test_the_form(before: str | None, after: str, expected: str) -> None:
    assert unified(before, after, "a", "b") == expected


def test_long_texts_that_share_nothing_in_order_are_replaced() -> None:
    before = "".join(f"{k % 7}\n" for k in range(30_000))
    after = "".join(f"{k % 5}\n" for k in range(30_000))
    assert unified(before, after, "a", "b").count("\n+") > 20_000
