"""How often Python looks for garbage that refers to itself. Everything else it frees at once by itself."""

import gc

YOUNG, MIDDLE, OLD = 50_000, 10, 20  # new objects until it looks; times until it looks further back


def look_seldom() -> None:
    """Leave out what is there now, which stays until the end, and look among the rest after more has come.

    By default all are looked through again and again, which took about half of a page's time, and with
    thousands who follow as much of a message's (ADR 21).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
