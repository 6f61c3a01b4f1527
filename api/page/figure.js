// A figure's place: note, drawing, the same as a table, CSV, the HTTP call and the SQL behind it.

import { href } from "./address.js";
import { complaint, element, here, put, scrolling, table } from "./element.js";
import { inWords } from "./numbers.js";
import { clear, draw } from "./plot.js";
import { questionAt, save } from "./service.js";
import { token } from "./token.js";

const hasSql = document.documentElement.dataset.sql === "on";

/**
 * Show a figure in its place.
 * note: text; summary: what the drawing shows, in a sentence, for those who do not see it; columns, rows: the table beside it;
 * describe, onPick: as `draw` takes them; shown: what stands in place of a drawing and its table.
 * calls: {path, call, params, name} of each answer.
 */
export function showFigure(place, title, { note, summary, columns, rows, describe, onPick, shown }, calls) {
  // The drawing's box is kept: what is drawn changes in place, and nothing jumps.
  const box = shown ?? place.querySelector(".plot") ?? element("div", { class: "plot", role: "img" });
  const open = [...place.querySelectorAll("details[open]")].map((details) => details.dataset.of);
  put(place, note && element("p", { class: "note" }, note), box, tools(title, calls, !shown && table(title, columns, rows)));
  for (const details of place.querySelectorAll("details")) details.open = open.includes(details.dataset.of);
  if (shown) return;
  box.setAttribute("aria-label", summary);
  draw(box, describe, onPick);
}

/** Show something else in a figure's place. */
export function showInstead(place, ...children) {
  const box = place.querySelector(".plot");
  if (box) clear(box);
  put(place, ...children);
}

/** Below a figure: its data as a table and as CSV, and where they come from. */
export function tools(title, calls, alternative) {
  const saving = calls.map(({ call, name, path }) =>
    element("button", { type: "button", onclick: (event) => saveWith(event.target, call, name) }, calls.length > 1 ? `CSV: ${inWords(path.slice(4))}` : "CSV"));
  const asTable = alternative && element("details", { "data-of": "table" }, element("summary", {}, "Table"), scrolling(`${title}, as a table`, alternative));
  const behind = element("div", { class: "behind" });
  const explained = element("details", { "data-of": "call", ontoggle: (event) => event.target.open && explain(behind, calls) }, element("summary", {}, "HTTP and SQL"), behind);
  return element("div", { class: "tools" }, asTable, explained, saving);
}

async function saveWith(button, call, name) {
  button.disabled = true;
  button.title = "";
  try {
    await save(call, `${name}.csv`);
  } catch (problem) {
    button.title = problem.message;
  }
  button.disabled = false;
}

async function explain(box, calls) {
  try {
    put(box, ...await Promise.all(calls.map(async ({ call, path, params }) => {
      const question = await questionAt(path);
      return element("div", {},
        element("p", {}, question.description),
        code("HTTP call", `GET ${location.origin}${call}`, !token() && element("a", { href: call }, "Open")),
        code("SQL", question.sql, hasSql && question.is_sql_alone && here(href({ view: "sql", sql: withParameters(question, params) }), {}, "Open in SQL")));
    })));
  } catch (problem) {
    put(box, complaint(problem));
  }
}

function code(label, text, link) {
  const copy = element("button", { type: "button", onclick: () => navigator.clipboard?.writeText(text) }, "Copy");
  return element("div", { class: "code" }, element("div", { class: "row" }, element("strong", {}, label), copy, link),
    element("pre", { tabindex: 0, role: "region", "aria-label": label }, text));
}

/** The SQL with a first line that gives its parameters their values: the SQL page reads it. */
function withParameters(question, params) {
  const values = question.parameters.map((name) => [name, params[name] ?? null]);
  return `-- parameters: ${JSON.stringify(Object.fromEntries(values))}\n${question.sql}`;
}
