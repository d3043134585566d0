// A table that is wider than the page scrolls: from the keyboard as well. The theme puts what scrolls
// around it once the document is there.
addEventListener("load", () => {
  for (const table of document.querySelectorAll(".md-typeset__scrollwrap")) {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
  }
});
