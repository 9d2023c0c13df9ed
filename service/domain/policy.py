"""Who may see and do what. The write side and the projections ask here, and nowhere else.

A comment is seen by whoever may see its summary. A viewer is a user's id, or None for a visitor. An
author is None when nobody knows any more who wrote something: then it is nobody's own.
"""

from uuid import UUID

from service.domain.events import Visibility


def is_listed(visibility: Visibility, retracted: bool) -> bool:
    """True: in lists, counts and feeds, the same ones for everybody."""
    return visibility is Visibility.PUBLIC and not retracted


def is_own(viewer: UUID | None, author: UUID | None) -> bool:
    """True: the viewer wrote it."""
    return viewer is not None and viewer == author


def may_see_summary(
    viewer: UUID | None, author: UUID | None, visibility: Visibility, retracted: bool
) -> bool:
    """True: by its address. An author sees all that is their own."""
    if is_own(viewer, author):
        return True
    return not retracted and visibility in (Visibility.PUBLIC, Visibility.UNLISTED)


def may_edit_summary(viewer: UUID | None, author: UUID | None, retracted: bool) -> bool:
    """True: revise it, retract it, set its visibility."""
    return is_own(viewer, author) and not retracted


def may_edit_comment(viewer: UUID | None, author: UUID, removed: bool) -> bool:
    """True: edit or remove it, for a viewer who may see its summary."""
    return viewer == author and not removed


def may_take_part(viewer: UUID | None, withdrawn: bool) -> bool:
    """True: vote and comment on it, for a viewer who may see it; its author may too.

    Units:  withdrawn is a retracted summary or a removed comment: nothing is left to talk about.
    """
    return viewer is not None and not withdrawn
