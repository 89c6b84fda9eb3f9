/*
 * The page of plans: applies the rule of fit.js to what its form says, with the figures in its data-fit attribute, and
 * shows the answer in the sentences and rows of the page's templates, so that no words are here.
 */
(() => {
  "use strict";

  const { asked, listed, number, problemsOf, sayer, upward } = window.quantpress.panel;

  const DIMENSIONS = ["hidden", "intermediate", "layers", "heads", "kv_heads", "head", "vocabulary", "positions"];
  const PARTS = ["weights_gib", "kv_cache_gib", "activations_gib", "graphs_gib", "context_gib", "kept_gib"];
  const BESIDES = PARTS.slice(2);

  const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);
  const rate = (plan, value) => (value === null || plan.obstacle ? "–" : number(value));

  // ---- What the form says -----------------------------------------------------------------------------------------

  const valueOf = (form, name) => Number(form.elements[name].value);
  const textOf = (select) => select.selectedOptions[0].textContent;

  function modelIn(form, data) {
    const key = form.elements.model.value;
    if (key !== "own") return data.models[key];
    const shape = Object.fromEntries(DIMENSIONS.map((name) => [name, valueOf(form, name)]));
    shape.tied_embeddings = form.elements.tied.checked;
    const like = window.quantpress.llamaLike(shape);
    return form.elements.vectors.value === "" ? like : { ...like, vectors: valueOf(form, "vectors") };
  }

  function cardIn(form, data) {
    const name = form.elements.card.value;
    if (name !== "own") return data.cards[name];
    return { shown_gib: valueOf(form, "memory"), bandwidth_gb_per_s: valueOf(form, "bandwidth") };
  }

  /** The cells of the methods that are ticked, as far as they run where they are to. */
  function cellsIn(form, data) {
    const engine = form.elements.engine.value;
    return data.methods.filter((method) => form.elements[method.id].checked).flatMap((method) => {
      const where = engine === "home" ? method.engine : engine;
      if (!method.stored[where]) return [];
      const mode = where === "transformers" ? "eager" : form.elements.mode.value;
      return [{ method: method.id, engine: where, mode, stored: method.stored[where], row: method }];
    });
  }

  // ---- A configuration that is pasted -----------------------------------------------------------------------------

  function takeConfig(form, data, say) {
    const said = form.querySelector("[data-config-said]");
    const text = form.querySelector("[data-config]").value;
    if (!text.trim()) {
      said.replaceChildren();
      return;
    }
    let config = null;
    try {
      config = JSON.parse(text);
    } catch {
      // said below
    }
    if (config === null || typeof config !== "object" || Array.isArray(config)) {
      said.replaceChildren(say("unreadable"));
      return;
    }
    const found = window.quantpress.modelOf(config, data);
    if (found.why) {
      said.replaceChildren(say("refused", { field: found.field, why: say(`why-${found.why}`) }));
      return;
    }
    for (const name of DIMENSIONS) form.elements[name].value = found.shape[name];
    form.elements.tied.checked = found.shape.tied_embeddings;
    form.elements.vectors.value = found.vectors;
    said.replaceChildren(say("taken"));
  }

  // ---- The answer -------------------------------------------------------------------------------------------------

  function wordsOf(data, say) {
    const called = (select, value) => [...select.options].find((option) => option.value === value).textContent;

    /** As `Cell.name` and `Cell.label` have it. */
    function namesOf({ row, engine, mode }, { engine: engines, mode: modes }) {
      const at = called(engines, engine);
      return {
        name: row.engine === engine ? row.name : `${row.name} in ${at}`,
        label: [row.name, at, called(modes, mode)].join(", "),
      };
    }

    function answer(plans, model) {
      const room = plans.filter((plan) => plan.obstacle === null);
      if (!plans.length) return say("answer-nothing");
      if (room.length === 1) return say(plans.length === 1 ? "answer-alone" : "answer-one", { names: room[0].name });
      if (room.length === plans.length) return say("answer-all", { count: asked(plans.length) });
      if (room.length) return say("answer-some", { names: listed(room.map((plan) => plan.name)) });
      if (plans.every((plan) => plan.obstacle === "positions")) return say("answer-long", { most: asked(model.shape.positions) });
      const least = plans.reduce((one, other) => (other.card_gib < one.card_gib ? other : one));
      return say("answer-none", { needed: upward(least.card_gib), name: least.name });
    }

    const row = (plan) => say("row", {
      name: plan.label,
      method: plan.cell.method,
      fits: say({ memory: "fits-no", positions: "fits-long" }[plan.obstacle] ?? "fits-yes"),
      needs: upward(plan.card_gib),
      expected: rate(plan, plan.expected_tokens_per_s),
      bound: rate(plan, plan.bound_tokens_per_s),
      longest: number(plan.longest_tokens),
      users: number(plan.users),
      weights: number(plan.weights_gib, 2),
      cache: number(plan.kv_cache_gib, 2),
      besides: number(sum(BESIDES.map((part) => plan[part])), 2),
    });

    function bar(plan, shownGib, cardGib, longestGib) {
      const made = document.createElement("li");
      made.append(say("bar", {
        name: plan.label, method: plan.cell.method, needs: upward(plan.card_gib), shown: number(shownGib, 1),
      }));
      const drawn = document.createElement("span");
      drawn.className = "qp-plan__bar";
      drawn.ariaHidden = "true";
      const lengths = [["qp-plan__card", cardGib], ...PARTS.map((part) => [`qp-plan__part qp-look-${data.looks[part]}`, plan[part]])];
      for (const [kind, gib] of lengths) {
        const part = document.createElement("span");
        part.className = kind;
        part.style.width = `${(100 * gib) / longestGib}%`;
        drawn.append(part);
      }
      made.append(drawn);
      return made;
    }

    return { namesOf, answer, row, bar };
  }

  function open(panel) {
    const say = sayer(panel);
    const form = panel.querySelector("form");
    const problems = form.querySelector("[data-problems]");
    const place = (name) => panel.querySelector(`[data-${name}]`);
    let data;
    try {
      data = JSON.parse(panel.dataset.fit);
    } catch {
      problems.replaceChildren(say("damaged"));
      problems.hidden = false;
      for (const part of form.querySelectorAll(".qp-advice__controls, fieldset")) part.hidden = true;
      return;
    }
    const words = wordsOf(data, say);

    // Before the form hears of it: what is pasted is in its fields by then.
    place("config").addEventListener("input", () => takeConfig(form, data, say));
    for (const name of DIMENSIONS) {
      form.elements[name].addEventListener("input", () => {
        form.elements.vectors.value = ""; // they were those of other dimensions
      });
    }

    window.quantpress.address.bind(form, () => {
      for (const part of panel.querySelectorAll("[data-own]")) part.hidden = form.elements[part.dataset.own].value !== "own";
      const wrong = problemsOf(form, say);
      problems.replaceChildren(...wrong);
      problems.hidden = !wrong.length;
      place("result").hidden = wrong.length > 0;
      if (wrong.length) return;

      const card = cardIn(form, data);
      const model = modelIn(form, data);
      const seen = data.evidence.seen_share ? data.evidence.seen_share.fixed : 1;
      const device = { memory_gib: card.shown_gib * seen, bandwidth_gb_per_s: card.bandwidth_gb_per_s };
      const load = { ...data.load, context_tokens: valueOf(form, "context"), users: valueOf(form, "users") };
      const plans = cellsIn(form, data).map((cell) => ({
        ...window.quantpress.fit(model, cell, cell.stored, device, load, data.evidence), ...words.namesOf(cell, form.elements),
      }));
      const longestGib = Math.max(device.memory_gib, ...plans.map((plan) => sum(PARTS.map((part) => plan[part]))));
      place("wishes").replaceChildren(say("wishes", {
        model: textOf(form.elements.model), card: textOf(form.elements.card),
        users: asked(load.users), context: asked(load.context_tokens),
      }));
      place("answer").replaceChildren(words.answer(plans, model));
      place("bars").replaceChildren(...plans.map((plan) => words.bar(plan, card.shown_gib, device.memory_gib, longestGib)));
      place("plans").replaceChildren(...plans.map(words.row));
      place("table").hidden = !plans.length;
    });
  }

  function start() {
    for (const panel of document.querySelectorAll("[data-fit]:not([data-open])")) {
      panel.dataset.open = "";
      open(panel);
    }
  }

  start();
  window.document$?.subscribe(start); // after each instant navigation too
})();
