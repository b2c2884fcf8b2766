// Soleus works without this file. It makes the same pages smoother: nothing here computes or decides.
"use strict";
// --- interview ---
(() => {
  const main = () => document.getElementById("main");
  const live = document.querySelector(".announce");

  const say = (text) => { if (live) { live.textContent = ""; setTimeout(() => { live.textContent = text; }, 50); } };

  // Which fields were sent, so that Back shows them as they were.
  const filled = (form, button) => {
    const data = new FormData(form, button);
    return [...data].filter(([name, value]) => typeof value === "string" && !["state", "link", "do"].includes(name));
  };

  const refill = (pairs) => {
    for (const [name, value] of pairs) {
      for (const field of main().querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (field.type === "radio" || field.type === "checkbox") { if (field.value === value) field.checked = true; }
        else if (field.tagName === "BUTTON") { if (field.value === value && field.classList.contains("reply")) field.classList.add("given"); }
        else if (field.type !== "hidden" && field.type !== "file") field.value = value;
      }
    }
  };

  // Put the page of an answer in place of this one.
  const show = (text, focus) => {
    const page = new DOMParser().parseFromString(text, "text/html");
    const next = page.getElementById("main");
    if (!next) return false;
    for (const field of next.querySelectorAll("[autofocus]")) field.autofocus = false; // `arrive` decides
    main().replaceWith(document.adoptNode(next));
    document.title = page.title;
    document.body.className = page.body.className;
    if (focus !== false) arrive();
    return true;
  };

  // Focus goes where reading begins: a fault, an opened part, or the heading of the step.
  const arrive = () => {
    const at = main().querySelector("#faults, #details-title, .recognised, h1");
    if (!at) return;
    if (!at.hasAttribute("tabindex")) at.tabIndex = -1;
    at.focus({ preventScroll: true });
    const box = at.getBoundingClientRect();
    if (at.tagName === "H1") scrollTo(0, 0);
    else if (box.top < 0 || box.top > innerHeight * 0.6) at.scrollIntoView({ block: "start" });
    say(document.title.split(" · ")[0]);
  };

  const fetched = async (action, body) => {
    const answer = await fetch(action, { method: "POST", body: new URLSearchParams(body), headers: { accept: "text/html" } });
    return answer.headers.get("content-type")?.startsWith("text/html") ? answer.text() : null;
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter;
    const action = new URL(button?.getAttribute("formaction") || form.action, location.href);
    const plain = form.enctype !== "multipart/form-data" && form.method === "post" && action.origin === location.origin;
    if (!plain || action.pathname !== "/interview") return; // other steps are pages of their own
    event.preventDefault();
    if (document.body.classList.contains("busy")) return; // once is enough
    const body = [...new FormData(form, button)], sent = filled(form, button);
    document.body.classList.add("busy");
    try {
      const text = await fetched(action.pathname, body);
      history.replaceState({ ...history.state, sent }, "");
      if (text === null || !show(text)) throw new TypeError("no page");
      history.pushState({ action: action.pathname, body }, "", action.pathname);
    } catch (fault) {
      const offline = main().querySelector("[data-offline]");
      if (fault.message !== "no page" && offline) { offline.hidden = false; offline.focus(); say(offline.textContent); return; }
      const again = document.createElement("form"); // let the browser do it, and tell what is wrong
      again.method = "post"; again.action = action.pathname; again.hidden = true;
      for (const [name, value] of body) {
        const field = document.createElement("input");
        field.name = name; field.value = value; again.append(field);
      }
      document.body.append(again);
      again.submit();
    } finally { document.body.classList.remove("busy"); }
  });

  // Back and forward: the page is asked for again with what led to it.
  addEventListener("popstate", async (event) => {
    const past = event.state;
    if (location.pathname !== "/interview" || (!past && location.hash)) return;
    if (!past?.action) { location.reload(); return; }
    const text = await fetched(past.action, past.body).catch(() => null);
    if (text === null || !show(text)) { location.reload(); return; }
    refill(past.sent ?? []);
  });

  // Loaded anew (reload, or back from another page): the step that stood here, not the beginning.
  const here = history.state;
  if (here?.action && location.pathname === here.action && performance.getEntriesByType("navigation")[0]?.type !== "navigate") {
    fetched(here.action, here.body).then((text) => { if (text !== null && show(text)) refill(here.sent ?? []); }).catch(() => {});
  }

  // A place touched on the picture marks its box in the list; the page stays where it is, though the list may be out of sight.
  document.addEventListener("click", (event) => {
    const box = document.getElementById(event.target.closest?.(".legs label")?.htmlFor ?? "");
    if (!box) return;
    event.preventDefault();
    box.checked = !box.checked;
    box.focus({ preventScroll: true });
  });

  // A link within the page leads the focus to its field and leaves the history as it is.
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.(".faults a[href^='#']");
    const field = link && document.getElementById(link.hash.slice(1));
    if (!field) return;
    event.preventDefault();
    field.closest("details")?.setAttribute("open", "");
    field.focus({ preventScroll: true });
    (field.closest(".field") ?? field).scrollIntoView({ block: "nearest" });
  });

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const field = document.getElementById(button.dataset.copy);
    field.select();
    try { await navigator.clipboard.writeText(field.value); button.textContent = button.dataset.done; say(button.dataset.done); } catch { /* it is selected: Ctrl+C */ }
  });
  for (const button of document.querySelectorAll("[data-copy]")) button.hidden = false;

  // Names while one types: the whole list is fetched once and searched here, so that nothing typed leaves the page.
  let names = null;
  const list = async (address) => (names ??= fetch(address).then((a) => a.json()).catch(() => ({})));
  const line = (area) => {
    const start = area.value.lastIndexOf("\n", area.selectionStart - 1) + 1;
    const end = (area.value.indexOf("\n", start) + 1 || area.value.length + 1) - 1;
    return [start, end];
  };
  const suggest = async (area) => {
    const box = main().querySelector(`.suggestions[data-for="${area.id}"]`);
    const known = (await list(area.form.dataset.names))[area.dataset.suggest] ?? [];
    const [start, end] = line(area), typed = area.value.slice(start, end).trim().toLowerCase();
    const fits = typed.length < 2 ? [] : [
      ...known.filter((n) => n.toLowerCase().startsWith(typed)),
      ...known.filter((n) => n.toLowerCase().includes(" " + typed)),
    ].filter((n) => n.toLowerCase() !== typed).slice(0, 5);
    box.replaceChildren(...fits.map((name) => {
      const choice = document.createElement("button");
      choice.type = "button"; choice.textContent = name;
      choice.addEventListener("click", () => {
        area.setRangeText(name + (end === area.value.length ? "\n" : ""), start, end, "end");
        box.hidden = true; area.focus();
      });
      return choice;
    }));
    box.hidden = fits.length === 0;
    if (fits.length) say(box.dataset.found.replace("{n}", fits.length));
  };
  document.addEventListener("input", (event) => { if (event.target.dataset?.suggest) suggest(event.target); });
})();
// --- end of interview ---
// --- desk ---
(() => {
  const main = () => document.getElementById("main");
  const own = (form, button) => form.id === "case" && document.body.classList.contains("desk")
    && (button?.getAttribute("formaction") ?? "/desk").startsWith("/desk");

  // What was begun and not sent by this button: it stays as it was.
  const begun = (form, button) => {
    const sent = ["screen", "tell"].includes(button?.value);
    return sent ? [] : [...new FormData(form)].filter(([name, value]) => /^(screen|tell)-/.test(name) && value);
  };

  const refill = (pairs) => {
    for (const [name, value] of pairs) {
      for (const field of main().querySelectorAll(`[name="${CSS.escape(name)}"]`)) {
        if (field.type !== "radio") field.value = value;
        else if (field.value === value) field.checked = true;
      }
    }
  };

  const swap = (text) => {
    const page = new DOMParser().parseFromString(text, "text/html"), next = page.getElementById("main");
    if (!next) throw new TypeError("no page");
    main().replaceWith(document.adoptNode(next));
    document.title = page.title;
    document.body.className = page.body.className;
  };

  // The reader stays where the button was; the place of it in the new page takes the focus.
  const stay = (id, top) => {
    const place = id && document.getElementById(id);
    if (place) scrollBy(0, place.getBoundingClientRect().top - top);
    const fault = main().querySelector(".faults, #asked");
    const at = fault ?? place?.querySelector("button, summary") ?? main().querySelector(".notice button, h1");
    if (!at) return;
    if (at === fault || at.tagName === "H1") at.tabIndex = -1;
    at.focus({ preventScroll: true });
    if (at === fault) at.scrollIntoView({ block: "start" });
  };

  const tell = () => {
    const said = main().querySelector(".notice")?.firstChild?.textContent.trim(), first = main().querySelector(".judgement h2");
    const live = document.querySelector("body > .announce");
    if (live) live.textContent = [said, first?.textContent.trim()].filter(Boolean).join(" ");
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter;
    if (!own(form, button)) return;
    event.preventDefault();
    const busy = document.body.classList;
    if (busy.contains("busy")) return;
    busy.add("busy");
    const place = button?.closest("li[id], section[aria-labelledby]"), id = place?.id || place?.getAttribute("aria-labelledby");
    const top = id ? document.getElementById(id).getBoundingClientRect().top : 0;
    const body = [...new FormData(form, button)], kept = begun(form, button);
    const open = [...main().querySelectorAll("details[open][id]")].map((d) => d.id);
    try {
      const answer = await fetch("/desk", { method: "POST", body: new URLSearchParams(body), headers: { accept: "text/html" } });
      swap(await answer.text());
      history.pushState({ action: "/desk", body }, "", "/desk");
      for (const d of open) document.getElementById(d)?.setAttribute("open", "");
      refill(kept);
      if (main().querySelector(".workspace")) stay(id, top);
      else { scrollTo(0, 0); const h = main().querySelector("h1"); h.tabIndex = -1; h.focus(); }
      tell();
    } catch {
      const field = document.createElement("input"); // let the browser do it, and tell what is wrong
      field.type = "hidden"; field.name = "do"; field.value = button?.value ?? "show";
      form.append(field);
      form.submit();
    } finally { document.body.classList.remove("busy"); }
  });

  addEventListener("popstate", async (event) => {
    const past = event.state;
    if (past?.action !== "/desk") return; // a place within the page, or a page of its own
    try {
      const answer = await fetch("/desk", { method: "POST", body: new URLSearchParams(past.body), headers: { accept: "text/html" } });
      swap(await answer.text());
      tell();
    } catch { location.reload(); }
  });

  // What stands here can be asked for again, so that Back leads to it.
  const form = document.getElementById("case");
  if (form && document.body.classList.contains("desk") && !history.state) {
    history.replaceState({ action: "/desk", body: [...new FormData(form), ["do", "show"]] }, "");
  }
  document.querySelector("[data-focus]")?.focus();
})();
// --- result ---
(() => {
  // The pages of a result follow each other without a blank in between, and Back leads from one to the other. What a
  // page was asked with is kept beside its entry in the history of this window, and nowhere else.
  const PAGES = ["/result", "/result/what-if", "/result/chain", "/result/letter", "/result/code"];
  const main = () => document.getElementById("main");
  const bench = () => document.querySelector("form[data-live]");
  const goal = (form, button) => new URL(button?.getAttribute("formaction") || form.getAttribute("action"), location.href);
  const here = () => [...document.querySelectorAll("#case input[type=hidden]")].map((field) => [field.name, field.value]);
  const kept = (action, body, scroll = 0) => ({ action, body, scroll });
  let asked = 0;

  const page = async (path, body) => {
    const answer = await fetch(path, { method: "POST", body: new URLSearchParams(body), headers: { accept: "text/html" } });
    const found = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!found.getElementById("main")) throw new TypeError("no page");
    return found;
  };

  const put = (found) => {
    for (const part of ["#main", ".bar .pill", "body > footer"]) {
      const [old, next] = [document.querySelector(part), found.querySelector(part)];
      if (old && next) old.replaceWith(document.adoptNode(next));
    }
    document.title = found.title;
    document.body.className = found.body.className;
  };

  const arrive = (at, scroll) => {
    if (!at.matches("input,select,button,[tabindex]")) at.tabIndex = -1;
    at.focus({ preventScroll: true });
    if (scroll !== undefined) scrollTo(0, scroll);
  };

  const tell = (words) => { const live = document.querySelector(".announce"); if (live) live.textContent = words; };
  const heading = () => main().querySelector("#faults") ?? main().querySelector("h1");

  const turn = async (path, body) => {
    const found = await page(path, body);
    history.replaceState({ ...history.state, scroll: scrollY }, "");
    put(found);
    history.pushState(kept(path, body), "", path);
    arrive(heading(), 0);
    tell(document.title.split(" · ")[0]);
  };

  // On the bench the page stays where it is: what moves is told, the focus stays with what was changed.
  const attempt = async (path, body) => {
    const number = ++asked, at = document.activeElement?.id;
    const found = await page(path, body);
    if (number !== asked) return; // a later change is on its way
    put(found);
    history.replaceState(kept(path, here(), scrollY), "");
    arrive(document.getElementById("faults") ?? document.getElementById(at) ?? document.getElementById("moves-title"));
    const told = main().querySelectorAll("#faults p, .movers .trials li, .movers .would, .moving li:first-child");
    tell([...told].map((n) => n.textContent.replace(/\s+/g, " ").trim()).join(". "));
  };

  document.addEventListener("submit", (event) => {
    const form = event.target, button = event.submitter, to = goal(form, button);
    if (!PAGES.includes(to.pathname) || to.origin !== location.origin || form.dataset.given) return;
    event.preventDefault();
    const step = bench() && to.pathname === "/result/what-if" ? attempt : turn;
    step(to.pathname, [...new FormData(form, button)]).catch(() => { form.dataset.given = "1"; form.requestSubmit(button); });
  });

  document.addEventListener("change", (event) => {
    const form = bench(), field = event.target;
    if (form && field.form === form && field.name?.startsWith("v:")) form.requestSubmit(form.querySelector("[value=show]"));
  });

  const again = (past) => page(past.action, past.body).then((found) => { put(found); arrive(heading(), past.scroll); });
  addEventListener("popstate", (event) => {
    if (!PAGES.includes(location.pathname)) return;
    if (event.state?.action) again(event.state).catch(() => location.reload());
    else if (!location.hash) location.reload();
  });

  if (PAGES.includes(location.pathname)) {
    const past = history.state;
    if (here().length) history.replaceState({ ...past, ...kept(location.pathname, here()) }, "");
    else if (past?.action === location.pathname) again(past).catch(() => {}); // loaded anew by its address alone
  }

  // A button that only a script can serve is there from the start and shown now, so that nothing moves.
  document.documentElement.classList.add("with-script");
  document.addEventListener("click", (event) => { if (event.target.closest?.("[data-print]")) print(); });
})();
// --- end of result ---
