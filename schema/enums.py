"""Enumerations. Their values are those of the domain, by name."""

from enum import Enum
from typing import Any

import strawberry


def described(name: str, description: str) -> Any:
    """A value of an enum, with what the schema says of it."""
    return strawberry.enum_value(name, description=description)


@strawberry.enum(description="A kind of name that a paper goes by.")
class IdentifierScheme(Enum):
    BIBTEX = described("BIBTEX", "A BibTeX key, such as journals/corr/SchroffKP15.")
    DOI = described("DOI", "A digital object identifier, such as 10.1109/cvpr.2015.7298682.")
    ARXIV = described("ARXIV", "An arXiv id without version, such as 1503.03832.")
    URL = described("URL", "A web address.")


@strawberry.enum(description="Where a paper's metadata came from.")
class MetadataSource(Enum):
    ARXIV = described("ARXIV", "arXiv.org.")
    BIBSONOMY = described("BIBSONOMY", "BibSonomy, the social bookmark service.")
    CROSSREF = described("CROSSREF", "Crossref, the registry of DOIs.")
    DBLP = described("DBLP", "dblp, the computer science bibliography.")
    OPENALEX = described("OPENALEX", "OpenAlex, the open catalogue of research.")
    BIBTEX = described("BIBTEX", "A BibTeX entry that somebody had.")
    MANUAL = described("MANUAL", "Typed by a person.")


@strawberry.enum(description="Who sees a summary.")
class Visibility(Enum):
    PUBLIC = described("PUBLIC", "Everybody, also in lists.")
    UNLISTED = described("UNLISTED", "Whoever has its address; it is in no list.")
    PRIVATE = described("PRIVATE", "Its author only.")


@strawberry.enum(description="A vote, up or down.")
class VoteValue(Enum):
    UP = described("UP", "It helped.")
    DOWN = described("DOWN", "It did not help.")


@strawberry.enum(description="The order of a paper's summaries.")
class SummaryOrder(Enum):
    TOP = described("TOP", "Best first: by the lower bound of the 95 % Wilson interval of their votes.")
    LATEST = described("LATEST", "The latest change of the text first.")
    OLDEST = described("OLDEST", "The first published first.")


@strawberry.enum(description="The order of papers. What they have none of comes last.")
class PaperOrder(Enum):
    LATEST_SUMMARY = described("LATEST_SUMMARY", "The latest change of a public summary's text first.")
    MOST_SUMMARIES = described("MOST_SUMMARIES", "Those with the most public summaries first.")
    YEAR = described("YEAR", "The newest year first.")


@strawberry.enum(description="Which summaries a feed has, in which order.")
class FeedKind(Enum):
    LATEST = described("LATEST", "The latest change of the text first, without those of negative score.")
    TOP = described("TOP", "Best first: by the lower bound of the 95 % Wilson interval of their votes.")
    HOT = described(
        "HOT",
        "Well received of late first: the decimal logarithm of the score, with its sign, and a point for "
        "each 45,000 seconds at which they came later.",
    )
    CONTROVERSIAL = described(
        "CONTROVERSIAL",
        "Only those with votes of both kinds, many and even ones first: (up + down) to the power of the "
        "smaller by the larger.",
    )


@strawberry.enum(description="What became of a stretch of text.")
class DiffOp(Enum):
    EQUAL = described("EQUAL", "It stands in both texts.")
    INSERT = described("INSERT", "It stands in the newer text only.")
    DELETE = described("DELETE", "It stands in the older text only.")


@strawberry.enum(description="What kind of failure it is, for programs.")
class ErrorCode(Enum):
    INVALID = described("INVALID", "The input breaks a rule: correct it.")
    NOT_FOUND = described("NOT_FOUND", "There is no such thing, or the viewer may not see it.")
    UNAUTHENTICATED = described("UNAUTHENTICATED", "Sign in first.")
    FORBIDDEN = described("FORBIDDEN", "The viewer may not do this.")
    CONFLICT = described("CONFLICT", "Someone was first, or an idempotency key came with another request.")
    ALREADY_EXISTS = described("ALREADY_EXISTS", "The thing exists already.")
    RATE_LIMITED = described("RATE_LIMITED", "Too many tries in a short time: wait.")
    NOT_YET_VISIBLE = described("NOT_YET_VISIBLE", "Recorded, but not yet to be read: read again.")
    BUSY = described("BUSY", "The service is too busy just now: try again.")
