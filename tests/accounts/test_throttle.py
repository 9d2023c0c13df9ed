from datetime import UTC, datetime, timedelta

import pytest

from service.accounts.throttle import TRIES, WINDOW, Throttle
from service.domain.errors import RateLimited

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def test_strangers_who_fail_keep_nobody_else_out() -> None:
    throttle = Throttle()
    for n in range(10_000):
        throttle.begin(f"name{n}", NOW)
    throttle.begin("another", NOW)


def test_success_forgets_the_tries_before() -> None:
    throttle = Throttle()
    for _ in range(3):
        for _ in range(TRIES - 1):
            throttle.begin("ada", NOW)
        throttle.succeeded("ada")


def test_tries_are_forgotten_one_by_one() -> None:
    throttle = Throttle()
    for n in range(TRIES):
        throttle.begin("ada", NOW + timedelta(seconds=n))
    with pytest.raises(RateLimited):
        throttle.begin("ada", NOW + WINDOW - timedelta(microseconds=1))
    throttle.begin("ada", NOW + WINDOW)
    with pytest.raises(RateLimited):
        throttle.begin("ada", NOW + WINDOW)


def test_a_refused_try_does_not_make_the_wait_longer() -> None:
    throttle = Throttle()
    for _ in range(TRIES):
        throttle.begin("ada", NOW)
    for n in range(100):
        with pytest.raises(RateLimited):
            throttle.begin("ada", NOW + timedelta(seconds=n))
    throttle.begin("ada", NOW + WINDOW)


def test_an_undecided_try_does_not_count() -> None:
    throttle = Throttle()
    for _ in range(TRIES + 1):
        throttle.undecided(throttle.begin("ada", NOW))
    throttle.begin("ada", NOW)
