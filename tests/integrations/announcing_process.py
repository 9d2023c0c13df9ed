"""A process that projects, plans and announces, to be killed: DSN, address of X, holder."""

import asyncio
import sys
from datetime import timedelta

from service.database import connection_pool, connector
from service.eventstore.postgres import PostgresStore
from service.integrations.announcing import Announcer, Rules
from service.integrations.x import X
from tests.integrations.networks import OWN, Clock
from tests.integrations.outgoing import outbox

RULES = Rules(quiet=timedelta(0), min_score=1, per_hour=1000)


async def main(dsn: str, api: str, holder: str) -> None:
    async with (
        connection_pool(dsn, max_size=6) as pool,
        PostgresStore.open(pool, connector(dsn)) as store,
    ):
        announcer = Announcer(pool, X(OWN, Clock(), api=api), RULES, Clock(), "https://example.org")
        await announcer.start()
        async with outbox(pool, store, announcer, holder=holder, claim_seconds=0.5):
            print("ready", flush=True)
            await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
