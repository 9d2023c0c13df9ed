"""Names are looked up as the system does, and who does not answer keeps nobody else waiting."""

import asyncio
from pathlib import Path

import pytest

from service.domain.errors import Invalid, RateLimited
from service.integrations import names as looking_up
from service.integrations.names import NotBegun, SystemNames, system_resolver
from service.integrations.posting import NotSent, NotTried, Poster
from tests.integrations.name_server import name_server
from tests.integrations.outgoing import until
from tests.integrations.receiver import receiving

URL = ("input", "url")
NOWHERE = Path("/nowhere")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who does not answer is given up soon."""
    monkeypatch.setattr(looking_up, "LOOK_UP_SECONDS", 1.0)
    monkeypatch.setattr(looking_up, "ROOM_SECONDS", 0.05)


async def test_addresses_of_both_kinds() -> None:
    async with name_server({"both.example": ["2606:4700::1", "192.0.2.1"], "six.example": ["::1"]}) as server:
        find = SystemNames(8, resolver=server.resolver, hosts=NOWHERE)
        assert await find("Both.example", 443) == ["192.0.2.1", "2606:4700::1"]
        assert await find("six.example", 443) == ["::1"]
    assert sorted(server.asked[:2]) == [("both.example", "A"), ("both.example", "AAAA")]


@pytest.mark.parametrize(("silent", "address"), [("AAAA", "192.0.2.1"), ("A", "2606:4700::1")])
async def test_who_is_silent_about_one_kind_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, silent: str, address: str
) -> None:
    monkeypatch.setattr(looking_up, "LOOK_UP_SECONDS", 60.0)
    async with name_server({"both.example": ["2606:4700::1", "192.0.2.1"]}) as server, asyncio.timeout(20):
        server.silent = silent
        assert await SystemNames(8, resolver=server.resolver, hosts=NOWHERE)("both.example", 443) == [address]


async def test_when_no_name_server_says_anything_it_is_not_the_name(
    quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking_up, "PROBE_SECONDS", 0.1)
    async with name_server({"silent.example": "hangs", ".": "hangs"}) as server:
        with pytest.raises(NotBegun):
            await SystemNames(8, resolver=server.resolver, hosts=NOWHERE)("silent.example", 443)


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("none.example", "no such name"),
        ("a..example", "no such name"),
        ("x" * 64 + ".example", "no such name"),
        ("refused.example", "refuse to say"),
        ("silent.example", "do not answer"),
    ],
)
async def test_what_cannot_be_found(quick: None, host: str, why: str) -> None:
    async with name_server({"refused.example": "refuses", "silent.example": "hangs"}) as server:
        with pytest.raises(OSError, match=why):
            await SystemNames(8, resolver=server.resolver, hosts=NOWHERE)(host, 443)


async def test_a_name_without_an_address() -> None:
    async with name_server({"empty.example": []}) as server:
        find = SystemNames(8, resolver=server.resolver, hosts=NOWHERE)
        assert await find("empty.example", 443) == []
        with pytest.raises(Invalid, match=r"^url: empty\.example cannot be found: it has no address\.$"):
            await Poster(private=True, resolve=find).check("http://empty.example/", URL)


async def test_search_domains() -> None:
    names = {"hooks.inside.example": ["10.0.0.1"], "a.b": ["10.0.0.2"], "only.b.inside.example": ["10.0.0.3"]}
    async with name_server(names, search=["inside.example"]) as server:
        find = SystemNames(8, resolver=server.resolver, hosts=NOWHERE)
        assert await find("hooks", 443) == ["10.0.0.1"]
        assert await find("a.b", 443) == ["10.0.0.2"]
        assert await find("only.b", 443) == ["10.0.0.3"]
        with pytest.raises(OSError, match="no such name"):
            await find("hooks.", 443)


async def test_what_needs_no_name_server(tmp_path: Path) -> None:
    hosts = tmp_path / "hosts"
    hosts.write_text("10.0.0.1 Hooks hooks.example # not.this\n\nnonsense bad\n::1 hooks\n#10.0.0.2 hooks\n")
    async with name_server({}) as server:
        find = SystemNames(8, resolver=server.resolver, hosts=hosts)
        for host, addresses in {
            "192.0.2.1": ["192.0.2.1"],
            "0x7f.1": ["127.0.0.1"],
            "::1": ["::1"],
            "localhost": ["127.0.0.1", "::1"],
            "Deep.Below.Localhost.": ["127.0.0.1", "::1"],
            "HOOKS": ["10.0.0.1", "::1"],
            "hooks.example.": ["10.0.0.1"],
        }.items():
            assert await find(host, 443) == addresses
        assert not server.asked
        for host in ("bad", "not.this", "10.0.0.2.example"):
            with pytest.raises(OSError, match="no such name"):
                await find(host, 443)


def test_the_settings_of_the_system(tmp_path: Path) -> None:
    settings = tmp_path / "resolv.conf"
    settings.write_text("search inside.example\nnameserver 192.0.2.53\n")
    assert system_resolver(settings).nameservers == ["192.0.2.53"]
    for text in ("", "nameserver nonsense\n"):
        settings.write_text(text)
        assert system_resolver(settings).nameservers == ["127.0.0.1"]
    assert system_resolver(NOWHERE).nameservers == ["127.0.0.1"]


async def test_names_that_hang_keep_nobody_waiting() -> None:
    names = {f"a{at}.example": "hangs" for at in range(32)}
    async with name_server(names | {"good.example": ["127.0.0.1"]}) as server, receiving() as receiver:
        find = SystemNames(64, resolver=server.resolver, hosts=NOWHERE)
        poster = Poster(private=True, resolve=find)
        hanging = [asyncio.create_task(poster.check(f"http://{name}/", URL)) for name in names]
        await until(lambda: len(server.asked) >= 2 * len(names))
        assert (await poster.post(f"http://good.example:{receiver.port}/", b"{}", {})).status == 200
        assert not any(one.done() for one in hanging)
        for one in hanging:
            one.cancel()
        await asyncio.gather(*hanging, return_exceptions=True)


async def test_one_name_takes_one_place() -> None:
    async with name_server({"slow.example": "hangs", "good.example": ["127.0.0.1"]}) as server:
        find = SystemNames(2, resolver=server.resolver, hosts=NOWHERE)
        many = [asyncio.create_task(find("slow.example", 80)) for _ in range(20)]
        await until(lambda: len(server.asked) >= 2)
        assert await find("good.example", 80) == ["127.0.0.1"]
        for one in many[1:]:
            one.cancel()
        await asyncio.wait(many[1:])
        server.names["slow.example"] = ["127.0.0.2"]  # it is asked again when it does not answer
        assert await many[0] == ["127.0.0.2"]


async def test_what_is_not_looked_up_says_so(quick: None) -> None:
    async with name_server({"slow.example": "hangs", "good.example": ["127.0.0.1"]}) as server:
        find = SystemNames(1, resolver=server.resolver, hosts=NOWHERE)
        poster = Poster(private=True, resolve=find)
        slow = asyncio.create_task(find("slow.example", 80))
        await until(lambda: server.asked)
        with pytest.raises(NotTried, match="Too many names"):
            await poster.post("http://good.example/", b"{}", {})
        with pytest.raises(RateLimited, match=r"^Too many names .* try again\.$") as refused:
            await poster.check("http://good.example/", URL)
        assert refused.value.path == URL
        with pytest.raises(OSError, match="do not answer"):
            await slow
        assert await find("good.example", 80) == ["127.0.0.1"]


async def test_a_system_without_a_net_is_not_the_fault_of_a_name() -> None:
    async with name_server({}) as server:
        resolver = server.resolver()
    resolver.nameservers = ["255.255.255.255"]  # a socket may not send there
    with pytest.raises(NotBegun, match="No name server"):
        await SystemNames(1, resolver=lambda: resolver, hosts=NOWHERE)("hooks.example", 80)


async def test_whether_a_name_is_there_is_told_only_within_a_net_of_ones_own(quick: None) -> None:
    names = {
        "inside.example": ["10.0.0.1"],
        "empty.example": [],
        "odd.example": "refuses",
        "far.example": "hangs",
    }
    async with name_server(names) as server:
        find = SystemNames(8, resolver=server.resolver, hosts=NOWHERE)
        for host in (*names, "none.example", "localhost", "10.0.0.1"):
            told = f"{host} cannot be found on the public internet."
            with pytest.raises(Invalid) as refused:
                await Poster(resolve=find).check(f"https://{host}/", URL)
            assert refused.value.message == f"url: {told}"
            with pytest.raises(NotSent) as failed:
                await Poster(resolve=find).post(f"https://{host}/", b"", {})
            assert str(failed.value) == told
        with pytest.raises(Invalid, match="there is no such name"):
            await Poster(private=True, resolve=find).check("https://none.example/", URL)
