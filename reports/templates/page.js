(() => {
  "use strict";
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const make = (tag, text, className) => Object.assign(document.createElement(tag), { textContent: text || "", className: className || "" });
  const data = JSON.parse(document.getElementById("data").textContent);
  document.body.classList.add("live");

  // One method alone, everywhere.
  const banner = document.getElementById("only");
  let only = null;
  function isolate(key, label) {
    only = only === key ? null : key;
    for (const e of all("[data-m]")) e.classList.toggle("off", only !== null && e.dataset.m !== only);
    for (const b of all("button.name")) b.setAttribute("aria-pressed", String(b.dataset.only === only));
    banner.replaceChildren();
    banner.hidden = only === null;
    if (only !== null) {
      const back = make("button", "show all");
      back.onclick = () => isolate(only);
      banner.append(`${label} only. `, back);
    }
  }

  // A pair in full.
  const pane = document.getElementById("pair");
  let opener = null;
  function open(button) {
    const pair = data.pairs[button.dataset.p];
    const list = make("dl");
    for (const [term, text] of pair.lines) list.append(make("dt", term), make("dd", text));
    const close = make("button", "close");
    close.onclick = shut;
    pane.replaceChildren(make("strong", pair.title), list);
    if (pair.seeds.length) {
      const seeds = make("dl");
      for (const [seed, text] of pair.seeds) seeds.append(make("dt", `seed ${seed}`), make("dd", text));
      pane.append(make("strong", "Every common seed (points)"), seeds);
    }
    pane.append(close);
    pane.hidden = false;
    opener = button;
    close.focus();
  }
  function shut() {
    pane.hidden = true;
    if (opener) opener.focus();
    opener = null;
  }

  document.addEventListener("click", (event) => {
    const name = event.target.closest("button.name");
    if (name) return isolate(name.dataset.only, name.textContent);
    const text = event.target.closest("svg text[data-m]");
    if (text) return isolate(text.dataset.m, text.textContent);
    const pair = event.target.closest("button[data-p]");
    if (pair) open(pair);
    return undefined;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    if (!pane.hidden) shut();
    else if (only !== null) isolate(only);
  });

  // What a mark is: the trial, its seed, errors, genotype and drawn cell.
  const tip = document.getElementById("tip");
  function show(target, x, y) {
    const trial = data.trials[target.dataset.t];
    if (!trial) return;
    tip.replaceChildren(make("strong", `${trial.name}, seed ${trial.seed}`), make("div", trial.errors.join(", ")), make("div", `trial ${target.dataset.t}`, "note"));
    if (trial.genotype) tip.append(make("div", trial.genotype, "note"));
    const cell = trial.cell && document.getElementById(trial.cell);
    if (cell) tip.append(cell.cloneNode(true));
    all("[id]", tip).forEach((e) => e.removeAttribute("id"));
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - box.width - 8))}px`;
    tip.style.top = `${y + 14 + box.height > innerHeight ? Math.max(4, y - box.height - 12) : y + 14}px`;
  }
  document.addEventListener("pointerover", (event) => {
    const mark = event.target.closest("[data-t]");
    if (mark) show(mark, event.clientX, event.clientY);
    else tip.hidden = true;
  });

  // Tables sort by a click on a header; those with many rows filter, and their columns can be hidden.
  const value = (cell) => {
    const text = cell.dataset.v ?? cell.textContent.trim();
    const number = parseFloat(text.replace(/,/g, "").replace("−", "-"));
    return Number.isNaN(number) ? (text === "Infinity" ? Infinity : text) : number;
  };
  function sort(table, column, head) {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const h of all("thead th", table)) h.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.tBodies[0];
    const rows = [...body.rows].map((row) => [value(row.cells[column]), row]);
    rows.sort(([a], [b]) => {
      const numbers = typeof a === "number" && typeof b === "number";
      const order = numbers ? a - b : typeof a === typeof b ? String(a).localeCompare(String(b)) : typeof a === "number" ? -1 : 1;
      return down ? -order : order;
    });
    body.append(...rows.map(([, row]) => row));
  }
  function equip(table) {
    const heads = all("thead th", table);
    heads.forEach((head, column) => {
      if (head.hasAttribute("data-still")) return;
      const why = head.querySelector(".why");
      const button = make("button", head.firstChild.textContent.trim(), "sort");
      button.type = "button";
      button.onclick = () => sort(table, column, head);
      head.replaceChildren(button, ...(why ? [" ", why] : []));
    });
    const tools = make("div", "", "tools");
    if (table.tBodies[0].rows.length > 5 && !table.classList.contains("forest")) {
      const label = make("label", "Filter ");
      const input = Object.assign(make("input"), { type: "search" });
      input.oninput = () => {
        const wanted = input.value.toLowerCase();
        for (const row of table.tBodies[0].rows) row.classList.toggle("gone", !row.textContent.toLowerCase().includes(wanted));
      };
      label.append(input);
      tools.append(label);
    }
    if (heads.length > 6) {
      const menu = make("details");
      menu.append(make("summary", "Columns"));
      heads.forEach((head, column) => {
        const label = make("label");
        const box = Object.assign(make("input"), { type: "checkbox", checked: true });
        box.onchange = () => {
          for (const row of table.rows) row.cells[column].classList.toggle("gone", !box.checked);
        };
        label.append(box, ` ${(head.querySelector(".sort") || head).textContent.split("?")[0].trim()}`);
        menu.append(label);
      });
      tools.append(menu);
    }
    if (tools.children.length) table.classList.contains("forest") ? table.parentElement.after(tools) : table.parentElement.before(tools);
  }
  all("table.grid").forEach(equip);
})();
