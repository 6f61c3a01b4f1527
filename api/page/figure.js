// A figure's frame: title, drawing, the same as a table, CSV, the HTTP call and the SQL behind it.

import { href } from "./address.js";
import { element, here, table } from "./element.js";
import { inWords } from "./numbers.js";
import { clear, draw } from "./plot.js";
import { questionAt, save } from "./service.js";
import { token } from "./token.js";

const hasSql = document.documentElement.dataset.sql === "on";

/**
 * Fill a section with a figure.
 * title, note: text; summary: what the drawing shows, in a sentence, for those who do not see it;
 * columns, rows: the table beside it; describe, onPick: as `draw` takes them; calls: {path, call, params} of each answer.
 */
export function showFigure(section, { title, note, summary, columns, rows, describe, onPick, calls, body }) {
  const { box } = frame(section, title, note, calls, columns && table(title, columns, rows), body);
  if (body) return;
  box.setAttribute("aria-label", summary);
  draw(box, describe, onPick);
}

/** Say in a figure's place why there is none. */
export function showAbsence(section, title, text) {
  const box = section.querySelector(".plot");
  if (box) clear(box);
  section.replaceChildren(element("h2", { id: `${section.id}-title` }, title), element("p", { class: "missing" }, text));
}

/** Show an error where the answer would stand. */
export function showProblem(section, title, problem) {
  showAbsence(section, title, problem.message);
  section.lastChild.setAttribute("role", "alert");
  section.lastChild.className = "problem";
}

function frame(section, title, note, calls, alternative, body) {
  // The drawing's box is kept: what is drawn changes in place, and nothing jumps.
  const box = section.querySelector(".plot") ?? element("div", { class: "plot", role: "img" });
  const open = new Set([...section.querySelectorAll("details[open]")].map((details) => details.dataset.of));
  const head = [element("h2", { id: `${section.id}-title` }, title), note && element("p", { class: "note" }, note)];
  const kept = body ?? box;
  for (const child of [...section.children]) if (child !== kept) child.remove();
  if (kept.parentNode !== section) section.append(kept);
  kept.before(...head.filter(Boolean));
  section.append(tools(title, calls, alternative));
  for (const details of section.querySelectorAll("details")) if (open.has(details.dataset.of)) details.open = true;
  return { box };
}

/** Below a figure: its data as a table and as CSV, and where they come from. */
export function tools(title, calls, alternative) {
  const saving = calls.map(({ call, name, path }) =>
    element("button", { type: "button", onclick: (event) => saveWith(event.target, call, name) }, calls.length > 1 ? `CSV: ${inWords(path.slice(4))}` : "CSV"));
  const asTable = alternative && element("details", { "data-of": "table" }, element("summary", {}, "Table"),
    element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${title}, as a table` }, alternative));
  const behind = element("details", { "data-of": "call", ontoggle: (event) => event.target.open && explain(event.target, calls) },
    element("summary", {}, "HTTP and SQL"), element("div", { class: "behind" }));
  return element("div", { class: "tools" }, asTable, behind, saving);
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

async function explain(details, calls) {
  const box = details.querySelector(".behind");
  try {
    const parts = await Promise.all(calls.map(async ({ call, path, params }) => {
      const question = await questionAt(path);
      return [
        element("p", {}, question.description),
        code("HTTP call", `GET ${location.origin}${call}`, !token() && element("a", { href: call }, "Open")),
        code("SQL", question.sql, hasSql && question.is_sql_alone && here(href({ view: "sql", sql: withParameters(question, params) }), {}, "Open in SQL")),
      ];
    }));
    box.replaceChildren(...parts.flat());
  } catch (problem) {
    box.replaceChildren(element("p", { class: "problem", role: "alert" }, problem.message));
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
