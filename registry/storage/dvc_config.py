"""DVC's configuration, read without DVC: where the cache is, and what must never be printed."""

from __future__ import annotations

import configparser
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from registry import files

# What DVC calls passwords, tokens and keys of its remotes. `ask_password` holds yes or no.
_SECRET = re.compile(
    r"(?!ask_).*(password|passphrase|secret|token|_key$|_key_id$|connection_string)"
)
_SECRET_VARIABLE = re.compile(r".*(SECRET|TOKEN|PASSWORD|PASSPHRASE|ACCESS_KEY)")
# A variable such as USE_TOKEN=yes holds no secret, and its value may be part of any message.
_SHORTEST_SECRET = 6
_MASK = "***"


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """One value, and the file that it is in."""

    section: str
    key: str
    value: str
    file: Path


def folder(root: Path) -> Path:
    """The ``.dvc`` folder of the repository that ``root`` is in, or where it would be.

    DVC allows a ``dvc.lock`` below the top of its repository.
    """
    for parent in (root, *root.absolute().parents):
        if (parent / ".dvc").is_dir():
            return parent / ".dvc"
    return root / ".dvc"


def read(root: Path) -> Iterator[Setting]:
    """All settings, from the weakest file to the strongest: system, user, repository, clone.

    DVC itself reports a broken file, in its own words; here it counts as empty.
    """
    yield from _read(*_paths(root))


def read_wholly(root: Path) -> list[Setting] | None:
    """All settings, as `read` has them; None where a file says something else to DVC, or may.

    DVC reads a larger language than what it writes in it.
    """
    if any(_parse(path) is None for path in _paths(root)):
        return None
    found = list(read(root))
    # a line that is indented more than the one before
    return None if any("\n" in item.value for item in found) else found


def read_outside() -> Iterator[Setting]:
    """The settings of system and user, whatever the repository."""
    yield from _read(*_outside())


def not_a_file(root: Path) -> Path | None:
    """The first place of a configuration file where something else is, such as a pipe."""
    return next((path for path in _paths(root) if path.exists() and not path.is_file()), None)


def _paths(root: Path) -> Iterator[Path]:
    yield from _outside()
    yield from (folder(root) / "config", folder(root) / "config.local")


def _read(*paths: Path) -> Iterator[Setting]:
    for path in paths:
        parser = _parse(path)
        if parser is None:
            continue
        for section in parser.sections():
            for key, value in parser.items(section):
                yield Setting(
                    section=section.strip("'"), key=key, value=value.strip("\"'"), file=path
                )


def _parse(path: Path) -> configparser.ConfigParser | None:
    """What a file says, nothing where there is none; None for one that cannot be read."""
    parser = configparser.ConfigParser(
        interpolation=None, strict=False, inline_comment_prefixes=("#",)
    )
    try:
        parser.read_string(files.read(path).decode())
    except (FileNotFoundError, NotADirectoryError):
        return parser
    except (OSError, configparser.Error, UnicodeDecodeError):
        return None
    return parser


def value(root: Path, section: str, key: str) -> Setting | None:
    """The setting that counts; None where no file has it."""
    found = [item for item in read(root) if (item.section.lower(), item.key) == (section, key)]
    return found[-1] if found else None


class Redaction:
    """Takes secrets out of text: those of the configuration, of the environment, and of any URL.

    Its own representation shows none, because debuggers and test runners print local variables.
    """

    def __init__(self, root: Path) -> None:
        found = set(_secrets_in_environment())
        for item in read(root):
            if _SECRET.match(item.key):
                found.add(item.value)
            found.update(_secrets_in_url(item.value))
        # the longest first: one secret may be part of another
        every = {form for secret in found for form in (secret, quote(secret, safe=""))}
        self._secrets = sorted(every - {""}, key=len, reverse=True)

    def __repr__(self) -> str:
        return f"Redaction({len(self._secrets)} secrets)"

    def __call__(self, text: str) -> str:
        """The text without secrets."""
        text = redact_urls(text)
        for secret in self._secrets:
            text = text.replace(secret, _MASK)
        return text


def scheme(address: str) -> str:
    """The scheme of a remote's address in lower case; empty for a folder, which may have a drive.

    >>> scheme("S3://bucket/a"), scheme("../store"), scheme("C:/store")
    ('s3', '', '')

    Raises
    ------
    ValueError
        It is no address.
    """
    found = urlsplit(address).scheme.lower()
    # none has one letter
    return "" if len(found) == 1 else found


def redact_urls(text: str) -> str:
    """Text with user, password and query of each URL masked.

    >>> redact_urls("ssh://me:secret@host/a and https://host/b?signature=abc")
    'ssh://***@host/a and https://host/b?***'
    """
    text = re.sub(r"(\w://)[^\s/'\"]*@", rf"\1{_MASK}@", text)
    return re.sub(r"(\w://[^\s?'\"]*\?)[^\s'\")]+", rf"\1{_MASK}", text)


def _secrets_in_url(url: str) -> Iterator[str]:
    match = re.match(r"\w+://([^\s/]*)@", url)
    if match is None:
        return
    user, colon, password = match[1].partition(":")
    # without a password it is the user's place that holds the token
    secret = password if colon else user
    yield from (secret, unquote(secret))


def _secrets_in_environment() -> Iterator[str]:
    for name, text in os.environ.items():
        if _SECRET_VARIABLE.match(name) and len(text) >= _SHORTEST_SECRET:
            yield text


def _outside() -> Iterator[Path]:
    """Configuration files outside the repository, where DVC looks for them."""
    import platformdirs

    for variable, default in (
        ("DVC_SYSTEM_CONFIG_DIR", platformdirs.site_config_dir),
        ("DVC_GLOBAL_CONFIG_DIR", platformdirs.user_config_dir),
    ):
        yield Path(os.environ.get(variable) or default("dvc", "iterative")) / "config"
