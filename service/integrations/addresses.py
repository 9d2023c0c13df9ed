"""Which addresses of the net may be sent to: those of the public internet only, unless all are allowed."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port): its addresses. Errors: OSError, UnicodeError."""

# Beside what `ipaddress` calls not global. Of IPv6 only what is handed out, without ways to carry IPv4.
_NOT_V4 = (IPv4Network("192.88.99.0/24"), IPv4Network("192.0.0.0/24"))
_V6 = IPv6Network("2000::/3")
_NOT_V6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))


class NotPublic(Exception):
    """A host is not on the public internet, or is not there at all; the message says so."""


class SystemNames:
    """Resolves names as the system does, in threads of its own.

    Nothing ends a look-up before its time, and a name server may be anybody's: so those that hang keep only
    each other waiting.
    """

    def __init__(self, threads: int = 8) -> None:
        self._threads = ThreadPoolExecutor(threads, "names")

    async def __call__(self, host: str, port: int) -> list[str]:
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        return list(dict.fromkeys(str(address[0]) for *_, address in found))


async def addresses_of(host: str, port: int, *, private: bool, resolve: Resolve) -> list[str]:
    """Where to connect to; with private, also to this machine and what is near it.

    Errors: NotPublic, also when only one of several addresses is not public.
    """
    try:
        found = list(await resolve(host, port))
    except (OSError, UnicodeError) as error:
        why = f": {error.strerror}" if isinstance(error, OSError) and error.strerror else ""
        raise NotPublic(f"{host} cannot be found{why}.") from error
    if not found:
        raise NotPublic(f"{host} has no address.")
    if not private and not all(map(is_public, found)):
        raise NotPublic(f"{host} is not on the public internet.")
    return found


def is_public(address: str) -> bool:
    """Whether it is the address of one host of the public internet."""
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return found.is_global and not found.is_multicast and not any(found in one for one in _NOT_V4)
    return (
        found.scope_id is None
        and found in _V6
        and found.is_global
        and not any(found in one for one in _NOT_V6)
    )
