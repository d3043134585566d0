"""The chain of identity: every link from a fixture's name to its arrays, in order.

Each link says that one thing is what another says of it. `registry.loading` tests those that it
passes on its way, `registry.verify` all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from registry.errors import ChainError


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One link: its name, ``WHAT SAYS -> WHAT IS SAID OF``, and what it means that it holds."""

    name: str
    meaning: str

    def __str__(self) -> str:
        return self.name

    def broken(self, fixture: str, expected: str, found: str, remedy: str) -> ChainError:
        """The error that names this link of a fixture's chain."""
        return ChainError(
            f"fixture {fixture}: broken link {self.name}",
            expected=expected,
            found=found,
            remedy=remedy,
        )


ADDRESS = Link(
    name="address -> sidecar",
    meaning="the SHA-256 in an address is the one that the sidecar names",
)
SIDECAR = Link(name="lock -> sidecar", meaning="the sidecar's text has the md5 that dvc.lock pins")
NAME = Link(name="sidecar -> name", meaning="the sidecar is that of this fixture")
DECLARED = Link(
    name="params.yaml -> lock", meaning="what is declared was built, and dvc.lock pins it"
)
VERSION = Link(name="name -> version", meaning="the sidecar's version is the one in the name")
SIZES = Link(
    name="lock -> sidecar size", meaning="lock and sidecar name the same size of the bytes"
)
PUBLISHED = Link(
    name="published.sum -> sidecar",
    meaning="bytes, content and declaration are those with which the version was published",
)
CERTIFICATE = Link(
    name="certificate -> sidecar",
    meaning="each machine in the fixture's certificate built the content that the sidecar names",
)
SCHEMAS = Link(
    name="schemas -> sidecar",
    meaning="the schemas that the sidecar names are the ones here, and it satisfies them",
)
GENERATOR = Link(
    name="generator -> sidecar",
    meaning="the generator and what it builds on are the files that made the fixture",
)
SOURCE_GENERATOR = Link(
    name="source generator -> sidecar",
    meaning="the source's generator and what it builds on are the files that made the source",
)
SIZE = Link(name="lock -> size", meaning="the bytes are as many as dvc.lock pins")
BYTES = Link(name="sidecar -> bytes", meaning="the bytes have the SHA-256 that the sidecar names")
MD5 = Link(name="lock -> bytes", meaning="the bytes have the md5 by which DVC pulls them")
ARRAYS = Link(
    name="bytes -> arrays",
    meaning="the arrays in the bytes are those whose digests the sidecar lists",
)

LINKS = (
    ADDRESS, SIDECAR, NAME, DECLARED, VERSION, SIZES, PUBLISHED, CERTIFICATE, SCHEMAS,
    GENERATOR, SOURCE_GENERATOR, SIZE, BYTES, MD5, ARRAYS,
)  # fmt: skip
"""All links, in the order in which they are passed."""
