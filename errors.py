"""The one kind of error that a user causes and can mend."""


class InputError(Exception):
    """Bad input or usage. Its message is one line that says what is wrong, where, and what to do."""
