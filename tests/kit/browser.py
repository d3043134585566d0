"""Pages in a real browser: what they say, ask for, refer to, and keep from somebody."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
# What a page refers to, and what can be referred to in it.
_REFERENCES = """() => {
  const found = [];
  for (const [selector, name] of [["a", "href"], ["link", "href"], ["script", "src"],
                                  ["img", "src"], ["source", "srcset"]])
    for (const element of document.querySelectorAll(`${selector}[${name}]`))
      found.push(new URL(element.getAttribute(name), document.baseURI).href);
  return found;
}"""
_ANCHORS = "[...document.querySelectorAll('[id]')].map(e => e.id)"


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium, the machine's own."""
    if CHROMIUM is None and not os.environ.get("CI"):
        pytest.skip("no chromium here")
    assert CHROMIUM is not None, "CI has no chromium: apt-get install chromium"
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@dataclass
class Heard:
    """What a page said on the console or failed at, and the addresses that it asked for."""

    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def listen(page: Any) -> Heard:
    """Note what a page says and asks for from now on."""
    heard = Heard()

    def failed(request: Any) -> None:
        # what is still fetched when the page is left did not fail
        if request.failure != "net::ERR_ABORTED":
            heard.said.append(f"failed: {request.url}: {request.failure}")

    page.on("console", lambda message: heard.said.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: heard.said.append(str(error)))
    page.on("requestfailed", failed)
    page.on("request", lambda request: heard.asked.append(request.url))
    return heard


def violations(page: Any) -> list[tuple[str, str, list[str]]]:
    """Rules of accessibility that the open page breaks: each's impact, its name, and where."""
    from axe_playwright_python.sync_playwright import Axe

    # axe would fetch the style sheet once more, which a page from a file may not
    options = {"preload": False, "resultTypes": ["violations"]}
    found = Axe().run(page, options=options).response["violations"]
    return [
        (item["impact"], item["id"], [node["html"] for node in item["nodes"]]) for item in found
    ]


def strays(page: Any, folder: Path, addresses: Sequence[str]) -> list[tuple[str, str]]:
    """What pages in a folder refer to that is not in it: each page's address, and the reference.

    Links, pictures, styles and scripts count, and anchors of pages. A page may refer to itself
    wherever it lies.
    """
    anchors, references = {}, []
    for address in addresses:
        page.goto(address)
        anchors[address] = set(page.evaluate(_ANCHORS))
        references += [(address, url) for url in page.evaluate(_REFERENCES)]
    assert len(references) > 50, "hardly any references were found"

    def there(address: str, url: str) -> bool:
        target = urlparse(url)
        path = Path(unquote(target.path))
        inside = path.is_relative_to(folder) or url.startswith(f"{address}#")
        if target.scheme != "file" or not inside or not path.is_file():
            return url.startswith("data:")
        return not target.fragment or target.fragment in anchors[f"file://{target.path}"]

    return [(address, url) for address, url in references if not there(address, url)]
