"""Which addresses of the net may be sent to: those of the public internet only, unless all are allowed."""

from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""(host, port): its addresses. Errors: OSError, UnicodeError; NotBegun when the name was not looked up."""

# Beside what `ipaddress` calls not global. Of IPv6 only what is handed out, without ways to carry IPv4.
_NOT_V4 = (IPv4Network("192.88.99.0/24"), IPv4Network("192.0.0.0/24"))
_V6 = IPv6Network("2000::/3")
_NOT_V6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))


class NotPublic(Exception):
    """A host is not on the public internet, or is not there at all; the message says so."""


async def addresses_of(host: str, port: int, *, private: bool, resolve: Resolve) -> list[str]:
    """Where to connect to; with private, also to this machine and what is near it.

    Errors: NotPublic, also when only one of several addresses is not public; those of resolve that are not
            of the name. Without private it is told in one way that a name is not there and that it is of
            this net, for nobody is to learn what names there are.
    """
    try:
        found, why = list(await resolve(host, port)), ": it has no address"
    except (OSError, UnicodeError) as error:
        strerror = error.strerror if isinstance(error, OSError) else None
        found, why = [], f": {strerror}" if strerror else ""
    if private and not found:
        raise NotPublic(f"{host} cannot be found{why}.")
    if not private and not (found and all(map(is_public, found))):
        raise NotPublic(f"{host} cannot be found on the public internet.")
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
