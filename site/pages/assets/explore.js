/*
 * The page of all cells: filters and sorts the rows of its table, brings those of older runs when asked to, divides
 * figures by those of a baseline cell, and picks pairs of runs. It reads plain numbers from the rows' data-* attributes;
 * the table of the newest runs is whole without it.
 */
(() => {
  "use strict";

  const FILTERS = ["method", "engine", "mode", "model", "card", "kind", "state"];
  const AT_ONCE = 500; // rows: of several thousand, a browser takes seconds to lay out a table
  const words = new Intl.Collator("en", { numeric: true, sensitivity: "base" });
  const known = new WeakSet(); // forms that are bound: document$ and the load both bring us here

  const nameOf = (row) => `${row.dataset.run}/${row.dataset.cell}`;

  // What ratios are made of: of cells with the same rounds, geometric means have the ratio that the run's page tells.
  const mean = (row, key) => Number(row?.dataset[`${key}_mean`] ?? row?.dataset[key]);

  const many = (count) => count.toLocaleString("en");

  // A ratio as the pages write it: more digits the nearer to 1.
  function times(ratio) {
    const digits = ratio >= 10 ? 0 : ratio >= 1.95 ? 1 : ratio >= 0.0995 ? 2 : 1 - Math.floor(Math.log10(ratio));
    return `${ratio.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits })}×`;
  }

  // ---- All cells --------------------------------------------------------------------------------------------------

  function bindCells(form) {
    const table = document.querySelector("#explore-table table");
    const body = table.tBodies[0];
    const rows = [...body.rows]; // those of older runs, once they are here, come after the page's own
    const own = rows.length;
    const texts = new Map();
    const byName = new Map();
    const heads = [...table.tHead.rows[0].cells];
    const divided = heads.flatMap((head, at) => ("ratio" in head.dataset ? [{ key: head.dataset.keys, at }] : []));
    const control = (name) => form.elements.namedItem(name);
    let base;

    const older = control("older");
    makeButtons();
    takeUp(rows);
    older?.addEventListener("input", () => {
      if (!older.checked && rows.indexOf(byName.get(control("baseline").value)) >= own) control("baseline").value = "";
    });
    // What an address asks for may be among the older runs.
    if (older && new URLSearchParams(location.search).get("older") === "1") bringOlder().then(begin);
    else begin();

    function begin() {
      window.quantpress.address.bind(form, show);
    }

    function takeUp(some) {
      for (const row of some) {
        texts.set(row, row.textContent.toLowerCase());
        byName.set(nameOf(row), row);
      }
      offerBaselines(some);
    }

    async function bringOlder() {
      const state = form.querySelector("[data-older-state]");
      state.textContent = "Loading them…";
      try {
        const found = (await fetchOlder(older.dataset.source)).map(grow);
        if (rows.length === own) {
          rows.push(...found);
          takeUp(found);
          base = undefined; // none of these is divided yet
        }
        state.textContent = "";
      } catch {
        older.checked = false;
        state.textContent = "They could not be loaded.";
      }
    }

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

    function offerBaselines(some) {
      let group;
      for (const row of some.filter((one) => divided.some(({ key }) => key in one.dataset))) {
        if (group?.label !== row.dataset.run) {
          group = document.createElement("optgroup");
          group.label = row.dataset.run;
          control("baseline").append(group);
        }
        group.append(new Option(`${row.dataset.label} (${row.dataset.run})`, nameOf(row)));
      }
    }

    function show() {
      if (older?.checked && rows.length === own) {
        bringOlder().then(show);
        return;
      }
      mark(control("sort").value, control("dir").value);
      put(ordered(control("sort").value, control("dir").value).filter(fits()));
      divide(byName.get(control("baseline").value));
    }

    function mark(key, direction) {
      for (const head of heads) {
        if (key && head.dataset.keys.split(" ").includes(key)) {
          head.setAttribute("aria-sort", direction === "asc" ? "ascending" : "descending");
        } else head.removeAttribute("aria-sort");
      }
      for (const button of table.tHead.querySelectorAll(".qp-sort")) {
        button.classList.toggle("qp-sort--chosen", button.dataset.sort === key);
      }
    }

    function ordered(key, direction) {
      const asked = older?.checked ? [...rows] : rows.slice(0, own);
      const sign = direction === "asc" ? 1 : -1;
      if (key) asked.sort((one, other) => compare(one.dataset[key], other.dataset[key], sign));
      // Without a column the rows stand as they came, the newest run first; upside down it is the oldest run.
      else if (sign < 0) {
        const place = new Map(asked.map((row, at) => [row.dataset.run, at]));
        asked.sort((one, other) => place.get(other.dataset.run) - place.get(one.dataset.run));
      }
      return asked;
    }

    function fits() {
      const wanted = FILTERS.map((name) => [name, control(name).value]).filter(([, value]) => value);
      const asked = control("text").value.toLowerCase().split(/\s+/).filter(Boolean);
      return (row) => wanted.every(([name, value]) => row.dataset[name] === value)
        && asked.every((word) => texts.get(row).includes(word));
    }

    function put(fitting) {
      body.replaceChildren(...fitting.slice(0, AT_ONCE));
      const all = older?.checked ? rows.length : own;
      form.querySelector("[data-count]").textContent = fitting.length > AT_ONCE
        ? `${many(fitting.length)} of ${many(all)} cells fit, the first ${AT_ONCE} are shown`
        : `${many(fitting.length)} of ${many(all)} cells shown`;
      document.getElementById("explore-table").hidden = !fitting.length;
      document.getElementById("explore-empty").hidden = fitting.length > 0;
    }

    function divide(chosen) {
      form.querySelector("[data-ratio-note]").hidden = !chosen;
      if (chosen === base) return;
      base?.classList.remove("qp-explore__base");
      chosen?.classList.add("qp-explore__base");
      base = chosen;
      for (const { key, at } of divided) {
        const divisor = mean(chosen, key);
        for (const row of rows) {
          // Between two models a ratio says nothing about methods.
          const divides = divisor > 0 && mean(row, key) > 0 && row.dataset.model === chosen.dataset.model;
          if (key in row.dataset) write(row.cells[at], divides ? mean(row, key) / divisor : undefined);
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

  let arrival; // promise of the older runs' rows

  function fetchOlder(source) {
    arrival ??= new Promise((resolve, reject) => {
      // A script, because a page that was opened from disk may fetch nothing else.
      const script = document.createElement("script");
      script.src = new URL(source, location.href).href;
      script.onload = () => (window.quantpress.olderCells ? resolve(window.quantpress.olderCells) : reject(new Error("no rows")));
      script.onerror = () => {
        arrival = undefined;
        reject(new Error("no answer"));
      };
      document.head.append(script);
    });
    return arrival;
  }

  // An element from its name, its attributes and what is in it; a text from a text.
  function grow(said) {
    if (typeof said === "string") return document.createTextNode(said);
    const [name, attributes, ...inside] = said;
    const element = document.createElement(name);
    for (const [attribute, value] of Object.entries(attributes)) element.setAttribute(attribute, value);
    element.append(...inside.map(grow));
    return element;
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
    const [a, b] = ["a", "b"].map((name) => form.elements.namedItem(name));

    // Whether a pair is of these two runs, either way round; where none is chosen, any will do.
    function isOf({ dataset: { one, base } }, first, second) {
      const fits = (run, chosen) => !chosen || run === chosen;
      return (fits(one, first) && fits(base, second)) || (fits(base, first) && fits(one, second));
    }

    // A menu has the runs that are compared with the one that the other menu has; Safari only greys the others.
    function offer(menu, chosen) {
      for (const option of menu.options) {
        option.disabled = !option.selected && !pairs.some((pair) => isOf(pair, option.value, chosen));
        option.hidden = option.disabled;
      }
    }

    window.quantpress.address.bind(form, () => {
      offer(a, b.value);
      offer(b, a.value);
      const fitting = pairs.filter((pair) => isOf(pair, a.value, b.value));
      for (const pair of pairs) {
        pair.hidden = !fitting.includes(pair);
        if (a.value || b.value) pair.open = fitting.length === 1 && fitting[0] === pair;
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
