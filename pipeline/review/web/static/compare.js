"use strict";
// Any two images of a story: side by side, under a slider, flickering, or their difference, zoomed and moved together.
(() => {
  const dialog = document.getElementById("compare");
  if (!dialog) return;
  const $ = (selector) => dialog.querySelector(selector);
  const stage = $(".stage"), slide = $(".slide"), scale = $(".scale");
  const panes = { a: $("[data-pane=a]"), b: $("[data-pane=b]") };
  const shots = { a: $("[data-image=a]"), b: $("[data-image=b]") };
  const sides = { a: $("[data-side=a]"), b: $("[data-side=b]") };
  const MODES = ["side", "slide", "flicker", "difference"];
  let mode = "side", zoom = 1, x = 0, y = 0, timer = 0, grip = null;

  // Pixels of the screen for one pixel of the first image when all of it is seen.
  const fit = () => {
    const pane = panes.a.getBoundingClientRect();
    const { naturalWidth: w, naturalHeight: h } = shots.a;
    return w && h ? Math.min(pane.width / w, pane.height / h) : 1;
  };
  const draw = () => {
    const pane = panes.a.getBoundingClientRect(), per = fit() * zoom;
    const { naturalWidth: w, naturalHeight: h } = shots.a;
    const room = { x: Math.max(0, (w * per - pane.width) / 2), y: Math.max(0, (h * per - pane.height) / 2) };
    x = Math.max(-room.x, Math.min(room.x, x));
    y = Math.max(-room.y, Math.min(room.y, y));
    for (const image of [shots.a, shots.b]) { // both as large as the first, so that equal places lie on each other
      image.style.width = `${w * per}px`;
      image.style.height = `${h * per}px`;
      image.style.left = `${(pane.width - w * per) / 2 + x}px`;
      image.style.top = `${(pane.height - h * per) / 2 + y}px`;
      image.style.imageRendering = per >= 2 ? "pixelated" : "auto";
    }
    stage.style.setProperty("--at", `${slide.value}%`);
    panes.b.style.clipPath = mode === "slide" ? `inset(0 0 0 ${slide.value}%)` : "";
    const same = shots.a.naturalWidth === shots.b.naturalWidth && shots.a.naturalHeight === shots.b.naturalHeight;
    scale.textContent = `${Math.round(per * devicePixelRatio * 100)} %${same ? "" : ", sizes differ: the second is scaled to the first"}`;
  };
  const choose = (wanted) => {
    mode = wanted;
    stage.dataset.mode = mode;
    for (const button of dialog.querySelectorAll("[data-mode][aria-pressed]")) button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    clearInterval(timer);
    panes.b.classList.remove("away");
    if (mode === "flicker") timer = setInterval(flick, 600);
    draw();
  };
  const flick = () => panes.b.classList.toggle("away");
  const pixel = () => 1 / (fit() * devicePixelRatio); // one pixel of the image on one of the screen
  const magnify = (to) => { zoom = Math.max(Math.min(1, pixel()), Math.min(64, to)); draw(); };
  const load = (side) => {
    const option = sides[side].selectedOptions[0];
    shots[side].src = option.value;
    shots[side].alt = option.textContent;
    $(`[data-tag=${side}]`).textContent = option.textContent;
  };

  document.addEventListener("compare", ({ detail: { images, second } }) => {
    const names = images.map((image) => {
      const top = image.closest(".block")?.querySelector(".top b")?.textContent.trim() || "";
      return image.closest(".refs") || top === "given" ? image.alt.split(",")[0] : image.closest(".shot")?.querySelector("b")?.textContent || top;
    });
    for (const side of ["a", "b"]) {
      sides[side].replaceChildren(...images.map((image, n) => new Option(names[n] || `Image ${n + 1}`, image.src.replace(/small$/, "whole"))));
    }
    const at = Math.max(0, images.indexOf(second));
    sides.b.selectedIndex = at;
    sides.a.selectedIndex = at ? at - 1 : Math.min(1, images.length - 1);
    zoom = 1; x = y = 0;
    dialog.showModal();
    load("a"); load("b");
    stage.focus();
    choose(mode);
  });
  for (const side of ["a", "b"]) {
    sides[side].addEventListener("change", () => load(side));
    shots[side].addEventListener("load", draw);
  }
  slide.addEventListener("input", draw);
  addEventListener("resize", () => dialog.open && draw());
  dialog.addEventListener("close", () => { clearInterval(timer); });
  dialog.addEventListener("click", (event) => {
    const { mode: wanted, zoom: to } = event.target.closest("button")?.dataset || {};
    if (wanted) choose(wanted);
    if (to === "in") magnify(zoom * 1.5);
    if (to === "out") magnify(zoom / 1.5);
    if (to === "fit") { x = y = 0; magnify(1); }
    if (to === "pixel") magnify(pixel());
  });
  addEventListener("keydown", (event) => { // wherever the focus is: a click may have taken it from the images
    if (!dialog.open || event.target.matches("select, input") || event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    const number = Number(event.key);
    if (number >= 1 && number <= 4) choose(MODES[number - 1]);
    else if (event.key === "+" || event.key === "=") magnify(zoom * 1.5);
    else if (event.key === "-") magnify(zoom / 1.5);
    else if (event.key === "0") { x = y = 0; magnify(1); }
    else if (event.key === " " && event.target === stage) { if (mode !== "flicker") choose("flicker"); clearInterval(timer); flick(); }
    else if (mode === "slide" && moves[event.key]?.[0] && !event.shiftKey) { slide.value = Number(slide.value) - Math.sign(moves[event.key][0]) * 4; draw(); }
    else if (moves[event.key]) { x += moves[event.key][0]; y += moves[event.key][1]; draw(); }
    else return;
    event.preventDefault();
  });
  stage.addEventListener("wheel", (event) => { event.preventDefault(); magnify(zoom * (event.deltaY < 0 ? 1.2 : 1 / 1.2)); }, { passive: false });
  stage.addEventListener("pointerdown", (event) => {
    if (event.target === slide) return;
    grip = { x: event.clientX - x, y: event.clientY - y };
    stage.setPointerCapture(event.pointerId);
  });
  stage.addEventListener("pointermove", (event) => { if (grip) { x = event.clientX - grip.x; y = event.clientY - grip.y; draw(); } });
  stage.addEventListener("pointerup", () => { grip = null; });
  addEventListener("dragstart", (event) => { if (stage.contains(event.target)) event.preventDefault(); });
})();
