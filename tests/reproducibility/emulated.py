"""Other instruction sets: Debian's Python for each, unpacked beside the system and run by QEMU.

Nothing is installed and nobody has to be root. apt, with folders of its own, fetches what Debian
has signed; dpkg-deb unpacks it. Both are on every Debian and Ubuntu.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

from wheels import Python, install

from registry.errors import MissingError

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]

_ARCHIVE = "http://deb.debian.org/debian"
_KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
# Whose QEMU it is, wherever this runs: it is linked statically.
_EMULATOR = "trixie"
_PROGRAMS = ("apt-get", "dpkg", "dpkg-deb")
# What the stages and the tests of a consumer import, by the names that Debian has for it.
_PACKAGES = (
    "python3-filelock",
    "python3-jsonschema",
    "python3-numpy",
    "python3-packaging",
    "python3-platformdirs",
    "python3-pytest",
    "python3-requests",
    "python3-rich",
    "python3-ruamel.yaml",
    "python3-urllib3",
    "python3-yaml",
)
# What is not asked of PyPI: there is no DVC there, and each configuration has a numpy of its own.
_NOT_NEEDED = ("dvc", "numpy")
# The second depends on it before Python 3.13, and pip asks the Python that it runs in.
_MORE_WHEELS = ("pytest", "typing-extensions")


@dataclass(frozen=True, kw_only=True, slots=True)
class Root:
    """Debian for another instruction set: its Python, and what is imported there.

    architecture : str
        Debian's name of it, which names QEMU's program as well.
    machine : str
        What the kernel says there.
    suite : str
        Debian's release.
    wheels : bool
        Whether numpy and the rest are wheels from the package index, pinned as everywhere, and not
        Debian's packages. Few machines have wheels.
    """

    architecture: str
    machine: str
    suite: str
    wheels: bool = False

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.architecture}-{self.suite}"


# With the Python and the C library's version that constraints.txt was resolved with: what differs
# from the baseline is the machine.
AARCH64 = Root(architecture="arm64", machine="aarch64", suite="bookworm", wheels=True)
RISCV64 = Root(architecture="riscv64", machine="riscv64", suite="trixie")
ARMHF = Root(architecture="armhf", machine="armv7l", suite="trixie")
I386 = Root(architecture="i386", machine="i686", suite="trixie")
# Of Debian 13 the mirror at hand lacked packages for it.
S390X = Root(architecture="s390x", machine="s390x", suite="forky")


def unavailable(root: Root) -> str | None:
    """Why another instruction set cannot be had here."""
    if platform.machine() == root.machine:
        return f"this machine is {root.machine} itself"
    missing = [program for program in _PROGRAMS if shutil.which(program) is None]
    if missing:
        return f"there is no {', no '.join(missing)} to unpack Debian's Python with"
    return None


def prepare(scratch: Path, root: Root) -> None:
    """Put a root, its emulator and its wheels in their folders, unless they are there.

    Raises
    ------
    MissingError
        Debian's archive or the package index is out of reach, or lacks something.
    """
    folder, emulator = scratch / root.name, _emulator(scratch, root)
    if not emulator.is_file():
        with _Apt(scratch, _host(), _EMULATOR) as apt:
            [package] = apt.download("qemu-user")
            _unpack(package, apt.folder / "qemu")
            emulator.parent.mkdir(exist_ok=True)
            shutil.copy2(apt.folder / "qemu" / "usr" / "bin" / emulator.name, emulator)
    if folder.is_dir():
        return
    # renamed when complete, as numpy's folders are
    part = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    with _Apt(scratch, root.architecture, root.suite) as apt:
        packages = ("libatomic1", "libstdc++6") if root.wheels else _PACKAGES
        for package in apt.install("python3", *packages):
            _unpack(package, part)
    _link(part)
    if root.wheels:
        install(part / "wheels", _requirements(), python(part, root), pinned=True)
    part.rename(folder)


def python(folder: Path, root: Root) -> Python:
    """The Python of a root's folder, for which pip is to get wheels."""
    version = (folder / "usr" / "bin" / "python3").readlink().name.removeprefix("python")
    return Python(version=version, machine=root.machine)


