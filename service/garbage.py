"""How often Python looks for garbage that refers to itself. Everything else it frees at once by itself."""

import gc

YOUNG, MIDDLE, OLD = 50_000, 10, 20  # new objects until it looks; times until it looks further back


def look_seldom() -> None:
    """Leave out what is there now, which stays until the end, and look among the rest after more has come.

    A page has thousands of objects, and thousands who follow have millions: by default they are all looked
    through again and again, which took half of a request's time and a third of a message's (ADR 21).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
