"""What can go wrong because of what a person gave, each with a message written for that person.

Every message says what came, what is allowed and what to do. The command line prints it after
``error:`` and exits with 2; the dashboard shows it as it is. Anything that is not a
``ProbingError`` is a defect of this package.
"""

from probing.language import say


class ProbingError(Exception):
    """Base of every error whose message is meant for the person who caused it.

    ``DataError("{name} is empty.", name=name)``: texts as ``say`` takes them, in English; the page
    shows them by ``spoken``.
    """

    def __init__(self, text: str, /, **values: object) -> None:
        super().__init__(say(text, **values))


class DataError(ProbingError):
    """The sentences, labels or the file that holds them cannot be used."""


class EncoderError(ProbingError):
    """The encoder cannot be found, is not safe to load, or is not an encoder."""


class SettingsError(ProbingError):
    """A setting is outside what is allowed."""


class RunFolderError(ProbingError):
    """A run's folder cannot be written, or what lies there is not a complete run."""


class Cancelled(Exception):
    """The person asked to stop. Not an error: nothing is wrong with what they gave."""
