"""Every link of a fixture's chain, tested one by one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from registry import digests, loading
from registry.declare import FILE, declaration, deprecation
from registry.declare.declaration import Declaration
from registry.errors import (
    ChainError,
    MissingError,
    RegistryError,
    UsageError,
    word,
    worst,
)
from registry.identity import certificate, chain, ledger, npz, pins, schema, sidecar
from registry.identity.chain import Link
from registry.identity.pins import Pin
from registry.identity.sidecar import Sidecar
from registry.storage import git, served


@dataclass(frozen=True, kw_only=True, slots=True)
class Tested:
    """A link that was tested: whether it holds, and the error's text where it does not.

    ``missing`` tells a link that cannot be tested, for a file is not here, from a broken one.
    """

    link: Link
    holds: bool
    detail: str = ""
    missing: bool = False

    @property
    def name(self) -> str:
        """The link's."""
        return self.link.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All links of one fixture that could be tested, in the order of the chain.

    ``announced`` are those that are tested of such a fixture where none is broken.
    """

    name: str
    links: list[Tested]
    exit_code: int
    announced: tuple[Link, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether every link does."""
        return all(link.holds for link in self.links)

    @property
    def verdict(self) -> str:
        """The word for it: MISSING only where nothing that is here is wrong."""
        return word(self.exit_code)


_SCHEMA = re.compile(r"[a-z0-9_]+\.schema\.json")


def verify(root: Path, pinned: list[Pin]) -> list[Report]:
    """Test the chains of several fixtures, on the cores there are, in the order given."""
    shared = _Shared(root)
    # threads: hashing large buffers leaves the interpreter's lock
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda pin: _verify(root, pin, shared), pinned))


def unpinned(root: Path) -> list[Report]:
    """What is declared, published or certified, and is pinned nowhere: a broken link of each.

    Raises
    ------
    ChainError
        The ledger is damaged.
    """
    pinned = pins.read(root)
    shared = _Shared(root)
    declared = shared.declared
    unbuilt = [name for name in declared.fixtures if name not in pinned] if declared else []
    reports = [_unpinned(name, chain.DECLARED, _unbuilt(name), missing=True) for name in unbuilt]
    retired = deprecation.notices(root / FILE, "retired")
    gone = [name for name in shared.ledger or {} if name not in {*pinned, *retired}]
    reports += [_unpinned(name, chain.PUBLISHED, _vanished(name)) for name in gone]
    left = [name for name in certificate.names(root) if name not in {*pinned, *unbuilt, *gone}]
    return reports + [_unpinned(name, chain.CERTIFICATE, _left(name)) for name in left]


def _unpinned(name: str, link: Link, error: ChainError, *, missing: bool = False) -> Report:
    tested = Tested(link=link, holds=False, detail=str(error), missing=missing)
    code = MissingError.exit_code if missing else error.exit_code
    return Report(name=name, links=[tested], exit_code=code)


def _unbuilt(name: str) -> ChainError:
    return chain.DECLARED.broken(
        name,
        "a stage in dvc.lock for what params.yaml declares",
        "none: it was never built",
        f"dvc repro fixture@{name}",
    )


def _vanished(name: str) -> ChainError:
    return chain.PUBLISHED.broken(
        name,
        "a pin of what was published, or its name under `retired` in params.yaml",
        "neither",
        "take back its pin: git log --oneline -- dvc.lock shows the commits; or retire it: see "
        "docs/life-of-a-version.md",
    )


def _left(name: str) -> ChainError:
    return chain.CERTIFICATE.broken(
        name,
        "a certificate of what dvc.lock pins",
        f"{certificate.path(name)}, and no pin",
        f"git rm {certificate.path(name)}; or take back the pin: git log --oneline -- dvc.lock "
        "shows the commits",
    )


class _Shared:
    """What all fixtures of one run are held against: each file is read once."""

    def __init__(self, root: Path) -> None:
        self.own = served.record(root) is None
        self.ledger = ledger.read(root)
        self.declared = declaration.read(root) if self.own else None
        self.schema_digest = cache(lambda name: schema.digest(root / "schemas" / name))
        self.fits = cache(lambda name: schema.compiled(root / "schemas" / name))
        self.blob = cache(lambda script: _blob(root / script))
        self.certified = set(certificate.names(root))
        self.pinned_at = cache(lambda commit: _pinned_at(root, commit))

    def links(self, pin: Pin) -> tuple[Link, ...]:
        """Links of a fixture that are tested one by one, in order.

        The others are of an address, or are passed on the way to one of these. Of an imported
        fixture, and in a registry by URL, those to its declaration, schemas and generators are left
        out: they stay where the fixture comes from. So is what a registry does not have.
        """
        tested = {chain.SIDECAR, chain.VERSION, chain.SIZES, chain.BYTES, chain.MD5, chain.ARRAYS}
        tested |= {chain.CERTIFICATE} if pin.name in self.certified else set()
        if not pin.imported:
            tested |= {chain.PUBLISHED} if self.ledger is not None else set()
            tested |= {chain.DECLARED} if self.declared is not None else set()
            if self.own:
                tested |= {chain.SCHEMAS, chain.GENERATOR, chain.SOURCE_GENERATOR}
        return tuple(link for link in chain.LINKS if link in tested)


