/*
 * Which cell for a card and a use of the reader's own: the rule of generator/analyse/rule.py and the answer of advice.py
 * beside it, operation for operation, so that both decide alike to the last bit. It knows nothing of the page.
 */
(() => {
  "use strict";

  const GIB = 1073741824;
  const LN_2 = 0.6931471805599453;
  const SQRT_HALF = 0.7071067811865476;
  const PARTS = ["weights_gib", "overhead_gib", "kv_bytes_per_token", "activation_bytes_per_token"];

  const measuredUsers = (offer) => Object.keys(offer.speeds).map(Number);
  const sorted = (numbers) => [...numbers].sort((one, other) => one - other);

  /** The natural logarithm; see the Python for why it is not Math.log. */
  function ln(value) {
    let mantissa = value;
    let exponent = 0;
    while (mantissa >= SQRT_HALF * 2) {
      mantissa /= 2;
      exponent += 1;
    }
    while (mantissa < SQRT_HALF) {
      mantissa *= 2;
      exponent -= 1;
    }
    const z = (mantissa - 1) / (mantissa + 1);
    const square = z * z;
    let series = 0;
    for (let k = 23; k > 0; k -= 2) series = series * square + 1 / k;
    return exponent * LN_2 + 2 * z * series;
  }

  const grownGib = (bytesPerToken, wishes) => wishes.users * wishes.context_tokens * bytesPerToken / GIB;

  const kvCacheGib = (offer, wishes) => grownGib(offer.kv_bytes_per_token, wishes);

  const besidesGib = (offer, wishes) => offer.overhead_gib + grownGib(offer.activation_bytes_per_token, wishes);

  function neededGib(offer, wishes) {
    if (PARTS.some((part) => offer[part] === null)) return null;
    return offer.weights_gib + besidesGib(offer, wishes) + kvCacheGib(offer, wishes);
  }

  function exclusion(offer, wishes, rule) {
    const out = (constraint, missing, needed, found) => ({ cell: offer.cell, constraint, missing, needed, found });
    for (const constraint of rule.constraints) {
      if (constraint === "users" && !(wishes.users in offer.speeds)) {
        return out(constraint, null, wishes.users, sorted(measuredUsers(offer)).at(-1) ?? null);
      }
      if (constraint === "memory") {
        const missing = PARTS.find((part) => offer[part] === null);
        if (missing) return out(constraint, missing, null, null);
        const needed = neededGib(offer, wishes);
        if (needed > wishes.card_gib) return out(constraint, null, needed, wishes.card_gib);
      }
      if (constraint === "quality" && wishes.quality_percent !== null) {
        const found = offer.perplexity_rise_high_percent;
        if (found === null) return out(constraint, "perplexity_rise_high_percent", null, null);
        if (found > wishes.quality_percent) return out(constraint, null, wishes.quality_percent, found);
      }
    }
    return null;
  }

  function sharesOf(wishes) {
    const speed = wishes.speed_weight / 100;
    return [speed, 1 - speed];
  }

  function scored(offer, wishes, rule) {
    const speed = offer.speeds[wishes.users];
    const needed = neededGib(offer, wishes);
    const logs = { speed: ln(speed), memory: ln(needed) };
    const shares = sharesOf(wishes);
    let score = 0;
    rule.objective.forEach(([term, better], index) => {
      score += shares[index] * (better === "high" ? logs[term] : -logs[term]);
    });
    return {
      cell: offer.cell, tokens_per_s: speed, besides_gib: besidesGib(offer, wishes),
      kv_cache_gib: kvCacheGib(offer, wishes), needed_gib: needed, score,
      lead: null, lead_low: null, lead_high: null, tied: false,
    };
  }

  function leadsOf(offer, others, best, wishes, rule) {
    const left = new Map();
    for (const other of others) {
      const ahead = aheadOf(offer, best, other, wishes, rule);
      if (ahead) left.set(other.cell, ahead);
    }
    const leads = new Map();
    while (left.size) {
      const judged = [...left].map(([cell, ahead]) => {
        const margin = marginOf(ahead, left.size, rule);
        return { cell, mean: ahead.mean, margin, sureness: surenessOf(ahead.mean, margin) };
      });
      const surest = judged.reduce((one, other) => (other.sureness > one.sureness ? other : one));
      const proven = surest.sureness > 1;
      for (const { cell, mean, margin } of proven ? [surest] : judged) {
        left.delete(cell);
        leads.set(cell, { mean, low: mean - margin, high: mean + margin, proven });
      }
    }
    return leads;
  }

  function aheadOf(offer, best, other, wishes, rule) {
    const terms = {
      speed: offer.log_ratios[wishes.users]?.[other.cell],
      memory: [ln(best.needed_gib) - ln(other.needed_gib), 0, 0],
    };
    const shares = sharesOf(wishes);
    const ahead = { mean: 0, error: 0, freedom: 0 };
    for (const [index, [term, better]] of rule.objective.entries()) {
      if (shares[index] === 0) continue;
      if (!terms[term]) return null;
      const [mean, error, freedom] = terms[term];
      ahead.mean += shares[index] * (better === "high" ? mean : -mean);
      ahead.error += shares[index] * error;
      ahead.freedom += freedom;
    }
    return ahead;
  }

  const marginOf = ({ error, freedom }, comparisons, rule) =>
    error > 0 ? rule.reach[freedom][comparisons - 1] * error : 0;

  function surenessOf(mean, margin) {
    if (margin > 0) return mean / margin;
    return mean > 0 ? Infinity : -Infinity;
  }

  function answer(offers, wishes, rule) {
    const excluded = offers.map((offer) => exclusion(offer, wishes, rule)).filter(Boolean);
    const out = new Set(excluded.map((entry) => entry.cell));
    const admitted = new Map(offers.filter((offer) => !out.has(offer.cell)).map((offer) => [offer.cell, offer]));
    const ranking = [...admitted.values()].map((offer) => scored(offer, wishes, rule));
    ranking.sort((one, other) => other.score - one.score || (one.cell < other.cell ? -1 : 1));
    const [best, ...others] = ranking;
    if (!best) return { ranking, excluded };
    const floor = ln(1 + (rule.floors[wishes.users] ?? rule.floor));
    Object.assign(best, { lead: 0, lead_low: 0, lead_high: 0, tied: true });
    const leads = leadsOf(admitted.get(best.cell), others, best, wishes, rule);
    for (const entry of others) {
      const lead = leads.get(entry.cell);
      entry.tied = !(lead && lead.proven && lead.mean >= floor);
      if (lead) Object.assign(entry, { lead: lead.mean, lead_low: lead.low, lead_high: lead.high });
    }
    return { ranking, excluded };
  }

  const tiedOf = (ranking) => ranking.filter((entry) => entry.tied).map((entry) => entry.cell);

  /** The rule applied: `Advice` of the Python, with the same names. */
  function advise(offers, wishes, rule) {
    const { ranking, excluded } = answer(offers, wishes, rule);
    const tied = tiedOf(ranking);
    const another = (changes) => {
      const found = tiedOf(answer(offers, { ...wishes, ...changes }, rule).ranking);
      return found.length === tied.length && found.every((cell) => tied.includes(cell)) ? null : found;
    };
    const fitting = sorted(offers.map((offer) => neededGib(offer, wishes)).filter((needed) => needed !== null));
    return {
      tied, ranking, excluded,
      more_users: moreUsers(offers, wishes, another),
      larger_card: largerCard(fitting, wishes, another),
      smaller_card: tied.length ? smallerCard(fitting, wishes, another) : null,
    };
  }

  function moreUsers(offers, wishes, another) {
    for (const users of sorted(new Set(offers.flatMap(measuredUsers)))) {
      const found = users > wishes.users ? another({ users }) : null;
      if (found) return { at: users, tied: found };
    }
    return null;
  }

  function largerCard(fitting, wishes, another) {
    for (const card of fitting) {
      const found = card > wishes.card_gib ? another({ card_gib: card }) : null;
      if (found) return { at: card, tied: found };
    }
    return null;
  }

  function smallerCard(fitting, wishes, another) {
    let smallest = null;
    for (const card of [...fitting].reverse()) {
      if (card > wishes.card_gib) continue;
      const found = another({ card_gib: card });
      if (found && smallest !== null) return { at: smallest, tied: found };
      smallest = card;
    }
    return smallest === null ? null : { at: smallest, tied: [] };
  }

  window.quantpress = { ...window.quantpress, advise };
})();
