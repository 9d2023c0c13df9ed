"""Histories read from small repositories that real git makes."""

import os
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.importers.git_history import FileHistory, GitError, read_histories, resolve_ref
from tests.importers.repository import Work

LINES = [f"line {number} of a note that is long enough to be known again\n" for number in range(30)]
NOTE = "".join(LINES)


def texts(history: FileHistory) -> list[str]:
    return [revision.text for revision in history.revisions]


def commits(history: FileHistory) -> list[str]:
    return [revision.commit for revision in history.revisions]


def test_each_commit_that_changed_a_text_is_a_revision_oldest_first(work: Work) -> None:
    first = work.save("a.md", "one\n", "Add a\n\nWith a reason.\n")
    work.save("b.md", "other\n")
    third = work.save("a.md", "two\n", "Correct a")
    history = work.history("a.md")
    assert texts(history) == ["one\n", "two\n"]
    assert commits(history) == [first, third]
    revision = history.revisions[0]
    assert (revision.author_name, revision.author_email) == ("Ada", "ada@example.org")
    assert revision.authored_at == datetime(1970, 1, 2, tzinfo=UTC)
    assert revision.authored_at.utcoffset() is not None
    assert revision.message == "Add a\n\nWith a reason."
    assert [item.path for item in read_histories(work.path)] == ["a.md", "b.md"]


def test_a_change_of_mode_or_of_the_name_alone_is_no_revision(work: Work) -> None:
    first = work.save("old name.md", NOTE)
    work.git("update-index", "--chmod=+x", "old name.md")
    work.git("commit", "-q", "-m", "mode")
    work.git("mv", "old name.md", "new.md")
    work.git("commit", "-q", "-m", "name")
    history = work.history("new.md")
    assert commits(history) == [first]
    assert history.revisions[0].path == "old name.md"


def test_a_rename_with_a_change_goes_on_under_the_old_name(work: Work) -> None:
    work.save("a.txt", NOTE)
    work.git("mv", "a.txt", "b.md")
    work.save("b.md", NOTE + "more\n")
    work.git("mv", "b.md", "c.md")
    work.save("c.md", NOTE + "more\nand more\n")
    history = work.history("c.md")
    assert [revision.path for revision in history.revisions] == ["a.txt", "b.md", "c.md"]
    assert texts(history) == [NOTE, NOTE + "more\n", NOTE + "more\nand more\n"]


def test_a_name_taken_over_by_another_file_keeps_the_two_histories_apart(work: Work) -> None:
    work.save("a.md", NOTE)
    work.git("mv", "a.md", "b.md")
    work.commit("a becomes b")
    work.save("a.md", "quite another text\n")
    assert texts(work.history("a.md")) == ["quite another text\n"]
    assert texts(work.history("b.md")) == [NOTE]


def test_a_chain_of_names_in_one_commit(work: Work) -> None:
    first, second = NOTE, NOTE.replace("line", "verse")
    work.write("a.md", first)
    work.save("b.md", second)
    work.git("mv", "b.md", "c.md")
    work.git("mv", "a.md", "b.md")
    work.commit("a to b, b to c")
    assert work.history("b.md").revisions[-1].text == first
    assert work.history("c.md").revisions[-1].text == second


def test_a_deleted_file_is_not_read_and_one_that_came_back_keeps_its_past(work: Work) -> None:
    first = work.save("a.md", "one\n")
    work.save("gone.md", "gone\n")
    (work.path / "a.md").unlink()
    (work.path / "gone.md").unlink()
    work.commit("delete")
    work.save("other.md", "other\n")
    third = work.save("a.md", "two\n")
    assert commits(work.history("a.md")) == [first, third]
    assert [item.path for item in read_histories(work.path)] == ["a.md", "other.md"]


def test_a_file_that_came_back_with_the_same_text_has_one_revision(work: Work) -> None:
    first = work.save("a.md", "one\n")
    (work.path / "a.md").unlink()
    work.commit("delete")
    work.save("a.md", "one\n")
    assert commits(work.history("a.md")) == [first]


def test_an_older_text_that_returns_is_a_revision(work: Work) -> None:
    for text in ("one\n", "two\n", "one\n"):
        work.save("a.md", text)
    assert texts(work.history("a.md")) == ["one\n", "two\n", "one\n"]


