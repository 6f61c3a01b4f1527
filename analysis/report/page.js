// Draws every figure of the page: in the colours of the reader's mode, with as many panels side by side as there is room for.
(() => {
  const LEGEND_GAP = 34, MARGINS = 110, PRINTED_WIDTH = 690, PRINTED_HEIGHT = 940;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let printing = false;

  const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const isDark = () => dark.matches && !printing;

  // The colours that are not read on a dark ground, exchanged.
  function themed(value) {
    if (!isDark()) return value;
    if (typeof value === "string") return PALETTE.dark[value] || value;
    if (Array.isArray(value)) return typeof value[0] === "object" ? value.map(themed) : value;
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, themed(inner)]));
    }
    return value;
  }

  const axis = (name, number) => name + (number ? number + 1 : "");

  // Lay the panels out anew: `columns` side by side, the titles above, the axes' titles at the left and at the foot.
  function arrange(layout, traces, width) {
    const { panels, x_title, y_title } = layout.meta;
    const columns = Math.max(1, Math.min(layout.meta.columns, Math.floor(width / (printing ? 160 : 250))));
    const rows = Math.ceil(panels / columns);
    // On paper names are smaller, and a figure is no higher than a page.
    const room = layout.meta.name_room * (printing ? 0.75 : 1), gap = (printing ? 46 : 64) + room;
    const left = PRINTED_HEIGHT - (rows - 1) * gap - LEGEND_GAP - MARGINS - room - 40;
    const height = printing ? Math.max(60, Math.min(140, left / rows)) : 190, inner = rows * height + (rows - 1) * gap;
    const between = columns > 1 ? 0.2 / columns : 0, wide = (1 - between * (columns - 1)) / columns;
    for (let panel = 0; panel < panels; panel++) {
      const row = Math.floor(panel / columns), column = panel % columns;
      const start = column * (wide + between), top = 1 - row * (height + gap) / inner;
      const x = layout[axis("xaxis", panel)], y = layout[axis("yaxis", panel)];
      x.tickfont = y.tickfont = printing ? { size: 9 } : undefined;
      x.domain = [start, start + wide];
      y.domain = [Math.max(0, top - height / inner), top];
      x.title = panel + columns >= panels ? { text: x_title, standoff: 8 } : undefined;
      y.title = column === 0 ? { text: y_title } : undefined;
      Object.assign(layout.annotations[panel], { x: start + wide / 2, y: top, yanchor: "bottom" });
    }
    const entries = traces.filter((trace) => trace.showlegend !== false);
    const legendWidth = entries.reduce((sum, trace) => sum + 58 + 7 * trace.name.length, 0);
    layout.legend.y = 1 + LEGEND_GAP / inner;
    layout.width = width;
    layout.height = inner + LEGEND_GAP + MARGINS + room + 20 * (Math.ceil(legendWidth / (width - 80)) - 1);
  }

  function coloured(layout) {
    const ink = css("--ink"), line = css("--line");
    Object.assign(layout, { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)" });
    layout.font.color = ink;
    for (const name of Object.keys(layout).filter((key) => /^[xy]axis/.test(key))) {
      Object.assign(layout[name], { gridcolor: line, zerolinecolor: line, linecolor: ink, tickcolor: ink });
    }
    layout.hoverlabel = { bgcolor: css("--faint"), bordercolor: ink, font: { color: ink } };
  }

  const spec = (figure) => JSON.parse(figure.querySelector("script[type='application/json']").textContent);

  function draw(figure) {
    const plot = figure.querySelector(".plot"), { data, layout } = spec(figure);
    arrange(layout, data, printing ? PRINTED_WIDTH : plot.clientWidth);
    coloured(layout);
    plot.style.minHeight = "";
    figure.dataset.drawn = "yes";
    return Plotly.react(plot, themed(data), layout, { displaylogo: false, responsive: false, displayModeBar: printing ? false : "hover",
      modeBarButtonsToRemove: ["select2d", "lasso2d"] });
  }

  function csvOf(figure) {
    const { data, layout } = spec(figure), cell = (value) => `"${String(value ?? "").replaceAll('"', '""')}"`;
    const panelOf = (trace) => layout.annotations[(trace.xaxis || "x").slice(1) ? Number(trace.xaxis.slice(1)) - 1 : 0].text;
    const rows = data.flatMap((trace) => trace.x.map((x, n) => [panelOf(trace), trace.name, x, trace.y[n]]));
    return [["panel", "series", "x", "y"], ...rows].map((row) => row.map(cell).join(",")).join("\r\n") + "\r\n";
  }

  function download(figure) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([csvOf(figure)], { type: "text/csv" }));
    link.download = `${figure.id}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  const figures = [...document.querySelectorAll("figure")].filter((figure) => figure.querySelector(".plot"));
  const all = () => figures.forEach(draw);
  figures.forEach((figure) => figure.querySelector("button.csv").addEventListener("click", () => download(figure)));

  // What is seen at once, the rest whenever the reader's machine has nothing else to do.
  const seen = new IntersectionObserver((entries) => entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
    seen.unobserve(target);
    if (!target.dataset.drawn) draw(target);
  }), { rootMargin: "600px" });
  figures.forEach((figure) => seen.observe(figure));
  const idle = window.requestIdleCallback || ((next) => setTimeout(next, 50));
  (function next() {
    const waiting = figures.find((figure) => !figure.dataset.drawn);
    if (waiting) idle(() => { if (!waiting.dataset.drawn) draw(waiting); next(); });
  })();

  let width = innerWidth, pending;
  addEventListener("resize", () => {
    if (innerWidth === width || printing) return;
    width = innerWidth;
    clearTimeout(pending);
    pending = setTimeout(() => figures.filter((figure) => figure.dataset.drawn).forEach(draw), 150);
  });
  dark.addEventListener("change", () => figures.filter((figure) => figure.dataset.drawn).forEach(draw));
  addEventListener("beforeprint", () => { printing = true; all(); });
  addEventListener("afterprint", () => { printing = false; all(); });
})();
