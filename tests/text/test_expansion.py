"""A short text does not become a huge page."""

import pytest

from service.text import render
from service.text.effort import TOO_MUCH

LONG = 10_000


@pytest.mark.parametrize(
    "body",
    [
        "[a]: /" + "&" * 1_990 + "\n\n" + "[a]" * 29_900,
        "[a]: / '" + "&" * 40_000 + "'\n\n" + "[a]" * 19_900,
        "[a]: https://x.org/" + "y" * 1_900 + "\n\n" + "![a]" * 19_900,
        "[a]: /" + "&" * 40_000 + "\n\n" + "[a]" * 19_900,
        "[^1]: " + "x" * 50_000 + "\n\n" + "[^1] " * 9_000,
    ],
    ids=["addresses", "titles", "images", "one long address", "footnotes"],
)
def test_what_repeats_is_bounded(body: str) -> None:
    rendered = render(body)
    assert len(rendered.html) < 2_000_000
    assert rendered.problems == (TOO_MUCH,)
    assert "a" in rendered.plain or "x" in rendered.plain


def test_links_by_reference_work_within_the_bound() -> None:
    rendered = render("[a]: https://x.org/\n\n" + "[a] and " * 200)
    assert rendered.html.count('<a href="https://x.org/"') == 200
    assert rendered.problems == ()


def test_a_link_to_a_very_long_address_is_shown_as_written() -> None:
    rendered = render(f"[a](https://x.org/{'y' * LONG})")
    assert "<a " not in rendered.html
    assert "y" * LONG in rendered.plain
