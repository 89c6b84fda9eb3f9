/*
 * What a page's address says of its controls: read into a form, written back when the reader changes one, and what of it
 * is ignored told in a line. A form's controls are named as the address names them; their own constraints (options, min,
 * max, step, disabled) say what is possible. Only what differs from the page's own values is written, so addresses stay
 * short.
 */
(() => {
  "use strict";

  const controlsOf = (form) => [...form.elements].filter((control) => control.name);
  const namesOf = (form) => new Set(controlsOf(form).map((control) => control.name));

  // The value that the page came with.
  function ownValue(control) {
    if (control.type === "checkbox" || control.type === "radio") return control.defaultChecked;
    if (control instanceof HTMLSelectElement) {
      return ([...control.options].find((option) => option.defaultSelected) ?? control.options[0])?.value ?? "";
    }
    return control.defaultValue;
  }

  const isOwn = (control) =>
    (typeof ownValue(control) === "boolean" ? control.checked : control.value) === ownValue(control);

  function possible(control) {
    if (control.disabled) return "nothing can be chosen here";
    if (control instanceof HTMLSelectElement) {
      const choices = [...control.options].map((option) => option.value).filter(Boolean);
      const listed = choices.join(", ");
      return `possible: ${listed.length > 80 ? `one of the ${choices.length} in the menu` : listed}`;
    }
    if (control.type === "checkbox") return "possible: 1 or 0";
    const { min, max } = control;
    if (control.type === "number" || control.type === "range") {
      const number = control.step === "1" ? "a whole number" : "a number";
      return `possible: ${min && max ? `${number} from ${min} to ${max}` : min ? `${number} from ${min} on` : number}`;
    }
    return "possible: a text";
  }

  // Whether the control took the value; one that it does not take leaves it as it was.
  function put(control, value) {
    if (control.disabled) return false;
    if (control.type === "checkbox") {
      if (value !== "1" && value !== "0") return false;
      control.checked = value === "1";
      return true;
    }
    if (control instanceof HTMLSelectElement) {
      if (![...control.options].some((option) => option.value === value && !option.disabled)) return false;
      control.value = value;
      return true;
    }
    const before = control.value;
    control.value = value;
    // A number's or a range's own idea of the text that it was given must be that text; one that it can't read is empty
    // to it, which is no 0.
    const taken = (control.type === "text" || control.type === "search" || Number(control.value) === Number(value))
      && (control.value === "") === (value === "") && (value !== "" || !control.required) && control.checkValidity();
    if (!taken) control.value = before;
    return taken;
  }

  /** Fill the form from the address; what could not be taken, and what would be possible. */
  function read(form) {
    const asked = new URLSearchParams(location.search);
    const ignored = [];
    for (const control of controlsOf(form)) {
      if (!asked.has(control.name) || control.type === "radio") continue;
      const value = asked.get(control.name);
      if (!put(control, value)) ignored.push(`${control.name}=${value} (${possible(control)})`);
    }
    for (const name of new Set(controlsOf(form).filter((control) => control.type === "radio").map((one) => one.name))) {
      const choices = controlsOf(form).filter((control) => control.name === name);
      const chosen = choices.find((control) => control.value === asked.get(name));
      if (chosen) chosen.checked = true;
      else if (asked.has(name)) ignored.push(`${name}=${asked.get(name)} (possible: ${choices.map((one) => one.value).join(", ")})`);
    }
    return ignored;
  }

  // What the address says under names that no control of the page has, and that no other site hung on.
  function unknown() {
    const names = new Set([...document.querySelectorAll("form [name]")].map((control) => control.name));
    return [...new URLSearchParams(location.search)]
      .filter(([name]) => !names.has(name) && !/^utm_|cl(k)?id$|^_ga$|^mc_|^ref$/.test(name))
      .map(([name, value]) => `${name}=${value} (this page has no choice of that name)`);
  }

  /** Write what differs from the page's own values into the address, and keep what other forms have there. */
  function write(form) {
    const url = new URL(location.href);
    for (const name of namesOf(form)) url.searchParams.delete(name);
    for (const control of controlsOf(form)) {
      if (isOwn(control) || (control.type === "radio" && !control.checked) || !control.checkValidity()) continue;
      url.searchParams.set(control.name, control.type === "checkbox" ? (control.checked ? "1" : "0") : control.value);
    }
    if (url.href === location.href) return;
    try {
      history.replaceState(history.state, "", url); // not an entry for each step of a slider
    } catch {
      // A page opened in a place without addresses of its own (a frame, a preview) works without this.
    }
  }

  /**
   * Bind a form: read the address, call `show()` then and after each change, and write the address. The page's element
   * `[data-ignored]`, which all of its forms share, says what of the address was ignored until the form is changed; a
   * reset brings the page's own values.
   */
  function bind(form, show) {
    const line = document.createElement("span");
    const place = document.querySelector("[data-ignored]");
    const ignored = [...read(form), ...(place.dataset.ignored ? [] : unknown())];
    place.dataset.ignored = "told";
    line.textContent = `Ignored from the address: ${ignored.join("; ")}. `;
    if (ignored.length) place.append(line);
    const changed = () => {
      line.remove();
      write(form);
      show();
    };
    form.addEventListener("input", changed);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("reset", () => setTimeout(changed)); // after the values have come back
    show();
  }

  window.quantpress = { ...window.quantpress, address: { bind, read, write } };
})();
