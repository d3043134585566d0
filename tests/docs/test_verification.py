"""docs/when-verification-fails.md: each break is made, gives the page's message, and is mended."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

import pytest

import registry
from registry.cli import main
from registry.identity import certificate, chain, ledger, npz, pins
from registry.loading import HealedWarning
from tests.kit.files import flip
from tests.kit.registries import repin, rewrite
from tests.kit.repository import FOLDER, REPOSITORY

PAGE = REPOSITORY / "docs" / "when-verification-fails.md"
NAME = "minimal_dataset_v1_n16"
OTHER = "minimal_dataset_v1"
DATA, SIDECAR = f"{FOLDER}/{NAME}.npz", f"{FOLDER}/{NAME}.json"

pytestmark = pytest.mark.slow


# Breaks, by the heading under which the page has them. Each gets the top folder of a registry.


def conflict(root):
    """A merge that was not settled."""
    path = root / "dvc.lock"
    path.write_text("<<<<<<< HEAD\n" + path.read_text())


def edited_sidecar(root):
    """Somebody corrects a word."""
    path = root / SIDECAR
    path.write_text(path.read_text().replace("CC0-1.0", "CC-BY-4.0"))


def lost_sidecar(root):
    """Somebody clears the folder."""
    (root / SIDECAR).unlink()


def swapped_sidecar(root):
    """The sidecar of another fixture, and a lock that pins it."""
    (root / SIDECAR).write_bytes((root / FOLDER / f"{OTHER}.json").read_bytes())
    repin(root, NAME)


def field_of_sidecar(root):
    """A sidecar that was written by something else, and a lock that pins it."""
    rewrite(root, NAME, lambda document: document.update(size="970036"))


def other_version(root):
    """A script copies a sidecar for the next version."""
    rewrite(root, NAME, lambda document: document.update(version="v2"))


def other_declaration(root):
    """An entry is edited, and nothing is built."""
    path = root / "params.yaml"
    path.write_text(path.read_text().replace("    n_subset: 16\n", "    n_subset: 17\n"))


def other_content(root):
    """A sidecar says otherwise what was declared, and a lock pins it."""
    rewrite(root, NAME, lambda document: document.update(source_commit="0" * 40))


def other_size(root):
    """A size is written by hand."""
    rewrite(root, NAME, lambda document: document.update(size=970_037))


def other_machine(root):
    """A line that somebody wrote by hand, or of an earlier draft."""
    path = root / certificate.path(NAME)
    first, _, others = path.read_text().partition("\n")
    digest = json.loads(first)["content_sha256"]
    path.write_text(first.replace(digest, "0" * 64) + "\n" + others)


def changed_schema(root):
    """A contract is eased."""
    path = root / "schemas/data_001_v1.schema.json"
    path.write_text(path.read_text().replace('"minimum": 128', '"minimum": 64'))


def against_schema(root):
    """A sidecar that breaks its schema, and a lock that pins it."""
    rewrite(root, NAME, lambda document: document["checks"].update(coverage_x=0.06))


def changed_generator(root):
    """A published generator is mended in place."""
    with (root / "generators/subset_v1.py").open("a") as file:
        file.write("# mended\n")


def changed_source_generator(root):
    """The same, of the source's generator."""
    with (root / "generators/simulate_v1.py").open("a") as file:
        file.write("# mended\n")


def lost_bytes(root):
    """A fresh clone before it has pulled."""
    (root / DATA).unlink()


def cut_bytes(root):
    """A download that was interrupted."""
    data = (root / DATA).read_bytes()
    (root / DATA).write_bytes(data[:100_000])


def flipped_bit(root):
    """A disk, or somebody with an editor."""
    flip(root / DATA)


def other_md5(root):
    """A lock that was merged by hand."""
    path = root / "dvc.lock"
    path.write_text(path.read_text().replace(pins.find(root, NAME).md5, "0" * 32))


def forged(root):
    """Other arrays under the old digests, everything else made to match."""
    arrays = dict(npz.parse((root / DATA).read_bytes(), subject=NAME))
    arrays["xcoords"] = arrays["xcoords"] + 1
    data = npz.encode(arrays)
    (root / DATA).write_bytes(data)
    digest = hashlib.sha256(data).hexdigest()
    line = ledger.read(root)[NAME]
    rewrite(root, NAME, lambda document: document.update(sha256_checksum=digest))
    path = root / ledger.FILE
    path.write_text(path.read_text().replace(line.bytes, digest))


