"""No data at all, but a licence: the source of fixtures whose own generator makes their data."""

from collections.abc import Mapping
from typing import Any


def generate(params: Mapping[str, Any], file: None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Make nothing.

    Returns
    -------
    arrays : dict
        Empty.
    record : dict
        ``transformations``, of which there are none.
    """
    return {}, {"transformations": []}
