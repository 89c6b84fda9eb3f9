/*
 * Material puts the button that copies a block of code into a <nav>: two blocks make two landmarks that have no name and
 * lead nowhere. Here they stop being landmarks; the buttons stay.
 */
(() => {
  "use strict";

  function turnPage() {
    for (const box of document.querySelectorAll("nav.md-code__nav")) box.setAttribute("role", "none");
  }

  // Material is told of a page before we are, and has made its buttons by then.
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", turnPage);
  else turnPage();
  window.document$?.subscribe(turnPage);
})();
