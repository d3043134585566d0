"""What an HDF5 file holds: each dataset and each link, and nothing of what they lead to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from registry.errors import RegistryError, printable
from registry.ptychography.readers.hdf5 import HDF5_ERRORS, Hdf5File, damaged

# A file with more than that is not for reading.
MOST_NODES = 10_000
_MOST_TEXT = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A dataset or a link.

    path : from the root
    shape, dtype : in words; empty for a link
    unit : as the file says, or empty
    note : where a link leads, or the value of a single number or text
    error : why its values cannot be read, or None
    """

    path: str
    shape: str = ""
    dtype: str = ""
    unit: str = ""
    note: str = ""
    error: RegistryError | None = None


def nodes(file: Hdf5File) -> Iterator[Node]:
    """Each dataset and each link once, in the file's order, `MOST_NODES` at most.

    Raises
    ------
    CheckError
        The file is damaged where its groups are.
    """
    import h5py

    seen: set[int] = set()
    ahead = [("", file.root)]
    left = MOST_NODES
    while ahead and left:
        path, found = ahead.pop()
        left -= 1
        try:
            if isinstance(found, h5py.SoftLink):
                yield Node(path=path, note=f"link to {_printable(found.path)}")
            elif isinstance(found, h5py.ExternalLink):
                yield Node(path=path, note=f"link into another file, {_printable(found.filename)}")
            elif isinstance(found, h5py.Dataset):
                yield _dataset(file, path, found)
            elif isinstance(found, h5py.Group):
                # the same group may be at several places, in itself too
                address = h5py.h5o.get_info(found.id).addr
                if address not in seen:
                    seen.add(address)
                    members = [(f"{path}/{name}", _member(found, name)) for name in found]
                    ahead += reversed(members)
        except HDF5_ERRORS as error:
            raise damaged(file.where(path), error) from error


def _member(group: Any, name: str) -> Any:
    """What is at a name: an object, or a link that is not followed."""
    import h5py

    link = group.get(name, getlink=True)
    return group[name] if isinstance(link, h5py.HardLink) else link


def _dataset(file: Hdf5File, path: str, found: Any) -> Node:
    import h5py

    shape = "none" if found.shape is None else str(found.shape)
    is_text = h5py.check_string_dtype(found.dtype) is not None
    dtype = "text" if is_text else found.dtype.name
    unit, note, error = None, "", None
    try:
        unit = file.attribute(path, "units")
        if is_text:
            note = file.text(path) or ""
        elif found.shape is not None and found.dtype.kind in "biufc":
            # whose values cannot be read is no dataset for a reader
            file.dataset(path)
            note = f"{found[()]:.6g}" if found.shape == () and found.dtype.kind in "iuf" else ""
    except RegistryError as reason:
        error = reason
    return Node(
        path=_printable(path),
        shape=shape,
        dtype=dtype,
        unit=_printable(unit) if isinstance(unit, str) else "",
        note=_printable(note),
        error=error,
    )


def _printable(text: str) -> str:
    """A text of the file's that may be shown, on one line."""
    shown = " ".join(printable(text).split())
    return shown if len(shown) <= _MOST_TEXT else f"{shown[:_MOST_TEXT]}…"
