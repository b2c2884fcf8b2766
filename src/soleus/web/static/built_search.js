// Search of the built library, in the browser: the index is soleusLibrary (search-index.js). Nothing is sent anywhere.
"use strict";
(() => {
  const library = window.soleusLibrary, form = document.querySelector("form.seek"), found = document.getElementById("found");
  if (!library || !form || !found) return;
  const patient = found.dataset.audience === "patient", folder = patient ? library.folder : "";
  const up = found.dataset.up;
  const key = (text) => text.toLowerCase().normalize("NFKD").replace(/[\u0300-\u036f'’]/g, "")
    .replace(/[^\p{L}\p{N}+%]+/gu, " ").trim().replace(/ae/g, "e").replace(/oe/g, "e");
  const silent = new Set(library.silent);
  const wordsOf = (text) => {
    const all = text.split(" "), told = all.filter((w) => !silent.has(w));
    return told.length ? told : all;
  };

  // Every name with its words; word -> the names that hold it. ``speaks`` are entries that a sign speaks for.
  const names = [], holds = new Map();
  const add = (e, text, speaks) => {
    const k = key(text), words = new Set(wordsOf(k)), n = names.push({ e, text, k, words, speaks }) - 1;
    words.forEach((w) => (holds.has(w) ? holds.get(w).push(n) : holds.set(w, [n])));
  };
  library.entries.forEach((entry, e) => {
    const signs = new Set(entry.signs.flatMap(([told]) => told));
    [...new Set([entry.title, entry.plain, ...entry.names])].filter((text) => !signs.has(text)).forEach((text) => add(e, text, []));
    entry.signs.forEach(([told, speaks]) => told.forEach((text) => add(e, text, speaks)));
  });
  const weight = (w) => Math.log(1 + names.length / (holds.get(w)?.length ?? 1));
  names.forEach((name) => { name.whole = [...name.words].reduce((sum, w) => sum + weight(w), 0); });

  // Edits between two words (insertion, deletion, change, swap), at most `most`.
  const far = (a, b, most) => {
    if (Math.abs(a.length - b.length) > most) return most + 1;
    let two = [], one = [...Array(b.length + 1).keys()];
    for (let i = 1; i <= a.length; i++) {
      const row = [i];
      for (let j = 1; j <= b.length; j++) {
        row[j] = Math.min(one[j] + 1, row[j - 1] + 1, one[j - 1] + (a[i - 1] !== b[j - 1]));
        if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) row[j] = Math.min(row[j], two[j - 2] + 1);
      }
      [two, one] = [one, row];
    }
    return one[b.length];
  };
  const forms = (word) => [word, `${word}s`, word.replace(/s$/, ""), word.replace(/es$/, ""), word.replace(/ies$/, "y"),
    word.replace(/(ing|ed)$/, ""), `${word}ing`].filter((w) => w.length > 1 && holds.has(w));
  const read = (word, last) => {
    const own = forms(word);
    if (own.length) return own;
    if (last && word.length > 2) {
      const begun = [...holds.keys()].filter((w) => w.startsWith(word));
      if (begun.length) return begun.slice(0, 40);
    }
    const most = word.length < 4 ? 0 : word.length < 7 ? 1 : 2;
    const near = most ? [...holds.keys()].map((w) => [far(word, w, most), w]).filter(([d]) => d <= most) : [];
    const least = Math.min(...near.map(([d]) => d));
    return near.filter(([d]) => d === least).map(([, w]) => w);
  };

  const bare = (text) => text.toLowerCase().replace(/[^a-z0-9]/g, "");
  const search = (text) => {
    const k = key(text), best = new Map();
    const give = (e, score, why) => { if (score > (best.get(e)?.score ?? 0)) best.set(e, { e, score, why }); };
    const lent = (name) => (library.entries[name.e].kind === "finding" && name.k !== key(library.entries[name.e].title) ? 0.6 : 1);
    if (!k) return [];
    const codes = [text, ...text.split(/\s+/)].map(bare).filter((c) => c.length > 2 && /\d/.test(c));
    codes.forEach((code) => library.entries.forEach((entry, e) => entry.codes.forEach((c) => {
      const own = bare(c);
      if (own.startsWith(code)) give(e, own === code ? 100 : 84 * code.length / own.length, c);
    })));
    const sought = wordsOf(k), total = sought.reduce((sum, w) => sum + weight(w), 0), shares = new Map(), told = new Map();
    sought.forEach((word, n) => {
      const hit = new Set(read(word, n === sought.length - 1).flatMap((w) => holds.get(w) ?? []));
      hit.forEach((name) => (shares.has(name) ? shares.get(name).push(n) : shares.set(name, [n])));
    });
    const sum = (places) => [...places].reduce((all, n) => all + weight(sought[n]), 0);
    shares.forEach((places, n) => {
      const name = names[n], had = sum(places), covered = Math.min(had / total, 1), own = Math.min(had / name.whole, 1);
      let score = 72 * Math.max(covered ** 1.3 * own ** 0.4, own > 0.99 ? 0.75 * covered ** 0.5 : 0);
      if (covered > 0.99 && library.entries[name.e].kind === "common_question") score = 66 + 6 * own;
      if (name.k === k) score = 100; else if (covered > 0.99 && own > 0.99) score = 90;
      else if (k.length > 2 && name.k.startsWith(k)) score = Math.max(score, 84 * (0.75 + 0.25 * k.length / name.k.length));
      give(name.e, score * lent(name), name.text);
      if (own > 0.6 && score > (told.get(name.e)?.score ?? 12)) told.set(name.e, { score, why: name.text, speaks: name.speaks, places });
    });
    if (!shares.size && k.length > 4) names.forEach((name) => { // written as one word, or with a letter wrong in a short one
      const d = far(k.replaceAll(" ", ""), name.k.replaceAll(" ", ""), 2);
      if (d <= 2) give(name.e, 80 - 8 * d, name.text);
    });
    // What is felt: an entry has the words of every sign that speaks for it; the first that a sign speaks for have more.
    const felt = new Map();
    told.forEach(({ why, speaks, places }) => speaks.forEach((x, n) => {
      if (!felt.has(x)) felt.set(x, { places: new Set(), why: [], least: 0 });
      const had = felt.get(x);
      places.forEach((place) => had.places.add(place)); had.why.push(why); had.least += n;
    }));
    felt.forEach(({ places, why, least }, x) =>
      give(x, 78 * (sum(places) / total) ** 1.1 * (1 - least / why.length / 12), [...new Set(why)].join(", ")));
    return [...best.values()].filter((h) => h.score > 12).sort((a, b) => b.score - a.score || a.e - b.e).slice(0, 20);
  };

  const show = (text) => {
    const hits = text.trim() ? search(text) : [], list = document.createElement("ol"), title = document.createElement("h2");
    title.textContent = text.trim() ? (hits.length ? library.words.found : library.words.none).replace("{words}", text.trim()) : "";
    list.className = "hits";
    hits.forEach(({ e, why }) => {
      const entry = library.entries[e], item = document.getElementById("hit").content.cloneNode(true);
      const link = item.querySelector("a"), [kind, urgent] = item.querySelectorAll(".tag"), more = item.querySelector(".fine");
      const own = patient ? entry.plain : entry.title;
      link.textContent = own; link.href = up + folder + entry.file;
      kind.textContent = library.kinds[entry.kind];
      if (entry.urgent) urgent.textContent = entry.urgent; else urgent.remove();
      if (key(why) === key(own)) more.remove(); else more.textContent = library.words.also.replace("{matched}", why);
      list.append(item);
    });
    found.replaceChildren(title, list);
  };
  const field = form.elements.namedItem("q");
  form.addEventListener("submit", (event) => { event.preventDefault(); show(field.value); });
  field.addEventListener("input", () => show(field.value));
  field.value = new URLSearchParams(location.search).get("q") ?? "";
  if (field.value) show(field.value);
})();
