"""The networks that there are, and which of them are switched on. Another one is one line in NETWORKS."""

from collections.abc import Callable
from datetime import datetime, timedelta

import asyncpg

from service.integrations.announcing import Announcer, Rules
from service.integrations.facebook import Facebook
from service.integrations.networks import Network
from service.integrations.oauth1 import Credentials
from service.integrations.x import X
from service.settings import X_KEYS, Settings

Clock = Callable[[], datetime]


def x_of(settings: Settings, clock: Clock) -> Network | None:
    """The account whose keys are set."""
    keys = [getattr(settings, name) for name in X_KEYS]
    return X(Credentials(*keys), clock, api=settings.x_api_url) if all(keys) else None


def facebook_of(settings: Settings, clock: Clock) -> Network | None:
    """The page whose token is set."""
    page, token = settings.facebook_page_id, settings.facebook_token
    return Facebook(page, token, api=settings.facebook_api_url) if token else None


NETWORKS = (x_of, facebook_of)


def networks(settings: Settings, clock: Clock) -> list[Network]:
    """Those that are switched on."""
    found = (of(settings, clock) for of in NETWORKS)
    return [one for one in found if one is not None]


async def announcers(pool: asyncpg.Pool, settings: Settings, clock: Clock) -> list[Announcer]:
    """Channels of the outbox, ready for it."""
    rules = Rules(
        quiet=timedelta(minutes=settings.announce_quiet_minutes),
        min_score=settings.announce_min_score,
        per_hour=settings.announce_per_hour,
    )
    found = [Announcer(pool, one, rules, clock, settings.public_url) for one in networks(settings, clock)]
    for one in found:
        await one.start()
    return found
