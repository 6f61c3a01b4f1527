// Elements of the page, made from text and never from markup.

const isThere = (child) => child !== null && child !== undefined && child !== false;

/** An element with attributes (`on...` are listeners, null ones are left out) and children (nodes or text; null ones are left out). */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (!isThere(value)) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  return put(made, ...children);
}

/** Put children into an element, in place of those it had. */
export function put(parent, ...children) {
  parent.replaceChildren(...children.flat().filter(isThere));
  return parent;
}

/** What is wrong, where the answer would stand. */
export const complaint = (problem) => element("p", { class: "problem", role: "alert" }, problem.message);

/** A table. `columns` are {label, cell(row), head} with `head` for the one that names the row; numbers are set right. */
export function table(caption, columns, rows) {
  const cell = (column, row) => {
    const value = column.cell(row);
    const attributes = column.head ? { scope: "row" } : { class: column.text ? null : "number" };
    return element(column.head ? "th" : "td", attributes, value ?? "–");
  };
  return element(
    "table", {}, element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, columns.map((c) => element("th", { scope: "col", class: c.head || c.text ? null : "number" }, c.label)))),
    element("tbody", {}, rows.map((row) => element("tr", {}, columns.map((column) => cell(column, row))))),
  );
}

/** Something wide, in a box of its own that scrolls. */
export const scrolling = (label, ...children) => element("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": label }, ...children);

/** A link within the page: followed without loading it anew, but may be copied and opened elsewhere. */
export const here = (href, attributes, ...children) => element("a", { href, "data-here": true, ...attributes }, ...children);

/** Say something to those who do not see the page. */
export function announce(text) {
  document.getElementById("announcement").textContent = text;
}
