"use strict";
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const samples = [...document.querySelectorAll("article.sample")];
  const galleries = [...document.querySelectorAll(".gallery")];
  const searchable = (s) => {
    const { category, row } = s.dataset;
    return [s.id, row, category, category.replaceAll("_", " "), s.querySelector(".asked").textContent].join(" ");
  };
  const text = new Map(samples.map((s) => [s, searchable(s).toLowerCase()]));
  const count = form.querySelector("output");

  const filter = () => {
    const want = new FormData(form);
    const words = want.get("words").toLowerCase().split(/\s+/).map((w) => w.replace(/^#/, "")).filter(Boolean);
    let shown = 0;
    for (const s of samples) {
      const fits = ["mode", "category", "reason"].every((k) => !want.get(k) || s.dataset[k] === want.get(k));
      s.hidden = !(fits && words.every((w) => text.get(s).includes(w)));
      shown += !s.hidden;
    }
    const all = shown === samples.length;
    for (const g of galleries) g.hidden = !all && !g.querySelector("article.sample:not([hidden])");
    const some = all ? `${shown} samples` : `${shown} of ${samples.length} samples`;
    count.textContent = shown || all ? some : "No sample fits; Show all brings them back.";
  };

  const follow = () => {
    const anchor = decodeURIComponent(location.hash.slice(1));
    const target = anchor && (document.getElementById(anchor) || samples.find((s) => s.id.startsWith(anchor)));
    if (anchor && !target) count.textContent = `${anchor} is not shown here; try: x2i show DIR ${anchor}`;
    if (!target) return;
    if (target.hidden || target.closest(".gallery[hidden]")) form.reset();
    filter();
    target.scrollIntoView();
  };

  form.addEventListener("input", filter);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(filter));
  addEventListener("hashchange", follow);
  form.hidden = false;
  filter();
  follow();
})();