def test_a_branch_merged_as_it_is_keeps_its_commits(work: Work) -> None:
    base = work.save("a.md", "base\n")
    work.git("checkout", "-q", "-b", "side")
    side = [work.save("a.md", "side 1\n"), work.save("a.md", "side 2\n")]
    work.git("checkout", "-q", "main")
    work.save("b.md", "main\n")
    work.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    assert commits(work.history("a.md")) == [base, *side]
    assert texts(work.history("b.md")) == ["main\n"]


def test_a_merge_that_mixed_two_texts_is_one_revision_after_the_first_parent(work: Work) -> None:
    base = work.save("a.md", NOTE)
    work.git("checkout", "-q", "-b", "side")
    work.save("a.md", NOTE + "side\n")
    work.git("checkout", "-q", "main")
    main = work.save("a.md", "main\n" + NOTE)
    work.git("merge", "-q", "-m", "merge", "side")
    merge = work.git("rev-parse", "HEAD")
    history = work.history("a.md")
    assert commits(history) == [base, main, merge]
    assert texts(history)[-1] == "main\n" + NOTE + "side\n"


def test_a_merge_of_unrelated_histories(work: Work) -> None:
    work.save("a.md", "a\n")
    work.git("checkout", "-q", "--orphan", "other")
    work.git("rm", "-q", "-f", "a.md")
    work.save("b.md", "b\n")
    work.save("b.md", "b again\n")
    work.git("checkout", "-q", "main")
    work.git("merge", "-q", "--allow-unrelated-histories", "-m", "merge", "other")
    assert texts(work.history("a.md")) == ["a\n"]
    assert texts(work.history("b.md")) == ["b\n", "b again\n"]


def test_times_out_of_order_stay_as_claimed_and_the_order_is_of_the_commits(work: Work) -> None:
    work.save("a.md", "one\n", GIT_AUTHOR_DATE="1600000000 -0700")
    work.save("a.md", "two\n", GIT_AUTHOR_DATE="1500000000 +0530", GIT_COMMITTER_DATE="1400000000 +0000")
    history = work.history("a.md")
    assert texts(history) == ["one\n", "two\n"]
    assert [int(revision.authored_at.timestamp()) for revision in history.revisions] == [
        1600000000,
        1500000000,
    ]
    assert {revision.authored_at.tzinfo for revision in history.revisions} == {UTC}


@pytest.mark.parametrize(
    "path", ["a b.md", 'quo"te.md', "new\nline.md", "tab\there.md", "ü/日本.md", "-x.md"]
)
@pytest.mark.parametrize("text", ["crlf\r\nend", "\ufeffmark\n", "", "no end", "a\u2028b\x0c\r", "😀é\n"])
def test_odd_paths_and_texts_come_back_exactly(work: Work, path: str, text: str) -> None:
    work.save(path, "first\n")
    work.save(path, text)
    history = work.history(path)
    assert texts(history) == ["first\n", text]
    assert [revision.path for revision in history.revisions] == [path, path]


def test_odd_names_and_messages(work: Work) -> None:
    name = 'Ünï "the one" O\'Neil | 日本'
    work.save("a.md", "one\n", "Über\n\ncommit 0123\n:100644 x\n", GIT_AUTHOR_NAME=name, GIT_AUTHOR_EMAIL="")
    revision = work.history("a.md").revisions[0]
    assert (revision.author_name, revision.author_email) == (name, "")
    assert revision.message == "Über\n\ncommit 0123\n:100644 x"


def test_names_and_messages_in_another_encoding(work: Work) -> None:
    work.save("a.md", "one\n")
    tree = work.git("rev-parse", "HEAD^{tree}")
    raw_commit(work, f"tree {tree}\nauthor José <j@x> 5 +0000\ncommitter J <j@x> 5 +0000\n", "schön")
    assert work.history("a.md").revisions[0].message == "sch\ufffdn"
    assert work.history("a.md").revisions[0].author_name == "Jos\ufffd"
    encoded = f"tree {tree}\nauthor José <j@x> 5 +0000\ncommitter J <j@x> 5 +0000\nencoding ISO-8859-1\n"
    raw_commit(work, encoded, "schön")
    assert work.history("a.md").revisions[0].message == "schön"
    assert work.history("a.md").revisions[0].author_name == "José"


