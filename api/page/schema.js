// The warehouse's tables and views, from the Markdown of GET /v1/schema.

import { complaint, element, put } from "./element.js";
import { send } from "./service.js";

/** What the other views are made of: seldom asked for itself. */
const PARTS = /^(stored|growing)_/;

/** Show the schema, the concepts before what they are made of; `onPick(name)` is called with a column that is chosen. */
export async function showSchema(place, onPick) {
  const pick = (name) => element("button", { type: "button", class: "name", title: "Put into the query", onclick: () => onPick(name) }, name);
  try {
    const relations = parse(await (await send("/v1/schema", { accept: "text/markdown, */*" })).text());
    const rank = ({ kind, name }) => 2 * PARTS.test(name) + (kind === "table");
    put(place, relations.sort((one, other) => rank(one) - rank(other)).map(({ kind, name, text, columns }) => element("details", {},
      element("summary", {}, element("code", {}, name), element("small", {}, ` ${kind}`)),
      element("p", { class: "note" }, text),
      element("ul", {}, columns.map((column) => element("li", {}, pick(column.name), element("small", {}, ` ${column.type}`), ` ${column.text}`))))));
  } catch (problem) {
    put(place, complaint(problem));
  }
}

function parse(markdown) {
  return markdown.split(/^## /m).slice(1).map((part) => {
    const [head, ...lines] = part.split("\n");
    const [, kind, name] = /^(\S+) `([^`]+)`/.exec(head) ?? [null, "", head];
    const columns = [...part.matchAll(/^- `([^`]+)` ([^:\n]+)(?:: (.*))?$/gm)].map(([, column, type, text = ""]) => ({ name: column, type, text }));
    return { kind, name, columns, text: lines.filter((line) => line && !line.startsWith("- ")).join(" ") };
  });
}
