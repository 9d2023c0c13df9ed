"""`shortscience announcing`: what goes to networks, and how that goes."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

import typer

from projections.summary import summaries_by_id
from service.console import DatabaseUrl, DataDir, complain, run, say
from service.integrations import announcements
from service.integrations.announcements import AnnouncerRow
from service.integrations.announcers import networks
from service.integrations.announcing_reader import announcement_of
from service.serving import open_log, utc_now
from service.settings import Settings, SettingsError

UNDER_WAY = timedelta(minutes=5)  # what is not noted after this never will be
MOST = 20  # tries without a known end that are shown

announcing = typer.Typer(no_args_is_help=True, help="Announcements of new summaries on X and Facebook.")


@announcing.command("show")
def show(
    summary: Annotated[UUID, typer.Argument(help="The id in the summary's address.")],
    data_dir: DataDir = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Print what the networks that are switched on would be told of a summary. Nothing is sent."""
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    run(settings, _show(settings, summary))


async def _show(settings: Settings, summary_id: UUID) -> None:
    found = networks(settings, utc_now)
    if not found:
        raise SettingsError("no network is switched on: set SHORTSCIENCE_X_… or SHORTSCIENCE_FACEBOOK_…")
    async with open_log(settings) as opened:
        [row] = await summaries_by_id(opened.pool, [summary_id], None)
        said = await announcement_of(opened.pool, row, settings.public_url) if row else None
    if said is None:
        raise SettingsError(f"there is no summary {summary_id} that visitors may see")
    for network in found:
        say(f"{network.name}: {network.text(said)}")


@announcing.command("status")
def status(data_dir: DataDir = None, database_url: DatabaseUrl = None) -> None:
    """Print how each network does, why one stopped, and what nobody knows to have arrived."""
    settings = Settings.read(data_dir=data_dir, database_url=database_url)
    run(settings, _status(settings))


async def _status(settings: Settings) -> None:
    on = {one.name for one in networks(settings, utc_now)}
    async with open_log(settings) as opened:
        rows = await announcements.state(opened.pool)
        lost = await announcements.unknown(opened.pool, utc_now() - UNDER_WAY, MOST)
    for row in rows:
        say(_line(row, row.channel in on))
        if row.stopped is not None:
            complain(f"  {row.channel} stopped: {row.stopped} Correct it, and restart the service.")
    for one in lost:
        link = f"{settings.public_url}/summaries/{one.summary_id}"
        complain(f"  Nobody knows whether it is on {one.channel}: {link} ({one.why or 'the service ended'})")
    if not rows:
        say("Nothing was ever switched on.")


def _line(row: AnnouncerRow, on: bool) -> str:
    first = f"first switched on {row.switched_on_at:%Y-%m-%d} at position {row.since}"
    counts = f"{row.posted} posted, {row.refused} refused, {row.waiting} waiting"
    return f"{row.channel}: {'on' if on else 'off'}; {first}; {counts}"
