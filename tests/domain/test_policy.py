from uuid import UUID

import pytest

from service.domain import policy
from service.domain.events import Visibility

ADA, BOB = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize("viewer", [None, ADA, BOB])
@pytest.mark.parametrize("visibility", Visibility)
@pytest.mark.parametrize("retracted", [False, True])
def test_who_sees_a_summary_of_ada(viewer: UUID | None, visibility: Visibility, retracted: bool) -> None:
    by_address = viewer == ADA or (visibility is not Visibility.PRIVATE and not retracted)
    assert policy.may_see_summary(viewer, ADA, visibility, retracted) is by_address
    assert policy.is_listed(visibility, retracted) is (visibility is Visibility.PUBLIC and not retracted)


@pytest.mark.parametrize("viewer", [None, ADA, BOB])
@pytest.mark.parametrize("withdrawn", [False, True])
def test_who_does_what(viewer: UUID | None, withdrawn: bool) -> None:
    assert policy.may_edit_summary(viewer, ADA, withdrawn) is (viewer == ADA and not withdrawn)
    assert policy.may_edit_comment(viewer, ADA, withdrawn) is (viewer == ADA and not withdrawn)
    assert policy.may_take_part(viewer, withdrawn) is (viewer is not None and not withdrawn)


@pytest.mark.parametrize("viewer", [None, ADA])
def test_what_nobody_wrote_any_more_is_nobodys_own(viewer: UUID | None) -> None:
    """A visitor is not the author whom nobody knows."""
    assert not policy.is_own(viewer, None)
    assert not policy.may_edit_summary(viewer, None, retracted=False)
    assert not policy.may_see_summary(viewer, None, Visibility.PRIVATE, retracted=False)
    assert policy.may_see_summary(viewer, None, Visibility.PUBLIC, retracted=False)
