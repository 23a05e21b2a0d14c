"use strict";
(() => {
  const form = document.getElementById("filter");
  if (!form) return;
  const samples = [...document.querySelectorAll("article.sample")];
  const galleries = [...document.querySelectorAll(".gallery")];
  const text = new Map(samples.map((s) => [s, `${s.id} ${s.querySelector(".asked").textContent}`.toLowerCase()]));
  const said = form.querySelector("output");

  const filter = () => {
    const want = new FormData(form);
    const words = want.get("words").toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const s of samples) {
      const fits = ["mode", "category", "reason"].every((k) => !want.get(k) || s.dataset[k] === want.get(k));
      s.hidden = !(fits && words.every((w) => text.get(s).includes(w)));
      shown += !s.hidden;
    }
    const all = shown === samples.length;
    for (const g of galleries) g.hidden = !all && !g.querySelector("article.sample:not([hidden])");
    said.textContent = all ? `${shown} samples` : `${shown} of ${samples.length} samples`;
  };

  const follow = () => {
    const wanted = decodeURIComponent(location.hash.slice(1));
    const target = wanted && (document.getElementById(wanted) || samples.find((s) => s.id.startsWith(wanted)));
    if (wanted && !target) said.textContent = `${wanted} is not shown here; try: x2i show DIR ${wanted}`;
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