def _blob(path: Path) -> str:
    if not path.is_file():
        return "no such file"
    return digests.blob(path)


def _verify(root: Path, pin: Pin, shared: _Shared) -> Report:
    links: list[Tested] = []
    codes: list[int] = []
    for link, test in _chain(root, pin, shared):
        try:
            test()
            links.append(Tested(link=link, holds=True))
        except RegistryError as error:
            codes.append(error.exit_code)
            detail = str(served.advised(root, error))
            missing = isinstance(error, MissingError)
            links.append(Tested(link=link, holds=False, detail=detail, missing=missing))
    announced = shared.links(pin)
    return Report(name=pin.name, links=links, exit_code=worst(codes), announced=announced)


def _chain(root: Path, pin: Pin, shared: _Shared) -> Iterator[tuple[Link, Callable[[], object]]]:
    """The links in order. A generator, so that each may use what the one before has read."""
    read: dict[str, Sidecar | loading.Buffer] = {}

    def sidecar_link() -> None:
        read["sidecar"] = loading.read_sidecar(root, pin)

    yield chain.SIDECAR, sidecar_link
    record = read.get("sidecar")
    if not isinstance(record, Sidecar):
        return
    declared, lines = shared.declared, shared.ledger
    if declared is not None and not pin.imported:
        yield chain.DECLARED, lambda: _declared(pin, record, declared)
    yield chain.VERSION, lambda: _version(pin, record)
    yield chain.SIZES, lambda: _sizes(pin, record)
    if lines is not None and not pin.imported:
        yield chain.PUBLISHED, lambda: _published(record, lines)
    if pin.name in shared.certified:
        yield chain.CERTIFICATE, lambda: _certificate(root, pin, record, shared)
    if shared.own and not pin.imported:
        own = {record.generator_script: record.generator_commit, **record.generator_helpers}
        yield chain.SCHEMAS, lambda: _schemas(root, pin, record, shared)
        yield chain.GENERATOR, lambda: _code(pin, chain.GENERATOR, own, shared)
        yield (
            chain.SOURCE_GENERATOR,
            lambda: _code(pin, chain.SOURCE_GENERATOR, record.source_generators, shared),
        )

    def bytes_link() -> None:
        read["bytes"] = loading.read_workspace(root, pin, record)

    yield chain.BYTES, bytes_link
    data = read.get("bytes")
    if not isinstance(data, bytes | memoryview):
        return
    yield chain.MD5, lambda: _md5(pin, data)
    yield chain.ARRAYS, lambda: _arrays(pin, record, data)


def _declared(pin: Pin, record: Sidecar, declared: Declaration) -> None:
    if pin.name not in declared.fixtures:
        raise chain.DECLARED.broken(
            pin.name,
            "an entry in params.yaml for what dvc.lock pins",
            "it is retired there" if pin.name in declared.retired else "none",
            f"take its entry back: git log -p -S {pin.name} -- params.yaml; or retire it, its pin "
            "included: see docs/life-of-a-version.md",
        )
    found = declared.differences(record)
    if found:
        raise chain.DECLARED.broken(
            pin.name,
            "params.yaml as it was when the fixture was built",
            "; ".join(found),
            "git checkout -- params.yaml; where it is not published yet: dvc repro "
            f"fixture@{pin.name}",
        )


def _published(record: Sidecar, lines: Mapping[str, ledger.Line]) -> None:
    line, now = lines.get(record.name), ledger.line(record)
    if line is None:
        raise chain.PUBLISHED.broken(
            record.name,
            f"a line of each version in {ledger.FILE}",
            "none",
            f"once it is as it should stay: fixtures publish {record.name}",
        )
    if now != line:
        raise chain.PUBLISHED.broken(
            record.name,
            "what it was published with, which never changes",
            "; ".join(line.changes(now)),
            f"declare the change as {sidecar.next_free_version(record.name, lines)}, and take this "
            f"one back: git checkout main -- params.yaml dvc.lock {ledger.FILE}, and its sidecar",
        )


def _certificate(root: Path, pin: Pin, record: Sidecar, shared: _Shared) -> None:
    witnesses = certificate.held(root, record)
    if not shared.own:
        # neither schemas nor history came along
        return
    certificate.satisfy(root, pin.name, witnesses)
    for commit in dict.fromkeys(witness.commit for witness in witnesses):
        pinned = shared.pinned_at(commit)
        # a shallow clone has few commits, and a branch that was squashed leaves none of its own
        if pinned is None or _is_pinned(root, commit, pinned.get(pin.name), pin, record):
            continue
        raise chain.CERTIFICATE.broken(
            pin.name,
            f"lines of {certificate.path(pin.name)} that name commits which pin its content",
            f"commit {commit[:12]}, which pins "
            + ("something else" if pin.name in pinned else "no such fixture"),
            f"remove the line; fixtures verify {pin.name} --regenerate --certify writes one",
        )


