"""`shortscience keys`: the keys with which this log signs its checkpoints."""

import typer

from projections import log_keys
from service.console import DatabaseUrl, DataDir, run, say
from service.serving import Log, open_log
from service.settings import Settings
from service.verification.checkpoints import key_name, origin
from service.verification.keys import signing_key
from service.verification.notes import Signer

keys = typer.Typer(no_args_is_help=True, help="The keys that sign checkpoints of the log.")


@keys.command("show")
def show(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Print the log's origin, its keys, and which of them this installation holds.

    Publish the keys where readers of the log trust what they see: they and witnesses check it with them.
    """
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    run(settings, _show(settings))


async def _show(settings: Settings) -> None:
    async with open_log(settings) as opened:
        own = (await _signer(settings, opened)).vkey
        epoch = await opened.pool.fetchval("SELECT max(epoch) FROM log_epochs")
        say(f"Origin  {origin((await opened.store.head()).log_id, epoch)}")
        known = await log_keys.keys(opened.pool)
        for vkey in known:
            say(f"Key     {vkey}" + ("  (of this installation)" if vkey == own else ""))
        if not known:
            say(f"Key     {own}  (of this installation; the log is not signed yet)")
        elif own not in known:
            say(f"        {own}  (of this installation: unknown to the log, see `shortscience keys rotate`)")


@keys.command("rotate")
def rotate(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Let the key of this installation sign the log, too.

    For when the key file was lost, or is to be replaced: move the old file away, run this, start the
    service again, and tell the log's readers and witnesses. What the old key signed stays valid.
    """
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    run(settings, _rotate(settings))


async def _rotate(settings: Settings) -> None:
    async with open_log(settings) as opened:
        own = (await _signer(settings, opened)).vkey
        added = await log_keys.add(opened.pool, own)
    say(f"The log is signed with this key, too: {own}" if added else f"The log knew this key already: {own}")


async def _signer(settings: Settings, opened: Log) -> Signer:
    return Signer(key_name((await opened.store.head()).log_id), signing_key(settings.signing_key_file))
