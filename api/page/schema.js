// The warehouse's tables and views, from the Markdown of GET /v1/schema.

import { element } from "./element.js";
import { send } from "./service.js";

/** Show the schema; `onPick(name)` is called with a table or column that is chosen. */
export async function showSchema(section, onPick) {
  section.replaceChildren(element("h3", { id: "schema-title" }, "Schema"));
  try {
    const tables = parse(await (await send("/v1/schema", { accept: "text/markdown, */*" })).text());
    const pick = (name) => element("button", { type: "button", class: "name", title: "Put into the query", onclick: () => onPick(name) }, name);
    section.append(...tables.map(({ kind, name, text, columns }) => element("details", {},
      element("summary", {}, element("code", {}, name), element("small", {}, ` ${kind}`)),
      element("p", { class: "note" }, text),
      element("ul", {}, columns.map((column) => element("li", {}, pick(column.name), element("small", {}, ` ${column.type}`), element("span", {}, ` ${column.text}`)))))));
  } catch (problem) {
    section.append(element("p", { class: "problem", role: "alert" }, problem.message));
  }
}

function parse(markdown) {
  return markdown.split(/^## /m).slice(1).map((part) => {
    const [, kind, name] = /^(\S+) `([^`]+)`/.exec(part) ?? [null, "", part.split("\n")[0]];
    const lines = part.split("\n").slice(1);
    const columns = lines.flatMap((line) => {
      const found = /^- `([^`]+)` ([^:]+)(?:: (.*))?$/.exec(line);
      return found ? [{ name: found[1], type: found[2], text: found[3] ?? "" }] : [];
    });
    return { kind, name, columns, text: lines.filter((line) => line && !line.startsWith("- ")).join(" ") };
  });
}
