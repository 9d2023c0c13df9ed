"""Positions after a restore: what survived keeps its name, what was lost is known to be lost."""

from uuid import UUID

import pytest
from graphql import GraphQLError
from hypothesis import given
from hypothesis import strategies as st

from schema.scalars import log_position, parse_position
from service.eventstore.epochs import Epochs

LOG = UUID(int=7)
RESTORED = Epochs([(0, 0), (1_700_000_000, 100), (1_800_000_000, 100), (1_900_000_000, 150)])


@pytest.mark.parametrize(
    ("position", "epoch"),
    [(0, 0), (1, 0), (100, 0), (101, 1_800_000_000), (150, 1_800_000_000), (151, 1_900_000_000)],
)
def test_a_position_belongs_to_the_epoch_in_which_it_was_recorded(position: int, epoch: int) -> None:
    assert RESTORED.of(position) == epoch
    assert parse_position(str(log_position(LOG, position, RESTORED)), LOG, RESTORED) == position


@pytest.mark.parametrize(
    ("epochs", "position"),
    [
        (Epochs(), 101),
        (Epochs([(0, 0), (1_700_000_000, 100)]), 101),
        (Epochs([(0, 0), (1_800_000_000, 100)]), 151),
        (Epochs([(0, 0), (1_750_000_000, 90)]), 91),
    ],
)
def test_what_a_restore_has_lost_is_refused(epochs: Epochs, position: int) -> None:
    with pytest.raises(GraphQLError, match="lost when it was restored"):
        parse_position(str(log_position(LOG, position, epochs)), LOG, RESTORED)


@given(st.sets(st.integers(0, 300), min_size=2, max_size=50))
def test_names_are_in_the_order_of_the_log(positions: set[int]) -> None:
    names = [str(log_position(LOG, position, RESTORED)) for position in sorted(positions)]
    assert names == sorted(names)
    assert len(set(names)) == len(names)


@given(st.integers(0, 100))
def test_what_survived_has_the_same_name_as_before(position: int) -> None:
    assert log_position(LOG, position, RESTORED) == log_position(LOG, position)
