"""Errors that say what is wrong with what, and how to mend it.

Every error that a user can cause carries four parts: the subject (which fixture, which array),
what was expected, what was found, and the command or edit that mends it. The command line prints
the message and exits with ``exit_code``; a traceback means a bug of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Self

# Nothing in here reaches a byte or a verdict: see registry/build/closure.py.
WORDS_ONLY = True


def printable(text: str) -> str:
    r"""A text as a terminal may show it: what is no visible character is escaped, less line ends.

    Names, licences, file names and what servers say are somebody else's. Control characters in
    them would steer the terminal, those of direction reorder its line, and halves of surrogate
    pairs end the program that prints them.

    >>> printable("a\x1b[31m\u202e\nb")
    'a\\x1b[31m\\u202e\nb'
    """
    if text.isprintable():
        return text
    return "".join(
        letter
        if letter.isprintable() or letter in "\n\t"
        else letter.encode("unicode_escape").decode()
        for letter in text
    )


class RegistryError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    subject : str
        What the error is about: a fixture, an array, a file, a dotted path into ``params.yaml``.
    expected, found : str
        The rule, and the value that broke it.
    remedy : str
        The command or the edit that mends it.
    needs_clone : bool, optional
        Whether it mends the registry itself, so that only who has a clone can do it. Default: for
        what breaks a rule, and for nothing else.
    """

    exit_code = 1
    needs_clone = False

    def __init__(
        self,
        subject: str,
        *,
        expected: str,
        found: str,
        remedy: str,
        needs_clone: bool | None = None,
    ) -> None:
        self.subject = subject
        self.expected = expected
        self.found = found
        self.remedy = remedy
        if needs_clone is not None:
            self.needs_clone = needs_clone
        super().__init__(subject, expected, found, remedy)

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling, which xdist and
        # multiprocessing rely on to carry an error from a worker.
        return (_rebuild, (type(self), self.parts, self.needs_clone))

    @property
    def parts(self) -> dict[str, str]:
        """The four parts by their names."""
        return {
            "subject": self.subject,
            "expected": self.expected,
            "found": self.found,
            "remedy": self.remedy,
        }

    def but(self, **parts: str) -> Self:
        """The same error with other parts, for a reader who knows less or can do more."""
        return type(self)(**{**self.parts, **parts}, needs_clone=self.needs_clone)

    def __str__(self) -> str:
        return printable(
            f"{self.subject}\n"
            f"  expected: {self.expected}\n"
            f"  found:    {self.found}\n"
            f"  to mend:  {self.remedy}"
        )


def _rebuild(kind: type[RegistryError], parts: dict[str, str], needs_clone: bool) -> RegistryError:
    return kind(**parts, needs_clone=needs_clone)


class CheckError(RegistryError):
    """Data, a sidecar or a declaration breaks a rule (exit code 1)."""

    needs_clone = True


class ChainError(CheckError):
    """A link of the chain of identity is broken; ``link`` in the subject says which."""


class ArchiveError(CheckError):
    """An ``.npz`` file is malformed, hostile, or not canonical where it must be."""


class UsageError(RegistryError):
    """The request itself is wrong: an unknown name, a bad option (exit code 2)."""

    exit_code = 2


class MissingError(RegistryError):
    """Something needed is absent or out of reach (exit code 3)."""

    exit_code = 3


class AbsentBytesError(MissingError):
    """The bytes of a pinned object were not to be had, which may pass.

    The only error for which a test may be skipped: whatever else is missing is named wrongly, or
    was never set up, and would leave every run green that tests nothing.
    """


class LockedError(RegistryError):
    """Another process holds what is needed (exit code 4)."""

    exit_code = 4


def word(code: int) -> str:
    """The word that commands and pages have for an exit code: one for each kind of finding.

    >>> word(0), word(CheckError.exit_code), word(MissingError.exit_code)
    ('ok', 'BROKEN', 'MISSING')
    """
    words = {0: "ok", CheckError.exit_code: "BROKEN", MissingError.exit_code: "MISSING"}
    return words.get(code, "FAILED")


def worst(codes: Iterable[int]) -> int:
    """The exit code for several findings: something wrong goes before something absent.

    So the code of what is absent says that nothing that is here is wrong.

    >>> worst([0, MissingError.exit_code, CheckError.exit_code])
    1
    """
    found = set(codes)
    kinds = (CheckError, UsageError, LockedError, MissingError)
    return next((kind.exit_code for kind in kinds if kind.exit_code in found), 0)


def grouped(found: Iterable[object]) -> list[object]:
    """Errors of which several say the same of different subjects as one of all these subjects.

    In the order in which each was found first; what is no error, such as a text, stays as it is.
    """
    kept: dict[object, Any] = {}
    for number, error in enumerate(found):
        if not isinstance(error, RegistryError):
            kept[number] = error
            continue
        same = (type(error), error.expected, error.found, error.remedy)
        first = kept.get(same)
        subject = f"{first.subject}\n       {error.subject}" if first else error.subject
        kept[same] = error.but(subject=subject)
    return list(kept.values())


def perhaps(name: str, known: Iterable[str]) -> str:
    """What a name was meant to be, to go on a sentence with; nothing where none is like it.

    >>> perhaps("lits", ["list", "init", "verify"])
    '; perhaps list'
    """
    import difflib

    close = difflib.get_close_matches(name, list(known), n=3)
    return f"; perhaps {' or '.join(close)}" if close else ""
