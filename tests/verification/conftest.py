"""A log on PostgreSQL, as in the tests of what follows it."""

from tests.projections.conftest import pool, store, world

__all__ = ["pool", "store", "world"]
