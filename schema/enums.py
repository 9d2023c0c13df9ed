"""Enumerations. Their values are those of the domain, by name."""

from enum import Enum
from typing import Any

import strawberry


def _value(name: str, description: str) -> Any:
    return strawberry.enum_value(name, description=description)


@strawberry.enum(description="A kind of name that a paper goes by.")
class IdentifierScheme(Enum):
    BIBTEX = _value("BIBTEX", "A BibTeX key, such as journals/corr/SchroffKP15.")
    DOI = _value("DOI", "A digital object identifier, such as 10.1109/cvpr.2015.7298682.")
    ARXIV = _value("ARXIV", "An arXiv id without version, such as 1503.03832.")
    URL = _value("URL", "A web address.")


@strawberry.enum(description="Where a paper's metadata came from.")
class MetadataSource(Enum):
    ARXIV = _value("ARXIV", "arXiv.org.")
    BIBSONOMY = _value("BIBSONOMY", "BibSonomy, the social bookmark service.")
    CROSSREF = _value("CROSSREF", "Crossref, the registry of DOIs.")
    DBLP = _value("DBLP", "dblp, the computer science bibliography.")
    OPENALEX = _value("OPENALEX", "OpenAlex, the open catalogue of research.")
    BIBTEX = _value("BIBTEX", "A BibTeX entry that somebody had.")
    MANUAL = _value("MANUAL", "Typed by a person.")


@strawberry.enum(description="Who sees a summary.")
class Visibility(Enum):
    PUBLIC = _value("PUBLIC", "Everybody, also in lists.")
    UNLISTED = _value("UNLISTED", "Whoever has its address; it is in no list.")
    PRIVATE = _value("PRIVATE", "Its author only.")


@strawberry.enum(description="A vote, up or down.")
class VoteValue(Enum):
    UP = _value("UP", "It helped.")
    DOWN = _value("DOWN", "It did not help.")


@strawberry.enum(description="The order of a paper's summaries.")
class SummaryOrder(Enum):
    TOP = _value("TOP", "Best first: by the lower bound of the 95 % Wilson interval of their votes.")
    LATEST = _value("LATEST", "The latest change of the text first.")
    OLDEST = _value("OLDEST", "The first published first.")


@strawberry.enum(description="The order of papers. What they have none of comes last.")
class PaperOrder(Enum):
    LATEST_SUMMARY = _value("LATEST_SUMMARY", "The latest change of a public summary's text first.")
    MOST_SUMMARIES = _value("MOST_SUMMARIES", "Those with the most public summaries first.")
    YEAR = _value("YEAR", "The newest year first.")


@strawberry.enum(description="Which summaries a feed has, in which order.")
class FeedKind(Enum):
    LATEST = _value("LATEST", "The latest change of the text first, without those of negative score.")
    TOP = _value("TOP", "Best first: by the lower bound of the 95 % Wilson interval of their votes.")
    HOT = _value(
        "HOT",
        "Well received of late first: the decimal logarithm of the score, with its sign, and a point for "
        "each 45,000 seconds at which they came later.",
    )
    CONTROVERSIAL = _value(
        "CONTROVERSIAL",
        "Only those with votes of both kinds, many and even ones first: (up + down) to the power of the "
        "smaller by the larger.",
    )


@strawberry.enum(description="What became of a stretch of text.")
class DiffOp(Enum):
    EQUAL = _value("EQUAL", "It stands in both texts.")
    INSERT = _value("INSERT", "It stands in the newer text only.")
    DELETE = _value("DELETE", "It stands in the older text only.")


@strawberry.enum(description="What kind of failure it is, for programs.")
class ErrorCode(Enum):
    INVALID = _value("INVALID", "The input breaks a rule: correct it.")
    NOT_FOUND = _value("NOT_FOUND", "There is no such thing, or the viewer may not see it.")
    UNAUTHENTICATED = _value("UNAUTHENTICATED", "Sign in first.")
    FORBIDDEN = _value("FORBIDDEN", "The viewer may not do this.")
    CONFLICT = _value("CONFLICT", "Someone was first, or an idempotency key came with another request.")
    ALREADY_EXISTS = _value("ALREADY_EXISTS", "The thing exists already.")
    RATE_LIMITED = _value("RATE_LIMITED", "Too many tries in a short time: wait.")
    NOT_YET_VISIBLE = _value("NOT_YET_VISIBLE", "Recorded, but not yet to be read: read again.")
    BUSY = _value("BUSY", "The service is too busy just now: try again.")
