// A named person's word. The token stays in its field, in this page; it is never stored.
import { tell } from "./number_format.js";
import { announce, renew } from "./live.js";

export function offerConfirmations() {
  const dialog = document.getElementById("confirm");
  if (!dialog) return;
  const [form, what, answer, send] = ["confirm-form", "confirm-what", "confirm-answer", "send"].map((id) => document.getElementById(id));
  let asked = null;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-confirm]");
    if (!button) return;
    asked = button.dataset.confirm;
    what.textContent = `${button.dataset.what} (${asked})`;
    answer.textContent = "";
    dialog.showModal();
  });
  document.getElementById("cancel").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    answer.textContent = tell("sending");
    try {
      const said = await give(asked);
      dialog.close();
      announce(tell(said.is_delivered ? "confirmed" : "confirmed_later"));
      await renew();
    } catch (error) {
      answer.textContent = tell("refused", { why: error.message });
    } finally {
      send.disabled = false;
    }
  });
}

async function give(subject) {
  const [person, note, token] = ["person", "note", "token"].map((id) => document.getElementById(id).value.trim());
  const answer = await fetch("/api/v1/watch/confirmations", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ subject, person, note }),
  });
  const said = await answer.json();
  if (!answer.ok) throw new Error(typeof said.detail === "string" ? said.detail : said.detail.map((fault) => fault.msg).join("; "));
  return said;
}
