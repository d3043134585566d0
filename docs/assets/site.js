// What the theme leaves out for readers who do not look at the page. It makes these elements itself,
// once the document is there.
addEventListener("load", () => {
  // a table that is wider than the page scrolls: from the keyboard as well
  for (const table of document.querySelectorAll(".md-typeset__scrollwrap")) {
    if (table.scrollWidth > table.clientWidth) table.tabIndex = 0;
  }
  // an empty corner heads nothing
  for (const corner of document.querySelectorAll("th:empty")) {
    corner.replaceWith(document.createElement("td"));
  }
  // landmarks of one kind are told apart by their names
  document.querySelectorAll(".md-code__nav").forEach((buttons, index) => {
    buttons.ariaLabel = `Code block ${index + 1}`;
  });
});
