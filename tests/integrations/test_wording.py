"""What announcements say."""

import re
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.integrations.wording import Announcement, Measure, composed, cut, plain_line
from service.integrations.x_weight import weight

# As X finds them: (what stands before) sign name.
MENTION = re.compile(r"(?:^|[^A-Za-z0-9_!#$%&*@＠]|\brt:?)[@＠][A-Za-z0-9_]{1,20}", re.IGNORECASE)
HASHTAG = re.compile(r"(?:^|[^\w&])[#＃]\w*[^\W\d_]\w*")
CASHTAG = re.compile(r"(?:^|\s)\$[A-Za-z]")
SITE = re.compile(r"\w\.[^\W\d_]{2}")
TAG_OF_A_PAGE = re.compile(r"(?:^|\W)@\[")
SAID = Announcement("Ada", "Deep Learning", 2015, "It is deep.", "https://example.org/summaries/1")
LIVELY = st.text(st.sampled_from("@＠#＃$rRtT: a_1é中[]\u200d\u0301.") | st.characters(), max_size=40)


def test_it_says_who_explains_what() -> None:
    assert composed(SAID, 280, len) == "Ada explains Deep Learning (2015): It is deep."


def test_of_an_anonymous_summary_nobody_is_named() -> None:
    said = Announcement(None, "Deep Learning", None, "It is deep.", SAID.permalink)
    assert composed(said, 280, len) == "A summary of Deep Learning: It is deep."


def test_without_words_it_says_only_who_explains_what() -> None:
    said = Announcement("Ada", "Deep Learning", 2015, "https://example.org/image.png", SAID.permalink)
    assert composed(said, 280, len) == "Ada explains Deep Learning (2015)"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one\ntwo\t three  four", "one two three four"),
        ("thanks @ada and @@bob, ＠eve", "thanks ada and bob, eve"),
        ("#deep #学習 ＃x @#@@all", "deep 学習 x all"),
        ("C# and F#, mAP@50, the #1 of 10", "C# and F#, mAP@50, the #1 of 10"),
        ("RT@ada rt:@bob", "RTada rt:bob"),
        ("by @[123:1:Page]", "by [123:1:Page]"),
        ("buy $AAPL, $$BTC$ and $a.b for $5 or US$6", "buy AAPL, BTC and a.b for $5 or US$6"),
        ("so $x^2$ and $\\frac{a}{b}$", "so x^2 and \\frac{a}{b}"),
        ("see evil.co/phish, t.me/x and www2.evil.co?x or", "see and or"),
        ("see a.com, sub.evil.co and evil .co", "see a. com, sub. evil. co and evil. co"),
        ("e.g. 3.14 i.e. v1.0.2 and/or I/O", "e.g. 3.14 i.e. v1.0.2 and/or I/O"),
        ("write to a@b.org", "write to a@b. org"),
        ("see https://spam.example/x?y=1 (www.spam.example), then", "see, then"),
        ("a\x00b\x1b\u202ec\u200bd\ufeffe\ue000f\uffffg", "abcdefg"),
        ("Poincare\u0301", "Poincaré"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
    ],
)
def test_a_line_is_plain_and_calls_nobody(text: str, line: str) -> None:
    assert plain_line(text) == line


@given(LIVELY)
@example("a@#@b")
@example("rt:@@b")
@example("#$x")
@example("$$x$")
@example("a .@co")
@example("a.<>co")
def test_no_text_calls_anybody(text: str) -> None:
    line = plain_line(text)
    assert not MENTION.search(line)
    assert not HASHTAG.search(line)
    assert not CASHTAG.search(line)
    assert not SITE.search(line)
    assert not TAG_OF_A_PAGE.search(line)
    assert unicodedata.is_normalized("NFC", line)
    assert not any(unicodedata.category(one) in {"Cc", "Cs", "Co", "Zl", "Zp"} for one in line)


@pytest.mark.parametrize(
    ("text", "limit", "kept"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two…"),
        ("one two, three", 11, "one two…"),
        ("a pneumonoultramicroscopic", 12, "a pneumonou…"),
        ("学習学習学習", 4, "学習学…"),
        ("e\u0323\u0302e\u0323\u0302", 4, "e\u0323\u0302…"),
        ("e\u0323\u0302e\u0323\u0302", 3, ""),
        ("👨\u200d👩👨\u200d👩", 4, "👨\u200d👩…"),
        ("👨\u200d👩👨\u200d👩", 3, ""),
        ("🇩🇪🇫🇷x", 4, "🇩🇪…"),
        ("word", 0, ""),
    ],
)
def test_cut_between_words_or_signs(text: str, limit: int, kept: str) -> None:
    assert cut(text, limit, len) == kept


@given(
    st.builds(
        Announcement,
        st.none() | st.text(max_size=300),
        st.text(max_size=600),
        st.none() | st.integers(1000, 3000),
        st.text(max_size=900),
        st.just(SAID.permalink),
    ),
    st.sampled_from([weight, len]),
)
def test_it_always_fits(said: Announcement, measure: Measure) -> None:
    assert measure(composed(said, 256, measure)) <= 256
