"""A wrong setting is one line, an exit code, and nothing started."""

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.cli import main
from service.settings import Settings, SettingsError, database_place
from tests.end_to_end.server import free_port, run

FOUND_AT_ONCE = {
    "port 0": ("PORT", "0"),
    "port too high": ("PORT", "65536"),
    "port no number": ("PORT", "http"),
    "log level": ("LOG_LEVEL", "LOUD"),
    "public address": ("BASE_URL", "shortscience.org"),
}
FOUND_BY_TRYING = {
    "port in use": ("port", "IN USE", "SHORTSCIENCE_PORT"),
    "host": ("host", "256.256.256.256", "SHORTSCIENCE_HOST"),
    "database that is not there": ("database_url", "postgresql://u:s3cret@127.0.0.1:1/x", "127.0.0.1:1/x"),
    "password beside": ("database_url", "postgresql://127.0.0.1:1/x?user=u&password=s3cret", "127.0.0.1:1/x"),
    "mode of TLS": ("database_url", "postgresql://u:s3cret@127.0.0.1:1/x?sslmode=s", "`sslmode`"),
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


SECRET = {
    "of another kind": "mysql://u:s3cret@localhost/x",
    "without a scheme": "u:s3cret@localhost/x",
    "slash in the password": "postgresql://u:s3cret/more@127.0.0.1:1/x",
    "digits and a slash": "postgresql://u:53/s3cret@127.0.0.1:1/x",
    "hash in the password": "postgresql://u:53#s3cret@127.0.0.1:1/x",
    "question mark": "postgresql://u:53?s3cret@127.0.0.1:1/x",
    "two @": "postgresql://u:s3cret@s3cret@127.0.0.1:1/x",
    "port no number": "postgresql://127.0.0.1:s3cret/x",
    "half a bracket": "postgresql://u:s3cret@[::1/x",
}


@pytest.mark.parametrize("case", SECRET)
@pytest.mark.parametrize("name", ["DATABASE_URL", "BOUNCER_URL"])
def test_an_address_with_a_password_is_never_shown(
    case: str, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["shortscience", "serve"])
    monkeypatch.setenv(f"SHORTSCIENCE_{name}", SECRET[case])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr()
    assert ended.value.code == 1
    assert said.out == ""
    assert said.err.startswith(f"Error: SHORTSCIENCE_{name}")
    assert said.err.count("\n") == 1
    assert "s3cret" not in said.err
    assert "53" not in said.err


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("postgresql://u:s3cret@h:5/x", "h:5/x"),
        ("postgres://h/x?user=u&password=s3cret@y", "h/x"),
        ("postgresql:///x?host=/run/pg&password=s3cret", "/run/pg/x"),
        ("postgresql://u:s3%2Fcret@a:1,b:2/x", "a:1,b:2/x"),
        ("postgresql://[::1]:5/x", "[::1]:5/x"),
    ],
)
def test_a_database_is_named_without_its_password(address: str, place: str) -> None:
    assert database_place(Settings.read(database_url=address).database_url or "") == place


@pytest.mark.parametrize("name", ["LOG_LEVEL", "BASE_URL", "POOL_SIZE", "CORS_ORIGINS", "METRICS"])
def test_no_option_is_named_that_there_is_not(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"SHORTSCIENCE_{name}", "wrong")
    with pytest.raises(SettingsError) as error:
        Settings.read()
    assert "(--" not in str(error.value)
    assert "Value error" not in str(error.value)


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
    [line] = result.stderr.splitlines()
    assert result.returncode == 1
    assert line.startswith("Error: ")
    assert told in line
    assert "s3cret" not in result.stdout + result.stderr
    assert "Listening" not in result.stdout
    assert ("Starting" in result.stdout) == (case not in ("port in use", "host"))
