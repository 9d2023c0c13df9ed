"""The life of a process: the database, the log, the projections and the web server, in order.

Everything is started here and stopped here, last started first stopped.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

import asyncpg
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from projections.blame import BlameFollower
from projections.follower import Follower
from projections.progress import Progress
from projections.runner import Runner
from projections.tree import Tree
from schema.context import Tools
from schema.places import Places
from schema.webhook_message import describing
from schema.workshop import Workshop
from service.accounts.service import Accounts
from service.app import create_app
from service.citation import Licence
from service.commands.context import Context
from service.database import bouncer_pool, connection_pool, connector
from service.embedded import EmbeddedPostgres, EmbeddedPostgresError, embedded_postgres
from service.eventstore.epochs import Epochs
from service.eventstore.postgres import PostgresStore
from service.garbage import look_seldom
from service.importers.samples import Progress as Heard
from service.importers.samples import load_samples, wants_samples
from service.integrations import mail
from service.integrations.announcers import announcers
from service.integrations.outbox import Channel
from service.integrations.planner import Planner
from service.integrations.posting import LOOK_UPS, Poster
from service.integrations.sender import Bell, Sender
from service.integrations.webhook_channel import Webhooks
from service.listening import Server
from service.migrations import migrate
from service.restores import begin_if_moved
from service.settings import Settings, SettingsError
from service.signals import Signals
from service.verification.keys import KeyFileError, signing_key
from service.web.gathering import Neighbours
from service.web.metrics import Metrics
from service.witnesses import Witnesses

log = structlog.get_logger()

CLEANING_UP = 3.0  # seconds that work has for it before it is cancelled again
CATCH_UP = 30.0  # seconds that the read models have before requests are taken all the same


@dataclass(frozen=True, slots=True)
class Log:
    """The open log and what stands beside it."""

    pool: asyncpg.Pool
    store: PostgresStore
    secret: bytes

    def context(self) -> Context:
        """To carry out commands of nobody in particular, as importers do."""
        return Context(self.store, self.secret, utc_now, os.urandom, None)


def utc_now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def database(settings: Settings) -> AsyncIterator[str]:
    """The database's address: the one that is set, or that of the embedded PostgreSQL, started."""
    if settings.database_url is not None:
        yield settings.database_url
        return
    async with embedded_postgres(settings.data_dir) as postgres, beside(keep_running(postgres)):
        yield postgres.dsn


async def keep_running(postgres: EmbeddedPostgres) -> None:
    """Start it again whenever it dies, until cancelled: it is a child of nobody, so nobody else would."""
    while True:
        await asyncio.sleep(1.0)
        try:
            if await postgres.revive():
                log.warning("PostgreSQL had died and was started again", data_dir=str(postgres.data_dir))
        except EmbeddedPostgresError as error:
            log.error("PostgreSQL has died and does not start again", error=str(error))


@asynccontextmanager
async def open_log(settings: Settings) -> AsyncIterator[Log]:
    """The log on a migrated database. Errors: EmbeddedPostgresError, MigrationError, those of asyncpg."""
    async with database(settings) as dsn:
        await migrate(dsn)
        if begun := await begin_if_moved(dsn):
            log.warning(
                "the log was restored or moved: a new epoch begins", epoch=begun.epoch, base=begun.base
            )
        async with (
            _pool(settings, dsn) as pool,
            PostgresStore.open(pool, connector(dsn)) as store,
        ):
            yield Log(pool, store, await pool.fetchval("SELECT secret FROM installation"))


def _pool(settings: Settings, dsn: str) -> AbstractAsyncContextManager[asyncpg.Pool]:
    if settings.bouncer_url is not None:
        return bouncer_pool(settings.bouncer_url, max_size=settings.pool_size)
    return connection_pool(dsn, max_size=settings.pool_size)


