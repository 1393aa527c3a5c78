"""The one kind of error that a user causes and can mend."""


class InputError(Exception):
    """Bad input or usage. Its message is one line that says what is wrong, where, and what to do."""


def first_line(error: Exception) -> str:
    """Return the first line of a library's error, for use inside one of ours."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
