"""What can go wrong with a file of the log. The messages are for people."""


class ExportError(Exception):
    """It cannot be done, or it does not hold."""


class ExportRefused(ExportError):
    """There is nothing that may be written, or no place for it."""


class ImportRefused(ExportError):
    """This file cannot be imported, or not here. Nothing was changed."""


class Damaged(ExportError):
    """The file cannot be read on from here."""


class Tampered(ExportError):
    """The log is not what it says; `position` is the first place where that shows, None: nobody can say."""

    def __init__(self, position: int | None, reason: str) -> None:
        super().__init__(reason if position is None else f"position {position:,}: {reason}")
        self.position = position
        self.reason = reason
