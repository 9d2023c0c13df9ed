"""/metrics for Prometheus: counted where it happens, read from there when asked."""

import ipaddress
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Literal

import asyncpg
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from projections.follower import Follower
from schema.live import Live
from service.eventstore.postgres import PostgresStore
from service.eventstore.tally import Spread
from service.integrations.sender import Sender
from service.web.observing import Observed

Access = Literal["local", "on", "off"]
Gather = Callable[[], Awaitable[bytes]]

LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class Metrics:
    """The metrics of one process, in a registry of its own.

    Shape:  gather asks all processes of this service; without it, this is the only one. runner writes the
            core read models, others follow the log beside it, and sender sends outwards.
    """

    def __init__(
        self,
        store: PostgresStore,
        runner: Follower,
        pool: asyncpg.Pool,
        gather: Gather | None = None,
        others: Sequence[Follower] = (),
        sender: Sender | None = None,
    ) -> None:
        self._gather = gather
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "shortscience_request_seconds",
            "Requests by kind (query, mutation, http), root field or page, and outcome.",
            ("kind", "operation", "outcome"),
            buckets=LATENCIES,
            registry=self._registry,
        )
        self._registry.register(_Parts(store, runner, others, pool))
        if sender is not None:
            self._registry.register(_Outwards(sender))
        ProcessCollector(registry=self._registry)

    def request(self, seen: Observed) -> None:
        """A request has ended."""
        self._requests.labels(seen.kind, seen.operation, seen.outcome).observe(seen.seconds)

    def watch(self, live: Live) -> None:
        """Add those of who follows the log in this process."""
        self._registry.register(_Following(live))

    def exposed(self) -> bytes:
        """Those of this process, in Prometheus' text format."""
        return generate_latest(self._registry)

    async def gathered(self) -> bytes:
        """Those of all processes."""
        return self.exposed() if self._gather is None else await self._gather()


class _Parts(Collector):
    """Reads the parts of the service when somebody asks."""

    def __init__(
        self, store: PostgresStore, runner: Follower, others: Sequence[Follower], pool: asyncpg.Pool
    ) -> None:
        self._store = store
        self._runner = runner
        self._others = others
        self._pool = pool

    def collect(self) -> Iterator[Metric]:
        yield from self._of_the_log()
        yield from self._of_the_projection()
        yield from self._of_the_followers()
        yield from self._of_the_pool()

    def _of_the_log(self) -> Iterator[Metric]:
        tally = self._store.tally
        appends = CounterMetricFamily(
            "shortscience_appends", "Appends that the log has decided, by verdict.", labels=("verdict",)
        )
        for verdict, count in tally.verdicts.items():
            appends.add_metric((verdict,), count)
        refused = CounterMetricFamily(
            "shortscience_appends_refused", "Appends that got no verdict, by reason.", labels=("reason",)
        )
        for reason, count in tally.refused.items():
            refused.add_metric((reason,), count)
        yield from (appends, refused)
        yield _histogram("append_batch_size", "Appends in one call of the database.", tally.sizes)
        yield _histogram("append_batch_seconds", "Duration of such a call, with retries.", tally.seconds)
        yield _gauge("append_queue_length", "Appends that wait to be written.", self._store.waiting)

    def _of_the_projection(self) -> Iterator[Metric]:
        state = self._runner.state
        yield _gauge("log_position", "The end of the log, as far as this process knows.", state.head)
        yield _gauge("projection_position", "Up to where the read models show the log.", state.position)
        yield _gauge("projection_lag_events", "Events not shown yet.", max(0, state.head - state.position))
        yield _gauge("projection_leads", "1 in the process that projects, else 0.", state.leading)
        yield _gauge("projection_failing", "1 while something holds it up.", state.failure is not None)

    def _of_the_followers(self) -> Iterator[Metric]:
        lag, leads, failing = (
            GaugeMetricFamily(f"shortscience_follower_{name}", meaning, labels=("follower",))
            for name, meaning in (
                ("lag_events", "Events that it has not handled yet."),
                ("leads", "1 in the process that leads it, else 0."),
                ("failing", "1 while something holds it up."),
            )
        )
        for follower in self._others:
            state = follower.state
            lag.add_metric((follower.name,), max(0, state.head - state.position))
            leads.add_metric((follower.name,), state.leading)
            failing.add_metric((follower.name,), state.failure is not None)
        yield from (lag, leads, failing)

    def _of_the_pool(self) -> Iterator[Metric]:
        size = self._pool.get_size()
        yield _gauge("pool_connections", "Open connections to the database.", size)
        yield _gauge("pool_connections_in_use", "Those that are lent.", size - self._pool.get_idle_size())
        yield _gauge("pool_connections_max", "How many may be open.", self._pool.get_max_size())


class _Following(Collector):
    """Subscriptions."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        tally = self._live.tally
        yield _gauge("subscriptions", "Open subscriptions.", self._live.followers)
        yield CounterMetricFamily(
            "shortscience_subscription_messages",
            "Messages of operations over connections that stay.",
            tally.messages,
        )
        yield CounterMetricFamily(
            "shortscience_followers_let_go", "Connections ended because nothing was read.", tally.let_go
        )


class _Outwards(Collector):
    """What goes outwards."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender

    def collect(self) -> Iterator[Metric]:
        tries = CounterMetricFamily(
            "shortscience_outwards_tries",
            "Deliveries that were tried, by channel and outcome.",
            labels=("channel", "outcome"),
        )
        for labels, count in self._sender.counted.items():
            tries.add_metric(labels, count)
        yield tries
        yield _gauge("outwards_targets_due", "Targets that wait for their turn.", self._sender.due)
        yield _gauge("outwards_targets_served", "Targets that are being sent to.", self._sender.serving)


def metrics(access: Access, gather: Gather) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint. For whoever may not see it, it does not exist.

    Shape:  local: only for a client on this machine whom no proxy has forwarded.
    """

    async def endpoint(request: Request) -> Response:
        if access == "off" or (access == "local" and not _is_local(request)):
            raise HTTPException(404)
        return Response(await gather(), headers={"Cache-Control": "no-store"}, media_type=CONTENT_TYPE_LATEST)

    return endpoint


def _is_local(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    return ipaddress.ip_address(request.client.host.partition("%")[0]).is_loopback


def _gauge(name: str, meaning: str, value: float) -> Metric:
    return GaugeMetricFamily(f"shortscience_{name}", meaning, value=value)


def _histogram(name: str, meaning: str, spread: Spread) -> Metric:
    buckets = [
        ("+Inf" if bound == float("inf") else str(bound), count) for bound, count in spread.cumulative()
    ]
    return HistogramMetricFamily(
        f"shortscience_{name}",
        meaning,
        buckets=buckets,
        sum_value=spread.total,
    )
