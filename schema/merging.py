"""How much of a document lies in the same place, counted before validation.

Validation compares all fields that give an answer the same name in the same place, and all fragments used
there, with each other. A few kilobytes could keep it busy for seconds, and nothing else would run meanwhile.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

MOST_FIELDS = 10_000
MOST_PAIRS = 10_000  # each takes some ten microseconds


@dataclass(slots=True)
class Place:
    """What fields and fragments give an answer in one place, each fragment read once."""

    fields: dict[str, list[FieldNode]] = field(default_factory=lambda: defaultdict(list))
    spreads: int = 0

    def within(self) -> Iterator[tuple[SelectionSetNode, ...]]:
        """The selections that make up each place below this one."""
        for same in self.fields.values():
            if found := tuple(one.selection_set for one in same if one.selection_set):
                yield found


class Fragments:
    """The fragments of a document, and what they select. One within itself must have been refused."""

    def __init__(self, document: DocumentNode) -> None:
        self._all = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }
        self.used: set[str] = set()

    def unused(self) -> Iterator[FragmentDefinitionNode]:
        return (one for name, one in self._all.items() if name not in self.used)

    def place(self, selections: Iterable[SelectionSetNode]) -> Place:
        """What all these select together; an unknown fragment selects nothing."""
        place, here, waiting = Place(), set[str](), list(selections)
        while waiting:
            for one in waiting.pop().selections:
                match one:
                    case FieldNode():
                        place.fields[(one.alias or one.name).value].append(one)
                    case InlineFragmentNode():
                        waiting.append(one.selection_set)
                    case FragmentSpreadNode():
                        place.spreads += 1
                        name = one.name.value
                        if name in self._all and name not in here:
                            here.add(name)
                            waiting.append(self._all[name].selection_set)
        self.used |= here
        return place


@dataclass(slots=True)
class Count:
    """What was met so far, in the whole document."""

    fields: int = 0
    pairs: int = 0

    def add(self, place: Place) -> None:
        sizes = [len(same) for same in place.fields.values()]
        self.fields += sum(sizes)
        self.pairs += sum(size * (size - 1) // 2 for size in (*sizes, place.spreads))


def check_merging(document: DocumentNode) -> GraphQLError | None:
    """The refusal of a document whose validation would take too long. No fragment may be within itself."""
    fragments, count = Fragments(document), Count()
    operations = (one for one in document.definitions if isinstance(one, OperationDefinitionNode))
    for definition in chain(operations, fragments.unused()):
        waiting: list[tuple[SelectionSetNode, ...]] = [(definition.selection_set,)]
        while waiting:
            place = fragments.place(waiting.pop())
            count.add(place)
            if refused := _refusal(count, place):
                return refused
            waiting += place.within()
    return None


def _refusal(count: Count, place: Place) -> GraphQLError | None:
    if count.fields > MOST_FIELDS:
        return _refused(
            f"With its fragments written out, the document has more than {MOST_FIELDS:,} fields: "
            "ask for less at once.",
            MOST_FIELDS,
        )
    if count.pairs > MOST_PAIRS:
        what, times = _most(place)
        return _refused(
            "The document says the same too often in the same places, which makes more than "
            f"{MOST_PAIRS:,} pairs to compare ({what} is there {times:,} times in one place): "
            "ask for each thing once, or with fewer fragments.",
            MOST_PAIRS,
        )
    return None


def _most(place: Place) -> tuple[str, int]:
    """What is most often in a place, and how often."""
    name, same = max(place.fields.items(), key=lambda item: len(item[1]), default=("", []))
    return (name, len(same)) if len(same) >= place.spreads else ("a fragment", place.spreads)


def _refused(message: str, limit: int) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "LIMIT_EXCEEDED", "limit": limit})
