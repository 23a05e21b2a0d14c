"use strict";
// Forms outside the reviewer's desk: the lead's page by htmx, a person's keys, the entry test.
(() => {
  const token = document.querySelector('meta[name="review-token"]').content;
  const complain = (near, words) => {
    const box = (near || document).querySelector(".problem") || document.querySelector(".problem");
    if (box) { box.textContent = words; box.hidden = !words; if (words) box.scrollIntoView({ block: "nearest" }); }
  };
  const post = async (path, body) => {
    const answer = await fetch(path, { method: "POST", headers: { "content-type": "application/json", "x-review-token": token }, body: JSON.stringify(body) });
    const words = await answer.text();
    if (!answer.ok) throw new Error(words.trim());
    return words;
  };

  document.addEventListener("htmx:configRequest", (event) => { event.detail.headers["x-review-token"] = token; });
  document.addEventListener("htmx:responseError", (event) => complain(null, event.detail.xhr.responseText.trim()));
  document.addEventListener("htmx:sendError", () => complain(null, "The server does not answer; it may be stopped."));
  document.addEventListener("htmx:afterOnLoad", (event) => {
    if (event.detail.xhr.status >= 400) return;
    complain(null, "");
    if (event.detail.elt.matches(".invites")) event.detail.elt.reset(); // so that nobody is invited twice
  });
  // What somebody has folded or unfolded, or has in focus, stays so when the figures are drawn anew.
  let folds = new Map(), focused = null;
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "live-figures") return;
    folds = new Map([...document.querySelectorAll("#live-figures [data-open]")].map((d) => [d.dataset.open, d.open]));
    focused = document.activeElement?.closest("[data-open], [aria-label]");
    focused = focused && document.getElementById("live-figures").contains(focused) ? focused.dataset.open || focused.ariaLabel : null;
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const fold of document.querySelectorAll("#live-figures [data-open]")) {
      if (folds.has(fold.dataset.open)) fold.open = folds.get(fold.dataset.open);
    }
    if (!focused) return;
    const again = document.querySelector(`#live-figures [data-open="${CSS.escape(focused)}"] > summary, #live-figures [aria-label="${CSS.escape(focused)}"]`);
    again?.focus({ preventScroll: true });
    focused = null;
  });
  document.addEventListener("focusin", (event) => { if (event.target.matches(".invited input")) event.target.select(); });

  const keys = document.getElementById("key-form");
  if (keys) {
    const fields = [...keys.querySelectorAll("[data-action]")];
    const saved = keys.querySelector(".saved");
    keys.addEventListener("keydown", (event) => {
      if (!event.target.matches("[data-action]") || ["Tab", "Escape", "Shift"].includes(event.key) || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.target.value = event.key;
      saved.textContent = "";
    });
    keys.querySelector("[data-do=defaults]").addEventListener("click", () => { for (const field of fields) field.value = field.dataset.default; saved.textContent = ""; });
    keys.addEventListener("submit", async (event) => {
      event.preventDefault();
      complain(keys, "");
      const chosen = Object.fromEntries(fields.map((field) => [field.dataset.action, field.value]));
      try { await post("/keys", { keys: chosen }); saved.textContent = "Saved."; } catch (error) { complain(keys, error.message); }
    });
  }

  const entry = document.getElementById("entry");
  if (entry) entry.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const box = document.createElement("template");
      box.innerHTML = await post("/entry", { answers: Object.fromEntries(new FormData(entry)) });
      entry.replaceWith(box.content);
      document.querySelector("main h2").focus();
      scrollTo(0, 0);
    } catch (error) { complain(entry, error.message); }
  });
})();
