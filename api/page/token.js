// The access token: asked for when the service wants one, kept until the tab is closed, sent as a header only.

const KEPT = "pie-token";
const box = document.getElementById("token");
const field = document.getElementById("token-field");
let asking = null;

export const token = () => sessionStorage.getItem(KEPT);

/** Ask for a token; whether there is another one now than the one that was used. */
export function askToken(used, why) {
  if (token() !== used) return true;
  asking ??= dialog(why).finally(() => (asking = null));
  return asking;
}

function dialog(why) {
  document.getElementById("token-why").textContent = token() ? `The token was not accepted. ${why}` : why;
  field.value = "";
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
