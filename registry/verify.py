"""Every link of a fixture's chain, tested one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from registry import digests, loading
from registry.errors import RegistryError
from registry.identity import npz, schema, sidecar
from registry.identity.pins import Pin
from registry.identity.sidecar import Sidecar


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """One link: its name, whether it holds, and the error's text where it does not."""

    name: str
    holds: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All links of one fixture that could be tested, in the order of the chain."""

    name: str
    links: list[Link]
    exit_code: int

    @property
    def holds(self) -> bool:
        """Whether every link does."""
        return all(link.holds for link in self.links)


def verify(root: Path, pins: list[Pin]) -> list[Report]:
    """Test the chains of several fixtures, on the cores there are, in the order given."""
    shared = _Shared(root)
    # threads: hashing large buffers leaves the interpreter's lock
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda pin: _verify(root, pin, shared), pins))


class _Shared:
    """What all fixtures of one run are held against: schemas and generators, each read once."""

    def __init__(self, root: Path) -> None:
        self.schema_digest = cache(lambda name: schema.digest(root / "schemas" / name))
        self.fits = cache(lambda name: schema.compiled(root / "schemas" / name))
        self.blob = cache(lambda script: _blob(root / script))


def _blob(path: Path) -> str:
    if not path.is_file():
        return "no such file"
    return "blob:" + digests.git_blob_id(path.read_bytes().replace(b"\r\n", b"\n"))


def _verify(root: Path, pin: Pin, shared: _Shared) -> Report:
    links: list[Link] = []
    exit_code = 0
    try:
        for name, test in _chain(root, pin, shared):
            try:
                test()
                links.append(Link(name=name, holds=True))
            except RegistryError as error:
                exit_code = max(exit_code, error.exit_code)
                links.append(Link(name=name, holds=False, detail=str(error)))
    except RegistryError as error:
        # what this link guards cannot be read, so no later link can be tested
        exit_code = max(exit_code, error.exit_code)
        links.append(Link(name="chain", holds=False, detail=str(error)))
    return Report(name=pin.name, links=links, exit_code=exit_code)


def _chain(root: Path, pin: Pin, shared: _Shared) -> Iterator[tuple[str, Callable[[], object]]]:
    """The links in order. A generator, so that each may use what the one before has read."""
    read: dict[str, Sidecar | loading.Buffer] = {}

    def sidecar_link() -> None:
        read["sidecar"] = loading.read_sidecar(root, pin)

    yield "lock -> sidecar", sidecar_link
    record = read.get("sidecar")
    if not isinstance(record, Sidecar):
        return
    if not pin.imported:
        # schemas and generators stay in the registry that an imported fixture comes from
        yield "schemas -> sidecar", lambda: _schemas(root, pin, record, shared)
        yield "generator -> sidecar", lambda: _generator(pin, record, shared)

    def bytes_link() -> None:
        read["bytes"] = loading.read_workspace(root, pin, record)

    yield "sidecar -> bytes", bytes_link
    data = read.get("bytes")
    if not isinstance(data, bytes | memoryview):
        return
    yield "lock -> bytes", lambda: _md5(pin, data)
    yield "bytes -> arrays", lambda: _arrays(pin, record, data)


def _schemas(root: Path, pin: Pin, record: Sidecar, shared: _Shared) -> None:
    for file, expected in record.schemas.items():
        found = shared.schema_digest(Path(file).name)
        if found != expected:
            raise loading.broken(
                pin,
                "schemas -> sidecar",
                f"schemas/{file} with SHA-256 {expected}, as the sidecar names it",
                found,
                f"git checkout -- schemas/{file}; a changed contract is a new schema file",
            )
    held = [(record.to_dict(), record.schema_file, "a sidecar that satisfies")]
    # the sidecar's first version refers to its contract itself; a defect may break any
    if record.schema_file != schema.SIDECAR and record.defect is None:
        held.append((record.arrays, record.contract, "arrays that satisfy"))
    for document, file, what in held:
        if shared.fits(file)(document):
            continue
        problems = schema.problems(document, root / "schemas" / file)
        if problems:
            raise loading.broken(
                pin,
                "schemas -> sidecar",
                f"{what} schemas/{file}",
                "; ".join(map(str, problems)),
                f"git checkout -- {pin.sidecar_path}, or dvc repro fixture@{pin.name}",
            )


def _generator(pin: Pin, record: Sidecar, shared: _Shared) -> None:
    files = {record.generator_script: record.generator_commit, **record.generator_helpers}
    for script, expected in files.items():
        found = shared.blob(script)
        if found != expected:
            raise loading.broken(
                pin,
                "generator -> sidecar",
                f"{script} with git's {expected}: a generator is frozen once published",
                found,
                f"git checkout -- {script}; a fix is a new generator version",
            )


def _md5(pin: Pin, data: loading.Buffer) -> None:
    found = digests.md5(data)
    if found != pin.md5:
        raise loading.broken(
            pin,
            "lock -> bytes",
            f"{pin.path} with md5 {pin.md5}, by which DVC pulls it",
            found,
            "git checkout -- dvc.lock, or dvc repro",
        )


def _arrays(pin: Pin, record: Sidecar, data: loading.Buffer) -> None:
    arrays = npz.parse(data, subject=f"fixture {pin.name}")
    remedy = f"dvc repro --force fixture@{pin.name}, and compare the sidecar with the committed one"
    if not npz.crcs_hold(data):
        raise loading.broken(
            pin, "bytes -> arrays", "a canonical .npz", "another container", remedy
        )
    declared = {name: str(item["sha256"]) for name, item in record.arrays.items()}
    found = {name: digests.array_digest(array) for name, array in arrays.items()}
    if found != declared:
        wrong = sorted(
            name for name in {*found, *declared} if found.get(name) != declared.get(name)
        )
        raise loading.broken(
            pin,
            "bytes -> arrays",
            "the arrays whose digests the sidecar lists",
            f"a difference in {', '.join(wrong)}",
            remedy,
        )
    content = digests.content_digest(arrays)
    if content != record.content_sha256:
        raise loading.broken(
            pin, "bytes -> arrays", f"content SHA-256 {record.content_sha256}", content, remedy
        )
    if record.version != sidecar.version_of(pin.name):
        raise loading.broken(
            pin,
            "bytes -> arrays",
            f"version {sidecar.version_of(pin.name)}",
            record.version,
            remedy,
        )
