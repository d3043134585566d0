"""The pages of this repository, taken at their word: what they say to do is done, in a clone."""

from __future__ import annotations

import re
import tomllib
import zipfile
from dataclasses import fields

import pytest
import yaml

import registry
from registry.identity import chain
from registry.identity.sidecar import Sidecar
from tests.kit.clone import CODE
from tests.kit.repository import FOLDER, REPOSITORY

PAGES = sorted(
    str(path.relative_to(REPOSITORY))
    for path in (*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/*.md"))
)
STAR_SHA256 = "dbce7715c1d4a7c28a48f684dacc7d343fbc5d06fe993d6ea31714ffb5c68d3d"
STAR_CONTENT = "a556e78b1154ebd9de60771ce67e70299b78756dd7a31674092f79f5a5b58a5b"
REAL_SHA256 = "90ea7f6e416ee1a720cf1a4e092d2fcb1da828cc18398e38c9a8576ec160e070"


# links, commands


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    """Each link to a file of this repository, and to a heading in it, has one."""
    text = (REPOSITORY / page).read_text(encoding="utf-8")
    prose = re.sub(r"(?ms)^```.*?^```$|`[^`\n]*`", "", text)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match(r"\w+:", target):
            continue
        name, _, heading = target.partition("#")
        path = (REPOSITORY / page).parent / name if name else REPOSITORY / page
        assert path.exists(), f"{page}: nothing at {target}"
        if heading:
            headings = re.findall(r"(?m)^#+ (.*)$", path.read_text(encoding="utf-8"))
            anchors = [re.sub(r"[^\w\- ]", "", text).lower().replace(" ", "-") for text in headings]
            assert heading in anchors, f"{page}: no heading {target}"


def test_every_page_is_linked():
    """The README leads to each page, itself or through another."""
    linked, waiting = {"README.md", "CHANGELOG.md"}, ["README.md"]
    while waiting:
        page = waiting.pop()
        text = (REPOSITORY / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\(([^)\s#]+\.md)[^)]*\)", text):
            name = ((REPOSITORY / page).parent / target).resolve().relative_to(REPOSITORY)
            if str(name) in PAGES and str(name) not in linked:
                linked.add(str(name))
                waiting.append(str(name))
    assert sorted(linked) == PAGES, "pages that nothing links to"


def test_make_targets_exist():
    """What pages tell to make can be made."""
    makefile = (REPOSITORY / "Makefile").read_text()
    for page in PAGES:
        text = (REPOSITORY / page).read_text(encoding="utf-8")
        for target in re.findall(r"(?m)(?:^|`)make ([a-z-]+)", text):
            assert re.search(rf"(?m)^{target}:", makefile), f"{page}: no target {target}"


def test_subcommands_exist():
    """Each subcommand of `fixtures` that a page shows is one."""
    from registry.cli import main

    shown = {}
    for page in PAGES:
        text = (REPOSITORY / page).read_text(encoding="utf-8")
        found = re.findall(r"(?m)(?:^|`)fixtures ([a-z-]+)\b(?!:)", text)
        shown.update(dict.fromkeys(found, page))
    for name, page in shown.items():
        with pytest.raises(SystemExit) as caught:
            main([name, "--help"])
        assert caught.value.code == 0, f"{page}: no command fixtures {name}"


# README.md


@pytest.mark.slow
def test_readme_commands(clone, blocks):
    """The commands after the two that install print what is there, and find it in order."""
    (block,) = [item for item in blocks("README.md") if item.text.startswith("fixtures list\n")]
    printed = clone.sh(block.text)
    for name in ("", "_n16", "_n128", "_supervised", "_labelled"):
        assert f"ok      minimal_dataset_v1{name}  (12 links hold)" in printed, "not verified"


def test_readme_python(blocks, monkeypatch):
    """Each value in a comment is the value that its line has."""
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.delenv("FIXTURES_REGISTRY", raising=False)
    (block,) = [item for item in blocks("README.md") if item.language == "python"]
    names: dict[str, object] = {}
    compared = []
    for line in block.text.splitlines():
        code, _, comment = line.partition("  # ")
        if not comment:
            exec(code, names)
            continue
        value = str(eval(code, names))
        assert comment.startswith(value), f"{code} is {value}"
        compared.append(value)
    assert compared == ["(64, 64, 64)", "complex64", "0.059"], "not the figures of the README"
    frames = names["fixture"].diffraction
    assert "float32 amplitude, read-only" in block.text, "what is tested here is no longer said"
    assert (str(frames.dtype), frames.flags.writeable) == ("float32", False)


@pytest.mark.slow
def test_add_a_version(clone, blocks):
    """The entry is all that is needed: it is built, verified, and what the pages say to commit."""
    starts = "  minimal_dataset_v1_n32:\n", "fixtures check-params\n"
    readme, page = (
        [item for item in blocks(name) if item.text.startswith(starts)][:2]
        for name in ("README.md", "docs/add-a-version.md")
    )
    assert readme[0].text == page[0].text, "another entry"
    commands = readme[1].text.splitlines()
    assert page[1].text.splitlines() == [*commands[:3], "fixtures verify"], "other commands"
    clone.declare("fixtures", page[0].text)
    printed = clone.sh(page[1].text)
    assert "params.yaml: 1 source, 6 fixtures" in printed, "not one fixture more"
    for name in ("minimal_dataset_v1", "minimal_dataset_v1_n16"):
        assert f"Stage 'fixture@{name}' didn't change, skipping" in printed, f"{name} was rebuilt"
    assert "ok      minimal_dataset_v1_n32  (11 links hold)" in printed, "not verified"
    fixture = registry.load("minimal_dataset_v1_n32", clone.path)
    assert fixture.diffraction.shape == (32, 64, 64), "not the fixture that was declared"
    sidecar = f"{FOLDER}/minimal_dataset_v1_n32.json"
    assert clone.changed() == ["dvc.lock", "params.yaml", "published.sum", sidecar], (
        "not what is to be committed"
    )
    clone.sh("\n".join(commands[3:]))
    assert clone.changed() == [], "something was left to commit"
    remote = clone.path.parent / "fixture-registry-remote"
    assert len(list(remote.glob("files/md5/*/*"))) == 6, "not every fixture was pushed"


@pytest.mark.slow
def test_add_in_one_step(clone, blocks):
    """The commands of the page declare, build and verify a fixture; only its lines are added."""
    sh = next(item for item in blocks("docs/add-a-version.md") if "fixtures add" in item.text)
    ended = clone.run("sh", "-e", "-c", sh.text)
    assert ended.code == 0, ended.out
    assert "source run1084_twin: 1087 positions, frames 64 x 64" in ended.out, "nothing suggested"
    assert "params.yaml: added fixtures.minimal_dataset_v1_n32\n" in ended.out, "not declared"
    assert ended.stages == [CODE, "fixture@minimal_dataset_v1_n32"], "something else was built"
    assert "ok      minimal_dataset_v1_n32  (11 links hold)" in ended.out, "not verified"
    removed = clone.sh("git diff -U0 params.yaml | grep '^-[^-]' || true")
    assert removed == "", "a line of params.yaml changed"
    sidecar = f"{FOLDER}/minimal_dataset_v1_n32.json"
    changed = ["dvc.lock", "params.yaml", "published.sum", sidecar]
    assert clone.changed() == changed, "not what is to be committed"


@pytest.mark.slow
def test_deprecate_a_version(clone, blocks):
    """The entry of the page is accepted, and loading the version warns as the page says."""
    (block,) = [item for item in blocks("docs/add-a-version.md") if "deprecated:" in item.text]
    with (clone.path / "params.yaml").open("a") as file:
        file.write(f"\n{block.text}")
    clone.sh("fixtures check-params")
    with pytest.warns(registry.declare.deprecation.FixtureDeprecationWarning) as caught:
        registry.load("minimal_dataset_v1_n16", clone.path)
    assert str(caught[0].message) == (
        "fixture minimal_dataset_v1_n16 is deprecated: too few positions for gridsize 4; "
        "use minimal_dataset_v1"
    )


# docs/identity.md


def test_links_of_the_chain():
    """The table has every link, in the order in which they are passed, with what it means."""
    text = (REPOSITORY / "docs/identity.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| `([^`]+ -> [^`]+)` \| (.+?) \| .+ \|$", text)
    assert rows == [(link.name, link.meaning) for link in chain.LINKS], "other links"


def test_fields_of_the_sidecar():
    """The table has every field that a sidecar may have, and no other."""
    text = (REPOSITORY / "docs/identity.md").read_text(encoding="utf-8")
    table = text.partition("\n| fields |")[2].partition("\n\n")[0]
    cells = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    named = [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]
    own = {item.name for item in fields(Sidecar)} - {"details"} | {"ptychography"}
    assert sorted(named) == sorted(own), "other fields"


# docs/bring-your-own-scan.md


@pytest.mark.slow
def test_bring_your_own_scan(clone, blocks, real_data):
    """The page, step by step, with the real files; and what it says of the outcome."""
    clone.environment["FIXTURES_REAL_DATA"] = str(real_data)
    printed = []
    for block in blocks("docs/bring-your-own-scan.md"):
        if "scan_0042" in block.text or "AWS_" in block.text:
            # on a server: tests/build/test_ranged_source.py
            continue
        if block.language == "yaml":
            assert block.section, "the page does not say where an entry goes"
            clone.declare(block.section, block.text)
        else:
            assert block.language == "sh", f"a block of {block.language} that nobody runs"
            printed.append(clone.sh(block.text))
    _, star, built = printed
    assert "ok      siemens_star_v1  (11 links hold)" in star, "not verified"
    assert "own match 100.0%; R-factor 0.087" in star, "not the page's figure"
    assert REAL_SHA256 in built, "the profile does not print the file's SHA-256"
    assert "ok      run1084_real_v1  (11 links hold)" in built, "not verified"
    assert clone.changed() == [
        "dvc.lock", "params.yaml", "published.sum", f"{FOLDER}/run1084_real_v1.json",
        f"{FOLDER}/siemens_star_v1.json",
    ], "not what is to be committed, or private data among it"  # fmt: skip
    real = registry.load("run1084_real_v1", clone.path).sidecar
    assert real.source_declaration["path"] == "Run1084_recon3_postPC.npz", "a path, not a name"
    assert real.source_declaration["sha256"] == REAL_SHA256, "not the file's digest"
    assert real.checks["own_match_rate"] == 1.0, "frames do not belong to their positions"

    the_star(clone)
    first_64_fails(clone)
    # who cannot see the files: tests/pipeline/test_build.py


def the_star(clone):
    """The fixture of the measured scan is what the page says it is."""
    text = (REPOSITORY / "docs" / "bring-your-own-scan.md").read_text(encoding="utf-8")
    text = " ".join(text.split())
    said = "64 × 64 pixels lie 95.5 % of the counts"
    assert said in text, "what is tested here is no longer said"
    said = "the R-factor is 0.087; with frames permuted it would be 0.263"
    assert said in text, "what is tested here is no longer said"
    fixture = registry.load("siemens_star_v1", clone.path)
    assert fixture.diffraction.shape == (64, 64, 64), "not 64 positions of 64 x 64"
    sidecar = fixture.sidecar
    assert sidecar.source_declaration["path"] == "siemens-star-small.npz.bz2", "a path, not a name"
    assert sidecar.source_declaration["sha256"] == STAR_SHA256, "not the file's digest"
    assert sidecar.checks["own_match_rate"] == 1.0, "frames do not belong to their positions"
    assert sidecar.checks["r_factor"] == 0.087, "not the page's figure"
    steps = "\n".join(sidecar.transformations)
    assert "64 x 64 of 128 x 128 pixels about the zero frequency, 95.5% of the counts" in steps
    assert "R-factor 0.087, 0.263 with frames permuted" in steps, "not the page's figures"
    # the same on every machine
    assert sidecar.content_sha256 == STAR_CONTENT, "other bytes than on the machine of this test"
    assert "`build/sources/NAME.npz`, 8 bytes for a pixel, 32 kB for a frame of 64 × 64" in text
    with zipfile.ZipFile(clone.path / "build/sources/siemens_star.npz") as source:
        size = source.getinfo("diffraction.npy").file_size
    assert size // 516 == 32 * 1024, "not the page's figure"


def first_64_fails(clone):
    """With `strategy: first` the build fails with the page's figures, and nothing is replaced."""
    text = (REPOSITORY / "docs" / "bring-your-own-scan.md").read_text(encoding="utf-8")
    said = "the first 64 positions span 94 % of x and 6 % of y, and the message names the strategy"
    assert said in " ".join(text.split()), "what is tested here is no longer said"
    data = clone.path / FOLDER / "run1084_real_v1.npz"
    before = data.read_bytes()
    clone.edit("strategy: evenly_spaced", "strategy: first")
    printed = clone.sh("dvc repro fixture@run1084_real_v1", code=255)
    assert (
        "found 94% of x and 6% of y with strategy first; use strategy: evenly_spaced (or grid)"
    ) in printed, f"not the page's figures:\n{printed}"
    assert data.read_bytes() == before, "the last good fixture was replaced"


# docs/merging.md


@pytest.mark.slow
def test_merge_two_branches(clone, blocks):
    """Set up as the page says, git merges what two branches added, and nothing is built again."""
    set_up, merge, _ = blocks("docs/merging.md")
    clone.sh(set_up.text)
    published = clone.built()
    for branch, n_subset in (("other-branch", 16), ("main", 17)):
        name = f"{branch.partition('-')[0]}_v1"
        clone.sh(f"git checkout --quiet -B {branch} main && dvc checkout --quiet")
        entry = f"  {name}:\n    <<: *minimal_dataset_v1\n    n_subset: {n_subset}\n"
        clone.declare("fixtures", entry)
        clone.sh(f"dvc repro --quiet fixture@{name} && fixtures publish {name}")
        clone.commit()

    printed = clone.sh(merge.text)
    ran = [line for line in printed.splitlines() if line.startswith("Running stage")]
    assert ran == ["Running stage 'code/dvc.yaml:code':"], f"not that stage alone:\n{printed}"
    assert clone.changed() == [], "more than the lock was to be committed"
    assert published.items() <= clone.built().items(), "published bytes moved"
    printed = clone.sh("fixtures verify --against other-branch")
    for name in ("main_v1", "other_v1"):
        assert f"ok      {name}  (11 links hold)" in printed, f"{name} is not verified"


@pytest.mark.slow
def test_merged_without_the_drivers(clone, blocks):
    """A conflict of a clone that was not set up is given up, and merged with the drivers."""
    set_up, _, abort = blocks("docs/merging.md")
    for branch in ("other", "main"):
        clone.sh(f"git checkout --quiet -B {branch} main")
        clone.declare("fixtures", f"  {branch}_v1:\n    <<: *minimal_dataset_v1\n")
        clone.sh(f"git commit --quiet -am {branch}")
    clone.sh("git merge other", code=1)
    clone.sh(abort.text)
    clone.sh(set_up.text)
    clone.sh("git merge --message merge other")
    assert "params.yaml: 1 source, 7 fixtures" in clone.sh("fixtures check-params")


def test_how_it_is_cited():
    """The citation is of the version that the package has, by the same words."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    cited = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert (cited["version"], cited["license"]) == (project["version"], project["license"])
    assert cited["authors"] == project["authors"]
    assert cited["keywords"] == project["keywords"]


def test_forms_for_issues():
    """Each form is one: a name, what it is for, and fields with a label each, no two the same."""
    forms = sorted((REPOSITORY / ".github/ISSUE_TEMPLATE").glob("*.yml"))
    assert len(forms) == 2
    for path in forms:
        form = yaml.safe_load(path.read_text())
        assert {"name", "description", "body"} == form.keys(), path.name
        labels = [field["attributes"]["label"] for field in form["body"]]
        assert len(set(labels)) == len(labels) > 1, path.name
        kinds = {field["type"] for field in form["body"]}
        assert kinds <= {"textarea", "input"}, path.name
