"""How many may do something at once, in this process."""


class Places:
    """A number of places. Who finds none is refused, and does not wait."""

    def __init__(self, most: int) -> None:
        self.left = most

    def enter(self) -> bool:
        """Take a place. False: there is none."""
        if not self.left:
            return False
        self.left -= 1
        return True

    def leave(self) -> None:
        """Give it back."""
        self.left += 1
