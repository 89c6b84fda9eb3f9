/*
 * Draws every figure.qp-chart of a page from its data-figure attribute.
 * It knows how things look (colour, symbol, pattern, layout); what is shown, it finds in the figure.
 */
(() => {
  "use strict";

  const PLOTLY_URL = new URL("plotly-basic-4.1.1.min.js", document.currentScript.src).href;
  const PRINT_WIDTH = 640; // fits an A4 or Letter page between its margins

  // One row a method or a part of memory; the colours are --qp-<name> in quantpress.css.
  const LOOKS = {
    fp16: { symbol: "circle", pattern: "" },
    awq: { symbol: "square", pattern: "/" },
    gptq: { symbol: "diamond", pattern: "\\" },
    nf4: { symbol: "triangle-up", pattern: "x" },
    weights: { symbol: "circle", pattern: "" },
    kv_cache: { symbol: "square", pattern: "." },
    activation_peak: { symbol: "diamond", pattern: "/" },
    cuda_graphs: { symbol: "cross", pattern: "x" },
    non_torch: { symbol: "star", pattern: "\\" },
    unexplained: { symbol: "x", pattern: "+" },
    free: { symbol: "circle-open", pattern: "", strength: 0.12 },
    import_time: { symbol: "circle-open", pattern: "", strength: 0.35 },
    weights_load_time: { symbol: "circle", pattern: "" },
    compile_time: { symbol: "square", pattern: "." },
    graph_capture_time: { symbol: "cross", pattern: "x" },
    rest: { symbol: "diamond", pattern: "/" },
    first_token_time: { symbol: "star", pattern: "\\" },
  };
  const PLAIN = { symbol: "circle", pattern: "" };

  // What was not measured is drawn fainter, with open markers; a demo is hatched besides.
  const RUNS = {
    measured: { strength: 1, symbol: "", dash: "solid" },
    another: { strength: 0.65, symbol: "-open", dash: "solid" },
    reported: { strength: 0.3, symbol: "-open", dash: "dot" },
    demo: { strength: 0.4, symbol: "-open", dash: "dash", hatched: true },
  };

  const hovers = matchMedia("(hover: hover)");
  const live = new Map(); // figure → { plot, spec, observers }
  let printing = false;
  let screenScheme;
  let arrival; // promise of Plotly

  // ---- Plotly -----------------------------------------------------------------------------------------------------

  function fetchPlotly() {
    arrival ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = PLOTLY_URL;
      script.onload = () => (window.Plotly ? resolve() : reject(new Error("Plotly did not start")));
      script.onerror = () => reject(new Error("Plotly did not load"));
      document.head.append(script);
    }).then(keepStyles);
    return arrival;
  }

  // Instant navigation removes from <head> what the next page's <head> lacks: Plotly's own style rules would go.
  function keepStyles() {
    const written = document.getElementById("plotly.js-style-global");
    if (!written) return;
    const kept = new CSSStyleSheet();
    kept.replaceSync([...written.sheet.cssRules].map((rule) => rule.cssText).join("\n"));
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, kept];
  }

  // ---- Theme ------------------------------------------------------------------------------------------------------

  // Plotly takes no CSS variables, so a probe resolves them.
  function readTheme() {
    const probe = document.createElement("i");
    probe.className = "qp-probe";
    document.body.append(probe);
    const style = getComputedStyle(probe);
    const colour = (name) => {
      probe.style.color = `var(--qp-${name}, var(--qp-ink))`;
      return style.color;
    };
    const theme = { font: style.fontFamily };
    for (const name of ["ink", "muted", "line", "paper", "accent", ...Object.keys(LOOKS)]) theme[name] = colour(name);
    probe.remove();
    if (printing) theme.paper = "rgb(255, 255, 255)";
    return theme;
  }

  // Mixed, not transparent: the grid must not shine through a bar.
  function blend(colour, paper, strength) {
    const [front, back] = [colour, paper].map((rgb) => rgb.match(/[\d.]+/g).map(Number));
    return `rgb(${[0, 1, 2].map((i) => Math.round(strength * front[i] + (1 - strength) * back[i]))})`;
  }

  // ---- Figure -----------------------------------------------------------------------------------------------------

  // A star marks a method that is away from home: its own colour, fainter.
  function lookOf(given, run, theme) {
    const away = given?.endsWith("*");
    const name = away ? given.slice(0, -1) : given;
    const look = LOOKS[name] ?? PLAIN;
    const colour = theme[name] ?? theme.muted;
    const strength = Math.min(run.strength, look.strength ?? 1, away ? 0.45 : 1);
    const solid = strength === 1;
    return {
      colour,
      fill: blend(colour, theme.paper, strength),
      symbol: look.symbol + (look.symbol.endsWith("-open") ? "" : away ? "-open" : run.symbol),
      pattern: look.pattern,
      hatch: solid ? theme.paper : colour,
    };
  }

  function hatching({ pattern, hatch }) {
    return { shape: pattern, fillmode: "overlay", fgcolor: hatch, fgopacity: 0.25, size: 8, solidity: 0.2 };
  }

  function dress(trace, theme) {
    const meta = trace.meta ?? {};
    const run = RUNS[meta.run] ?? RUNS.measured;
    const looks = (meta.methods ?? [meta.method ?? meta.part]).map((name) => lookOf(name, run, theme));
    const each = (key) => (meta.methods ? looks.map((look) => look[key]) : looks[0][key]);
    const errors = (bars, own) => bars && { thickness: 1.5, width: 5, ...bars, color: own };
    const worn = { cliponaxis: false, ...trace };
    if (trace.type === "bar") {
      worn.textangle ??= 0;
      worn.constraintext ??= "inside"; // beyond the bar there is room
      worn.marker = { ...trace.marker, color: each("fill"), line: { color: each("colour"), width: 1.5 } };
      if (!meta.methods) worn.marker.pattern = hatching(looks[0]);
      else if (run.hatched) worn.marker.pattern = { shape: "/", size: 6 };
      worn.outsidetextfont = { color: theme.ink };
      worn.insidetextfont = { weight: 600 }; // in black or white, as Plotly finds readable
    } else {
      worn.marker = { size: 11, ...trace.marker, color: each("colour"), symbol: each("symbol") };
      worn.line = { width: 2, dash: run.dash, ...trace.line, color: looks[0].colour };
    }
    for (const axis of ["error_x", "error_y"]) {
      if (trace[axis]) worn[axis] = errors(trace[axis], trace.type === "bar" ? theme.ink : looks[0].colour);
    }
    return worn;
  }

  const labelledRight = (trace) => trace.orientation === "h" && [trace.textposition].flat().includes("outside");

  function layoutOf({ data, layout }, theme) {
    const axis = {
      automargin: true, gridcolor: theme.line, linecolor: theme.muted, zerolinecolor: theme.muted, tickcolor: theme.line,
      tickfont: { color: theme.ink }, title: { font: { size: 12.5, color: theme.muted }, standoff: 10 },
    };
    const template = {
      layout: {
        font: { family: theme.font, size: 12.5, color: theme.ink },
        paper_bgcolor: theme.paper, // the page's own, not transparent: a downloaded picture stays readable
        plot_bgcolor: theme.paper,
        margin: { l: 8, r: data.some(labelledRight) ? 56 : 12, t: 20, b: 8, pad: 4 },
        xaxis: axis,
        yaxis: axis,
        legend: { orientation: "h", x: 0, xanchor: "left", yref: "container", y: 0, yanchor: "bottom", traceorder: "normal" },
        hoverlabel: {
          bgcolor: theme.paper, bordercolor: theme.muted, font: { family: theme.font, color: theme.ink }, align: "left",
        },
        modebar: { bgcolor: "rgba(0,0,0,0)", color: theme.muted, activecolor: theme.accent },
        annotationdefaults: { font: { color: theme.ink }, arrowcolor: theme.muted },
        shapedefaults: { line: { color: theme.muted } },
        uniformtext: { minsize: 12, mode: "hide" }, // a label that does not fit into its bar; the table has it
        bargap: 0.3,
        bargroupgap: 0.08,
      },
    };
    const dragmode = hovers.matches ? "zoom" : false; // a finger on a chart must still scroll the page
    const size = printing ? { width: PRINT_WIDTH } : { autosize: true };
    return { dragmode, uirevision: "kept", ...layout, ...size, template };
  }

  function draw(figure) {
    const { plot, spec } = live.get(figure);
    const theme = readTheme();
    const data = spec.data.map((trace) => dress(trace, theme));
    const config = {
      displaylogo: false,
      showSendToCloud: false, // its button uploads the figure to another host
      responsive: false, // listens to the window only; ours listens to the plot
      displayModeBar: hovers.matches && !printing ? "hover" : false,
      modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
      toImageButtonOptions: { filename: figure.id || "chart", scale: 2 },
    };
    window.Plotly.react(plot, data, layoutOf(spec, theme), config);
    // The table holds the same numbers; an unnamed drawing would only be read out as a heap of ticks.
    for (const svg of plot.querySelectorAll(".main-svg")) svg.setAttribute("aria-hidden", "true");
    figure.dataset.state = "drawn";
  }

  const isDrawn = (figure) => figure.dataset.state === "drawn";

  function giveUp(figure, reason) {
    forget(figure);
    figure.dataset.state = "failed";
    const sentence = document.createElement("p");
    sentence.className = "qp-chart__failure";
    sentence.textContent = `This chart could not be drawn (${reason}). Its numbers are in the table below.`;
    const plot = figure.querySelector(".qp-chart__plot");
    plot.style.height = "auto";
    plot.replaceChildren(sentence);
    const table = figure.querySelector(".qp-chart__data");
    if (table) table.open = true;
  }

  function attempt(figure) {
    try {
      draw(figure);
    } catch (error) {
      giveUp(figure, error.message);
    }
  }

  // ---- Page -------------------------------------------------------------------------------------------------------

  function parse(figure) {
    const spec = JSON.parse(figure.dataset.figure);
    if (!Array.isArray(spec.data)) throw new Error("no traces");
    return spec;
  }

  function adopt(figure) {
    const plot = figure.querySelector(".qp-chart__plot");
    if (!plot || live.has(figure)) return;
    let spec;
    try {
      spec = parse(figure);
    } catch {
      giveUp(figure, "its data is damaged");
      return;
    }
    const resized = new ResizeObserver(() => {
      if (isDrawn(figure) && !printing && plot.offsetWidth) window.Plotly.Plots.resize(plot);
    });
    // Drawn when seen, not before: a chart in a closed tab would get the wrong width and keep it.
    const seen = new IntersectionObserver(async (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      try {
        await fetchPlotly();
      } catch (error) {
        giveUp(figure, error.message);
        return;
      }
      if (!live.has(figure)) return; // the reader has left the page meanwhile
      if (!isDrawn(figure)) attempt(figure);
      resized.observe(plot);
    }, { rootMargin: "200px" });
    live.set(figure, { plot, spec, observers: [seen, resized] });
    seen.observe(figure);
    fetchPlotly().catch(() => {}); // early, so that printing finds it; whoever draws reports the failure
  }

  function forget(figure) {
    const known = live.get(figure);
    if (!known) return;
    for (const observer of known.observers) observer.disconnect();
    if (isDrawn(figure)) window.Plotly.purge(known.plot);
    live.delete(figure);
  }

  function turnPage() {
    for (const figure of [...live.keys()]) if (!figure.isConnected) forget(figure);
    document.querySelectorAll("figure.qp-chart[data-figure]:not([data-state])").forEach(adopt);
  }

  function redraw() {
    for (const figure of [...live.keys()].filter(isDrawn)) attempt(figure);
  }

  // Paper wants the light scheme, the width of a page, and the charts that nobody has scrolled to.
  function beforePrint() {
    printing = true;
    screenScheme = document.body.dataset.mdColorScheme;
    document.body.dataset.mdColorScheme = "default";
    if (window.Plotly) [...live.keys()].forEach(attempt); // without it, paper still has the tables
  }

  function afterPrint() {
    printing = false;
    document.body.dataset.mdColorScheme = screenScheme;
    redraw();
  }

  // document$ speaks on every instant navigation, but not from file://; adopting twice does no harm.
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", turnPage);
  else turnPage();
  window.document$?.subscribe(turnPage);

  new MutationObserver(redraw).observe(document.body, { attributeFilter: ["data-md-color-scheme"] });
  matchMedia("(forced-colors: active)").addEventListener("change", redraw);
  addEventListener("beforeprint", beforePrint);
  addEventListener("afterprint", afterPrint);
})();
