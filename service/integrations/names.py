"""Finds the addresses of names as the system does: each look-up has an end, and there are so many at once.

Nothing here is done in threads, for nobody can end them: a name server may be anybody's, and never answer.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

from dns.asyncresolver import Resolver
from dns.exception import DNSException, Timeout
from dns.resolver import NoNameservers, NoResolverConfiguration

LOOK_UP_SECONDS = 4.0
OTHER_SECONDS = 0.3  # for the addresses of the other kind, when those of one are there
PROBE_SECONDS = 2.0
ROOM_SECONDS = 2.0  # to wait for others
HERE = ("127.0.0.1", "::1")
HOSTS, SETTINGS = Path("/etc/hosts"), Path("/etc/resolv.conf")


class NotBegun(Exception):
    """A name was not looked up, for a reason that is not its own; the message says which."""


def system_resolver(settings: Path = SETTINGS) -> Resolver:
    """Asks the name servers of the system; without any settings, one on this machine."""
    try:
        return Resolver(str(settings))
    except (NoResolverConfiguration, ValueError):
        resolver = Resolver(configure=False)
        resolver.nameservers = [HERE[0]]
        return resolver


class SystemNames:
    """Addresses by the file of hosts, and then by the name servers, with the search domains of the system.

    Who asks for a name that is being looked up gets the same answer, so one name takes one place.

    Shape:  most names at once. `localhost` and what is below it is this machine (RFC 6761).
    Errors: OSError when it is not found; NotBegun when there was no room in time, or no way to ask.
    """

    def __init__(
        self, most: int, *, resolver: Callable[[], Resolver] = system_resolver, hosts: Path = HOSTS
    ) -> None:
        self._places = asyncio.Semaphore(most)
        self._resolver = resolver
        self._hosts = hosts
        self._under_way: dict[str, asyncio.Task[list[str]]] = {}

    async def __call__(self, host: str, port: int) -> list[str]:
        name = host.lower()
        known = _literal(name, port) or _of_this_machine(name) or _in_file(self._hosts, name.rstrip("."))
        return known or await self._shared(name)

    async def _shared(self, name: str) -> list[str]:
        if (task := self._under_way.get(name)) is None:
            task = self._under_way[name] = asyncio.create_task(self._look_up(name), name="look up")
            task.add_done_callback(lambda ended: self._ended(name, ended))
        return await asyncio.shield(task)

    def _ended(self, name: str, task: asyncio.Task[list[str]]) -> None:
        del self._under_way[name]
        _ = task.cancelled() or task.exception()  # whoever has asked may be gone

    async def _look_up(self, name: str) -> list[str]:
        async with self._place():
            resolver = self._resolver()
            kinds = [asyncio.create_task(_asked(resolver, name, kind)) for kind in ("A", "AAAA")]
            try:
                await _until_enough(kinds)
            finally:
                for one in kinds:
                    one.cancel()
            answers = await asyncio.gather(*kinds, return_exceptions=True)
        found = [address for given in answers if not isinstance(given, BaseException) for address in given]
        for answer in answers:
            if not found and isinstance(answer, BaseException):
                raise answer
        return found

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(ROOM_SECONDS):
                await self._places.acquire()
        except TimeoutError as error:
            raise NotBegun("Too many names are being looked up just now.") from error
        try:
            yield
        finally:
            self._places.release()


async def _until_enough(kinds: list[asyncio.Task[list[str]]]) -> None:
    """All have ended, or one has found addresses and the others have had a moment more."""
    await asyncio.wait(kinds, return_when=asyncio.FIRST_COMPLETED)
    ended = [one for one in kinds if one.done()]
    enough = any(one.exception() is None and one.result() for one in ended)
    await asyncio.wait(kinds, timeout=OTHER_SECONDS if enough else None)


async def _asked(resolver: Resolver, name: str, kind: str) -> list[str]:
    try:
        async with asyncio.timeout(LOOK_UP_SECONDS):
            answer = await resolver.resolve(
                name, kind, search=True, raise_on_no_answer=False, lifetime=LOOK_UP_SECONDS
            )
    except (Timeout, TimeoutError) as error:
        if not await _answers(resolver):
            raise NotBegun("No name server answers.") from error
        raise socket.gaierror(socket.EAI_AGAIN, "its name servers do not answer") from error
    except NoNameservers as error:
        if _unreachable(error):
            raise NotBegun("No name server can be asked.") from error
        raise socket.gaierror(socket.EAI_FAIL, "its name servers refuse to say") from error
    except DNSException as error:  # NXDOMAIN, and what can be no name
        raise socket.gaierror(socket.EAI_NONAME, "there is no such name") from error
    return [str(record) for record in answer]


async def _answers(resolver: Resolver) -> bool:
    """Whether the name servers of the system say anything at all, when they do not about a name."""
    try:
        async with asyncio.timeout(PROBE_SECONDS):
            await resolver.resolve(".", "NS", raise_on_no_answer=False, lifetime=PROBE_SECONDS)
    except (Timeout, TimeoutError):
        return False
    except NoNameservers as error:
        return not _unreachable(error)
    except DNSException:
        pass
    return True


def _unreachable(error: NoNameservers) -> bool:
    return all(isinstance(why, OSError) for _, _, _, why, _ in error.kwargs["errors"])


def _literal(host: str, port: int) -> list[str]:
    """What needs no look-up, in all spellings that the system knows."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return []
    return [str(address[0]) for *_, address in found]


def _of_this_machine(name: str) -> list[str]:
    return list(HERE) if name.rstrip(".").split(".")[-1] == "localhost" else []


def _in_file(hosts: Path, name: str) -> list[str]:
    try:
        lines = hosts.read_text("utf-8", "replace").lower().splitlines()
    except OSError:
        return []
    entries = (line.partition("#")[0].split() for line in lines)
    return [entry[0] for entry in entries if name in entry[1:] and _is_address(entry[0])]


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
