// Singles a policy out on all plots: while the pointer or the keyboard rests on its name, or for longer by a click.
(() => {
  const root = document.documentElement;
  const keys = [...document.querySelectorAll("button[data-p]")];
  let pinned = null;
  const show = (policy) => {
    root.classList.toggle("singling", policy !== null);
    for (const part of document.querySelectorAll("[data-p]")) {
      const on = part.dataset.p === policy;
      part.classList.toggle("on", on);
      if (on) if (part.localName === "g") part.parentNode.append(part); // above the others
    }
  };
  const pin = (policy) => {
    pinned = policy;
    for (const key of keys) key.setAttribute("aria-pressed", String(key.dataset.p === policy));
    show(policy);
  };
  for (const key of keys) {
    const policy = key.dataset.p;
    key.addEventListener("pointerenter", () => show(policy));
    key.addEventListener("pointerleave", () => show(pinned));
    key.addEventListener("focus", () => show(policy));
    key.addEventListener("blur", () => show(pinned));
    key.addEventListener("click", () => pin(pinned === policy ? null : policy));
  }
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") pin(null); });
  addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details")) part.open = true; });
})();
