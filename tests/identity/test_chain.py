"""Tests of `registry.identity.chain`: the one list of links."""

from __future__ import annotations

from registry.errors import ChainError
from registry.identity import chain


def test_every_link_in_its_order():
    """The list has each link of the module once, in the order in which they are passed."""
    assert [link.name for link in chain.LINKS] == [
        "address -> sidecar",
        "lock -> sidecar",
        "sidecar -> name",
        "params.yaml -> lock",
        "name -> version",
        "lock -> sidecar size",
        "published.sum -> sidecar",
        "certificate -> sidecar",
        "schemas -> sidecar",
        "generator -> sidecar",
        "source generator -> sidecar",
        "lock -> size",
        "sidecar -> bytes",
        "lock -> bytes",
        "bytes -> arrays",
    ]
    defined = [item for item in vars(chain).values() if isinstance(item, chain.Link)]
    assert list(chain.LINKS) == defined, "a link is not listed"


def test_each_link_says_what_it_means():
    """No two links mean the same, and a link is shown by its name."""
    assert len({link.meaning for link in chain.LINKS}) == len(chain.LINKS), "two mean the same"
    assert str(chain.SIZES) == "lock -> sidecar size"


def test_a_broken_link():
    """Its error names the fixture and the link, and has what the caller says."""
    error = chain.BYTES.broken("a_v1", "one thing", "another", "do something")
    assert type(error) is ChainError
    assert str(error) == (
        "fixture a_v1: broken link sidecar -> bytes\n"
        "  expected: one thing\n"
        "  found:    another\n"
        "  to mend:  do something"
    )
