"""The exception that becomes an error line."""


class Fault(Exception):
    """An error that the user can repair: its text is the printed line, `code` the exit code."""

    def __init__(self, text: str, code: int = 1):
        super().__init__(text)
        self.code = code


class Usage(Fault):
    """A wrong option or a missing tool: exit code 2."""

    def __init__(self, text: str):
        super().__init__(text, 2)