@pytest.mark.parametrize("time", ["99999999999999999999 +0000", "yesterday +0000", ""])
def test_an_author_time_that_is_no_time_refuses_the_file(work: Work, time: str) -> None:
    work.save("a.md", "one\n")
    tree = work.git("rev-parse", "HEAD^{tree}")
    commit = raw_commit(work, f"tree {tree}\nauthor A <a@x> {time}\ncommitter A <a@x> 5 +0000\n", "m")
    assert work.refusal("a.md") == f"commit {commit[:12]} has no readable author's time"


def raw_commit(work: Work, head: str, message: str) -> str:
    """A commit that today's git would not write, in Latin-1, as HEAD."""
    content = f"{head}\n{message}".encode("latin-1")
    commit = work.git("hash-object", "-t", "commit", "-w", "--literally", "--stdin", stdin=content)
    work.git("update-ref", "HEAD", commit)
    return commit


def test_an_empty_message(work: Work) -> None:
    work.write("a.md", "one\n")
    work.git("add", "-A")
    work.git("commit", "-q", "--allow-empty-message", "-m", "")
    assert work.history("a.md").revisions[0].message == ""


def test_a_file_that_is_not_text_is_refused_with_the_place(work: Work) -> None:
    work.save("good.md", "good\n")
    bad = work.save("bad.md", b"caf\xe9\n")
    work.save("bad.md", "café\n")
    nul = work.save("nul.md", "a\0b")
    assert work.refusal("bad.md") == f"it is not UTF-8 (byte 3 at commit {bad[:12]})"
    assert work.refusal("nul.md") == f"it is not text: it has a NUL character at commit {nul[:12]}"
    assert texts(work.history("good.md")) == ["good\n"]


def test_links_and_submodules_are_refused(work: Work) -> None:
    commit = work.save("a.md", "a\n")
    (work.path / "link.md").symlink_to("a.md")
    work.commit()
    work.git("update-index", "--add", "--cacheinfo", f"160000,{commit},module.md")
    work.git("commit", "-q", "-m", "module")
    assert work.refusal("link.md") == "it is a symbolic link"
    assert work.refusal("module.md") == "it is a submodule"


def test_a_link_that_became_a_file_begins_there(work: Work) -> None:
    (work.path / "a.md").symlink_to("target")
    work.commit()
    (work.path / "a.md").unlink()
    made = work.save("a.md", "target")
    assert commits(work.history("a.md")) == [made]


def test_the_pattern_chooses_files(work: Work) -> None:
    for path in ("a.md", "notes/b.md", "notes/c.txt"):
        work.write(path, path)
    work.commit()
    assert [item.path for item in read_histories(work.path, pattern="*.txt")] == ["notes/c.txt"]
    assert [item.path for item in read_histories(work.path, pattern="notes/*.md")] == ["notes/b.md"]


def test_a_bare_repository_and_a_git_directory(work: Work, tmp_path: Path) -> None:
    work.save("a.md", "one\n")
    work.git("clone", "-q", "--bare", str(work.path), str(tmp_path / "bare.git"))
    for path in (tmp_path / "bare.git", work.path / ".git"):
        assert [item.path for item in read_histories(path)] == ["a.md"]


def test_nothing_in_the_work_tree_or_in_settings_matters(work: Work, monkeypatch: pytest.MonkeyPatch) -> None:
    work.save("a.md", NOTE)
    work.git("mv", "a.md", "b.md")
    work.commit()
    work.write("b.md", "not committed\n")
    work.write(".gitattributes", "*.md diff=x text eol=crlf\n")
    for name, value in {
        "log.showSignature": "true",
        "log.follow": "true",
        "diff.renames": "false",
        "diff.x.textconv": "false",
        "diff.external": "false",
        "format.pretty": "oneline",
        "i18n.logOutputEncoding": "ISO-8859-1",
        "core.autocrlf": "true",
    }.items():
        work.git("config", name, value)
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    assert texts(work.history("b.md")) == [NOTE]


def test_reading_changes_nothing(work: Work) -> None:
    work.save("a.md", "one\n")
    before = {path: path.stat().st_mtime_ns for path in work.path.rglob("*")}
    assert list(read_histories(work.path))
    assert {path: path.stat().st_mtime_ns for path in work.path.rglob("*")} == before


def test_an_unfinished_reading_ends_its_process(work: Work) -> None:
    work.write("a.md", "one\n")
    work.save("b.md", "two\n")
    reading = read_histories(work.path)
    assert next(reading).path == "a.md"
    reading.close()  # type: ignore[attr-defined]
    with pytest.raises(StopIteration):
        next(reading)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a directory away")
