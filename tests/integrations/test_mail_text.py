"""Mails as bytes: what others wrote is read as they wrote it, and adds nothing."""

import re
from datetime import UTC, datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import default
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.integrations.mail_bytes import mailbox, words, written
from service.integrations.mail_server import is_mailable
from service.integrations.mail_text import EXCERPT, Item, Letterhead
from service.text import excerpt
from tests.integrations.mailbox import text_of

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
MAIL_ID = UUID(int=1)
SUMMARY = UUID("01a22a6f-bfbc-7b79-a502-ad86f457d071")
KINDS = ["REPLY", "COMMENT", "SUMMARY_USER", "SUMMARY_PAPER", "SUMMARY_VENUE", "SUMMARY_KEYWORD"]
TOKEN = "t" * 43
LINK = f"https://shortscience.example.org/summaries/{SUMMARY}"
LEAVE = f"https://shortscience.example.org/mail/unsubscribe?token={TOKEN}"
LETTERHEAD = Letterhead(Address("ShortScience", "notes", "example.org"), "https://shortscience.example.org")
NAMES = [
    *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
    *("In-Reply-To", "References"),
    *("List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "MIME-Version", "Content-Type"),
]
ENCODED = [
    "=?utf-8?b?DQpSZXBseS1UbzogZUBlLnV1DQoNClBheSBoZXJl?=",
    "=?utf-8?q?a=0D=0ABcc:_v@x.org?=",
    "=?utf-8?q?=0D=0A=0D=0A?= =?x?q?x?=",
    "=?utf-8?q?=00?=",
    "=?utf-8?q?=ff=fe?=",
    "=?utf-16?b?AAA=?=",
    "=?nosuch?q?a?=",
    "=?=?=?=?=?",
]
WRITTEN = st.text(max_size=80) | st.text("=?utf-8bq0DA\r\n\0: <>@_\ud7ff\u2028é😀", max_size=200)


def notes(*items: Item, to: str = "bob@example.com") -> bytes:
    return LETTERHEAD.notes(to, MAIL_ID, items, TOKEN, NOW)


def head_of(raw: bytes) -> list[tuple[str, str]]:
    """Names and unfolded values, read by hand."""
    lines = raw.partition(b"\r\n\r\n")[0].decode("ascii").replace("\r\n ", " ").split("\r\n")
    return [(name, value) for name, _, value in (one.partition(": ") for one in lines)]


def parsed(raw: bytes) -> EmailMessage:
    mail = message_from_bytes(raw, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def bare(text: str) -> str:
    """Without controls."""
    return re.sub(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]", "", text)


@given(st.sampled_from(KINDS), WRITTEN | st.none(), WRITTEN, WRITTEN)
@example("COMMENT", "Bob", "T", "a\x1b[31m\x00b\ud800")
@example("SUMMARY_PAPER", "😀" * 60, "深" * 300, "学習" * 300)
@example("REPLY", '"' * 90, "a" * 76 + " b", "." + "\n." * 9)
def test_what_others_wrote_is_read_as_it_was_written(
    kind: str, actor: str | None, title: str, text: str
) -> None:
    item = Item(kind, SUMMARY, actor, title, text, LINK)
    raw = notes(item)
    head = head_of(raw)
    assert [name for name, _ in head] == NAMES
    subject = " ".join(item.headline().split())
    assert str(make_header(decode_header(dict(head)["Subject"]))) == subject
    assert parsed(raw)["Subject"] == subject
    body = "\n".join(filter(None, (item.headline(), excerpt(text, EXCERPT), LINK)))
    assert text_of(parsed(raw)).splitlines()[:-3] == bare(body).split("\n")
    assert re.fullmatch(rb"(?:[ -~]{0,998}\r\n)*", raw)


@given(st.sampled_from(ENCODED), st.sampled_from(ENCODED))
def test_what_looks_encoded_is_never_decoded(actor: str, title: str) -> None:
    head = head_of(notes(Item("COMMENT", SUMMARY, actor, title, "", LINK)))
    assert [name for name, _ in head] == NAMES
    said = str(make_header(decode_header(dict(head)["Subject"])))
    assert said == f"{excerpt(actor, 60)} commented on your summary of “{title}”"


def test_addresses_in_headers_are_in_one_line_as_they_are() -> None:
    raw = notes(Item("COMMENT", SUMMARY, "Ada", "T", "", LINK))
    assert f"\r\nList-Unsubscribe: <{LEAVE}>\r\n".encode() in raw
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
    assert b"\r\nTo: bob@example.com\r\n" in raw
    assert b"From: ShortScience <notes@example.org>\r\n" in raw
    assert b"\r\nList-Id: ShortScience notifications <notifications.shortscience.example.org>\r\n" in raw


@pytest.mark.parametrize("kind", KINDS[2:])
def test_who_wrote_a_summary_is_said_unless_nobody_may_learn_it(kind: str) -> None:
    said = Item(kind, SUMMARY, "Ada", "T", "", LINK).headline()
    assert said.startswith(
        "Ada, whom you follow, explained" if kind == KINDS[2] else "New summary by Ada of “T”, "
    )
    if kind != KINDS[2]:  # who follows a user hears of nothing that they wrote anonymously
        assert Item(kind, SUMMARY, None, "T", "", LINK).headline() == said.replace(" by Ada", "")


def test_mails_about_one_summary_have_one_root_and_digests_none() -> None:
    comment, other = (Item("COMMENT", id, "Ada", "T", "", LINK) for id in (SUMMARY, UUID(int=2)))
    root = f"<summary-{SUMMARY}@example.org>"
    for mail in (parsed(notes(comment)), parsed(notes(comment, comment))):
        assert mail["References"] == mail["In-Reply-To"] == root
        assert not mail["References"].defects
    digest = parsed(notes(comment, other))
    assert digest["References"] is digest["In-Reply-To"] is None
    assert digest["Message-ID"] == f"<{MAIL_ID}@example.org>"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("", "notes@example.org"),
        ("Short Science", "Short Science <notes@example.org>"),
        ("Notes, etc.", '"Notes, etc." <notes@example.org>'),
        ("Zoë", "=?utf-8?q?Zo=C3=AB?= <notes@example.org>"),
    ],
)
def test_a_name_before_an_address(name: str, value: str) -> None:
    assert mailbox(name, "notes@example.org") == value


@pytest.mark.parametrize("name", ENCODED)
def test_a_name_that_looks_encoded_is_encoded_once_more(name: str) -> None:
    said = mailbox(name, "notes@example.org").replace("\r\n ", " ")
    assert str(make_header(decode_header(said))) == f"{name} <notes@example.org>"
    [address] = parsed(written([("From", said)], "", ""))["From"].addresses
    assert address.addr_spec == "notes@example.org"


@pytest.mark.parametrize(
    "value", ["", " a", "a\r\nBcc: b", "a\r\n\r\nb", "a\n b", "a\0", "é", "\ud800", "a" * 999]
)
def test_what_cannot_be_a_header_is_not_sent(value: str) -> None:
    with pytest.raises(ValueError, match="To"):
        written([("To", value)], "", "")


@given(st.text())
def test_words_are_in_lines_of_a_header(text: str) -> None:
    assert re.fullmatch(r"|[!-~][ -~]{0,75}(?:\r\n [!-~][ -~]{0,75})*", words(text))


@pytest.mark.parametrize("address", [*(f"{one}@example.org" for one in ENCODED), "a@=?q.org"])
def test_no_mail_goes_to_what_looks_encoded(address: str) -> None:
    assert not is_mailable(address)
