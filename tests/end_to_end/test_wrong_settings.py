"""A wrong setting is one line, an exit code, and nothing started."""

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.cli import main
from tests.end_to_end.server import free_port, run

FOUND_AT_ONCE = {
    "port 0": ("PORT", "0"),
    "port too high": ("PORT", "65536"),
    "port no number": ("PORT", "http"),
    "log level": ("LOG_LEVEL", "LOUD"),
    "database of another kind": ("DATABASE_URL", "mysql://localhost/x"),
    "public address": ("BASE_URL", "shortscience.org"),
}
FOUND_BY_TRYING = {
    "port in use": ("port", "IN USE", "SHORTSCIENCE_PORT"),
    "host": ("host", "256.256.256.256", "SHORTSCIENCE_HOST"),
    "database that is not there": ("database_url", "postgresql://u:s3cret@127.0.0.1:1/x", "127.0.0.1:1/x"),
    "data directory": ("data_dir", "IN A FILE", "Choose a data directory that you may write to"),
}


@pytest.mark.parametrize("case", FOUND_AT_ONCE)
def test_a_setting_that_cannot_be_is_told_in_one_line(
    case: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    name, value = FOUND_AT_ONCE[case]
    monkeypatch.setattr(sys, "argv", ["shortscience", "serve", "--data-dir", str(tmp_path / "data")])
    monkeypatch.setenv(f"SHORTSCIENCE_{name}", value)
    with pytest.raises(SystemExit) as ended:
        main()

    said = capsys.readouterr()
    assert ended.value.code == 1
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith(f"Error: SHORTSCIENCE_{name}")
    assert value in said.err
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_option_is_told_with_its_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["shortscience", "serve", "--port", "0"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert "--port" in capsys.readouterr().err


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> dict[str, subprocess.CompletedProcess[str]]:
    """All of them, side by side."""
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "file").touch()
    with socket.create_server(("127.0.0.1", 0)) as taken, ThreadPoolExecutor() as threads:
        meant = {"IN USE": str(taken.getsockname()[1]), "IN A FILE": str(folder / "file" / "data")}

        def attempt(case: tuple[str, str, str]) -> subprocess.CompletedProcess[str]:
            settings = {"port": str(free_port()), "data_dir": str(folder / "data")}
            return run("serve", **(settings | {case[0]: meant.get(case[1], case[1])}))

        results = dict(zip(FOUND_BY_TRYING, threads.map(attempt, FOUND_BY_TRYING.values()), strict=True))
    assert list(folder.iterdir()) == [folder / "file"]
    return results


@pytest.mark.parametrize("case", FOUND_BY_TRYING)
def test_a_setting_that_does_not_work_is_told_in_one_line(
    tried: dict[str, subprocess.CompletedProcess[str]], case: str
) -> None:
    result, told = tried[case], FOUND_BY_TRYING[case][2]
    [line] = [line for line in result.stderr.splitlines() if line.strip()]
    assert result.returncode == 1
    assert line.startswith("Error: ")
    assert told in line
    assert "s3cret" not in result.stdout + result.stderr
    assert "Listening" not in result.stdout
