"use strict";
// The reviewer's page: keys, the steps of a verdict, sending it, and the next items ahead of time.
// An item goes: result -> (its texts appear) -> reasoning -> reasons where something is rejected -> sent -> next item.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const token = $('meta[name="review-token"]').content;
  const items = $("#items"), live = $("#live"), none = $("#none"), last = $("#last");
  const keys = JSON.parse($("#keys").dataset.keys);
  const actions = new Map(Object.entries(keys).map(([action, key]) => [key, action]));
  const ASKED = "Are the texts marked “loss on” true and of use?";
  const LATER = "The texts appear once the result is judged.", UNASKED = "No text is trained here";
  const SIGNS = { Enter: "⏎", Backspace: "⌫", ArrowRight: "→", ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓" };
  const alone = !last; // one item that was asked for, to correct or to settle, and not the queue
  const settled = new Set();
  const times = [];
  let now = null, work = Promise.resolve(), loading = null, polling = 0;

  // ---- talking to the server

  class Refused extends Error {
    constructor(status, words) { super(words); this.status = status; }
  }
  const ask = async (path, body) => {
    const options = body === undefined ? {} : {
      method: "POST", headers: { "content-type": "application/json", "x-review-token": token }, body: JSON.stringify(body),
    };
    let answer;
    try { answer = await fetch(path, options); } catch { throw new Refused(0, "The server does not answer; nothing was saved. Try again."); }
    const words = await answer.text();
    if (!answer.ok) throw new Refused(answer.status, words.trim());
    return words;
  };
  const markup = (words) => { const box = document.createElement("template"); box.innerHTML = words; return box.content; };
  const say = (words) => { live.textContent = words; };
  const trouble = (words) => {
    say(words);
    if (!now) return;
    const box = $(".problem", now.form);
    box.textContent = words;
    box.hidden = !words;
  };
  // One thing after the other: a fast typist's second key waits for what the first one asked.
  const queue = (step) => {
    work = work.then(step).catch((error) => {
      if (!(error instanceof Refused)) throw error;
      if (error.status === 409 && now && !alone) { const words = error.message; return advance().then(() => trouble(words)); }
      trouble(error.message);
    });
    return work;
  };

  // ---- showing

  const spell = (root) => {
    for (const kbd of all("kbd[data-key]", root)) {
      const key = keys[kbd.dataset.key], sign = kbd.closest("dialog") ? "" : SIGNS[key];
      kbd.textContent = sign || key;
      kbd.classList.toggle("glyph", Boolean(sign));
    }
    for (const kbd of all("kbd[data-reason]", root)) kbd.textContent = keys[`reason${kbd.dataset.reason}`] || "";
  };
  const titles = (form) => new Map(all(".reason[data-code]", form).map((b) => [b.dataset.code, $("span", b).textContent]));

  const show = () => {
    const { form } = now;
    for (const part of ["result", "reasoning"]) {
      for (const button of all(`[data-part=${part}] .opinion`, form)) {
        button.setAttribute("aria-pressed", String(button.dataset.opinion === now[part]));
      }
      $(`[data-part=${part}]`, form).classList.toggle("turn", turn() === part);
    }
    $("[data-part=reasoning] .opinions", form).hidden = now.asks === false;
    $("[data-part=reasoning] .hint", form).textContent = now.asks ? ASKED : now.asks === null ? LATER : turn() === "send" ? `${UNASKED}: press once more to send.` : `${UNASKED}.`;
    $("[data-part=reasons]", form).classList.toggle("turn", turn() === "reasons");
    $(".ends", form).classList.toggle("turn", turn() === "send");
    $("fieldset.turn", form)?.scrollIntoView({ block: "nearest" }); // the form is low on a phone, and scrolls
    $(".about", form).textContent = now.segment ? `About ${now.segment === "result" ? "the result" : now.segment}` : "About the whole";
    for (const button of all(".reason[data-code]", form)) {
      button.setAttribute("aria-pressed", String(now.reasons.has(`${button.dataset.code} ${now.segment}`)));
    }
    const names = titles(form), given = $(".given", form);
    given.replaceChildren(...[...now.reasons].map(([id, { code, segment }]) => {
      const item = document.createElement("li"), drop = document.createElement("button");
      item.append(names.get(code) || code, segment ? ` (${segment}) ` : " ");
      drop.type = "button";
      drop.textContent = "remove";
      drop.addEventListener("click", () => { now.reasons.delete(id); show(); });
      item.append(drop);
      return item;
    }));
    for (const part of all("[data-segment]", now.section)) part.classList.toggle("pointed", part.dataset.segment === now.segment);
  };
  // What is to be said next.
  const turn = () => {
    if (!now.result) return "result";
    if (now.asks !== false && !now.reasoning) return "reasoning";
    return rejected() && !now.reasons.size ? "reasons" : "send";
  };
  const rejected = () => now.result === "reject" || now.reasoning === "reject";

  const mount = (section) => {
    const form = $(".verdict-form", section);
    const pressed = (part) => $(`[data-part=${part}] [aria-pressed=true]`, form)?.dataset.opinion || null;
    now = {
      section, form, token: section.dataset.token, supersedes: form.dataset.supersedes || null, asks: null,
      result: pressed("result"), reasoning: pressed("reasoning"), reasons: new Map(), segment: "", since: performance.now(), spent: 0,
    };
    if (form.dataset.reasoning) now.asks = form.dataset.reasoning === "yes";
    for (const mark of all(".given li[data-code]", form)) point(mark.dataset.code, mark.dataset.segment);
    section.hidden = false;
    none && (none.hidden = true);
    show();
    scrollTo(0, 0);
    section.tabIndex = -1;
    section.focus({ preventScroll: true });
    say(`${$(".asked", section).textContent.trim().slice(0, 300)}. Is the result right?`);
  };
  const point = (code, segment) => now.reasons.set(`${code} ${segment}`, { code, segment });

  // ---- the queue

  const adopt = (section) => {
    section.hidden = true;
    spell(section);
    items.append(section);
    for (const image of all("img", section)) image.decode().catch(() => {});
  };
  const load = () => (loading ||= ask("/items").then((words) => {
    const known = new Set(all(".item", items).map((s) => s.dataset.token));
    for (const section of all(".item", markup(words))) {
      if (!known.has(section.dataset.token) && !settled.has(section.dataset.token)) adopt(section);
    }
  }).finally(() => { loading = null; }));

  const advance = async () => {
    const before = now;
    now = null;
    if (before) { settled.add(before.token); before.section.remove(); }
    if (!$(".item", items)) await load();
    const next = $(".item", items);
    if (!next) { empty(); return; }
    mount(next);
    load().catch(() => {}); // the next turn asks again, and says what is wrong
  };
  const empty = () => {
    none.hidden = false;
    say("Nothing to judge now.");
    none.focus();
    clearTimeout(polling);
    polling = setTimeout(() => { if (!now) queue(advance); }, 5000);
  };
  const recall = () => ask("/last").then((words) => {
    last.replaceChildren(markup(words));
    $("[data-open]").textContent = $("[data-left]", last).dataset.left;
  }).catch(() => {}); // the next turn says it
  const refill = async () => {
    if (loading) await loading.catch(() => {});
    for (const section of all(".item", items)) section.remove();
    now = null;
    settled.clear();
    await advance();
  };

  // ---- judging

  const judge = async (opinion) => {
    trouble("");
    const part = turn() === "result" ? "result" : "reasoning";
    if (part === "reasoning" && now.asks === false && !now.supersedes) return send(); // two keys an item, so that a habit never judges the next
    if (part === "result") await settle_result(opinion);
    else if (turn() === "reasoning" || alone) now.reasoning = opinion;
    else return ask_reasons();
    await after(part, opinion);
  };
  const settle_result = async (opinion) => {
    now.result = opinion;
    show();
    if (now.asks !== null) return;
    let words;
    try { words = await ask(items.dataset.reveal || "/result", { sample: now.form.dataset.sample, result: opinion, ...(items.dataset.reveal ? {} : { token: now.token }) }); }
    catch (error) { now.result = null; show(); throw error; }
    const story = $(".story", markup(words));
    now.asks = story.dataset.reasoning === "yes";
    now.segment = "";
    if (now.asks) $(".story", now.section).replaceWith(story);
  };
  const after = async (part, opinion) => {
    show();
    if (opinion === "reject") open(part === "result" ? "image" : "reasoning");
    if (turn() === "send" && now.asks && !now.supersedes) return send();
    if (turn() === "send" && !now.asks) { say(`Result: ${opinion}. ${UNASKED}: press once more to send.`); return; }
    if (turn() === "reasoning") say(`Result: ${opinion}. Now the texts are shown. Is the reasoning right?`);
    else ask_reasons();
  };
  const ask_reasons = () => { if (turn() === "reasons") say("Choose at least one reason, then send."); show(); };
  const open = (name) => { for (const group of all(".group", now.form)) group.open = group.dataset.group === name; };
  const toggle = (button) => {
    const code = button.dataset.code, id = `${code} ${now.segment}`;
    if (!now.reasons.delete(id)) point(code, now.segment);
    say(`${$("span", button).textContent} ${now.reasons.has(id) ? "given" : "removed"}`);
    show();
  };
  const spent = () => (now.spent + (document.hidden ? 0 : performance.now() - now.since)) / 1000;

  const send = async () => {
    if (turn() === "reasons") { trouble("A rejection needs at least one reason."); return; }
    if (turn() !== "send") { trouble(`Say first whether the ${turn()} is right.`); return; }
    const axes = Object.fromEntries(all("[data-axis]", now.form).filter((s) => s.value).map((s) => [s.dataset.axis, s.value]));
    const seconds = spent();
    await ask(items.dataset.send || "/verdict", {
      token: now.token, sample: now.form.dataset.sample, content: now.form.dataset.content, result: now.result,
      reasoning: now.asks ? now.reasoning : null, axes, note: $("[data-note]", now.form).value, seconds,
      reasons: [...now.reasons.values()].map(({ code, segment }) => ({ code, segment: segment || null })),
      supersedes: now.supersedes,
    });
    if (alone) { location.assign(items.dataset.following || "/review"); return; }
    await advance();
    tally(1, seconds);
    recall();
    if (now) say(`Saved. ${live.textContent}`);
  };
  const tally = (more, seconds, words = "") => {
    $("[data-said]").textContent = words;
    const done = $("[data-done]");
    done.textContent = String(Number(done.textContent) + more);
    if (seconds) times.push(seconds);
    const sorted = times.slice(-20).sort((a, b) => a - b);
    if (sorted.length >= 3) $("[data-pace]").textContent = `${sorted[sorted.length >> 1].toFixed(0)} s an item`;
  };
  const undo = async () => {
    trouble("");
    if (now?.reasoning) { now.reasoning = null; show(); say("The reasoning is open again."); return; }
    if (now?.result) { now.result = null; now.reasons.clear(); show(); say("The result is open again."); return; }
    if (alone) return;
    await ask("/undo", {});
    await refill();
    tally(-1, 0, "Your last verdict is taken back: judge the item again.");
    recall();
    say(`Taken back. ${live.textContent}`);
  };
  const skip = async (reason) => {
    $("#skip").close();
    await ask("/skip", { token: now.token, reason });
    await advance();
    tally(0, 0, "Skipped.");
  };

  // ---- keys and clicks

  const step = (by) => {
    const parts = all("[data-segment]", now.section).filter((e) => e.offsetParent);
    const names = ["", ...new Set(parts.map((e) => e.dataset.segment))];
    now.segment = names[(names.indexOf(now.segment) + by + names.length) % names.length];
    show();
    parts.find((e) => e.dataset.segment === now.segment)?.scrollIntoView({ block: "nearest" });
    say(now.segment ? `About ${now.segment}` : "About the whole");
  };
  const next_group = () => {
    const groups = all(".group", now.form);
    open(groups[(groups.findIndex((g) => g.open) + 1) % groups.length].dataset.group);
  };
  const reason = (number) => {
    if (!$(".group[open]", now.form)) open("image");
    const button = all(".group[open] .reason", now.form)[number - 1];
    if (button) toggle(button);
  };
  const unfold = () => {
    const folds = all("details.unfolds", now.section), opened = folds.some((f) => f.open);
    for (const fold of folds) fold.open = !opened;
    if (!folds.length) say("Nothing was pruned here, as far as it is shown.");
  };
  const act = (action) => {
    if (action === "help") { $("#help").showModal(); return; }
    if (action === "undo" && (now || !alone)) { queue(undo); return; }
    if (!now) return;
    const item = now.section;
    const here = (what) => () => (now?.section === item ? what() : undefined);
    if (["accept", "reject", "unsure"].includes(action)) queue(here(() => judge(action)));
    else if (action === "send") queue(here(send));
    else if (action.startsWith("reason")) queue(here(() => reason(Number(action.slice(6)))));
    else if (action === "skip") { if ($("#skip")) $("#skip").showModal(); }
    else if (action === "group") next_group();
    else if (action === "next") step(1);
    else if (action === "previous") step(-1);
    else if (action === "compare") compare();
    else if (action === "unfold") unfold();
    else if (action === "axes") { $(".axes", item).open = true; $("[data-axis]", item)?.focus(); }
    else if (action === "note") $("[data-note]", item).focus();
  };
  const compare = (image) => {
    const images = all(".story img", now.section).filter((i) => i.offsetParent);
    const result = $(".is-result img", now.section) || images.at(-1);
    if (images.length) document.dispatchEvent(new CustomEvent("compare", { detail: { images, second: image || result } }));
    else say("There is no image to compare.");
  };

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    const dialog = $("dialog[open]"), target = event.target;
    if (dialog) {
      const chosen = dialog.id === "skip" && !target.matches("input") && all("[data-why]", dialog)[Number(event.key) - 1];
      if (chosen) { event.preventDefault(); chosen.click(); }
      return;
    }
    if (target.matches("input, textarea, select")) { if (event.key === "Escape") target.blur(); return; }
    const action = actions.get(event.key);
    if (!action || (event.key === "Enter" && target.matches("button, a, summary"))) return;
    event.preventDefault();
    if (!event.repeat) act(action);
  });
  addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button && now && event.target.matches(".story img")) { compare(event.target); return; }
    const part = event.target.closest("[data-segment]");
    if (now && part && event.target.closest(".top")) { now.segment = now.segment === part.dataset.segment ? "" : part.dataset.segment; show(); return; }
    if (!button) return;
    if (event.detail && !button.closest("dialog")) button.blur(); // so that Enter sends, and does not press it again
    const { opinion, code, why, do: action } = button.dataset;
    if (opinion) { pressed(button, opinion); return; }
    if (code) toggle(button);
    else if (why) queue(() => skip(why));
    else if (action === "leave") queue(() => ask("/leave", {}).then(() => location.assign("/guide")));
    else if (action && action !== "send") act(action);
  });
  // With a pointer a person says which part they mean.
  const pressed = (button, opinion) => {
    const part = button.closest("[data-part]").dataset.part;
    queue(async () => {
      if (!now) return;
      if (part === "reasoning" && !now.result) { trouble("Say first whether the result is right."); return; }
      trouble("");
      if (part === "result") await settle_result(opinion); else now.reasoning = opinion;
      await after(part, opinion);
    });
  };
  addEventListener("submit", (event) => {
    const form = event.target;
    if (form.matches(".verdict-form")) { event.preventDefault(); queue(send); }
    if (form.matches("#skip .other")) { event.preventDefault(); const input = $("input", form); queue(() => skip(input.value)).then(() => { input.value = ""; }); }
  });
  document.addEventListener("visibilitychange", () => {
    if (!now) return;
    if (document.hidden) now.spent += performance.now() - now.since;
    else now.since = performance.now();
  });

  spell(document);
  const first = $(".item", items);
  if (first) { mount(first); if (!alone) load().catch(() => {}); }
  else empty();
})();
