// Gives scripts and commands a button that copies them.
"use strict";

for (const text of document.querySelectorAll("pre#python, pre#command, pre.python, pre.command, pre.copy")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet copy";
  button.textContent = "Copy";
  button.setAttribute("aria-live", "polite");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch { // without HTTPS, or not allowed to: it is marked, to be copied by hand
      getSelection().selectAllChildren(text);
      button.textContent = "Marked";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 3000);
  });
  text.before(button);
}
