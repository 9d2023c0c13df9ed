"""A name server of the test's own, which can refuse and be silent."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset
from dns.asyncresolver import Resolver

Behaviour = Sequence[str] | Literal["refuses", "hangs"]


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """What names have, or what is done about them; others are not there. And what was asked, in order."""

    names: dict[str, Behaviour] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    search: Sequence[str] = ()
    silent: str | None = None  # about this kind
    port: int = 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        query = dns.message.from_wire(data)
        [question] = query.question
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        behaviour = self.names.get(name)
        if behaviour == "hangs" or kind == self.silent:
            return
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        if behaviour is None or behaviour == "refuses":
            answer.set_rcode(dns.rcode.REFUSED if behaviour else dns.rcode.NXDOMAIN)
        elif addresses := [one for one in behaviour if (":" in one) == (kind == "AAAA")]:
            answer.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *addresses))
        self.transport.sendto(answer.to_wire(), addr)

    def resolver(self) -> Resolver:
        """Asks it, and nobody else."""
        resolver = Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], self.port
        resolver.search = [dns.name.from_text(one) for one in self.search]
        return resolver


@asynccontextmanager
async def name_server(names: dict[str, Behaviour], search: Sequence[str] = ()) -> AsyncIterator[NameServer]:
    """One that answers until the end of the body."""
    loop = asyncio.get_running_loop()
    _, server = await loop.create_datagram_endpoint(
        lambda: NameServer(names, search=search), local_addr=("127.0.0.1", 0)
    )
    try:
        yield server
    finally:
        server.transport.close()
