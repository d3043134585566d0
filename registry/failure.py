"""What a check refuses: which rule is not met, what it expects, and what was found."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One rule that is not met.

    ``criterion`` names it: a criterion of docs/checks.md or, where a document breaks a schema, the
    dotted path of the value that does.
    """

    criterion: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.criterion}: expected {self.expected}; found {self.found}"
