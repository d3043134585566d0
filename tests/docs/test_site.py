"""The documentation site: it has every page, works from a folder, and everyone can use it."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from contextlib import nullcontext

import pytest
import yaml
from markdown_it import MarkdownIt

from tests.kit import sites
from tests.kit.browser import listen, strays, violations
from tests.kit.once import once
from tests.kit.repository import REPOSITORY

SCRIPT = "docs/build_site.py"
LOOKS = {
    f"{scheme}-{device}": {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    for scheme in ("light", "dark")
    for device, width in (("desktop", 1280), ("phone", 390))
}
# What is a page's own, less the links that the theme adds to headings.
COUNTS = """() => {
  const content = document.querySelector("article.md-content__inner");
  const count = (selector) => content.querySelectorAll(selector).length;
  return {h1: count("h1"), h2: count("h2"), h3: count("h3"), li: count("li"), ol: count("ol"),
          pre: count("pre"), table: count("table"), td: count("td"), img: count("img"),
          a: count("a[href]:not(.headerlink)"), strong: count("strong"), em: count("em")};
}"""


def places(nav: list) -> list[str]:
    """The pages of a navigation, in order."""
    found = []
    for item in nav:
        value = item if isinstance(item, str) else next(iter(item.values()))
        found += places(value) if isinstance(value, list) else [value]
    return found


NAV = places(yaml.safe_load((REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])


@pytest.fixture(scope="module")
def site(tmp_path_factory, request):
    """The site of this repository, built once for all workers."""

    def make(folder):
        command = [sys.executable, str(REPOSITORY / SCRIPT), str(folder)]
        built = subprocess.run(command, capture_output=True, text=True, check=False)
        assert built.returncode == 0, built.stdout + built.stderr

    return once(tmp_path_factory, request.config, "documentation", make) / "site"


@pytest.fixture(scope="module")
def pages(site):
    """The addresses of all pages, the first one first; a server's page for errors is none."""
    found = ["index.html", *(f"{name.removesuffix('.md')}.html" for name in NAV[1:])]
    assert sorted(found) == sorted(
        path.relative_to(site).as_posix() for path in site.rglob("*.html") if path.stem != "404"
    )
    return [(site / name).as_uri() for name in found]


def test_every_page_has_a_place():
    """The navigation has each page once, the README first."""
    patterns = ("*.md", "docs/*.md", "bench/*.md")
    found = (path for pattern in patterns for path in REPOSITORY.glob(pattern))
    assert sorted(NAV) == sorted(path.relative_to(REPOSITORY).as_posix() for path in found)
    assert NAV[0] == "README.md"


@pytest.mark.slow
@pytest.mark.parametrize("link", ["nothing.md", "b.md#nothing", "#nothing"])
def test_a_link_to_nothing(link, tmp_path, monkeypatch, capfd):
    """The site is not built, and the page and line with the link are named."""
    spec = importlib.util.spec_from_file_location("build_site", REPOSITORY / SCRIPT)
    build_site = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(build_site)
    top = tmp_path / "top"
    (top / "docs").mkdir(parents=True)
    (top / "mkdocs.yml").write_text("site_name: a\ndocs_dir: pages\nsite_dir: site\n")
    (top / "docs" / "b.md").write_text("# B\n")
    monkeypatch.setattr(build_site, "TOP", top)
    for target, fails in (
        ("b.md#b", nullcontext()),
        (link, pytest.raises(RuntimeError, match="--strict")),
    ):
        (top / "docs" / "a.md").write_text(f"# A\n\n[b]({target})\n")
        with fails:
            build_site.build(tmp_path / "built")
    assert "docs/a.md:3:" in re.sub(r"\x1b\[[0-9;]*m", "", "".join(capfd.readouterr()))


@pytest.mark.slow
@pytest.mark.parametrize("look", LOOKS)
def test_looks(browser, site, pages, look):
    """Pages pass axe, the first one in each look and each other one in one of them."""
    context = browser.new_context(**LOOKS[look])
    page = context.new_page()
    others = pages[1:][[*LOOKS].index(look) :: len(LOOKS)]
    for address in (pages[0], *others):
        page.goto(address)
        assert violations(page) == [], f"{address}: rules of accessibility are broken"
    context.close()


@pytest.mark.slow
def test_every_page(browser, site, pages):
    """Each fits a phone, shows its pictures, complains of nothing, and asks no other host."""
    page = browser.new_page(**LOOKS["light-phone"])
    heard = listen(page)
    for address in pages:
        page.goto(address)
        page.wait_for_function("[...document.images].every(i => i.complete && i.naturalWidth)")
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= page.viewport_size["width"], f"{address} scrolls sideways"
    page.close()
    assert heard.said == [], "the console is not empty"
    assert [url for url in heard.asked if not url.startswith((site.as_uri(), "data:"))] == []
    assert len([url for url in heard.asked if url.endswith(".png")]) > 2, "no pictures"


@pytest.mark.slow
def test_links(browser, site, pages):
    """Every link, picture, style and script is in the folder, but for links to elsewhere."""
    page = browser.new_page()
    elsewhere = {address for _, address in strays(page, site, pages)}
    page.close()
    assert {url for url in elsewhere if not url.startswith("https://")} == set()
    assert "https://pre-commit.com/" in elsewhere, "no page leads anywhere else any more"


@pytest.mark.slow
def test_every_page_reads_as_where_the_repository_is_browsed(browser, pages):
    """There are as many headings, items, blocks, cells and links as by the rules of CommonMark."""
    page = browser.new_page(java_script_enabled=False)
    markdown = MarkdownIt("commonmark").enable("table")
    for name, address in zip(NAV, pages, strict=True):
        page.goto(address)
        shown = page.evaluate(COUNTS)
        page.set_content(
            '<article class="md-content__inner">'
            f"{markdown.render((REPOSITORY / name).read_text(encoding='utf-8'))}</article>"
        )
        assert shown == page.evaluate(COUNTS), f"{name} is another page"
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize("served", [False, True])
def test_search(browser, site, served):
    """A word of one page leads there, from a folder and from a server, and nobody else is asked."""
    page = browser.new_page()
    heard = listen(page)
    with sites.python(site) as address:
        top = address if served else site.as_uri()
        page.goto(f"{top}/index.html")
        page.get_by_role("button", name="Search").first.click()
        page.get_by_role("combobox", name="Search").fill("KubeCluster")
        # by name: more results may still come, and change which one is the first
        found = page.get_by_role("option", name="On a batch system")
        found.wait_for()
        assert violations(page) == [], "rules of accessibility are broken"
        # the next page notes that its search does not take the focus from the anchor
        assert heard.said == [], "the console is not empty"
        found.click()
        page.wait_for_url(f"{top}/docs/cluster.html*#on-a-batch-system")
        page.close()
    assert [url for url in heard.asked if not url.startswith((top, "data:"))] == []
