"""HTTP to addresses that somebody else has chosen: to the public internet only, and within bounds."""

import asyncio
from pathlib import Path
from socket import EAI_NONAME, gaierror

import pytest

from service.domain.errors import Invalid
from service.integrations import posting
from service.integrations.addresses import is_public
from service.integrations.posting import LONGEST_ANSWER, NotSent, Poster
from tests.integrations.certificates import contexts
from tests.integrations.outgoing import PATIENCE
from tests.integrations.receiver import (
    Message,
    Receiver,
    answering,
    closes,
    hangs,
    names,
    receiving,
)

PUBLIC = "93.184.215.14"
NOT_PUBLIC = [
    "0.0.0.0", "10.0.0.1",  # noqa: S104 (nothing listens)
    "100.64.0.1", "127.0.0.1", "127.8.8.8", "169.254.169.254", "172.16.0.1",
    "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1", "224.0.0.1",
    "240.0.0.1", "255.255.255.255",
    "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:93.184.215.14", "64:ff9b::7f00:1", "64:ff9b:1::1",
    "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::1", "3fff::1", "fc00::1", "fe80::1", "fe80::1%lo",
    "fec0::1", "ff02::1", "2606:4700::1%lo", "nonsense",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
async def test_what_is_not_public_is_refused(address: str) -> None:
    resolve, _ = names([address])
    poster = Poster(resolve=resolve)
    assert not is_public(address)
    with pytest.raises(Invalid, match="cannot be found on the public internet"):
        await poster.check("https://hooks.example/", ("input", "url"))
    with pytest.raises(NotSent, match="cannot be found on the public internet"):
        await poster.post("https://hooks.example/", b"", {})


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "2a00:1450:4001::1"])
async def test_what_is_public_is_taken(address: str) -> None:
    resolve, _ = names([address])
    await Poster(resolve=resolve).check("https://hooks.example/", ("input", "url"))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "127.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
    ],
)
async def test_as_the_system_resolves_it(host: str) -> None:
    with pytest.raises(Invalid):
        await Poster().check(f"https://{host}/", ("input", "url"))


async def test_one_address_of_several_that_is_not_public_is_enough() -> None:
    resolve, _ = names([PUBLIC, "10.0.0.1"])
    with pytest.raises(Invalid, match="cannot be found on the public internet"):
        await Poster(resolve=resolve).check("https://hooks.example/", ("input", "url"))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example/", "must be https://"),
        ("ftp://hooks.example/", "must be https://"),
        ("https://", "must be https://"),
        ("hooks.example", "must be https://"),
        ("https://user:password@hooks.example/", "without a user"),
        ("https://hooks.example/#top", "a fragment"),
        ("https://[fe80::1%25lo]/", "web address|must be"),
        ("https://hooks.example:99999/", "no web address"),
        ("https://" + "a" * 2_000, "2,000"),
        ("https://hooks.example/\0", "U\\+0000"),
        ("https://exa mple/", "web address|must be"),
        (" ", "blank"),
    ],
)
async def test_what_is_no_address(url: str, why: str) -> None:
    resolve, asked = names([PUBLIC])
    with pytest.raises(Invalid, match=why) as refused:
        await Poster(resolve=resolve).check(url, ("input", "url"))
    assert refused.value.path == ("input", "url")
    assert not asked


@pytest.mark.parametrize("url", ["ftp://hooks.example/", "http://", "hooks.example"])
async def test_what_is_no_address_in_a_net_of_its_own_either(url: str) -> None:
    resolve, asked = names([PUBLIC])
    with pytest.raises(Invalid, match=r"^url must be https:// or http:// and a host\.$"):
        await Poster(private=True, resolve=resolve).check(url, ("input", "url"))
    assert not asked


async def test_a_name_that_nobody_has() -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        raise gaierror(EAI_NONAME, "Name or service not known")

    with pytest.raises(Invalid, match=r"^url: hooks\.example cannot be found: Name or service not known\.$"):
        await Poster(private=True, resolve=resolve).check("https://hooks.example/", ("input", "url"))


