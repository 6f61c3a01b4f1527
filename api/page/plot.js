// Plotly's figures in the page's own type and colours, light and dark.

const AHEAD = "600px";
const waiting = new Map();
const drawn = new Map();
let library;

/** Plotly's script is fetched with the page, but run when a figure is first drawn: that takes longer than all else. */
function load() {
  library ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = document.getElementById("plotly").href;
    script.onload = resolve;
    script.onerror = () => reject(new Error("The figures' library could not be loaded; reload the page."));
    document.head.append(script);
  });
  return library;
}

/** Draw into a box, when `drawSeen` or what follows it comes to it. `describe(colours)` gives Plotly's data and layout; `onPick(point)` is called with a point that is clicked. */
export function draw(box, describe, onPick) {
  waiting.set(box, { describe, onPick });
}

/** Draw what is in the window now; the rest follows when it comes near, or there is nothing else to do. */
export async function drawSeen() {
  const isSeen = (box) => box.getBoundingClientRect().top < innerHeight && box.getBoundingClientRect().bottom > 0;
  await Promise.all([...waiting.keys()].filter(isSeen).map(drawNow));
  nearness.disconnect();
  for (const box of waiting.keys()) nearness.observe(box);
  whenIdle(drawNext);
}

const whenIdle = window.requestIdleCallback ?? ((next) => setTimeout(next, 50));

async function drawNext() {
  const [box] = waiting.keys();
  if (!box) return;
  await drawNow(box);
  whenIdle(drawNext);
}

const nearness = new IntersectionObserver((entries) => {
  for (const { target, isIntersecting } of entries) if (isIntersecting) drawNow(target);
}, { rootMargin: AHEAD });

async function drawNow(box) {
  const figure = waiting.get(box);
  waiting.delete(box);
  if (!figure) return;
  drawn.set(box, figure.describe);
  try {
    await load();
    if (drawn.get(box) !== figure.describe) return;
    const { data, layout } = figure.describe(colours());
    await window.Plotly.react(box, data, themed(layout), { displayModeBar: false, responsive: true });
    box.removeAllListeners?.("plotly_click");
    if (figure.onPick) box.on("plotly_click", (event) => figure.onPick(event.points[0]));
  } catch (error) {
    box.replaceChildren(error.message);
  }
}

/** Let go of a figure. */
export function clear(box) {
  waiting.delete(box);
  drawn.delete(box);
  window.Plotly?.purge(box);
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(["ink", "muted", "line", "surface", "all", "pies"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]));
}

function themed(layout) {
  const c = colours();
  const axis = { gridcolor: c.line, zerolinecolor: c.line, linecolor: c.line, tickfont: { color: c.muted }, title: { font: { size: 12.5, color: c.muted }, standoff: 6 }, automargin: true, fixedrange: true };
  const axisOf = (own) => ({ ...axis, ...own, title: { ...axis.title, ...own?.title } });
  return {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 12.5, color: c.ink },
    margin: { l: 8, r: 8, t: 8, b: 8 }, dragmode: false, hoverlabel: { bgcolor: c.surface, bordercolor: c.line, font: { color: c.ink } },
    legend: { orientation: "h", y: 1.02, yanchor: "bottom", x: 0 },
    ...layout, xaxis: axisOf(layout.xaxis), yaxis: axisOf(layout.yaxis),
  };
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  for (const [box, describe] of drawn) {
    const { data, layout } = describe(colours());
    if (box.isConnected) window.Plotly?.react(box, data, themed(layout));
    else drawn.delete(box);
  }
});