BREAKS = {
    "dvc.lock cannot be read": conflict,
    "lock -> sidecar": edited_sidecar,
    "No sidecar": lost_sidecar,
    "sidecar -> name": swapped_sidecar,
    "A sidecar's field": field_of_sidecar,
    "params.yaml -> lock": other_declaration,
    "name -> version": other_version,
    "lock -> sidecar size": other_size,
    "published.sum -> sidecar": other_content,
    "certificate -> sidecar": other_machine,
    "schemas -> sidecar, a schema": changed_schema,
    "schemas -> sidecar, the sidecar": against_schema,
    "generator -> sidecar": changed_generator,
    "source generator -> sidecar": changed_source_generator,
    "No bytes": lost_bytes,
    "lock -> size": cut_bytes,
    "sidecar -> bytes": flipped_bit,
    "lock -> bytes": other_md5,
    "bytes -> arrays": forged,
}


@dataclass(frozen=True)
class Section:
    """A section of the page: what is printed, with which exit code, and what mends it."""

    message: str
    code: int
    mend: str


def sections(heading: str) -> dict[str, Section]:
    """The subsections of a section of the page by their headings, in order."""
    text = PAGE.read_text("utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = {}
    for part in text.split("\n### ")[1:]:
        name, _, body = part.partition("\n")
        message, mend = (
            "".join(re.findall(rf"```{language}\n(.*?)```", body, re.DOTALL))
            for language in ("text", "sh")
        )
        code = re.search(r"Exit code (\d)", body)
        found[name.replace("`", "")] = Section(
            message=message, code=int(code[1]) if code else 1, mend=mend
        )
    return found


def says(section: Section, printed: str) -> bool:
    """Whether the page's message is what was printed; what is shortened to … may be anything."""
    pattern = re.escape(section.message.strip()).replace("…", "[^\\n]+")
    return bool(re.fullmatch(pattern, printed.strip()))


@pytest.fixture(scope="module")
def clone(built_clone, tmp_path_factory):
    """A clone for all tests of this page: each mends what it broke."""
    return built_clone.copy(tmp_path_factory.mktemp("verification") / "registry")


@pytest.fixture
def root(clone, monkeypatch):
    """Its top folder as the working directory; put in order afterwards, whatever happened."""
    monkeypatch.chdir(clone.path)
    monkeypatch.delenv("FIXTURES_REGISTRY", raising=False)
    data = (clone.path / DATA).read_bytes()
    yield clone.path
    (clone.path / DATA).write_bytes(data)
    clone.sh("git checkout --quiet -- .")


def test_every_break_has_its_section():
    """The page names each way in which verification fails, and each link, in the chain's order."""
    found = list(sections("Link by link"))
    assert found == list(BREAKS), "other sections than breaks"
    links = dict.fromkeys(heading.partition(",")[0] for heading in found if "->" in heading)
    # an address is of no pinned fixture
    others = {"address -> sidecar"}
    assert list(links) == [str(link) for link in chain.LINKS if link.name not in others]


@pytest.mark.parametrize("heading", BREAKS)
def test_a_link_that_breaks(clone, root, heading, capsys):
    """The page's message is printed, word for word, and its command mends the registry."""
    section = sections("Link by link")[heading]
    BREAKS[heading](root)
    code = main(["verify", NAME])
    printed = capsys.readouterr().err
    assert says(section, printed), f"the page's message is not this:\n{printed}"
    assert code == section.code, "not the page's exit code"
    clone.sh(section.mend)
    assert main(["verify"]) == 0, f"not mended:\n{capsys.readouterr().err}"
    assert clone.changed() == [], "something is left"


def test_a_published_version_that_changed(root, capsys):
    """The message stands on the page; the chain's own error comes before it."""
    forged(root)
    assert main(["verify", NAME, "--against", "HEAD"]) == 1, "a changed version passes"
    printed = capsys.readouterr().err
    section = sections("Beside the chain")["A published version has changed"]
    assert says(section, printed[printed.index("error: ", 1) :]), printed


def test_an_address_of_other_content(root):
    """The message stands on the page."""
    section = sections("Beside the chain")["An address names other content"]
    with pytest.raises(registry.ChainError) as caught:
        registry.load(f"{NAME}@sha256:{'0' * 64}", offline=True)
    assert says(section, str(caught.value)), str(caught.value)


def test_a_file_that_loading_mends(root):
    """The warning stands on the page, and verification then finds nothing."""
    section = sections("Beside the chain")["A test warns, and verification finds nothing"]
    flipped_bit(root)
    with pytest.warns(HealedWarning) as caught:
        registry.load(NAME, offline=True)
    assert says(section, str(caught[0].message)), str(caught[0].message)
    assert main(["verify", NAME]) == 0, "the file was not replaced"