def command(scratch: Path, root: Root) -> list[str]:
    """What stands for ``python`` there."""
    folder = scratch / root.name
    return [str(_emulator(scratch, root)), "-L", str(folder), str(folder / "usr/bin/python3")]


def paths(scratch: Path, root: Root) -> list[str]:
    """Folders of what is imported there, beside those that its Python knows."""
    return [str(scratch / root.name / "wheels")] if root.wheels else []


def _emulator(scratch: Path, root: Root) -> Path:
    return scratch / "qemu" / f"qemu-{root.architecture}"


def _host() -> str:
    """Debian's name of this machine."""
    return _run("dpkg", "--print-architecture").strip()


def _requirements() -> list[str]:
    """What the package and its builds need, as pyproject.toml has it."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["build"]]
    return [line for line in needed if line.split()[0] not in _NOT_NEEDED] + list(_MORE_WHEELS)


def _unpack(package: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    _run("dpkg-deb", "--extract", str(package), str(folder))


def _link(folder: Path) -> None:
    """What packages leave to scripts, which are not run: where libraries lie."""
    if not (folder / "lib").exists():
        (folder / "lib").symlink_to("usr/lib")
    for name in ("blas/libblas.so.3", "lapack/liblapack.so.3"):
        for library in (folder / "usr" / "lib").glob(f"*/{name}"):
            (library.parents[1] / library.name).symlink_to(name)


class _Apt:
    """apt for one architecture and release: nothing of the system's is read or changed."""

    def __init__(self, scratch: Path, architecture: str, suite: str) -> None:
        self.folder = scratch / f"apt-{architecture}-{suite}"
        self.architecture, self.suite = architecture, suite

    def __enter__(self) -> _Apt:
        self.__exit__()
        for name in ("lists/partial", "archives/partial", "empty"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "status").touch()
        (self.folder / "sources").with_suffix(".sources").write_text(
            f"Types: deb\nURIs: {_ARCHIVE}\nSuites: {self.suite}\nComponents: main\n"
            f"Signed-By: {self._keyring()}\n"
        )
        self._apt("update")
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def install(self, *packages: str) -> list[Path]:
        """Files of packages, and of all that they depend on."""
        self._apt("install", "--yes", "--download-only", *packages)
        return sorted((self.folder / "archives").glob("*.deb"))

    def download(self, package: str) -> list[Path]:
        """File of one package alone."""
        self._apt("download", package)
        return sorted(self.folder.glob("*.deb"))

    def _keyring(self) -> Path:
        """Debian's keys: the system's own, or from the package that another distribution signs."""
        if _KEYRING.is_file():
            return _KEYRING
        _run("apt-get", "--quiet", "download", "debian-archive-keyring", cwd=self.folder)
        for package in self.folder.glob("*.deb"):
            _unpack(package, self.folder / "keys")
            package.unlink()
        return self.folder / "keys" / _KEYRING.relative_to("/")

    def _apt(self, *arguments: str) -> None:
        folder = self.folder
        options = {
            "APT::Architecture": self.architecture,
            "APT::Architectures::": self.architecture,
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",
            # a list that could not be had is an error, and not a warning
            "APT::Update::Error-Mode": "any",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            "Dir::State": str(folder),
            "Dir::State::status": str(folder / "status"),
            "Dir::Cache": str(folder),
            "Dir::Etc::sourcelist": str(folder / "sources.sources"),
            "Dir::Etc::sourceparts": str(folder / "empty"),
            "Dir::Etc::preferencesparts": str(folder / "empty"),
        }
        flags = [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        _run("apt-get", "--quiet", *flags, *arguments, cwd=folder)


def _run(*command: str, cwd: Path | None = None) -> str:
    """Output of a program of Debian's."""
    ran = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if ran.returncode:
        said = ran.stderr.strip().splitlines() or ["nothing"]
        raise MissingError(
            f"{command[0]} {command[-1]}",
            expected="Debian's packages for another instruction set",
            found="\n            ".join(said[-5:]),
            remedy="check the network, or choose configurations with --only",
        )
    return ran.stdout
