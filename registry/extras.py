"""What is installed with an extra of this package alone, and what is said where it is not."""

from __future__ import annotations

from importlib.util import find_spec

from registry.errors import MissingError

# Nothing in here reaches a byte or a verdict: see registry/build/closure.py.
WORDS_ONLY = True


def missing(
    extra: str,
    subject: str,
    *,
    expected: str,
    found: str = "it is not installed",
    package: str = "fixture-registry",
) -> MissingError:
    """The error for what an extra would have installed, with the command that installs it."""
    remedy = f"pip install '{package}[{extra}]'"
    return MissingError(subject, expected=expected, found=found, remedy=remedy)


def installed(module: str) -> bool:
    """Whether a module is installed, without the time that it takes to import it."""
    return find_spec(module) is not None


def require(extra: str, subject: str, *modules: str, expected: str) -> None:
    """See that modules are `installed`.

    Raises
    ------
    MissingError
        One of them is not.
    """
    absent = [name for name in modules if not installed(name)]
    if absent:
        raise missing(extra, subject, expected=expected, found=f"no {' and no '.join(absent)}")
