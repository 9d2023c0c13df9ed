"""eventsourcing's own suites for recorders, against our log.

Not run: TrackingRecorderTestCase and ProcessRecorderTestCase. They want a recorder that stores
tracking records by itself or with new events. Our log follows no other log; how far a projection has
come is a row of the read side that its runner moves in the transaction of its read models.
"""

import asyncio
from collections.abc import Iterator
from typing import cast

import pytest
from eventsourcing.persistence import AggregateRecorder, ApplicationRecorder

from tests.eventstore.bridge import AggregateBridge, Bridge, bridged
from tests.eventstore.suites import suites
from tests.postgres import fresh_database


class OnPostgres:
    """A migrated database and a recorder on it, for each test."""

    bridge: type[Bridge] = Bridge
    recorder: Bridge

    @pytest.fixture(autouse=True)
    def _open(self, cluster_dsn: str, migrated_template: str) -> Iterator[None]:
        with asyncio.Runner() as runner:
            database = fresh_database(cluster_dsn, migrated_template)
            dsn = runner.run(database.__aenter__())
            try:
                with bridged(dsn, self.bridge) as self.recorder:
                    yield
            finally:
                runner.run(database.__aexit__(None, None, None))


class TestAggregateRecorder(OnPostgres, suites.AggregateRecorderTestCase):
    bridge = AggregateBridge

    def create_recorder(self) -> AggregateRecorder:
        return self.recorder


class TestApplicationRecorder(OnPostgres, suites.ApplicationRecorderTestCase):
    def create_recorder(self) -> ApplicationRecorder:
        return self.recorder

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()

    def test_concurrent_no_conflicts(self) -> None:  # type: ignore[override]
        super().test_concurrent_no_conflicts()
        positions = [one.id for one in self.recorder.select_notifications(None, 20_000)]
        assert positions == list(range(1, 10_001))


class TestNonInterleaving(OnPostgres, suites.NonInterleavingNotificationIDsBaseCase):
    def create_recorder(self) -> ApplicationRecorder:
        return cast(ApplicationRecorder, self.recorder)