def test_a_repository_of_another_user(work: Work) -> None:
    work.save("a.md", "one\n")
    for path in [work.path, *work.path.rglob("*")]:
        os.chown(path, 12345, 12345)
    assert texts(work.history("a.md")) == ["one\n"]


def test_head_then_the_named_ref(work: Work) -> None:
    first = work.save("a.md", "one\n")
    work.git("tag", "-a", "-m", "tag", "v1")
    second = work.save("a.md", "two\n")
    assert resolve_ref(work.path, None) == second
    assert resolve_ref(work.path, "v1") == first
    assert texts(work.history("a.md", "v1")) == ["one\n"]


def test_without_head_the_only_commit_of_all_refs(work: Work) -> None:
    first = work.save("a.md", "one\n")
    work.git("update-ref", "refs/pull/2/head", first)
    work.git("tag", "-a", "-m", "tag", "v1")
    work.git("symbolic-ref", "HEAD", "refs/heads/nothing")
    assert resolve_ref(work.path, None) == first
    assert texts(work.history("a.md")) == ["one\n"]


def test_without_head_several_commits_are_a_question(work: Work) -> None:
    work.save("a.md", "one\n")
    work.git("update-ref", "refs/pull/2/head", "HEAD")
    work.save("a.md", "two\n")
    work.git("symbolic-ref", "HEAD", "refs/heads/nothing")
    with pytest.raises(GitError, match=r"--ref: refs/heads/main, refs/pull/2/head$"):
        resolve_ref(work.path, None)


def test_an_unknown_ref_names_those_there_are(work: Work) -> None:
    work.save("a.md", "one\n")
    for ref in ("no-such", "--all", "HEAD:a.md"):
        with pytest.raises(GitError, match=r"there is no commit '.*'; the refs are: refs/heads/main$"):
            resolve_ref(work.path, ref)


def _nothing(path: Path) -> Path:
    return path / "missing"


def _plain_directory(path: Path) -> Path:
    (path / "plain").mkdir()
    return path / "plain"


def _inside_another(path: Path) -> Path:
    work = Work(path / "outer")
    work.save("inner/a.md", "one\n")
    return work.path / "inner"


def _empty(path: Path) -> Path:
    return Work(path / "empty").path


def _shallow(path: Path) -> Path:
    work = Work(path / "deep")
    work.save("a.md", "one\n")
    work.save("a.md", "two\n")
    work.git("clone", "-q", "--depth=1", f"file://{work.path}", str(path / "shallow"))
    return path / "shallow"


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (_nothing, "is not a directory"),
        (_plain_directory, "not a git repository"),
        (_inside_another, "not a git repository"),
        (_empty, "has no commits"),
        (_shallow, "shallow clone"),
    ],
)
def test_what_cannot_be_read_is_said(tmp_path: Path, make: Callable[[Path], Path], reason: str) -> None:
    path = make(tmp_path)
    with pytest.raises(GitError, match=reason):
        list(read_histories(path))


def test_a_lost_text_is_said(work: Work) -> None:
    work.save("a.md", "one\n")
    blob = work.git("rev-parse", "HEAD:a.md")
    (work.path / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(GitError, match=f"object {blob} is missing"):
        list(read_histories(work.path))


def test_every_text_equals_what_git_shows(work: Work) -> None:
    """A history with everything in it, compared revision by revision and at the tip."""
    work.save("a.md", NOTE)
    work.save("b/c.md", "é\r\n")
    work.git("checkout", "-q", "-b", "side")
    work.git("mv", "a.md", "z.md")
    work.save("z.md", NOTE + "side\n")
    work.git("checkout", "-q", "main")
    work.save("a.md", "main\n" + NOTE)
    work.git("merge", "-q", "-m", "merge", "side")
    work.save("b/c.md", "é\n")
    found = list(read_histories(work.path))
    assert {item.path for item in found} == {"b/c.md", "z.md"}
    for item in found:
        assert isinstance(item, FileHistory)
        for revision in item.revisions:
            assert shown(work, f"{revision.commit}:{revision.path}") == revision.text.encode()
        assert shown(work, f"HEAD:{item.path}") == item.revisions[-1].text.encode()
    assert [revision.path for revision in work.history("z.md").revisions] == ["a.md", "a.md", "z.md"]


def shown(work: Work, name: str) -> bytes:
    return subprocess.run(["git", "show", name], cwd=work.path, capture_output=True, check=True).stdout
