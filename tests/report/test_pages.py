"""Tests of `registry.report.pages`, on the report that is built once."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

import registry
from registry.identity import chain
from registry.report import pages
from registry.report.facts import gather
from tests.kit.certificates import witness, write
from tests.kit.repository import REPOSITORY
from tests.report.kit import FOLDER, HOSTILE, NAME, OTHER, UNBUILT, repin

LINK = r"(?:source )?[\w.]+ → \w+(?: size)?"


class Page(HTMLParser):
    """Tags with their attributes, and the text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.pieces: list[str] = []
        self.start = 0
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        """Keep a tag. Texts of two elements are two texts, but for a place to break a line."""
        self.tags.append((tag, dict(attrs)))
        self.pieces.append("" if tag == "wbr" else " ")
        if tag == "main":
            self.start = len(self.pieces)

    def handle_data(self, data):
        """Keep a piece of text."""
        self.pieces.append(data)

    @property
    def text(self) -> str:
        """All text, with single spaces."""
        return " ".join("".join(self.pieces).split())

    @property
    def main(self) -> str:
        """The same without what stands above: links to other places."""
        return " ".join("".join(self.pieces[self.start :]).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of each tag of a name."""
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def good(report):
    """The page of a good fixture that was trained."""
    return Page(report.page(NAME))


@pytest.fixture(scope="module")
def broken(report):
    """The page of a fixture whose bytes are not the pinned ones."""
    return Page(report.page(OTHER))


@pytest.fixture(scope="module")
def index(report):
    """The index."""
    return Page((report.folder / "index.html").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def record(report):
    """The sidecar of the good fixture, as git has it."""
    return json.loads((report.root / FOLDER / f"{NAME}.json").read_bytes())


def test_every_hash_can_be_copied(good, record):
    """Each digest of pins and sidecar is there in full, with a button that has it, too."""
    digests = {
        record["sha256_checksum"],
        record["content_sha256"],
        record["source_sha256"],
        record["generator_commit"].removeprefix("blob:"),
        *(blob.removeprefix("blob:") for blob in record["source_generators"].values()),
        *record["schemas"].values(),
        *(item["sha256"] for item in record["arrays"].values()),
        # the lock's md5 of sidecar and fixture
        hashlib.md5((REPOSITORY / FOLDER / f"{NAME}.json").read_bytes()).hexdigest(),
        "5ba3ba90ff378b3d2017ad8df6417cdf",
    }
    copied = {button["data-copy"] for button in good.all("button")}
    assert digests - copied == set(), "no button for these"
    assert {digest for digest in digests if digest not in good.text} == set(), "not to be seen"


def test_every_array_and_transformation(good, record):
    """All arrays with their shapes, and all transformations in their order."""
    for name, item in record["arrays"].items():
        shape = " × ".join(map(str, item["shape"]))
        _, _, rest = good.text.partition("Range (magnitude) SHA-256")
        assert re.search(rf"\b{name} [^×<]*{shape} {item['dtype']}", rest), name
    places = [good.text.find(" ".join(step.split())) for step in record["transformations"]]
    assert min(places) > 0, "a step is not there"
    assert places == sorted(places), "the steps are in another order"


def test_every_check(good, record):
    """Each figure that was measured is in the table."""
    named = set(record["checks"]) - {"noise", "photon_scale", "nearest_alternative"}
    assert {name for name in named if f" {name} " not in good.text} == set()


def test_every_picture_has_words(report):
    """Each image says what it shows, has a caption and its size, and lies in the report."""
    for path in report.folder.rglob("*.html"):
        page = Page(path.read_text(encoding="utf-8"))
        assert len(page.all("img")) == len(page.all("figcaption")), "a picture has no caption"
        for image in Page(path.read_text(encoding="utf-8")).all("img"):
            assert len(image["alt"]) > 10, f"{path}: {image['src']} has no words"
            assert int(image["width"]) > 0 < int(image["height"]), "the page will jump"
            assert (path.parent / image["src"]).is_file(), f"{path}: no {image['src']}"


def test_pictures_of_a_good_fixture(good):
    """Probe, object, mean and three frames, positions, fit, and what training left."""
    assert [image["src"] for image in good.all("img")] == [
        "object-amplitude.png", "object-phase.png", "probe-amplitude.png", "probe-phase.png",
        "frame-mean.png", "frame-0.png", "frame-8.png", "frame-15.png",
        "positions.svg", "coverage.svg", "frame-fit.svg",
        "loss-g1.svg", "reconstruction-g1-amplitude.png", "reconstruction-g1-phase.png",
    ]  # fmt: skip


def test_scale_bars_and_colour_bars(good, record):
    """Each image has both, as text of the page; the bar is as long as it says."""
    images = [image for image in good.all("img") if image["src"].endswith(".png")]
    bars = [span["style"] for span in good.all("span") if span.get("class") == "bar"]
    # and one that has dots
    assert len(bars) == len(images) + 1, "an image without a bar"
    assert bars[0] == f"width: {100 * 50 / record['arrays']['objectGuess']['shape'][1]:.2f}%"
    ramps = [span["style"] for span in good.all("span") if span.get("class") == "ramp"]
    assert len(ramps) == len(bars), "an image without colours"
    assert ramps[0].startswith("background: linear-gradient(90deg, #000000, "), "not black first"
    assert ramps[0].endswith(", #ffffff)"), "not white last"
    assert "50 px 0.451 1.04 Object, amplitude 226 × 227 pixels" in good.text


def test_the_way_through_the_report(report):
    """Each page leads to the one before it and the one after it, as far as there are such."""
    ways = {
        name: [
            (link["rel"], link["href"])
            for link in Page(report.page(name)).all("a")
            if "rel" in link
        ]
        for name in (NAME, OTHER, UNBUILT)
    }
    assert ways == {
        NAME: [("next", f"../{OTHER}/index.html")],
        OTHER: [("prev", f"../{NAME}/index.html"), ("next", f"../{UNBUILT}/index.html")],
        UNBUILT: [("prev", f"../{OTHER}/index.html")],
    }


def test_the_call_that_loads_it(good):
    """Stands below the name, to be copied."""
    call = f'registry.load("{NAME}")'
    assert call in [button["data-copy"] for button in good.all("button")], "no button"
    assert f"verified deprecated {call} Copy" in good.text, "not to be seen"


def test_plain_words(good):
    """A figure is called by what it means, an array by what it is; the keys stand beside them."""
    assert "Part of the source's range in x that the positions span coverage_x" in good.text
    assert "probeGuess probe, in object pixels 64 × 64" in good.text
    assert "N subset 16" in good.text, "a parameter"


def test_links_to_what_explains_a_criterion(root):
    """They lead to its row of the page on checks; without that page there is none."""
    (facts,) = gather(root, [NAME])
    page = Page(pages.fixture(root, facts, None)[f"{NAME}/index.html"].decode())
    assert "max_amplitude · contract" in page.text
    assert [link["href"] for link in page.all("a") if "checks" in link["href"]] == ["#checks"]
    facts = replace(facts, criteria=("contract", "own-match"))
    page = Page(pages.fixture(root, facts, None)[f"{NAME}/index.html"].decode())
    found = {link["href"] for link in page.all("a") if "checks.html" in link["href"]}
    assert found == {"../checks.html#contract", "../checks.html#own-match"}


def test_training(good):
    """Figures stand against their budgets, and the page says that no pin covers them."""
    assert "Train limit 23.5 s 45 s kept" in good.text, "a budget that is kept"
    assert "Peak rss 1200.0 MB 1000 MB missed: 1200.0 MB" in good.text, "one that is not"
    assert "Last loss 0.08" in good.text, "what came of it"
    assert "Phase error [rad] 0.375" in good.text, "without its unit"
    assert "Measured on a processor, <b>2</b> cores." in good.text, "on which machine"
    assert "These files are results: no link of the chain covers them." in good.text


def test_an_absent_source_is_said(good):
    """Where the source is not here, the page says so beside the positions."""
    said = "The source build/sources/run1084_twin.npz is not here (dvc repro builds it). "
    assert f"{said}The fixture's own positions are drawn alone." in good.text


def test_text_is_escaped(good, report):
    """Text from a declaration is text, whatever it looks like."""
    assert HOSTILE in good.text, "not shown as it stands"
    assert HOSTILE not in report.page(NAME), "not escaped"
    assert good.all("script") == [{"src": "../report.js", "defer": None}], "another script"


def test_a_broken_fixture(broken):
    """The page says first that it is broken, by which link, and how to mend it."""
    start = broken.main.partition("Checks")[0]
    assert "This fixture is broken" in start
    assert "Failing link: sidecar -> bytes" in start
    assert f"to mend: rm {FOLDER}/{OTHER}.npz, then fixtures pull {OTHER}" in start
    assert "verified" not in start, "it is said to be verified"


def test_nothing_is_drawn_of_broken_bytes(broken, report):
    """No picture is made of bytes that failed, and what the sidecar says is said to be that."""
    assert (broken.all("img"), broken.all("picture")) == ([], [])
    assert [path.name for path in (report.folder / OTHER).iterdir()] == ["index.html"]
    assert "What is below is what the pinned sidecar says" in broken.text
    assert "Measured when it was built, as the pinned sidecar has it." in broken.text


def test_links_behind_a_broken_one(broken):
    """What was not tested is not said to hold."""
    found = re.findall(rf"({LINK}) (holds|broken|not tested)", broken.text)
    assert found == [
        ("lock → sidecar", "holds"),
        ("params.yaml → lock", "holds"),
        ("name → version", "holds"),
        ("lock → sidecar size", "holds"),
        ("schemas → sidecar", "holds"),
        ("generator → sidecar", "holds"),
        ("source generator → sidecar", "holds"),
        ("sidecar → bytes", "broken"),
        ("lock → bytes", "not tested"),
        ("bytes → arrays", "not tested"),
    ]


def test_a_fixture_that_was_never_built(report):
    """There is a page for it, with the link, the remedy, and nothing of a sidecar."""
    page = Page(report.page(UNBUILT))
    assert "This fixture is missing" in page.text
    assert "Not here, so not tested: params.yaml -> lock" in page.text
    assert f"dvc repro fixture@{UNBUILT}" in page.text
    assert "Arrays" not in page.text, "arrays of nothing"


def test_a_sidecar_that_the_lock_disowns(root):
    """Nothing that a changed sidecar says is on the page."""
    path = root / FOLDER / f"{NAME}.json"
    path.write_text(path.read_text().replace("CC0-1.0", "planted"))
    (facts,) = gather(root, [NAME])
    files = pages.fixture(root, facts, None)
    page = Page(files[f"{NAME}/index.html"].decode())
    assert "planted" not in page.text, "the changed licence is shown"
    assert "The sidecar is not the pinned one, so nothing that it says is shown." in page.text


def test_pictures_beside_another_broken_link(root):
    """Good bytes of a chain that is broken elsewhere are drawn, and the page says what they are."""
    with (root / "generators/subset_v1.py").open("a") as file:
        file.write("# changed\n")
    (facts,) = gather(root, [NAME])
    arrays = registry.load(NAME, root).arrays
    page = Page(pages.fixture(root, facts, arrays)[f"{NAME}/index.html"].decode())
    assert "Failing link: generator -> sidecar" in page.text
    assert "The link above failed all the same." in page.text
    assert page.all("img"), "nothing is drawn"


@pytest.fixture
def page(root):
    """The page of a good fixture whose sidecar says other things."""

    def write(**fields):
        (facts,) = gather(root, [NAME])
        facts = replace(facts, record=replace(facts.record, **fields))
        files = pages.fixture(root, facts, registry.load(NAME, root).arrays)
        return Page(files[f"{NAME}/index.html"].decode())

    return write


def test_physics_that_was_not_checked(page):
    """A fixture that nothing was held against says so first, and has no fit."""
    found = page(
        verdict="not checked", reason="the source has no object", checks={"r_factor": None}
    )
    start, _, rest = found.main.partition("Probe and object")
    assert "physics not checked registry.load" in start, "no badge"
    assert "Physics not checked: the source has no object. Nothing says" in start
    assert "how these come about: its physics was not checked." in rest, "a fit"
    assert "not measured" in rest, "figures that nobody measured"


def test_physics_that_is_undecided(page):
    """So does one whose data cannot tell; its frames are drawn against their models."""
    found = page(verdict="undecided", reason="z = 1.3", checks={"power": 0.25, "held_out_z": 1.3})
    start, _, rest = found.main.partition("Probe and object")
    assert "physics undecided registry.load" in start, "no badge"
    assert "Physics undecided: z = 1.3. Nothing says" in start, "not said"
    assert "frame-fit.svg" in [image["src"] for image in found.all("img")], "no fit"
    assert "0.250 more than 0.5 outside by 0.25" in rest, "as if its power were enough"
    assert "1.300 more than 6 outside by 4.7" in rest, "as if it were held out well"


def test_planted_mistakes(page):
    """What would notice each, the missed ones first, and the smallest shift that is found."""
    mistakes = {
        "found": {
            "mirrored_x": ["own-match", "alternatives"],
            "swapped_coordinates": ["alternatives", "own-match"],
        },
        "missed": ["x_plus_1px"],
        "none": ["mirrored_y"],
        "smallest": {"x": 2.0, "y": 0.5},
    }
    found = page(mistakes=mistakes)
    assert "Planted mistakes Arrays" in found.text, "not on this page's list"
    assert (
        "2 found, 1 missed, 1 that leave these arrays as they are. "
        "Smallest shift that is found: 2 px in x, 0.5 px in y. Refused by Mistakes "
        "nothing: missed X plus 1px x coordinates 1 px too large "
        "alternatives, own-match Mirrored x Swapped coordinates "
        "no mistake here Mirrored y Arrays"
    ) in found.main
    titles = [item["title"] for item in found.all("li") if "title" in item]
    assert titles[1] == "x counted from the other side", "what a mistake is"


def test_mistakes_that_were_not_planted(page):
    """What the sidecar does not say has no table."""
    assert "Planted mistakes" not in page(mistakes=None).text


@pytest.mark.parametrize("renamed", [False, True], ids=["its-names", "other-names"])
def test_a_contract_that_is_not_in_the_table(root, renamed):
    """Its arrays are drawn as they are, and nothing is held against a model of amplitudes."""
    (facts,) = gather(root, [NAME])
    arrays = dict(registry.load(NAME, root).arrays)
    if renamed:
        arrays = {f"my_{name}": array for name, array in arrays.items()}
    facts = replace(facts, record=replace(facts.record, contract="mine_v1.schema.json"))
    page = Page(pages.fixture(root, facts, arrays)[f"{NAME}/index.html"].decode())
    drawn = [image["src"] for image in page.all("img")]
    assert ("frame-mean.png" in drawn) is not renamed, drawn
    assert "No chart of how these come about: the table of contracts has no" in page.text
    assert "outside by" not in page.text, "a figure of arrays that are no amplitudes"


def test_frames_that_come_last(root):
    """A variant in the legacy layout is drawn frame by frame, and the page says so."""
    (facts,) = gather(root, [NAME])
    arrays = dict(registry.load(NAME, root).arrays)
    arrays["diffraction"] = arrays["diffraction"].transpose(1, 2, 0)
    facts = replace(facts, record=replace(facts.record, contract="data_001_legacy_v1.schema.json"))
    page = Page(pages.fixture(root, facts, arrays)[f"{NAME}/index.html"].decode())
    assert "frame-15.png" in [image["src"] for image in page.all("img")], "not the last of 16"
    assert "The file has frames last, (H, W, N)" in page.text, "not said"


def test_a_planted_defect(root):
    """A fixture that is wrong on purpose says so first, on its page and its card."""
    (facts,) = gather(root, [NAME])
    defect = {"name": "flat", "description": "all frames are flat", "refused_by": ["chi-square"]}
    facts = replace(facts, record=replace(facts.record, defect=defect))
    page = Page(pages.fixture(root, facts, None)[f"{NAME}/index.html"].decode())
    start = page.main.partition("Checks")[0]
    assert "A defect was planted on purpose, flat: all frames are flat." in start
    assert "Refused by chi-square." in start
    card = Page(pages.shared([facts], {NAME: []}, "")["index.html"].decode())
    assert f"{NAME} verified defect: flat" in card.text, "no badge on the card"


def test_an_imported_fixture(root):
    """Schemas and generators of an imported fixture are not tested, and not listed as if."""
    (facts,) = gather(root, [NAME])
    pin = replace(facts.pin, imported=True)
    own = {chain.DECLARED, chain.SCHEMAS, chain.GENERATOR, chain.SOURCE_GENERATOR}
    links = [tested for tested in facts.links if tested.link not in own]
    announced = tuple(link for link in facts.announced if link not in own)
    page = Page(
        pages.fixture(root, replace(facts, pin=pin, links=links, announced=announced), None)[
            f"{NAME}/index.html"
        ].decode()
    )
    found = re.findall(rf"({LINK}) (?:holds|not tested)", page.text)
    assert found == [
        "lock → sidecar",
        "name → version",
        "lock → sidecar size",
        "sidecar → bytes",
        "lock → bytes",
        "bytes → arrays",
    ]


def test_a_certificate(root):
    """The page has a row for each kind of machine, below who says so; no table without one."""
    (facts,) = gather(root, [NAME])
    page = Page(pages.fixture(root, facts, None)[f"{NAME}/index.html"].decode())
    assert "came out the same" not in page.text
    write(root, NAME, witness(root, NAME), witness(root, NAME, numpy="1.26.4"))
    (facts,) = gather(root, [NAME])
    page = Page(pages.fixture(root, facts, None)[f"{NAME}/index.html"].decode())
    assert (
        "Where it came out the same What those say who committed its certificate. Only to build it "
        "again shows more. Machine Byte order Configurations Numpy C library Dates "
        "s390x big 2 1.26.4, 2.2.4 glibc 2.41 2026-11-27 Where it comes from"
    ) in page.text
    assert "certificate → sidecar holds" in page.text


def test_a_chain_that_cannot_be_read(root):
    """A sidecar that is none breaks its first link, whatever field is wrong."""
    repin(root, NAME, size="large")
    (facts,) = gather(root, [NAME])
    page = Page(pages.fixture(root, facts, None)[f"{NAME}/index.html"].decode())
    assert "This fixture is broken" in page.text
    assert "sidecar field size" in page.text, "the field is not named"


def test_the_index(index):
    """A card for each fixture, linked to its page, and the broken ones named first."""
    links = [link["href"] for link in index.all("a")]
    assert [link for link in links if link != "#content"] == [
        f"{OTHER}/index.html", f"{UNBUILT}/index.html",
        f"{NAME}/index.html", f"{OTHER}/index.html", f"{UNBUILT}/index.html",
    ]  # fmt: skip
    assert "3 fixtures. 2 broken or missing." in index.text
    shown = f"{NAME} verified deprecated scan object mean frame Positions 16, evenly spaced"
    assert shown in index.text, "not its pictures, or not what they show"
    thumbnails = [image["src"] for image in index.all("img")]
    names = ("coverage.svg", "object-amplitude.png", "frame-mean.png")
    assert thumbnails == [f"{NAME}/{name}" for name in names]
    assert f"{OTHER} broken No pictures: its bytes did not pass verification." in index.text
    assert f"{UNBUILT} missing No pictures: its bytes are not here." in index.text
    assert index.text.count("Failing link: sidecar -> bytes") == 1


def test_an_empty_registry():
    """A report on nothing says so."""
    page = Page(pages.shared([], {}, "")["index.html"].decode())
    assert "0 fixtures. Nothing is pinned; build the fixtures with dvc repro." in page.text


def test_no_machine_in_a_page(report):
    """No path of this machine is in any page."""
    for path in report.folder.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert str(report.root) not in text, f"{path.name} has a path"
        assert str(report.folder) not in text, f"{path.name} has a path"
