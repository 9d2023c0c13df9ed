"""How long the other side asks to be left alone."""

from service.integrations.networks import Answer

BEYOND = "Mon, 01 Jan 2024 00:00:00 +99999999999999"


def test_a_date_counts_from_that_of_the_answer() -> None:
    until, now = "Mon, 23 Nov 2026 10:00:30 GMT", "Mon, 23 Nov 2026 10:00:00 GMT"
    for headers, seconds in (
        ({"retry-after": until, "date": now}, 30.0),
        ({"retry-after": until}, None),
        ({"retry-after": until, "date": BEYOND}, None),
        ({"retry-after": BEYOND, "date": now}, None),
        ({"retry-after": "7"}, 7.0),
        ({}, None),
    ):
        assert Answer(429, headers, "").asks_to_wait() == seconds, headers
