"""The metrics of all workers in one answer, whichever worker was asked."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector

log = structlog.get_logger()

PATIENCE = 2.0  # seconds that a neighbour has to answer


class Neighbours:
    """The workers of one service, each with a socket in one folder that tells its metrics."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._own = folder / f"{number}.metrics"

    @asynccontextmanager
    async def telling(self, exposed: Callable[[], bytes]) -> AsyncIterator[None]:
        """While the body runs, this worker tells its metrics to the others."""

        async def tell(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(exposed())
            writer.close()

        self._own.unlink(missing_ok=True)  # of a predecessor that was killed
        async with await asyncio.start_unix_server(tell, self._own):
            yield

    async def gathered(self) -> bytes:
        """Everybody's metrics, with the label `worker`; without those who do not answer."""
        paths = sorted(self._folder.glob("*.metrics"))
        told = await asyncio.gather(*(_ask(path) for path in paths))
        return merged({path.stem: text for path, text in zip(paths, told, strict=True) if text})


async def _ask(path: Path) -> str:
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_unix_connection(path)
            try:
                return (await reader.read()).decode()
            finally:
                writer.close()
    except OSError as error:  # also when time runs out
        log.warning("a worker does not tell its metrics", worker=path.stem, error=str(error))
        return ""


def merged(texts: dict[str, str]) -> bytes:
    """One text out of several, each sample with the label `worker`."""
    families: dict[str, Metric] = {}
    for worker, text in texts.items():
        for family in text_string_to_metric_families(text):
            whole = families.setdefault(
                family.name, Metric(family.name, family.documentation, family.type, family.unit)
            )
            for sample in family.samples:
                labels = {**sample.labels, "worker": worker}
                whole.samples.append(sample._replace(labels=labels))
    registry = CollectorRegistry()
    registry.register(_Ready(families.values()))
    return generate_latest(registry)


class _Ready(Collector):
    """Metrics that are made already."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families
