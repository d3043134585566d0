// Copy buttons. Without this script a hash is selected whole by a click.
"use strict";
for (const button of document.querySelectorAll("button.copy")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const said = document.getElementById("said");
    let copied = true;
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      // not every browser lets a page from a file use the clipboard: select the text, the old way
      getSelection().selectAllChildren(button.parentElement.querySelector("code"));
      copied = document.execCommand("copy");
    }
    said.textContent = copied ? "Copied" : "Selected: copy it from the keyboard";
    button.classList.toggle("done", copied);
    setTimeout(() => {
      button.classList.remove("done");
      said.textContent = "";
    }, 1500);
  });
}