def _pinned_at(root: Path, commit: str) -> Mapping[str, Pin] | None:
    """Pins of a commit; None where nobody can tell: it is not here, or has no lock at this path."""
    try:
        lock = git.read_file(root, git.commit_id(root, commit), pins.LOCK)
    except UsageError:
        return None
    if lock is None:
        return None
    try:
        return pins.parse(lock)
    except ChainError:
        return {}


def _is_pinned(root: Path, commit: str, then: Pin | None, pin: Pin, record: Sidecar) -> bool:
    """Whether the content that is pinned now was pinned then, in whichever container."""
    if then is None:
        return False
    if then.md5 == pin.md5:
        return True
    try:
        text = git.read_file(root, commit, then.sidecar_path)
        return text is not None and sidecar.document(text, subject=commit)["content_sha256"] == (
            record.content_sha256
        )
    except (ChainError, UsageError, LookupError, TypeError):
        return False


def _version(pin: Pin, record: Sidecar) -> None:
    expected = sidecar.version_of(pin.name)
    if record.version != expected:
        raise chain.VERSION.broken(pin.name, f"version {expected}", record.version, pin.restore)


def _sizes(pin: Pin, record: Sidecar) -> None:
    if record.size != pin.size:
        raise chain.SIZES.broken(
            pin.name,
            f"size {pin.size}, as {pin.pinned_by} pins {pin.path}",
            f"size {record.size} in {pin.sidecar_path}",
            pin.restore,
        )


def _schemas(root: Path, pin: Pin, record: Sidecar, shared: _Shared) -> None:
    for file, expected in record.schemas.items():
        if not _SCHEMA.fullmatch(file):
            # a sidecar may be somebody else's, and the name becomes a path
            raise chain.SCHEMAS.broken(
                pin.name,
                "names of files in schemas/, such as sidecar_v3.schema.json",
                repr(file),
                _checkout(pin.sidecar_path),
            )
        found = shared.schema_digest(file)
        if found != expected:
            raise chain.SCHEMAS.broken(
                pin.name,
                f"schemas/{file} with SHA-256 {expected}, as the sidecar names it",
                found,
                f"{_checkout(f'schemas/{file}')}; a changed contract is a new schema file",
            )
    missing = sorted({sidecar.SCHEMA, record.contract} - record.schemas.keys())
    if missing:
        # nothing could be held against a schema that is not named
        raise chain.SCHEMAS.broken(
            pin.name,
            f"a sidecar that names {', '.join(missing)} among its schemas",
            ", ".join(record.schemas) or "none",
            f"{_checkout(pin.sidecar_path)}, or dvc repro fixture@{pin.name}",
        )
    document = record.to_dict()
    for file in record.schemas:
        is_contract = file == record.contract
        if is_contract and record.defect is not None:
            # a defect may break its contract
            continue
        held: Any = document["arrays"] if is_contract else document
        what = "arrays that satisfy" if is_contract else "a sidecar that satisfies"
        if shared.fits(file)(held):
            continue
        problems = schema.problems(held, root / "schemas" / file)
        if problems:
            raise chain.SCHEMAS.broken(
                pin.name,
                f"{what} schemas/{file}",
                "; ".join(map(str, problems)),
                f"{_checkout(pin.sidecar_path)}, or dvc repro fixture@{pin.name}",
            )


def _code(pin: Pin, link: Link, files: Mapping[str, str], shared: _Shared) -> None:
    for script, expected in files.items():
        found = shared.blob(script)
        if found != expected:
            raise link.broken(
                pin.name,
                f"{script} with git's {expected}: a generator is frozen once published",
                found,
                f"{_checkout(script)}; a fix is a new generator version",
            )


def _md5(pin: Pin, data: loading.Buffer) -> None:
    found = digests.md5(data)
    if found != pin.md5:
        raise chain.MD5.broken(
            pin.name,
            f"{pin.path} with md5 {pin.md5}, by which DVC pulls it",
            found,
            pin.restore if pin.imported else "git checkout -- dvc.lock, or dvc repro",
        )


def _arrays(pin: Pin, record: Sidecar, data: loading.Buffer) -> None:
    arrays = npz.parse(data, subject=f"fixture {pin.name}")
    remedy = f"dvc repro --force fixture@{pin.name}, and compare the sidecar with the committed one"
    if pin.imported:
        remedy = loading.REPORT
    declared = {name: str(item["sha256"]) for name, item in record.arrays.items()}
    found = {name: digests.array_digest(array) for name, array in arrays.items()}
    differing = sorted(
        name for name in {*found, *declared} if found.get(name) != declared.get(name)
    )
    content = digests.content_digest(arrays)
    for wrong, expected, seen in (
        (not npz.crcs_hold(data), "a canonical .npz", "another container"),
        (
            differing,
            "the arrays whose digests the sidecar lists",
            f"a difference in {', '.join(differing)}",
        ),
        (content != record.content_sha256, f"content SHA-256 {record.content_sha256}", content),
    ):
        if wrong:
            raise chain.ARRAYS.broken(pin.name, expected, seen, remedy)


def _checkout(path: str) -> str:
    return f"git checkout -- {path}"
