"""What becomes of a mail when one of the notifications that it was to bring is erased."""

import asyncpg

from service.eventstore.postgres import PostgresStore
from service.integrations import mail
from tests.integrations.mailbox import links, mailbox, now, wants_mail
from tests.integrations.outgoing import outbox, settled, until
from tests.projections.history import World

BOB = "bob@example.com"
AT_ONCE = "UPDATE outwards.deliveries SET next_at = now() WHERE position = $1"
TARGETS = "UPDATE outwards.targets SET next_at = now()"


async def test_a_mail_that_is_erased_leaves_what_it_was_to_bring_too(
    pool: asyncpg.Pool, store: PostgresStore, world: World
) -> None:
    """Bob's mail is tried in vain, with a comment on what he wrote anonymously and one on what he did not."""
    ada, bob = await world.sign_up("ada"), await world.sign_up("bob")
    await wants_mail(pool, bob, BOB, "DAILY", (now().hour + 12) % 24)  # in no case now
    secret = await world.publish(await world.register("secret"), bob, anonymous=True)
    known = await world.publish(await world.register("known"), bob)
    async with mailbox() as box:
        await box.stop()
        async with outbox(pool, store, *mail.channels(pool, now, box.post)):
            on_secret = await world.comment(secret.id, ada), world.position
            on_known = await world.comment(known.id, ada), world.position
            await until(lambda: pool.fetchval("SELECT count(*) = 2 FROM outwards.deliveries"))
            for (_, position), became in ((on_secret, "attempts > 0"), (on_known, "state = 'skipped'")):
                await pool.execute(AT_ONCE, position)
                await pool.execute(TARGETS)
                sql = f"SELECT {became} FROM outwards.deliveries WHERE position = $1"  # noqa: S608 (ours)
                await until(lambda sql=sql, position=position: pool.fetchval(sql, position))
            [author] = [
                one.payloads["anonymous_author_id"]
                for one in await store.load(secret.id, contents="none")
                if "anonymous_author_id" in one.payloads
            ]
            await world.erase_payloads(author)
            await until(lambda: pool.fetchval("SELECT count(*) = 1 FROM outwards.deliveries"))
            await box.start()
            await settled(pool, world.position)
        [sent] = box.to(BOB)
    assert links(sent)[0] == f"https://example.org/summaries/{known.id}#comment-{on_known[0].id}"
    assert str(secret.id) not in sent.as_string()
