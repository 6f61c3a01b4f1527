// SQL against the warehouse, with the schema at its side.

import { current, go, href } from "./address.js";
import { announce, complaint, element, put, scrolling, table } from "./element.js";
import { plural } from "./numbers.js";
import { showSchema } from "./schema.js";
import { callOf, save, send } from "./service.js";

const SHOWN = 100;
const form = document.getElementById("asking");
const field = form.elements.query;
const place = document.getElementById("answer");
let answered;

form.onsubmit = (event) => {
  event.preventDefault();
  answered = undefined;
  go(href({ view: "sql", sql: field.value }));
};
field.onkeydown = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && form.requestSubmit();
document.getElementById("query-csv").onclick = async () => {
  try {
    await save("/v1/sql", "answer.csv", { body: request() });
  } catch (problem) {
    showProblem(problem);
  }
};

/** Show the SQL page, and answer what the address asks. */
export async function showSql(signal) {
  const asked = current().sql;
  const schema = document.getElementById("schema");
  if (!schema.firstChild) showSchema(schema, (name) => field.setRangeText(name, field.selectionStart, field.selectionEnd, "end"));
  if (asked === undefined) return;
  if (field.value !== asked) field.value = asked;
  if (answered === asked) return;
  answered = asked;
  place.setAttribute("aria-busy", "true");
  const began = performance.now();
  try {
    const answer = await send(callOf("/v1/sql"), { body: request(), signal });
    showAnswer(await answer.json(), answer.headers.get("Answer-Truncated"), performance.now() - began);
  } catch (problem) {
    if (problem.name === "AbortError") return (answered = undefined);
    showProblem(problem);
  } finally {
    place.removeAttribute("aria-busy");
  }
}

/** The request's body: the text, and the parameters that its first line may give. Raises SyntaxError. */
function request() {
  const text = field.value;
  const given = /^-- parameters: (\{.*\})\s*\n/.exec(text);
  const asked = given ? { sql: text.slice(given[0].length), parameters: JSON.parse(given[1]) } : { sql: text };
  return { ...asked, as_of: Number(current().as_of) || null };
}

function showAnswer(rows, cut, milliseconds) {
  const said = `${plural(rows.length, "row")} in ${Math.round(milliseconds)} ms`;
  put(place, element("p", { class: "note" }, said),
    cut && element("p", { class: "missing" }, `The answer was cut off (${cut.replace("; limit=", ", the limit is ")}): ask for less.`),
    rows.length ? listing(rows) : element("p", { class: "missing" }, "No rows."));
  announce(said);
}

function showProblem(problem) {
  const shown = complaint(problem instanceof SyntaxError ? new Error(`The parameters are not JSON: ${problem.message}`) : problem);
  shown.classList.add("code");
  put(place, shown);
}

function listing(rows) {
  const isNumber = (name) => rows.every((row) => row[name] === null || typeof row[name] === "number");
  const write = (value) => (value === null ? "null" : typeof value === "object" ? JSON.stringify(value) : String(value));
  const columns = Object.keys(rows[0]).map((name) => ({ label: name, text: !isNumber(name), cell: (row) => write(row[name]) }));
  const box = scrolling("Rows", table("Rows", columns, rows.slice(0, SHOWN)));
  const all = element("button", { type: "button", onclick: () => (put(box, table("Rows", columns, rows)), all.remove()) }, `Show all ${rows.length}`);
  return [box, rows.length > SHOWN && all];
}