async def test_a_name_that_changes_between_the_check_and_the_sending() -> None:
    async with receiving() as receiver:
        resolve, _ = names([PUBLIC], ["127.0.0.1"])
        poster, url = Poster(resolve=resolve), f"https://hooks.example:{receiver.port}/"
        await poster.check(url, ("input", "url"))
        with pytest.raises(NotSent, match="cannot be found on the public internet"):
            await poster.post(url, b"{}", {})
    assert not receiver.received


async def test_the_connection_goes_to_the_address_that_was_checked(tmp_path: Path) -> None:
    server, client = contexts(tmp_path, "hooks.example")
    async with receiving(tls=server) as receiver:
        resolve, asked = names(["127.0.0.1"], ["192.0.2.1"])
        answer = await Poster(private=True, resolve=resolve, tls=client).post(
            f"https://hooks.example:{receiver.port}/hook?a=b", b"{}", {"X-One": "1"}
        )
    assert (answer.status, answer.text) == (200, "ok")
    assert asked == ["hooks.example"]
    assert receiver.names == ["hooks.example"]
    [message] = receiver.received
    assert message.headers["host"] == f"hooks.example:{receiver.port}"
    assert message.headers["x-one"] == "1"


async def test_the_next_address_when_the_first_takes_no_connection() -> None:
    async with receiving() as receiver:
        resolve, _ = names(["127.0.0.2", "127.0.0.1"])
        poster = Poster(private=True, resolve=resolve)
        assert (await poster.post(receiver.url, b"{}", {})).status == 200


async def test_a_certificate_of_another_name(tmp_path: Path) -> None:
    server, client = contexts(tmp_path, "other.example")
    async with receiving(tls=server) as receiver:
        resolve, _ = names(["127.0.0.1"])
        with pytest.raises(NotSent, match=r"(?i)certificate"):
            await Poster(private=True, resolve=resolve, tls=client).post(
                f"https://hooks.example:{receiver.port}/", b"{}", {}
            )
    assert not receiver.received


async def test_redirects_are_not_followed() -> None:
    async with receiving() as inside, receiving() as receiver:
        receiver.behave = answering("302 Found", f"Location: {inside.url}")
        assert (await Poster(private=True).post(receiver.url, b"{}", {})).status == 302
    assert len(receiver.received) == 1
    assert not inside.received


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        await Poster(private=True).post(receiver.url, b"{}", {})
    assert len(receiver.received) == 1
    assert not proxy.received


async def test_an_answer_without_an_end_is_read_to_its_bound() -> None:
    written, ended = 0, asyncio.Event()

    async def floods(_message: Message, writer: asyncio.StreamWriter) -> None:
        nonlocal written
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65_536)
                await writer.drain()
                written += 65_536
        finally:
            ended.set()

    async with receiving(Receiver(behave=floods)) as receiver:
        answer = await Poster(private=True).post(receiver.url, b"{}", {})
        assert answer == posting.Answer(200, "x" * LONGEST_ANSWER, None)
        await asyncio.wait_for(ended.wait(), PATIENCE)
    assert written < 50_000_000  # what the system holds for a connection


async def test_a_header_without_an_end() -> None:
    async def floods(_message: Message, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        for at in range(100_000):
            writer.write(b"X-%d: y\r\n" % at)
            await writer.drain()

    async with receiving(Receiver(behave=floods)) as receiver:
        with pytest.raises(NotSent):
            await Poster(private=True).post(receiver.url, b"{}", {})


async def test_what_ends_too_soon_and_what_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "TOTAL_SECONDS", 2.0)

    async def nothing(_message: Message, _writer: asyncio.StreamWriter) -> None:
        pass

    async def trickles(_message: Message, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    for behave in (nothing, closes, hangs, trickles, answering("nonsense")):
        async with receiving(Receiver(behave=behave)) as receiver:
            with pytest.raises(NotSent):
                await Poster(private=True).post(receiver.url, b"{}", {})
            assert len(receiver.received) == 1
    with pytest.raises(NotSent, match="ConnectError"):
        await Poster(private=True).post(receiver.url, b"{}", {})