@asynccontextmanager
async def beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Work that goes on while the body runs. At the end it is cancelled, and waited for.

    It is cancelled again if it goes on: when what it cleans up fails, such as a query that is taken back
    while the database is away, that error takes the place of the cancellation.
    """
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        while not task.done():
            task.cancel()
            await asyncio.wait([task], timeout=CLEANING_UP)
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def serve(
    settings: Settings,
    listener: socket.socket,
    *,
    on_sample: Heard | None,
    on_ready: Callable[[], None],
) -> None:
    """Serve until SIGINT or SIGTERM; then answer what is under way, and stop everything in order.

    Shape:  listener is that of `listening_socket`; with on_sample, an empty log gets the sample content
            first; on_ready is called before the first request is taken, when the read models show the log
            or are far behind it.
    Errors: those of open_log.
    """
    with Signals() as signals:
        async with open_log(settings) as opened:
            await fill(opened, on_sample)
            await answer(opened, settings, listener, signals, on_ready)


async def fill(opened: Log, on_sample: Heard | None) -> None:
    """With on_sample, an empty log gets the sample content."""
    if on_sample is not None and await wants_samples(opened.context()):
        await load_samples(opened.context(), on_sample)


async def answer(
    opened: Log,
    settings: Settings,
    listener: socket.socket,
    signals: Signals,
    on_ready: Callable[[], None],
    *,
    neighbours: Neighbours | None = None,
) -> None:
    """Project and answer, until a signal. Shape: neighbours are other workers behind the same address."""
    progress = Progress(opened.pool)
    holder = _holder()
    runner = Runner(opened.pool, opened.store, progress, holder=holder)
    tree = Tree(opened.pool, opened.store, _signing_key(settings), holder=holder)
    tools, bell = await _tools(opened, progress, settings), Bell()
    channels = [*_channels(tools, settings), *await announcers(opened.pool, settings, utc_now)]
    planner = Planner(opened.pool, opened.store, channels, holder=holder, shown=progress, bell=bell)
    sender = Sender(opened.pool, channels, bell)
    others: list[Follower] = [BlameFollower(opened.pool, opened.store, holder=holder), tree, planner]
    witnesses = Witnesses(opened.pool, tree, settings.asked_witnesses)
    gather = neighbours.gathered if neighbours else None
    watch = Metrics(opened.store, runner, opened.pool, gather, others, sender)
    app = create_app(tools, runner, settings, watch)
    server = Server(app, app.state.connections.live)
    telling = neighbours.telling(watch.exposed) if neighbours else contextlib.nullcontext()
    async with contextlib.AsyncExitStack() as running:
        for follower in (runner, *others):
            await running.enter_async_context(beside(follower.run()))
        for work in (witnesses.run(), tools.epochs.follow(opened.pool), sender.run()):
            await running.enter_async_context(beside(work))
        await running.enter_async_context(telling)
        await progress.wait_for((await opened.store.head()).position, CATCH_UP)
        signals.stop = server.stop
        look_seldom()
        on_ready()
        await server.serve(sockets=[listener])


def _channels(tools: Tools, settings: Settings) -> list[Channel]:
    """The ways outwards."""
    poster = Poster(private=settings.private_targets == "on")  # waits for no name that a mutation looks up
    webhooks = Webhooks(tools.pool, describing(tools), poster, tools.clock)
    return [webhooks, *mail.channels(tools.pool, tools.clock, settings.post)]


def _signing_key(settings: Settings) -> Ed25519PrivateKey:
    """Errors: SettingsError."""
    try:
        return signing_key(settings.signing_key_file)
    except KeyFileError as error:
        raise SettingsError(f"SHORTSCIENCE_SIGNING_KEY: {error}") from error


def _holder() -> str:
    """Who leads, for people to read; in the end a number, because containers share names and process ids."""
    return f"{socket.gethostname()} {os.getpid()} {os.urandom(4).hex()}"


async def _tools(opened: Log, progress: Progress, settings: Settings) -> Tools:
    epochs = Epochs()
    await epochs.refresh(opened.pool)
    few = max(1, settings.pool_size // 5)  # they keep connections for seconds: most are for others
    return Tools(
        store=opened.store,
        pool=opened.pool,
        accounts=Accounts(opened.pool, opened.store, utc_now, os.urandom),
        progress=progress,
        log_id=(await opened.store.head()).log_id,
        secret=opened.secret,
        clock=utc_now,
        random=os.urandom,
        base_url=settings.public_url,
        epochs=epochs,
        workshop=Workshop(few),
        drafting=Workshop(few),
        waiting=Places(few),
        mailing=settings.post is not None,
        witnesses=tuple(one.vkey for one in settings.asked_witnesses),
        poster=Poster(private=settings.private_targets == "on", look_ups=LOOK_UPS // 2),
        licence=Licence(settings.licence_name, settings.licence_url) if settings.licence_name else None,
    )
