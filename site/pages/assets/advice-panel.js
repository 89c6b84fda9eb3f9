/*
 * The panel "For your own card": applies the rule of advice.js to the offers in its data-advice attribute, as its form
 * asks, and says the answer in the sentences of the panel's templates, so that no words are here.
 */
(() => {
  "use strict";

  const { asked, fixed, item, listed, problemsOf, sayer, times, upward } = window.quantpress.panel;

  const wishesOf = (form) => ({
    card_gib: Number(form.elements.card.value),
    context_tokens: Number(form.elements.context.value),
    users: Number(form.elements.users.value),
    quality_percent: form.elements.quality.value === "" ? null : Number(form.elements.quality.value),
    speed_weight: Number(form.elements.speed.value),
  });

  /** What the answers to some wishes are called, in the panel's words. */
  function wordsOf(offers, say) {
    const named = new Map(offers.map((offer) => [offer.cell, offer]));
    const reasonOf = (reason) => (reason.kind === "record" ? reason.text : say(`reason-${reason.kind}`));

    const whoever = (tied) => {
      if (!tied.length) return say("answer-none");
      const names = listed(tied.map((cell) => named.get(cell).name));
      return tied.length === 1 ? say("answer-one", { names, method: named.get(tied[0]).method }) : say("answer-tie", { names });
    };

    const asWished = (wishes) => {
      const quality = wishes.quality_percent;
      const percent = asked(wishes.speed_weight);
      return say("wishes", {
        card: asked(wishes.card_gib),
        users: asked(wishes.users),
        context: asked(wishes.context_tokens),
        quality: quality === null ? say("quality-any") : say("quality-most", { percent: asked(quality) }),
        weight: say({ 100: "weight-speed", 0: "weight-memory" }[wishes.speed_weight] ?? "weight-both", { percent }),
      });
    };

    // The ratio that was seen, as `seen` of generator/render/advice.py has it.
    const seenOver = (best, { lead, lead_low, lead_high, score }) =>
      lead === null
        ? { ratio: times(Math.exp(best.score - score)) }
        : { ratio: times(Math.exp(lead)), low: times(Math.exp(lead_low)), high: times(Math.exp(lead_high)) };

    const leadOver = (best, entry) => {
      if (entry === best) return say("lead-first");
      if (entry.lead === null) return say("lead-unknown", seenOver(best, entry));
      return say(entry.tied ? "lead-tie" : "lead-ahead", seenOver(best, entry));
    };

    const ties = ([best, ...others]) =>
      others.filter((entry) => entry.tied).map((entry) =>
        say(entry.lead === null ? "seen-unknown" : entry.lead_low > 0 ? "seen-small" : "seen-tie", {
          best: named.get(best.cell).name, other: named.get(entry.cell).name, ...seenOver(best, entry),
        }));

    const row = (entry, best, wishes) => {
      const { name, method, speed_texts, weights_gib, perplexity_rise_high_percent: rise } =
        named.get(entry.cell);
      return say("row", {
        name, method,
        speed: speed_texts[wishes.users],
        weights: fixed(weights_gib, 2),
        overhead: fixed(entry.besides_gib, 2),
        cache: fixed(entry.kv_cache_gib, 2),
        needed: say("needed-of", {
          needed: upward(entry.needed_gib),
          percent: asked(Math.ceil((100 * entry.needed_gib) / wishes.card_gib)),
        }),
        rise: rise === null ? "–" : upward(rise),
        lead: leadOver(best, entry),
      });
    };

    const whyOut = ({ cell, constraint, missing, needed, found }) => {
      const { name, absent } = named.get(cell);
      if (missing) return say("out-missing", { name, figure: say(`figure-${missing}`), reason: reasonOf(absent[missing]) });
      if (constraint === "memory") return say("out-memory", { name, needed: upward(needed), found: asked(found) });
      if (constraint === "quality") return say("out-quality", { name, needed: asked(needed), found: upward(found) });
      if (found === null) return say("out-speed", { name, reason: reasonOf(absent.speeds) });
      return say(found > needed ? "out-gap" : "out-users", { name, needed: asked(needed), found: asked(found) });
    };

    const turns = ({ more_users, larger_card, smaller_card }) => [
      more_users ? say("turn-users", { at: asked(more_users.at), answer: whoever(more_users.tied) }) : say("turn-users-none"),
      larger_card ? say("turn-larger", { at: upward(larger_card.at), answer: whoever(larger_card.tied) }) : say("turn-larger-none"),
      ...(smaller_card ? [say("turn-smaller", { at: upward(smaller_card.at), answer: whoever(smaller_card.tied) })] : []),
    ];

    return { whoever, asWished, ties, row, whyOut, turns };
  }

  function open(panel) {
    const say = sayer(panel);
    const form = panel.querySelector("form");
    const problems = form.querySelector("[data-problems]");
    let data;
    try {
      data = JSON.parse(panel.dataset.advice);
    } catch {
      problems.replaceChildren(say("damaged"));
      problems.hidden = false;
      form.querySelector(".qp-advice__controls").hidden = true;
      return;
    }
    const words = wordsOf(data.offers, say);
    const place = (name) => panel.querySelector(`[data-${name}]`);

    window.quantpress.address.bind(form, () => {
      place("weight").textContent = form.elements.speed.value;
      const wrong = problemsOf(form, say);
      problems.replaceChildren(...wrong);
      problems.hidden = !wrong.length;
      for (const result of panel.querySelectorAll("[data-result]")) result.hidden = wrong.length > 0;
      if (wrong.length) return;
      const wishes = wishesOf(form);
      const advice = window.quantpress.advise(data.offers, wishes, data.rule);
      place("wishes").replaceChildren(words.asWished(wishes));
      place("answer").replaceChildren(words.whoever(advice.tied));
      place("seen").replaceChildren(...words.ties(advice.ranking).map(item));
      place("turns").replaceChildren(...words.turns(advice).map(item));
      place("ranking").replaceChildren(
        ...advice.ranking.map((entry) => words.row(entry, advice.ranking[0], wishes)),
      );
      place("table").hidden = !advice.ranking.length;
      place("excluded").replaceChildren(...advice.excluded.map(words.whyOut).map(item));
    });
  }

  function start() {
    for (const panel of document.querySelectorAll("[data-advice]:not([data-open])")) {
      panel.dataset.open = "";
      open(panel);
    }
  }

  start();
  window.document$?.subscribe(start); // after each instant navigation too
})();
