"""From a person's summary to a post, with servers of several processes of which one is killed."""

from pathlib import Path

import httpx

from service.embedded_cluster import Cluster
from tests.end_to_end.client import Person
from tests.end_to_end.server import run, serving
from tests.integrations.networks import OWN, XApi, speaking
from tests.integrations.outgoing import until
from tests.postgres import fetchval

# Who is killed between posting and noting so leaves what nobody knows: that is for other tests.
NOTED = "SELECT count(*) = %d FROM outwards.deliveries WHERE state = 'delivered'"


async def test_summaries_are_announced_once(cluster: Cluster, tmp_path: Path) -> None:
    api = XApi()
    async with speaking(api):
        settings = {
            "database_url": cluster.dsn(),
            "base_url": "https://example.org",
            "announce_quiet_minutes": "0",
            "announce_per_hour": "100",
            "x_api_url": api.url,
            "x_consumer_key": OWN.consumer_key,
            "x_consumer_secret": OWN.consumer_secret,
            "x_access_token": OWN.token,
            "x_access_token_secret": OWN.token_secret,
        }
        with (
            serving("--workers", "2", output=tmp_path / "one.txt", **settings) as one,
            serving(output=tmp_path / "two.txt", **settings) as two,
        ):
            async with httpx.AsyncClient(base_url=one.url, timeout=60) as http:
                ada = await Person(http).sign_up("ada")
                for key in ("a", "b"):
                    await ada.summary(await ada.paper(key), f"Text {key}.")
                await until(lambda: fetchval(cluster.dsn(), NOTED % 2))
                two.kill()
                await ada.summary(await ada.paper("c"), "Text c.")
                await until(lambda: fetchval(cluster.dsn(), NOTED % 3))
        said = one.said() + two.said()
        status = run("announcing", "status", **settings)
    assert [post.partition(" https:")[0] for post in api.posted] == [
        f"ada explains On {key}: Text {key}." for key in "abc"
    ]
    assert len(api.asked) == 3
    assert status.stdout.startswith("x: on; ")
    assert status.stdout.endswith("; 3 posted, 0 refused, 0 waiting\n")
    assert not any(secret in said + status.stderr for secret in (OWN.consumer_secret, OWN.token_secret))
