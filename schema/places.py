"""How many may do something at once, in this process."""


class Places:
    """A number of places. Who finds none is refused, and does not wait."""

    def __init__(self, most: int) -> None:
        self._left = most

    def enter(self) -> bool:
        """Take a place. False: there is none."""
        if not self._left:
            return False
        self._left -= 1
        return True

    def leave(self) -> None:
        """Give it back."""
        self._left += 1
