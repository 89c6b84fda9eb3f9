/*
 * The rule of a plan: what generator/model.py reads in a configuration, and what generator/analyse/fit.py and fit_bytes.py
 * make of a model, a cell, a card and a load, operation for operation, so that both come to the same numbers. It knows
 * nothing of the page.
 */
(() => {
  "use strict";

  const GIB = 1073741824;
  const GB = 1e9;
  const BYTES = 2;
  const BLOCK = 16;
  const CHANNEL = 0;
  const WORKSPACE_BYTES = 33554432;
  const DRAWN_BYTES = 14;
  const SCALES_BYTES = 16;
  const TURNS_BYTES = 8;
  const MOST = 1000000;

  // ---- A configuration --------------------------------------------------------------------------------------------

  const refused = (field, why, found = null) => ({ field, why, found });
  const lacks = (value) => value === undefined || value === null;
  const isSet = (value) => !(lacks(value) || value === false || value === 0 || value === "" || isEmpty(value));
  const isEmpty = (value) => typeof value === "object" && Object.keys(value).length === 0;

  function whole(config, field, other) {
    const value = config[field];
    if (lacks(value)) {
      if (other === undefined) throw refused(field, "absent");
      return other;
    }
    if (!Number.isInteger(value) || value <= 0 || value > MOST) throw refused(field, "number", value);
    return value;
  }

  const flag = (config, field, other) => (lacks(config[field]) ? other : isSet(config[field]));

  function shapeOf(config, kind) {
    const hidden = whole(config, "hidden_size");
    const heads = whole(config, "num_attention_heads");
    const kvHeads = whole(config, "num_key_value_heads", heads);
    if (heads % kvHeads) throw refused("num_key_value_heads", "heads", kvHeads);
    if (lacks(config.head_dim) && hidden % heads) throw refused("head_dim", "absent");
    return {
      hidden,
      intermediate: whole(config, "intermediate_size"),
      layers: whole(config, "num_hidden_layers"),
      heads,
      kv_heads: kvHeads,
      head: whole(config, "head_dim", Math.floor(hidden / heads)),
      vocabulary: whole(config, "vocab_size"),
      tied_embeddings: flag(config, "tie_word_embeddings", kind.tied),
      positions: whole(config, "max_position_embeddings"),
    };
  }

  function vectorsOf(config, kind, shape) {
    const queries = shape.heads * shape.head;
    const keys = shape.kv_heads * shape.head;
    let ofLayer = 2 * shape.hidden;
    if (kind.normed_heads) ofLayer += 2 * shape.head;
    if (kind.query_bias) ofLayer += queries + 2 * keys;
    else if (flag(config, "attention_bias", false)) ofLayer += queries + 2 * keys + shape.hidden;
    if (flag(config, "mlp_bias", false)) ofLayer += 2 * shape.intermediate + shape.hidden;
    return shape.layers * ofLayer + shape.hidden;
  }

  function refuseWindows(config, shape) {
    const layers = Array.isArray(config.layer_types) ? config.layer_types : [];
    const odd = layers.findIndex((layer) => layer !== "full_attention");
    if (odd >= 0) throw refused("layer_types", "layers", layers[odd]);
    if (lacks(config.sliding_window) || config.use_sliding_window === false) return;
    if (whole(config, "sliding_window") < shape.positions) throw refused("sliding_window", "window", config.sliding_window);
  }

  /** The model of a config.json, or why there is none: `{ field, why, found }`. */
  function modelOf(config, { kinds, otherwise }) {
    try {
      for (const [field, why] of Object.entries(otherwise)) {
        if (isSet(config[field])) throw refused(field, why, config[field]);
      }
      const named = config.model_type;
      const kind = typeof named === "string" && Object.hasOwn(kinds, named) ? kinds[named] : null;
      if (!kind) throw refused("model_type", "kind", named ?? null);
      const shape = shapeOf(config, kind);
      refuseWindows(config, shape);
      return { shape, vectors: vectorsOf(config, kind, shape) };
    } catch (error) {
      if (error instanceof Error) throw error;
      return error;
    }
  }

  const llamaLike = (shape) => ({ shape, vectors: (2 * shape.layers + 1) * shape.hidden });

  // ---- Its bytes --------------------------------------------------------------------------------------------------

  function linears(shape) {
    const queries = shape.heads * shape.head;
    const keys = shape.kv_heads * shape.head;
    const { hidden, intermediate } = shape;
    return [[hidden, queries], [hidden, keys], [hidden, keys], [queries, hidden],
      [hidden, intermediate], [hidden, intermediate], [intermediate, hidden]];
  }

  const sum = (numbers) => numbers.reduce((one, other) => one + other, 0);
  const tableBytes = (shape) => shape.vocabulary * shape.hidden * BYTES;
  const positionBytes = (shape) => (shape.positions ?? 0) * shape.head * BYTES;
  const kvBytesPerToken = (shape) => 2 * shape.layers * shape.kv_heads * shape.head * BYTES;
  const promptBytesPerToken = (shape) => (3 * shape.hidden + 3 * shape.intermediate) * BYTES;

  function matrixBytes(stored, inputs, outputs) {
    const weights = inputs * outputs;
    const shared = sum(stored.shared.map(([many, bits]) => (many === CHANNEL ? outputs : Math.ceil(weights / many)) * bits));
    return Math.ceil((weights * stored.bits + shared) / 8) + stored.table_bytes;
  }

  function weightsBytes({ shape, vectors }, stored, engine) {
    const block = sum(linears(shape).map(([inputs, outputs]) => matrixBytes(stored, inputs, outputs)));
    const tables = tableBytes(shape) * (shape.tied_embeddings ? 1 : 2);
    const own = engine === "vllm"
      ? positionBytes(shape) + shape.layers * SCALES_BYTES
      : Math.floor(shape.head / 2) * TURNS_BYTES;
    return shape.layers * block + tables + vectors * BYTES + own;
  }

  function readBytes(model, stored, engine, contextTokens) {
    const { shape } = model;
    const lookedUp = (shape.tied_embeddings ? 0 : tableBytes(shape)) + (engine === "vllm" ? positionBytes(shape) : 0);
    return weightsBytes(model, stored, engine) - lookedUp + contextTokens * kvBytesPerToken(shape);
  }

  const copiedBytes = (shape, stored) =>
    stored.unpacked ? Math.max(...linears(shape).map(([inputs, outputs]) => inputs * outputs)) * BYTES : 0;

  function blockBytes(shape, stored, mode, row) {
    const hidden = row * shape.hidden;
    const intermediate = row * shape.intermediate;
    const workspace = stored.unpacked || stored.bits === 8 * BYTES ? WORKSPACE_BYTES : 0;
    if (!stored.unpacked) return 3 * hidden + 2 * intermediate + (intermediate * stored.product_bytes) / BYTES + workspace;
    const multiplying = 4 * hidden + 3 * intermediate + copiedBytes(shape, stored);
    const converting = mode === "eager" ? 4 * hidden + 4 * intermediate : 0;
    return Math.max(multiplying, converting) + workspace;
  }

  function stepBytes(shape, stored, mode, { tokens, sequences, anew }) {
    const row = tokens * BYTES;
    const drawing = row * shape.hidden + sequences * shape.vocabulary * DRAWN_BYTES;
    const compiling = anew && mode === "graphs" ? tableBytes(shape) + 2 * row * shape.hidden : 0;
    return Math.max(blockBytes(shape, stored, mode, row), drawing, compiling);
  }

  // ---- The plan ---------------------------------------------------------------------------------------------------

  const figure = (measured, layers) => (measured ? measured.fixed + measured.per_layer * layers : 0);

  function needsOf(model, cell, stored, load, evidence) {
    const { shape } = model;
    const weights_gib = weightsBytes(model, stored, cell.engine) / GIB;
    const per_token = kvBytesPerToken(shape);
    const context_gib = figure(evidence.context_gib[cell.engine], shape.layers);
    if (cell.engine !== "vllm") {
      const activations_gib = (copiedBytes(shape, stored) + WORKSPACE_BYTES) / GIB;
      const grown = promptBytesPerToken(shape) * figure(evidence.prompt_factor[cell.engine], shape.layers);
      return {
        weights_gib, activations_gib, graphs_gib: 0, context_gib, kept_gib: 0, within_gib: weights_gib + activations_gib,
        beside_gib: context_gib, share: 1, bytes_per_token: per_token + grown, block_tokens: 1, spare_tokens: 0,
      };
    }
    const sequences = Math.max(load.sequences, load.users);
    const step = stepBytes(shape, stored, cell.mode, { tokens: load.batched_tokens, sequences, anew: load.anew });
    const activations_gib = step / GIB;
    const graphs_gib = cell.mode === "graphs" ? figure(evidence.graphs_gib[cell.method], shape.layers) : 0;
    const kept_gib = figure(evidence.kept_gib[cell.mode], shape.layers);
    const counted_gib = figure(evidence.counted_gib[cell.engine], shape.layers);
    return {
      weights_gib, activations_gib, graphs_gib, context_gib, kept_gib,
      within_gib: weights_gib + activations_gib + counted_gib,
      beside_gib: context_gib - counted_gib + graphs_gib + kept_gib,
      share: load.utilisation, bytes_per_token: per_token, block_tokens: BLOCK, spare_tokens: BLOCK,
    };
  }

  function expected(cell, layers, device, read, evidence) {
    const share = evidence.bandwidth_share;
    const overhead = evidence.overhead_s[`${cell.method}-${cell.engine}-${cell.mode}`];
    if (!share || !overhead || device.bandwidth_gb_per_s === null) return null;
    return 1 / (read / (device.bandwidth_gb_per_s * GB * share.fixed) + figure(overhead, layers));
  }

  /** The rule applied: `Fit` of the Python, with the same names. */
  function fit(model, cell, stored, device, load, evidence) {
    const { shape } = model;
    const needs = needsOf(model, cell, stored, load, evidence);
    const inBlocks = (tokens) => Math.ceil(tokens / needs.block_tokens) * needs.block_tokens;
    const asked = load.users * inBlocks(load.context_tokens) + needs.spare_tokens;
    const left_gib = Math.min(needs.share * device.memory_gib, device.memory_gib - needs.beside_gib) - needs.within_gib;
    const left = Math.max(0, Math.floor(left_gib * GIB / needs.bytes_per_token / needs.block_tokens)) * needs.block_tokens;
    const usable = Math.max(0, left - needs.spare_tokens);
    const positions = shape.positions || usable;
    const per_token = kvBytesPerToken(shape);
    const grown_gib = load.users * load.context_tokens * (needs.bytes_per_token - per_token) / GIB;
    const shared_gib = needs.within_gib + asked * needs.bytes_per_token / GIB;
    const needed_gib = Math.max(shared_gib + needs.beside_gib, shared_gib / needs.share);
    const read = readBytes(model, stored, cell.engine, load.context_tokens);
    return {
      cell,
      weights_gib: needs.weights_gib,
      kv_cache_gib: asked * per_token / GIB,
      activations_gib: needs.activations_gib + grown_gib,
      graphs_gib: needs.graphs_gib,
      context_gib: needs.context_gib,
      kept_gib: needs.kept_gib,
      needed_gib,
      card_gib: needed_gib / (evidence.seen_share ? evidence.seen_share.fixed : 1),
      kv_bytes_per_token: per_token,
      kv_cache_tokens: left,
      longest_tokens: Math.min(usable, positions),
      users: Math.floor(usable / inBlocks(load.context_tokens)),
      read_bytes: read,
      bound_tokens_per_s: device.bandwidth_gb_per_s === null ? null : device.bandwidth_gb_per_s * GB / read,
      expected_tokens_per_s: expected(cell, shape.layers, device, read, evidence),
      obstacle: load.context_tokens > positions ? "positions" : left < asked ? "memory" : null,
    };
  }

  window.quantpress = { ...window.quantpress, fit, modelOf, llamaLike };
})();
