/*
 * What panels share: numbers as text, sentences out of the page's own templates, and what is wrong in a form. No words
 * are here.
 */
(() => {
  "use strict";

  // ---- Numbers as text, as generator/render/units.py has them -----------------------------------------------------

  const written = (value, options) => new Intl.NumberFormat("en-GB", options).format(value).replace("-", "−");
  const fixed = (value, digits) =>
    written(value, { minimumFractionDigits: digits, maximumFractionDigits: digits, roundingMode: "halfEven" });
  const upward = (value) => fixed(Math.ceil(value * 100) / 100 + 0, 2);
  const asked = (value) => written(value, { maximumSignificantDigits: 10 });
  const times = (ratio) => `${fixed(ratio, ratio >= 10 ? 0 : ratio >= 1.95 ? 1 : 2)}×`;
  const listed = (names) => new Intl.ListFormat("en-GB", { type: "conjunction" }).format(names);

  /** A number as `number` writes it: small ones keep two significant digits instead of becoming 0. */
  function number(value, digits = 0) {
    const isSmall = value !== 0 && digits > 0 && Math.abs(value) < 10 ** (1 - digits);
    return isSmall ? written(value, { minimumSignificantDigits: 1, maximumSignificantDigits: 2 }) : fixed(value, digits);
  }

  // ---- Sentences and forms ----------------------------------------------------------------------------------------

  /** The sentence of that name, its slots filled with texts or other sentences. */
  function sayer(panel) {
    return (name, slots = {}) => {
      const said = panel.querySelector(`template[data-say="${name}"]`).content.cloneNode(true);
      for (const mark of said.querySelectorAll(".qp-method")) mark.dataset.method = slots.method;
      for (const place of said.querySelectorAll("[data-slot]")) place.replaceWith(slots[place.dataset.slot]);
      return said;
    };
  }

  function problemsOf(form, say) {
    const wrong = [...form.elements].filter((control) => control.name && !control.checkValidity());
    return wrong.flatMap((control) => {
      const label = control.labels[0].querySelector("span").textContent;
      const [min, max] = [control.min, control.max].map((end) => asked(Number(end)));
      const beyond = control.validity.rangeOverflow && control.dataset.beyond;
      return [say(beyond || (control.step === "1" ? "whole-problem" : "problem"), { label, min, max }), " "];
    });
  }

  function item(content) {
    const made = document.createElement("li");
    made.append(content);
    return made;
  }

  window.quantpress = { ...window.quantpress, panel: { asked, fixed, item, listed, number, problemsOf, sayer, times, upward } };
})();
