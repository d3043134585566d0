"""Tests of `registry.identity.address`. What an address finds: tests/test_loading.py."""

from __future__ import annotations

import pytest

from registry.errors import UsageError
from registry.identity.address import Address, parse

DIGEST = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"


@pytest.mark.parametrize(
    ("text", "name", "sha256"),
    [
        ("minimal_dataset_v1", "minimal_dataset_v1", None),
        (f"sha256:{DIGEST}", None, DIGEST),
        (f"minimal_dataset_v1@sha256:{DIGEST}", "minimal_dataset_v1", DIGEST),
    ],
    ids=["name", "content", "both"],
)
def test_the_three_forms(text, name, sha256):
    """Each form gives its parts, and prints as it was written."""
    found = parse(text)
    assert found == Address(name=name, sha256=sha256), "not the parts of the address"
    assert str(found) == text, "the address prints as another"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "''"),
        ("@", "'@'"),
        ("minimal_dataset_v1@", "'minimal_dataset_v1@'"),
        (f"@sha256:{DIGEST}", f"'sha256:{DIGEST}'"),
        ("sha256:", "'sha256:'"),
        ("sha256:ca978112", "'sha256:ca978112'"),
        (f"sha256:{DIGEST.upper()}", f"'sha256:{DIGEST.upper()}'"),
        (f"sha256:{DIGEST}\n", f"'sha256:{DIGEST}\\n'"),
        (f"minimal_dataset_v1@{DIGEST}", f"'{DIGEST}'"),
        (f"minimal_dataset_v1@md5:{DIGEST}", f"'md5:{DIGEST}'"),
        (f"sha256:{DIGEST}@minimal_dataset_v1", "'minimal_dataset_v1'"),
        ("minimal_dataset_v1@main", "'main'"),
    ],
)
def test_malformed(text, found):
    """What is none of the three forms is refused, with the part that is wrong and the rule."""
    with pytest.raises(UsageError) as caught:
        parse(text)
    error = caught.value
    assert error.found == found, "the part that is wrong is not the one shown"
    assert error.expected == (
        "NAME, sha256:DIGEST or NAME@sha256:DIGEST, the digest of 64 hexadecimal digits in lower "
        "case"
    ), "the rule is not told"
