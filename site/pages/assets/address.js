/*
 * What a page's address says of its controls: read into a form, written back when the reader changes one, and what it
 * says wrongly told in words. A form's controls are named as the address names them; their own constraints (options,
 * min, max, step) say what is right. Only what differs from the page's own values is written, so addresses stay short.
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

  function expected(control) {
    if (control instanceof HTMLSelectElement) {
      const choices = [...control.options].filter((option) => !option.disabled).map((option) => option.value || "nothing");
      return choices.length > 12 ? "one of the choices below" : `one of ${choices.join(", ")}`;
    }
    if (control.type === "checkbox") return "1 or 0";
    const { min, max } = control;
    if (control.type === "number" || control.type === "range") {
      return min && max ? `a number from ${min} to ${max}` : min ? `a number from ${min} on` : "a number";
    }
    return "a text";
  }

  // Whether the control took the value; one that it does not take leaves it as it was.
  function put(control, value) {
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

  /** Fill the form from the address; what could not be taken, as sentences. Names of no control are left alone. */
  function read(form) {
    const asked = new URLSearchParams(location.search);
    const problems = [];
    for (const control of controlsOf(form)) {
      if (!asked.has(control.name) || control.type === "radio") continue;
      const value = asked.get(control.name);
      if (!put(control, value)) problems.push(`${control.name}=${value}: expected ${expected(control)}.`);
    }
    for (const name of new Set(controlsOf(form).filter((control) => control.type === "radio").map((one) => one.name))) {
      const choices = controlsOf(form).filter((control) => control.name === name);
      const chosen = choices.find((control) => control.value === asked.get(name));
      if (chosen) chosen.checked = true;
      else if (asked.has(name)) problems.push(`${name}=${asked.get(name)}: expected one of ${choices.map((one) => one.value).join(", ")}.`);
    }
    return problems;
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
   * Bind a form: read the address, call `show()` then and after each change, and write the address. The element
   * `[data-address-problems]` inside the form says what the address had wrong; a reset brings the page's own values.
   */
  function bind(form, show) {
    const problems = read(form);
    const place = form.querySelector("[data-address-problems]");
    if (place) {
      place.hidden = !problems.length;
      place.textContent = problems.length ? `The address asked for something that this page does not have. ${problems.join(" ")}` : "";
    }
    const changed = () => {
      if (place) place.hidden = true;
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
