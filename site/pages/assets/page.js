/*
 * What every page needs besides its theme: buttons that are no landmarks, a reason that a finger can reach, and no search
 * where none can work.
 */
(() => {
  "use strict";

  // Opened from disk, Material's search stays silent: it reads its index in a worker, which browsers start from no file.
  if (location.protocol === "file:") document.documentElement.classList.add("qp-from-disk");

  // Why there is no figure is the title of the dash in its place. A pointer that is held over it shows that; a tap or a
  // click writes it beneath, and takes it away again.
  document.addEventListener("click", ({ target }) => {
    const cell = target.closest("td.qp-absent[title]");
    if (!cell) return;
    const written = cell.querySelector("small");
    if (written) {
      written.remove();
      return;
    }
    const reason = document.createElement("small");
    reason.textContent = cell.title;
    cell.append(reason);
  });

  // Material puts the button that copies a block of code into a <nav>: two blocks make two landmarks that have no name
  // and lead nowhere. Here they stop being landmarks; the buttons stay.
  function turnPage() {
    for (const box of document.querySelectorAll("nav.md-code__nav")) box.setAttribute("role", "none");
  }

  // Material is told of a page before we are, and has made its buttons by then.
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", turnPage);
  else turnPage();
  window.document$?.subscribe(turnPage);
})();
