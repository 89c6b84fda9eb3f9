/*
 * The page of all cells: filters and sorts the rows of its table, divides figures by those of a baseline cell, and picks
 * pairs of runs. It reads plain numbers from the rows' data-* attributes; the table is whole without it.
 */
(() => {
  "use strict";

  const FILTERS = ["method", "engine", "mode", "model", "card", "kind", "state"];
  const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const known = new WeakSet(); // forms that are bound: document$ and the load both bring us here

  const nameOf = (row) => `${row.dataset.run}/${row.dataset.cell}`;

  // A ratio as the pages write it: more digits the nearer to 1.
  function times(ratio) {
    const digits = ratio >= 10 ? 0 : ratio >= 1.95 ? 1 : ratio >= 0.1 ? 2 : 4;
    return `${ratio.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })}×`;
  }

  // ---- All cells --------------------------------------------------------------------------------------------------

  function bindCells(form) {
    const table = document.querySelector("#explore-table table");
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const texts = new Map(rows.map((row) => [row, row.textContent.toLowerCase()]));
    const byName = new Map(rows.map((row) => [nameOf(row), row]));
    const heads = [...table.tHead.rows[0].cells];
    const divided = heads.flatMap((head, at) => ("ratio" in head.dataset ? [{ key: head.dataset.keys, at }] : []));
    const control = (name) => form.elements.namedItem(name);
    let sorted = "";
    let base;

    makeButtons();
    offerBaselines();
    window.quantpress.address.bind(form, show);

    function makeButtons() {
      for (const label of table.tHead.querySelectorAll("[data-sort]")) {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "qp-sort";
        button.dataset.sort = label.dataset.sort;
        button.textContent = label.textContent;
        button.addEventListener("click", () => {
          const again = control("sort").value === button.dataset.sort;
          // Of numbers the largest are asked for first, of words the first.
          const first = button.closest("th").classList.contains("num") ? "desc" : "asc";
          const other = first === "asc" ? "desc" : "asc";
          control("dir").value = again && control("dir").value === first ? other : first;
          control("sort").value = button.dataset.sort;
          control("sort").dispatchEvent(new Event("input", { bubbles: true }));
        });
        label.replaceWith(button);
      }
    }

    function offerBaselines() {
      let group;
      for (const row of rows.filter((one) => divided.some(({ key }) => key in one.dataset))) {
        if (group?.label !== row.dataset.run) {
          group = document.createElement("optgroup");
          group.label = row.dataset.run;
          control("baseline").append(group);
        }
        group.append(new Option(`${row.dataset.label} (${row.dataset.run})`, nameOf(row)));
      }
    }

    function show() {
      sort(control("sort").value, control("dir").value);
      filter();
      divide(byName.get(control("baseline").value));
    }

    function sort(key, direction) {
      for (const head of heads) {
        if (key && head.dataset.keys.split(" ").includes(key)) {
          head.setAttribute("aria-sort", direction === "asc" ? "ascending" : "descending");
        } else head.removeAttribute("aria-sort");
      }
      for (const button of table.tHead.querySelectorAll(".qp-sort")) {
        button.classList.toggle("qp-sort--chosen", button.dataset.sort === key);
      }
      if (sorted === `${key} ${direction}`) return;
      sorted = `${key} ${direction}`;
      const sign = direction === "asc" ? 1 : -1;
      const ordered = key ? [...rows].sort((one, other) => compare(one.dataset[key], other.dataset[key], sign)) : [...rows];
      // Without a column the rows stand as they came; upside down they are the oldest first.
      if (!key && sign < 0) ordered.reverse();
      body.append(...ordered);
    }

    function filter() {
      const wanted = FILTERS.map((name) => [name, control(name).value]).filter(([, value]) => value);
      const asked = control("text").value.toLowerCase().split(/\s+/).filter(Boolean);
      let count = 0;
      for (const row of rows) {
        const fits = wanted.every(([name, value]) => row.dataset[name] === value)
          && asked.every((word) => texts.get(row).includes(word));
        row.hidden = !fits;
        if (fits) count += 1;
      }
      form.querySelector("[data-count]").textContent = `${count} of ${rows.length} cells shown`;
      document.getElementById("explore-table").hidden = !count;
      document.getElementById("explore-empty").hidden = Boolean(count);
    }

    function divide(chosen) {
      form.querySelector("[data-ratio-note]").hidden = !chosen;
      if (chosen === base) return;
      base?.classList.remove("qp-explore__base");
      chosen?.classList.add("qp-explore__base");
      base = chosen;
      for (const { key, at } of divided) {
        const divisor = Number(chosen?.dataset[key]);
        for (const row of rows) {
          if (key in row.dataset) write(row.cells[at], divisor > 0 ? Number(row.dataset[key]) / divisor : undefined);
        }
      }
    }

    function write(cell, ratio) {
      cell.dataset.figure ??= cell.textContent;
      if (ratio === undefined) {
        cell.textContent = cell.dataset.figure;
        return;
      }
      const figure = document.createElement("small");
      figure.textContent = cell.dataset.figure;
      cell.replaceChildren(times(ratio), document.createElement("br"), figure);
    }
  }

  // Rows that have no value come last, whichever way.
  function compare(one, other, sign) {
    if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
    const difference = Number(one) - Number(other);
    return sign * (Number.isNaN(difference) ? words.compare(one, other) : difference);
  }

  // ---- Pairs of runs ----------------------------------------------------------------------------------------------

  function bindPairs(form) {
    const pairs = [...document.querySelectorAll(".qp-pair")];
    window.quantpress.address.bind(form, () => {
      const chosen = ["a", "b"].map((name) => form.elements.namedItem(name).value).filter(Boolean);
      const fitting = pairs.filter((pair) => {
        const both = [pair.dataset.one, pair.dataset.base];
        return chosen.every((run) => both.includes(run)) && (chosen.length < 2 || chosen[0] !== chosen[1]);
      });
      for (const pair of pairs) {
        pair.hidden = !fitting.includes(pair);
        if (chosen.length) pair.open = fitting.length === 1 && fitting[0] === pair;
      }
      form.querySelector("[data-count]").textContent = `${fitting.length} of ${pairs.length} pairs shown`;
      form.querySelector("[data-none]").hidden = fitting.length > 0;
    });
  }

  function turnPage() {
    for (const [id, bind] of [["explore-cells", bindCells], ["explore-pairs", bindPairs]]) {
      const form = document.getElementById(id);
      if (!form || known.has(form)) continue;
      known.add(form);
      bind(form);
    }
  }

  // document$ speaks on every instant navigation, but not from file://.
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", turnPage);
  else turnPage();
  window.document$?.subscribe(turnPage);
})();
