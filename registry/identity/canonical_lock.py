r"""A lock exactly as DVC writes it, of which one stage can be taken without reading the others.

Each line of it has one of a few forms, and so each stage stands where it seems to: there are no
names for parts of it, no quotes, braces or blocks of text that could hide a stage or show one that
is none, and no rule of a pin is broken anywhere. To see that takes a thirtieth of the time that
reading takes. Of other locks, right or wrong, nothing is said here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from registry.identity.sidecar import NAME

Outs = list[dict[str, str]]

# What may follow a part begins with another character than what would go on with it, but for the
# folders of a path. So a line has one way to be read, and is gone through once.
# Possessive groups (?:...)*+ would say the same, and before Python 3.11.5 match what they must not.
# A command is plain text: after a colon comes no space, and there is no number sign.
_WORDS = rb"[!\"$-9;-~][ !\"$-9;-~]*+(?::(?=[!-~])[ !\"$-9;-~]*+)*"
_COMMAND = rb"    cmd: (?=[A-Za-z])" + _WORDS + rb"\n(?:      " + _WORDS + rb"\n)*"
# What is too long for a line is on the next one.
_LONG = rb"(?:\n {8})?"
_SIZE = rb"(?:0|[1-9][0-9]{0,14})(?=\n)"
_FILE = (
    rb"    - path: "
    + _LONG
    + rb"[\w.][\w./-]*+\n      hash: md5\n      md5: [0-9a-f]{32}(?:\.dir)?\n"
    rb"      size: " + _SIZE + rb"\n(?:      nfiles: [0-9]++\n)?"
)
_DEPS = rb"(?:    deps:\n(?:" + _FILE + rb")+)?"
# The two files of a fixture, whose name is group 1.
_OUTS = b"\n".join(
    rb"    - path: " + _LONG + rb"((?:\w[\w.-]*/)*\1\." + suffix + rb")\n      hash: md5\n"
    rb"      md5: ([0-9a-f]{32})\n      size: (" + _SIZE + rb")"
    for suffix in (b"json", b"npz")
)
_NAME = rb"(?=[a-z0-9_]{1,200}:)" + NAME.pattern.replace("(", "(?:").encode()
_FIXTURE = rb"  fixture@(" + _NAME + rb"):\n" + _COMMAND + _DEPS + rb"    outs:\n" + _OUTS
_OTHER = (
    rb"  (?!fixture@)[A-Za-z][\w@-]{0,200}+:\n" + _COMMAND + _DEPS + rb"(?:    outs:\n(?:" + _FILE
) + rb")+)?"
_HEAD = b"schema: '2.0'\nstages:\n"
_ANY = re.compile(_FIXTURE + rb"\n|" + _OTHER)
# With the end of the line before it, so that it is found where a line starts, and without its own.
_STAGE = re.compile(rb"\n" + _FIXTURE)


@dataclass(frozen=True, slots=True)
class CanonicalLock:
    """The text of a lock of that form: see `read`."""

    data: bytes

    def outs(self, name: str) -> Outs | None:
        """What the stage of a fixture says of its files; None where there is none, or several."""
        head = f"\n  fixture@{name}:\n".encode()
        if self.data.count(head) != 1:
            return None
        match = _STAGE.match(self.data, self.data.index(head))
        return None if match is None else _outs(match)

    def all(self) -> dict[str, Outs] | None:
        """The same of all fixtures, in their order; None where a name is there twice."""
        matches = list(_STAGE.finditer(self.data, len(_HEAD) - 1))
        found = {match[1].decode(): _outs(match) for match in matches}
        return found if len(found) == len(matches) else None


def read(data: bytes) -> CanonicalLock | None:
    """A lock as DVC writes it; None where that cannot be said of each of its lines."""
    if not data.startswith(_HEAD) or data == _HEAD:
        return None
    # stage by stage, for where all are one match it takes kilobytes of memory for each of them
    position = len(_HEAD)
    while position < len(data):
        match = _ANY.match(data, position)
        if match is None:
            return None
        position = match.end()
    return CanonicalLock(data)


def _outs(match: re.Match[bytes]) -> Outs:
    said = [text.decode() for text in match.groups()[1:]]
    return [dict(zip(("path", "md5", "size"), said[at : at + 3], strict=True)) for at in (0, 3)]
