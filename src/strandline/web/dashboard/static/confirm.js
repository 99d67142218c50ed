// Confirmations by a named person. The password leaves its field with each request; it is never stored.
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
    const asked = subject, isStillAsked = () => dialog.open && subject === asked;
    send.disabled = true;
    answer.textContent = translate("sending");
    try {
      const result = await confirm(asked);
      if (isStillAsked()) dialog.close();
      announce(translate(result.waits_for ? "confirmed_one" : result.is_delivered ? "confirmed" : "confirmed_later"));
      renew().catch(() => {}); // the entry of the log renews the page again
    } catch (error) {
      if (isStillAsked()) answer.textContent = translate("refused", { why: error.message });
      else announce(translate("refused", { why: error.message }));
    }
    send.disabled = false; // before the page is renewed: by then somebody may type the next password
    document.getElementById("password").value = "";
  });
}

async function confirm(subject) {
  const [account, note, password] = ["account", "note", "password"].map((id) => document.getElementById(id).value);
  const credentials = new TextEncoder().encode(`${account.trim()}:${password}`);
  const answer = await fetch("/api/v1/watch/confirmations", {
    method: "POST",
    headers: { "Content-Type": "application/json", Authorization: `Basic ${btoa(String.fromCharCode(...credentials))}` },
    body: JSON.stringify({ subject, note: note.trim() }),
  });
  const result = await answer.json();
  if (!answer.ok) throw new Error(typeof result.detail === "string" ? result.detail : result.detail.map((error) => error.msg).join("; "));
  return result;
}
