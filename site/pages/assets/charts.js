/*
 * Takes over the picture of each figure.qp-chart of a page with Plotly, from its data-figure attribute, when a reader
 * who has begun to scroll, point or type comes to it. It knows colours; what is shown, and where, it finds in the figure. Where it can't, the picture stays.
 */
(() => {
  "use strict";

  const PLOTLY_URL = new URL("plotly-basic-4.1.1.min.js", document.currentScript.src).href;

  const hovers = matchMedia("(hover: hover)");
  const live = new Map(); // figure → { plot, spec, observers }
  let screenScheme;
  let arrival; // promise of Plotly

  // Until the reader does something the pictures say all that there is, and a phone is spared a second's work.
  const begun = new Promise((resolve) => {
    for (const sign of ["scroll", "wheel", "pointermove", "pointerdown", "touchstart", "keydown"]) {
      addEventListener(sign, resolve, { once: true, passive: true, capture: true });
    }
  });

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
    const colours = {};
    const theme = {
      font: style.fontFamily,
      colour: (name) => {
        if (!(name in colours)) {
          probe.style.color = `var(--qp-${name}, var(--qp-ink))`;
          colours[name] = style.color;
        }
        return colours[name];
      },
      done: () => probe.remove(),
    };
    for (const name of ["ink", "muted", "line", "paper", "accent"]) theme[name] = theme.colour(name);
    return theme;
  }

  // Mixed, not transparent: the grid must not shine through a bar.
  function blend(colour, paper, strength) {
    const [front, back] = [colour, paper].map((rgb) => rgb.match(/[\d.]+/g).map(Number));
    return `rgb(${[0, 1, 2].map((i) => Math.round(strength * front[i] + (1 - strength) * back[i]))})`;
  }

  // ---- Figure -----------------------------------------------------------------------------------------------------

  function dress(trace, theme) {
    const { launches, colours = [], strengths = [] } = trace.meta ?? {};
    const own = colours.map(theme.colour);
    if (launches) {
      const [fill, line] = own.length ? [own[0], own[0]] : [theme.paper, theme.ink];
      return { ...trace, cliponaxis: false, marker: { size: 5.5, color: fill, line: { color: line, width: 1 } } };
    }
    const worn = { cliponaxis: false, ...trace };
    const errors = (colour) => ({ thickness: 1.5, width: 4, color: colour });
    if (trace.type === "bar") {
      const fills = own.map((colour, i) => blend(colour, theme.paper, strengths[i]));
      const [fill, line] = own.length === 1 ? [fills[0], own[0]] : [fills, own];
      worn.marker = { ...trace.marker, color: fill, line: { color: line, width: 1.5 } };
      if (trace.marker?.pattern?.shape) {
        worn.marker.pattern = { ...trace.marker.pattern, fillmode: "overlay", fgcolor: theme.paper, fgopacity: 0.5 };
      }
      if (trace.error_x) worn.error_x = { ...trace.error_x, ...errors(theme.ink) };
    } else {
      worn.marker = { size: 11, ...trace.marker, color: own[0] };
      worn.line = { width: 2, ...trace.line, color: own[0] };
      if (trace.error_y) worn.error_y = { ...trace.error_y, ...errors(own[0]) };
    }
    return worn;
  }

  function layoutOf({ layout }, theme, room) {
    const axis = {
      gridcolor: theme.line, zeroline: false, zerolinecolor: theme.line, linecolor: theme.line, ticks: "",
      tickfont: { size: 11.5, color: theme.muted },
    };
    const template = {
      layout: {
        font: { family: theme.font, size: 12.5, color: theme.ink },
        paper_bgcolor: theme.paper, // the page's own, not transparent: a downloaded picture stays readable
        plot_bgcolor: theme.paper,
        xaxis: axis,
        yaxis: axis,
        hoverlabel: {
          bgcolor: theme.paper, bordercolor: theme.muted, font: { family: theme.font, color: theme.ink }, align: "left",
        },
        modebar: { bgcolor: "rgba(0,0,0,0)", color: theme.muted, activecolor: theme.accent },
        annotationdefaults: { font: { color: theme.ink }, arrowcolor: theme.muted },
        shapedefaults: { line: { color: theme.muted } },
      },
    };
    const dragmode = hovers.matches ? "zoom" : false; // a finger on a chart must still scroll the page
    const margin = { l: room, r: room, ...layout.margin };
    const annotations = layout.annotations?.map((note) => (note.name === "axis" ? { ...note, font: axis.tickfont } : note));
    return { dragmode, uirevision: "kept", ...layout, annotations, margin, autosize: true, template };
  }

  function draw(figure) {
    const { plot, picture, spec } = live.get(figure);
    const theme = readTheme();
    const data = spec.data.map((trace) => dress(trace, theme));
    theme.done();
    const config = {
      displaylogo: false,
      showSendToCloud: false, // its button uploads the figure to another host
      responsive: false, // listens to the window only; ours listens to the plot
      displayModeBar: hovers.matches ? "hover" : false,
      modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
      toImageButtonOptions: { filename: figure.id || "chart", scale: 2 },
    };
    const room = Number.parseFloat(getComputedStyle(picture).paddingLeft) || 0;
    window.Plotly.react(plot, data, layoutOf(spec, theme, room), config);
    // The table holds the same numbers; an unnamed drawing would only be read out as a heap of ticks.
    for (const svg of plot.querySelectorAll(".main-svg")) svg.setAttribute("aria-hidden", "true");
    figure.dataset.state = "drawn";
  }

  const isDrawn = (figure) => figure.dataset.state === "drawn";

  // The picture stands, and the table behind it.
  function giveUp(figure, reason) {
    const known = live.get(figure);
    forget(figure);
    known?.plot.remove();
    figure.dataset.state = "picture";
    console.warn(`${figure.id}: the picture stays (${reason})`);
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
    const [frame, picture] = [".qp-chart__plot", ".qp-picture"].map((name) => figure.querySelector(name));
    if (!frame || live.has(figure)) return;
    let spec;
    try {
      spec = parse(figure);
    } catch {
      giveUp(figure, "its data is damaged");
      return;
    }
    const plot = document.createElement("div");
    plot.className = "qp-chart__live";
    frame.append(plot);
    const resized = new ResizeObserver(() => {
      if (isDrawn(figure) && plot.offsetWidth) window.Plotly.Plots.resize(plot);
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
    live.set(figure, { plot, picture, spec, observers: [seen, resized] });
    begun.then(() => live.has(figure) && seen.observe(figure));
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

  // Paper wants the light scheme; quantpress.css gives it the pictures.
  function beforePrint() {
    screenScheme = document.body.dataset.mdColorScheme;
    document.body.dataset.mdColorScheme = "default";
  }

  function afterPrint() {
    document.body.dataset.mdColorScheme = screenScheme;
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
