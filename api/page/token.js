// The access token: asked for when the service wants one, kept until the tab is closed, sent as a header only.

import { element } from "./element.js";

const KEPT = "pie-token";
let asking = null;

export const token = () => sessionStorage.getItem(KEPT);

/** Ask for a token; whether there is another one now than the one that was used. */
export function askToken(used, why) {
  if (token() !== used) return true;
  asking ??= dialog(why).finally(() => (asking = null));
  return asking;
}

function dialog(why) {
  const box = document.getElementById("token");
  const field = element("input", { id: "token-field", type: "password", autocomplete: "off", required: true, spellcheck: "false" });
  const form = element(
    "form", { method: "dialog" },
    element("h2", { id: "token-title" }, "This service asks for a token"),
    element("p", { id: "token-why" }, token() ? `The token was not accepted. ${why}` : why),
    element("label", { for: "token-field" }, "Token"), field,
    element("p", { class: "note" }, "It stays in this tab until the tab is closed."),
    element("div", { class: "row" },
      element("button", { value: "use", class: "main" }, "Use it"),
      element("button", { value: "cancel", formnovalidate: true }, "Cancel")),
  );
  box.replaceChildren(form);
  box.returnValue = "";
  box.showModal();
  return new Promise((resolve) => {
    box.addEventListener("close", () => {
      const given = box.returnValue === "use" && field.value.trim();
      if (given) sessionStorage.setItem(KEPT, given);
      showForget();
      resolve(Boolean(given));
    }, { once: true });
  });
}

/** The button that forgets the token shows when there is one. */
export function showForget() {
  const button = document.getElementById("forget");
  button.hidden = !token();
  button.onclick = () => {
    sessionStorage.removeItem(KEPT);
    location.reload();
  };
}
