// SQL against the warehouse, with the schema at its side.

import { current, go, href } from "./address.js";
import { announce, element, table } from "./element.js";
import { plural } from "./numbers.js";
import { showSchema } from "./schema.js";
import { callOf, save, send } from "./service.js";

const FIRST = "select dataset, architecture, pruner, sparsity, pie_rate\nfrom pie_rate\nwhere split = 'test'\norder by pie_rate desc\nlimit 20";
const SHOWN = 100;

/** Show the SQL page, and answer what the address asks. */
export function showSql(section, signal) {
  const asked = current().sql;
  if (!section.firstChild) build(section);
  const field = section.querySelector("textarea");
  if (asked !== undefined && field.value !== asked) field.value = asked;
  if (asked !== undefined && section.dataset.answered !== asked) run(section, signal);
}

function build(section) {
  const field = element("textarea", { id: "query", rows: 10, spellcheck: "false", autocapitalize: "off", "aria-describedby": "query-note", onkeydown: (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) ask(section);
  } });
  field.value = FIRST;
  const form = element("form", { onsubmit: (event) => (event.preventDefault(), ask(section)) },
    element("label", { for: "query" }, "One SELECT"), field,
    element("p", { id: "query-note", class: "note" }, "Control + Enter runs it. A first line “-- parameters: {\"name\": value}” gives values to $name."),
    element("div", { class: "row" }, element("button", { class: "main" }, "Run"),
      element("button", { type: "button", id: "query-csv", onclick: () => saveCsv(section) }, "CSV")));
  const schema = element("aside", { class: "schema", "aria-labelledby": "schema-title" });
  section.append(element("h2", {}, "SQL"), element("div", { class: "columns" },
    element("div", {}, form, element("div", { class: "answer", "aria-live": "polite" })), schema));
  showSchema(schema, (name) => field.setRangeText(name, field.selectionStart, field.selectionEnd, "end"));
}

function ask(section) {
  const text = section.querySelector("textarea").value;
  delete section.dataset.answered;
  go(href({ view: "sql", sql: text }));
}

/** The request's body: the text, and the parameters that its first line may give. Raises SyntaxError. */
function requestOf(text) {
  const given = /^-- parameters: (\{.*\})\s*\n/.exec(text);
  return given ? { sql: text.slice(given[0].length), parameters: JSON.parse(given[1]) } : { sql: text };
}

async function run(section, signal) {
  const text = section.querySelector("textarea").value;
  const box = section.querySelector(".answer");
  section.dataset.answered = text;
  box.setAttribute("aria-busy", "true");
  const began = performance.now();
  try {
    const answer = await send(callOf("/v1/sql"), { body: { ...requestOf(text), as_of: Number(current().as_of) || null }, signal });
    const rows = await answer.json();
    const cut = answer.headers.get("Answer-Truncated");
    const said = `${plural(rows.length, "row")} in ${Math.round(performance.now() - began)} ms`;
    box.replaceChildren(element("p", { class: "note" }, said));
    if (cut) box.append(element("p", { class: "missing" }, `The answer was cut off (${cut.replace("; limit=", ", the limit is ")}): ask for less.`));
    box.append(rows.length ? listing(rows) : element("p", { class: "missing" }, "No rows."));
    announce(said);
  } catch (problem) {
    if (problem.name === "AbortError") return;
    const text = problem instanceof SyntaxError ? `The parameters are not JSON: ${problem.message}` : problem.message;
    box.replaceChildren(element("pre", { class: "problem", role: "alert" }, text));
  } finally {
    box.removeAttribute("aria-busy");
  }
}

function listing(rows) {
  const isNumber = (name) => rows.every((row) => row[name] === null || typeof row[name] === "number");
  const write = (value) => (value === null ? "null" : typeof value === "object" ? JSON.stringify(value) : String(value));
  const columns = Object.keys(rows[0]).map((name) => ({ label: name, text: !isNumber(name), cell: (row) => write(row[name]) }));
  const box = element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Rows" }, table("Rows", columns, rows.slice(0, SHOWN)));
  if (rows.length <= SHOWN) return box;
  const all = element("button", { type: "button", onclick: () => {
    box.replaceChildren(table("Rows", columns, rows));
    all.remove();
  } }, `Show all ${rows.length}`);
  return element("div", {}, box, all);
}

async function saveCsv(section) {
  try {
    await save("/v1/sql", "answer.csv", { body: requestOf(section.querySelector("textarea").value) });
  } catch (problem) {
    section.querySelector(".answer").replaceChildren(element("pre", { class: "problem", role: "alert" }, problem.message));
  }
}
