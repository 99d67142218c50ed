// Confirmations by a named person. The token stays in its field in this page; it is never stored.
import { translate } from "./number_format.js";
import { announce, renew } from "./live.js";

export function initConfirmations() {
  const dialog = document.getElementById("confirm");
  if (!dialog) return;
  const [form, what, answer, send] = ["confirm-form", "confirm-what", "confirm-answer", "send"].map((id) => document.getElementById(id));
  let subject = null;
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-confirm]");
    if (!button) return;
    subject = button.dataset.confirm;
    what.textContent = `${button.dataset.what} (${subject})`;
    answer.textContent = "";
    dialog.showModal();
  });
  document.getElementById("cancel").addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    answer.textContent = translate("sending");
    try {
      const result = await confirm(subject);
      dialog.close();
      announce(translate(result.is_delivered ? "confirmed" : "confirmed_later"));
      await renew();
    } catch (error) {
      answer.textContent = translate("refused", { why: error.message });
    } finally {
      send.disabled = false;
    }
  });
}

async function confirm(subject) {
  const [person, note, token] = ["person", "note", "token"].map((id) => document.getElementById(id).value.trim());
  const answer = await fetch("/api/v1/watch/confirmations", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ subject, person, note }),
  });
  const result = await answer.json();
  if (!answer.ok) throw new Error(typeof result.detail === "string" ? result.detail : result.detail.map((error) => error.msg).join("; "));
  return result;
}
