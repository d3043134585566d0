"""Pages in a real browser: nothing fails, nothing is fetched, everyone can use them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from registry.compare import fixture_difference, operand
from registry.report import comparison
from tests.kit.browser import listen, strays, violations
from tests.report.kit import FOLDER, NAME, OTHER

pytestmark = pytest.mark.slow

# Colours do not depend on the width, nor what fits into it on them.
LOOKS = {
    f"{scheme}-{device}": {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    for scheme, device, width in (("light", "desktop", 1280), ("dark", "phone", 390))
}


@pytest.fixture(scope="module")
def pages(report):
    """The addresses of all pages of the report, and of that of a comparison."""
    found = [path.as_uri() for path in sorted(report.folder.rglob("*.html"))]
    assert len(found) == 5, "not an index, what explains checks, and three fixtures"
    return [*found, compared(report).as_uri()]


def compared(report):
    """The page of a fixture and of one that is changed: its frames, its probe, its positions."""
    path = report.root / FOLDER / f"{NAME}.npz"
    one = operand.of_file(path, label=NAME)
    arrays = dict(one.arrays)
    arrays["xcoords"] = arrays["xcoords"] + (np.arange(16) > 12)
    arrays["probeGuess"] = arrays["probeGuess"] * np.exp(0.2j).astype("c8")
    arrays["diffraction"] = arrays["diffraction"].copy()
    arrays["diffraction"][[3, 7, 9, 11]] *= 2
    other = replace(one, label="changed.npz", arrays=arrays, sha256="0" * 64, sidecar=None)
    page = report.folder.parent / "comparison.html"
    page.write_bytes(comparison.render(fixture_difference.compare(one, other)))
    return page


@pytest.mark.parametrize("look", LOOKS)
def test_every_page(browser, report, pages, look):
    """Every page loads without an error or a request elsewhere, fits, and passes axe."""
    context = browser.new_context(**LOOKS[look])
    page = context.new_page()
    heard = listen(page)
    for address in pages:
        page.goto(address)
        # pictures further down are loaded when they are looked at
        page.evaluate("document.querySelectorAll('img').forEach(i => i.loading = 'eager')")
        page.wait_for_function("[...document.images].every(i => i.complete && i.naturalWidth)")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"], f"{address} scrolls sideways"
        assert violations(page) == [], f"{address}: rules of accessibility are broken"
    context.close()
    assert heard.said == [], "the console is not empty"
    top = f"{report.folder.parent.as_uri()}/"
    outside = [url for url in heard.asked if not url.startswith((top, "data:"))]
    assert outside == [], "requests that leave the folder"
    assert len([url for url in heard.asked if url.endswith((".svg", ".png"))]) > 10, (
        "no pictures were asked for"
    )


def test_links_resolve(browser, report, pages):
    """Every link, picture, style and script is in the folder, and every anchor on its page."""
    page = browser.new_page()
    assert strays(page, report.folder, pages) == []
    page.close()


def test_the_way_back_stays_in_sight(browser, report):
    """However far down, one click leads to the other fixtures; a heading is not hidden below it."""
    for look in LOOKS.values():
        # at once where the page is to be, without the way there
        page = browser.new_page(**look, reduced_motion="reduce")
        page.goto(f"{(report.folder / NAME / 'index.html').as_uri()}#identity")
        page.wait_for_function("scrollY > 2000")
        bar = page.locator(".stays").bounding_box()
        heading = page.locator("#identity").bounding_box()
        assert bar["y"] == 0, "it scrolled away"
        assert heading["y"] >= bar["y"] + bar["height"], "the heading is below the bar"
        page.get_by_role("link", name="Next").click()
        assert page.url.startswith((report.folder / OTHER).as_uri()), "not the next fixture"
        page.close()


def test_two_pictures_abreast_on_a_phone(browser, report):
    """Images stand in two columns, and what is written on them can be read."""
    page = browser.new_page(**LOOKS["dark-phone"])
    page.goto((report.folder / NAME / "index.html").as_uri())
    left, right, below = (
        page.locator(".pictures").first.locator("figure").nth(n).bounding_box() for n in range(3)
    )
    assert left["y"] == right["y"] < below["y"], "not two abreast"
    assert right["x"] > left["x"] + left["width"] > 160, "not side by side"
    for part in (".bar span", ".scale", "figcaption"):
        size = page.locator(f".pictures {part}").first.evaluate("e => getComputedStyle(e).fontSize")
        assert float(size.removesuffix("px")) >= 12, f"{part} is too small to be read"
    bar, image = (page.locator(f".mat {part}").first.bounding_box() for part in (".bar", "img"))
    # 50 of 226 pixels
    assert abs(bar["width"] / image["width"] - 50 / 226) < 0.01, "the bar has another length"
    page.close()


def test_colour_bars_follow_light_and_dark(browser, report):
    """Their words are in the page's own ink."""
    inks = set()
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)
        page.goto((report.folder / NAME / "index.html").as_uri())
        inks.add(page.locator(".scale").first.evaluate("e => getComputedStyle(e).color"))
        page.close()
    assert inks == {"rgb(93, 102, 119)", "rgb(163, 173, 191)"}


def test_tables_on_a_phone(browser, report):
    """Cells stand below each other, and are cells of rows all the same for who cannot see them."""
    page = browser.new_page(**LOOKS["dark-phone"])
    page.goto((report.folder / NAME / "index.html").as_uri())
    first, second = (page.locator("#arrays ~ table th[scope=row], #arrays ~ table td").nth(n)
                     .bounding_box() for n in range(2))  # fmt: skip
    assert second["y"] > first["y"], "not one below the other"
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    roles = [node["role"]["value"] for node in tree["nodes"] if not node["ignored"]]
    tables = page.locator("table").count()
    assert (roles.count("table"), roles.count("row")) == (tables, page.locator("tr").count())
    cells = page.locator("td").count()
    assert (roles.count("cell") or roles.count("gridcell")) == cells > 50, "cells are no cells"
    page.close()


def test_keyboard(browser, report):
    """The first Tab reaches the skip link, Enter goes to the content, and focus can be seen."""
    page = browser.new_page()
    page.goto((report.folder / NAME / "index.html").as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip", "not the skip link"
    assert page.locator(".skip").bounding_box()["x"] >= 0, "the skip link stays out of sight"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content", "not the content"
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "the focus cannot be seen"
    page.close()


def test_copying_a_hash(browser, report):
    """A copy button puts the whole hash into the clipboard, says so, and is reached by keyboard."""
    page = browser.new_page()
    page.goto((report.folder / NAME / "index.html").as_uri())
    button = page.get_by_role("button", name="Copy SHA-256 of probeGuess")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('said').textContent == 'Copied'")
    page.evaluate("document.body.append(document.createElement('textarea'))")
    page.locator("textarea").focus()
    page.keyboard.press("Control+V")
    pasted = page.locator("textarea").input_value()
    assert pasted == "65859c3abbbad48ef1ccaafae0cf6a7b382e7d77df7a97d81628162740e43ce3"
    page.close()


def test_without_scripts(browser, report):
    """Without scripts there is no dead button, and a click selects the whole hash."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((report.folder / NAME / "index.html").as_uri())
    assert page.locator("button:visible").count() == 0, "a button that does nothing"
    style = page.locator(".hash code").first.evaluate("e => getComputedStyle(e).userSelect")
    assert style == "all", "a hash has to be selected digit by digit"
    context.close()
