// @ts-check
"use strict";
// The page: one run at a time, at one of its steps. All text of others is set as text, never as markup.

/** @typedef {{name: string, system: System, run: any, base: number[], path: number[], step: number}} Shown */

const WORDS = {
  violated: ["✗", "violated"], lost: ["✗", "lost, faults aside: nothing can avoid it any more"],
  present: ["!", "wrong at present, which counts only if it stays"], possible: ["·", "holds so far, and can still be violated"],
  "by-fault": ["·", "holds, unless a fault happens"], safe: ["✓", "holds"], unknown: ["·", "nothing is wrong here"],
};

/** @type {Map<string, Promise<System>>} */
const systems = new Map();
/** @type {Shown | null} */
let shown = null;
let tab = "run";
/** @type {Set<string>} names of lanes that are not to be seen */
const hidden = new Set();

/** @param {string} id @returns {any} */
const at = (id) => document.getElementById(id);

/** @param {string} tag @param {Record<string, any>} attributes @param {...any} children @returns {any} */
function el(tag, attributes = {}, ...children) {
  const svg = ["svg", "line", "circle", "text", "rect", "path", "title"].includes(tag);
  const made = svg ? document.createElementNS("http://www.w3.org/2000/svg", tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, String(value));
  }
  made.append(...children.flat().filter((each) => each !== null && each !== ""));
  return made;
}

/** A name of somebody's, kept from turning around what stands beside it. @param {string} text */
const named = (text) => el("bdi", {}, text);

/** @param {string} name @returns {Promise<System>} */
function systemOf(name) {
  let found = systems.get(name);
  if (!found) {
    const script = Array.from(document.querySelectorAll("script[data-system]")).find((each) => each.getAttribute("data-system") === name);
    if (!script) return Promise.reject(new Error(`no ${name} in this report`));
    found = unpacked(script.textContent || "").then((data) => new System(data));
    systems.set(name, found);
  }
  return found;
}

// What is shown

/** @param {string} name @param {string} property @param {number} step @param {number} from @param {number[]} then */
async function show(name, property, step, from = -1, then = []) {
  const system = await systemOf(name);
  if (property && !system.data.properties.some((/** @type {any} */ each) => each.name === property)) throw new Error(`no ${property} of ${name} in this report`);
  const run = system.data.runs.find((/** @type {any} */ each) => each.property === property) || null;
  const base = run ? system.moves(run.choices) : [];
  let path = base;
  if (from >= 0) {
    path = base.slice(0, from);
    let state = system.along(path)[path.length];
    for (const index of then) {
      const move = system.enabled(state)[index];
      if (move === undefined) break;
      path.push(move);
      state = system.after(state, move);
    }
  }
  shown = { name, system, run, base, path, step: Math.min(Math.max(step, 0), path.length) };
  if (!run && tab !== "run") tab = "run";
  at("run").hidden = false;
  at("search").value = "";
  watched = property;
  render();
}
/** @type {string} the property that was asked for */
let watched = "";

/** Where the run shown leaves the counterexample; -1 if it does not. @param {Shown} now */
function leaves(now) {
  const place = now.path.findIndex((move, index) => move !== now.base[index]);
  if (place >= 0) return place;
  return now.path.length < now.base.length ? now.path.length : -1;
}

/** @param {number} step */
function go(step) {
  if (!shown) return;
  const next = Math.min(Math.max(step, 0), shown.path.length);
  if (next === shown.step) return;
  shown.step = next;
  render();
  const row = document.querySelector('.step[aria-current="step"]');
  if (row) row.scrollIntoView({ block: "nearest" });
}

/** @param {number} move */
function choose(move) {
  if (!shown) return;
  if (shown.path[shown.step] !== move) shown.path = [...shown.path.slice(0, shown.step), move];
  go(shown.step + 1);
}

function back() {
  if (!shown) return;
  const place = leaves(shown);
  shown.path = shown.base;
  shown.step = Math.min(shown.step, place < 0 ? shown.step : place);
  render();
}

function toViolation() {
  if (!shown) return;
  const now = shown, property = now.system.data.properties.find((/** @type {any} */ each) => each.name === watched);
  const start = now.system.along(now.path)[now.step];
  const way = property ? now.system.nearestViolation(property, start) : null;
  if (!way) return say("Nothing that can happen from here violates it.");
  now.path = [...now.path.slice(0, now.step), ...way];
  go(now.path.length);
}

function toTheEnd() {
  if (!shown) return;
  const path = shown.path.slice(0, shown.step), seen = new Set();
  let state = shown.system.along(path)[path.length];
  while (!seen.has(state.join())) {
    seen.add(state.join());
    const move = shown.system.enabled(state).find((each) => shown && shown.system.data.moves[each].o);
    if (move === undefined) break;
    path.push(move);
    state = shown.system.after(state, move);
  }
  shown.path = path;
  go(path.length);
}

/** @param {string} text */
function say(text) {
  at("said").textContent = text;
}

// Rendering

function render() {
  if (!shown) return;
  const now = shown, { system, path, step, run } = now;
  const states = system.along(path);
  at("run-title").replaceChildren(named(now.name), run || watched ? " · " : "", named(watched));
  renderStory(now);
  renderBar(now);
  for (const each of ["run", "beside", "mermaid"]) {
    at(`tab-${each}`).setAttribute("aria-selected", String(each === tab));
    at(`tab-${each}`).tabIndex = each === tab ? 0 : -1;
    at(`panel-${each}`).hidden = each !== tab;
  }
  at("tab-beside").hidden = at("tab-mermaid").hidden = !run;
  if (tab === "beside") renderBeside(now);
  if (tab === "mermaid") at("mermaid").textContent = run ? run.mermaid : "";
  renderLanes(now, states);
  renderSteps(now, states);
  renderStanding(now, states);
  renderState(now, states);
  renderMoves(now, states);
  for (const cell of document.querySelectorAll("[data-run]"))
    if (cell.getAttribute("data-protocol") === now.name && cell.getAttribute("data-run") === watched) cell.setAttribute("aria-current", "true");
    else cell.removeAttribute("aria-current");
  const place = leaves(now);
  const told = path[step - 1] === undefined ? "the beginning" : sentence(now, path[step - 1]);
  say(`Step ${step} of ${path.length}: ${told}`);
  history.replaceState(null, "", link(now, place));
}

/** @param {Shown} now @param {number} place */
function link(now, place) {
  const parts = [`run=${encodeURIComponent(now.name)}/${encodeURIComponent(watched)}`, `step=${now.step}`];
  if (place >= 0) {
    const from = Math.min(place, now.path.length);
    let state = now.system.along(now.path.slice(0, from))[from];
    const indexes = now.path.slice(from).map((move) => {
      const index = now.system.enabled(state).indexOf(move);
      state = now.system.after(state, move);
      return index;
    });
    parts.push(`from=${from}`, `then=${indexes.join(".")}`);
  }
  return `#${parts.join("&")}`;
}

/** @param {Shown} now @param {number} move */
function sentence(now, move) {
  const { p, e } = now.system.data.moves[move], [label, text, component, fault] = now.system.data.events[e];
  return [nameOf(now, p), label, text, component && !text.includes("(") ? `on ${component}` : "", fault ? `fault ${fault}` : ""].filter(Boolean).join(" ");
}

/** @param {Shown} now @param {number} process @returns {string} */
function nameOf(now, process) {
  const name = now.system.data.processes[process];
  return (now.run && now.run.processes[name]) || name;
}

/** @param {Shown} now */
function renderStory(now) {
  const place = leaves(now), data = now.system.data, story = at("story");
  const size = data.whole
    ? `All ${data.states.toLocaleString("en")} states are in this page: at every step, choose what else could happen.`
    : "It has too many states for all of them to be in this page: of what else could have happened, it has the first step only.";
  at("scope").textContent = size;
  at("chances").hidden = !now.run || !now.run.likely;
  at("chances").textContent = `At the right of each step: how likely ${watched} is violated in the end, ${data.chances}.`;
  const kinds = data.injected.length, more = data.leftOut.length + data.breaking.length;
  at("faults").hidden = kinds + more === 0;
  at("faults-title").textContent = kinds ? `One fault can be injected into a run, of ${kinds} ${kinds > 1 ? "kinds" : "kind"}` : "No fault can be injected into a run of this page";
  at("faults-text").textContent = [kinds ? `${data.injected.join(", ")}.` : "",
    data.leftOut.length ? `There was no room for ${data.leftOut.join(", ")}: allow one with --faults KIND=1.` : "",
    data.breaking.length ? `With ${data.breaking.join(", ")} a rule is broken: see which with --faults KIND=1.` : ""].join(" ");
  const property = data.properties.find((/** @type {any} */ each) => each.name === watched);
  story.replaceChildren(
    el("p", {}, now.run ? now.run.sentence : property ? property.story : "Walk through any run that you like."),
    ...(now.run ? now.run.notes.map((/** @type {string} */ each) => el("p", {}, each)) : []),
  );
  at("left").hidden = place < 0 || !now.run;
  at("left-text").textContent = place < 0 ? "" : `This run leaves the counterexample after step ${place}. `;
}

/** @param {Shown} now */
function renderBar(now) {
  at("where").textContent = `Step ${now.step} of ${now.path.length}`;
  at("first").disabled = at("previous").disabled = now.step === 0;
  at("next").disabled = at("last").disabled = now.step === now.path.length;
}

/** The number of a process's colour: as it comes in the counterexample, then the others. @param {Shown} now @param {number} process */
function colour(now, process) {
  const { data } = now.system, order = [...new Set([...now.base.map((move) => data.moves[move].p), ...data.processes.keys()])];
  return order.indexOf(process) % 8;
}

/** @param {Shown} now @param {State[]} states */
function lanesOf(now, states) {
  const { data } = now.system;
  const processes = [...new Set(now.path.map((move) => data.moves[move].p))];
  const changed = data.components.map((/** @type {string} */ _, /** @type {number} */ index) => index)
    .filter((/** @type {number} */ index) => states.some((state) => state[index + now.system.firstComponent] !== states[0][index + now.system.firstComponent])
      || now.path.some((move) => data.events[data.moves[move].e][2].split(" and ").includes(data.components[index])));
  return { processes, components: changed };
}

/** @param {Shown} now @param {State[]} states */
function renderLanes(now, states) {
  const { processes, components } = lanesOf(now, states), { data } = now.system;
  const toggle = (/** @type {string} */ key, /** @type {any} */ attributes, /** @type {string} */ name) => el("button", {
    type: "button", "aria-pressed": String(!hidden.has(key)), ...attributes,
    onclick: () => { if (!hidden.delete(key)) hidden.add(key); render(); keep(key); }, "data-lane": key,
  }, named(name));
  at("lanes").replaceChildren(
    el("span", { class: "small soft", id: "lanes-label" }, "Show"),
    ...processes.map((p) => toggle(`p:${data.processes[p]}`, { class: "lane", style: `--lane: var(--l${colour(now, p)})` }, nameOf(now, p))),
    ...components.map((/** @type {number} */ c) => toggle(`c:${data.components[c]}`, { class: "lane of-component" }, data.components[c])),
  );
}
/** Keep the focus on a lane that was toggled. @param {string} key */
function keep(key) {
  const found = Array.from(document.querySelectorAll("[data-lane]")).find((each) => each.getAttribute("data-lane") === key);
  if (found instanceof HTMLElement) found.focus();
}

/** How far lanes are from each other, and whether those of components are shown. */
const room = () => (innerWidth < 640 ? { lane: 13, components: false } : { lane: 20, components: innerWidth >= 1020 });

/** @param {Shown} now @param {State[]} states */
function renderSteps(now, states) {
  const { system, path, run } = now, { data } = system;
  const all = lanesOf(now, states);
  const processes = all.processes.filter((p) => !hidden.has(`p:${data.processes[p]}`));
  const { lane } = room(), components = !room().components ? [] : all.components.filter((/** @type {number} */ c) => !hidden.has(`c:${data.components[c]}`));
  const place = leaves(now), search = at("search").value.trim().toLowerCase();
  const x = new Map([...processes.map((p, i) => /** @type {[string, number]} */ ([`p${p}`, 10 + i * lane])),
    ...components.map((/** @type {number} */ c, /** @type {number} */ i) => /** @type {[string, number]} */ ([`c${c}`, 10 + (processes.length + i) * lane + 8]))]);
  const width = 12 + (processes.length + components.length) * lane + (components.length ? 8 : 0);
  const rows = [];
  let matches = 0;
  if (components.length) rows.push(el("li", { class: "names", "aria-hidden": "true" }, laneNames(now, processes, components, x, width)));
  rows.push(el("li", {}, row(now, 0, x, width, null, states)));
  for (let number = 1; number <= path.length; number++) {
    const move = data.moves[path[number - 1]];
    if (run && place < 0 && run.cycleFrom === number - 1) rows.push(el("li", { class: "mark cycle" }, "from here on, for ever"));
    if (place === number - 1 && run && number > 1) rows.push(el("li", { class: "mark left" }, "here it leaves the counterexample"));
    if (hidden.has(`p:${data.processes[move.p]}`)) continue;
    const made = row(now, number, x, width, move, states);
    if (search && (made.textContent || "").toLowerCase().includes(search)) { made.classList.add("match"); matches++; }
    rows.push(el("li", {}, made));
    if (run && (place < 0 || place >= run.lostAt) && run.lostAt === number) rows.push(el("li", { class: "mark" }, "the race is lost here"));
  }
  if (run && place < 0 && run.cycleFrom === path.length) rows.push(el("li", { class: "mark cycle" }, "after that nothing happens any more"));
  at("steps").replaceChildren(...rows);
  at("found").textContent = search ? `${matches} found` : "";
}

/** @param {Shown} now @param {number[]} processes @param {number[]} components @param {Map<string, number>} x @param {number} width */
function laneNames(now, processes, components, x, width) {
  const { data } = now.system, names = [
    ...processes.map((p) => [nameOf(now, p), x.get(`p${p}`)]), ...components.map((c) => [data.components[c], x.get(`c${c}`)])];
  const height = 12 + Math.max(...names.map(([name]) => Math.min(String(name).length, 22))) * 4.4;
  return el("svg", { class: "lane-names", width, height, style: "margin-left: 2.1em" },
    names.map(([name, left]) => el("text", { transform: `translate(${Number(left) + 3} ${height - 3}) rotate(-42)` }, shortened(String(name), 22))));
}

/** @param {string} text @param {number} most */
const shortened = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

/** @param {Shown} now @param {number} number @param {Map<string, number>} x @param {number} width @param {Move | null} move @param {State[]} states */
function row(now, number, x, width, move, states) {
  const { system, step, run } = now, { data } = system, event = move ? data.events[move.e] : null;
  const late = run && run.lostAt !== null && leaves(now) < 0 && number > run.lostAt;
  const asked = event ? event[2].split(" and ").map((/** @type {string} */ name) => `c${data.components.indexOf(name)}`) : [];
  const gutter = el("svg", { class: "gutter", "aria-hidden": "true" });
  const space = el("span", { class: "room", style: `width: ${width}px` }, gutter);
  for (const [key, left] of x) {
    const index = Number(key.slice(1));
    gutter.append(key[0] === "p"
      ? el("line", { x1: left, x2: left, y1: 0, y2: "100%", style: lives(now, index, number) ? `stroke: var(--l${colour(now, index)})` : null, class: lives(now, index, number) ? null : "dim" })
      : el("line", { x1: left, x2: left, y1: 0, y2: "100%", class: "box" }));
  }
  if (move && x.has(`p${move.p}`)) {
    const left = /** @type {number} */ (x.get(`p${move.p}`)), ink = `var(--l${colour(now, move.p)})`;
    for (const key of asked) {
      const right = x.get(key);
      if (right === undefined) continue;
      gutter.append(el("line", { x1: left, x2: right, y1: 19, y2: 19, style: `stroke: ${ink}`, "stroke-dasharray": event[3] ? "3 3" : null }));
      gutter.append(el("rect", { x: right - 5, y: 14, width: 10, height: 10, rx: 2, style: `fill: ${changes(now, states, number).some((each) => each[0] === key) ? ink : "var(--sheet)"}; stroke: ${ink}; stroke-width: 2` }));
    }
    gutter.append(event[3]
      ? el("path", { d: `M${left - 6} 13l12 12m0-12l-12 12`, style: "stroke: var(--bad); stroke-width: 3" })
      : el("circle", { cx: left, cy: 19, r: 6, style: `fill: ${ink}` }));
  }
  return el("button", {
    type: "button", class: `step${number > step ? " later" : ""}${late ? " after-lost" : ""}`, "data-step": number,
    "aria-current": number === step ? "step" : null, onclick: () => go(number), style: move ? `--lane: var(--l${colour(now, move.p)})` : null,
  },
  el("span", { class: "no" }, number ? String(number) : ""), space,
  el("span", { class: "what" }, event && move ? told(now, move, event) : el("span", { class: "soft" }, "The beginning"),
    changes(now, states, number).filter(([key]) => !hidden.has(`c:${data.components[Number(key.slice(1))]}`)).map(([key, value]) =>
      el("span", { class: "change" }, named(data.components[Number(key.slice(1))]), ": ", el("b", {}, named(value))))),
  chance(now, number));
}

/** How likely the violation still is after a step of the counterexample. @param {Shown} now @param {number} number */
function chance(now, number) {
  const place = leaves(now);
  if (!now.run || !now.run.likely || (place >= 0 && number > place)) return "";
  return el("span", { class: "chance" }, el("span", { class: "sr" }, "then violated with a probability of "), now.run.likely[number]);
}

/** @param {Shown} now @param {any} move @param {string[]} event */
function told(now, move, event) {
  return [el("span", { class: "who" }, named(nameOf(now, move.p))), " ", event[0] ? el("span", { class: "tag" }, event[0]) : "",
    named(event[1]), event[3] ? el("span", { class: "fault" }, "fault: ", event[3]) : ""];
}

/** Whether a process is at work around a step. @param {Shown} now @param {number} process @param {number} number */
function lives(now, process, number) {
  const { data } = now.system, mine = now.path.map((move, index) => (data.moves[move].p === process ? index + 1 : 0)).filter(Boolean);
  return mine.length > 0 && number >= mine[0] && number <= mine[mine.length - 1];
}

/** @param {Shown} now @param {State[]} states @param {number} number @returns {[string, string][]} */
function changes(now, states, number) {
  if (!number) return [];
  const { data, firstComponent } = now.system;
  return data.components.map((/** @type {string} */ _, /** @type {number} */ c) => [`c${c}`, c + firstComponent])
    .filter((/** @type {[string, number]} */ [, field]) => states[number][field] !== states[number - 1][field])
    .map((/** @type {[string, number]} */ [key, field]) => [key, data.values[field - firstComponent][states[number][field]]]);
}

/** @param {Shown} now @param {State[]} states */
function renderStanding(now, states) {
  const { system, step } = now;
  at("standing").replaceChildren(...system.data.properties.map((/** @type {any} */ property) => {
    const standing = system.standing(property, step ? states[step - 1] : null, states[step]);
    const [sign, usual] = WORDS[/** @type {keyof typeof WORDS} */ (standing.code)];
    const words = standing.code === "safe" ? system.data.safe : usual;
    let earlier = 0;
    if (standing.code !== "violated") for (let n = 1; n < step && !earlier; n++)
      if (["always", "step"].includes(property.kind) && system.phrase(property, states[n - 1], states[n])) earlier = n;
    return el("li", { class: earlier ? "violated" : standing.code, title: property.meaning, "data-property": property.name, "data-standing": earlier ? "violated" : standing.code },
      el("span", { class: "sign", "aria-hidden": "true" }, earlier ? "✗" : sign),
      el("span", {}, named(property.name), ": ", el("em", {}, earlier ? `was violated at step ${earlier}` : words),
        standing.phrase && !earlier ? el("span", { class: "why" }, named(standing.phrase)) : ""));
  }));
}

/** @param {Shown} now @param {State[]} states */
function renderState(now, states) {
  const { system, step } = now, { data, firstComponent, firstBudget } = system;
  const before = states[Math.max(step - 1, 0)], after = states[step];
  /** @type {any[]} */
  let rows = [];
  const add = (/** @type {any} */ head, /** @type {string} */ old, /** @type {string} */ value, key = "") => {
    if (hidden.has(key)) return;
    rows.push(el("tr", { class: old === value ? "" : "changed", "data-name": head }, el("th", { scope: "row" }, named(head)), el("td", {}, named(old)), el("td", {}, named(value))));
  };
  const { components, processes } = lanesOf(now, states);
  data.components.forEach((/** @type {string} */ name, /** @type {number} */ c) => components.includes(c) &&
    add(name, data.values[c][before[c + firstComponent]], data.values[c][after[c + firstComponent]], `c:${name}`));
  at("state").replaceChildren(...rows);
  rows = [];
  data.processes.forEach((/** @type {string} */ name, /** @type {number} */ p) => {
    const waits = (/** @type {State} */ state) => data.waits[p][state[p]] ? `waits for ${data.waits[p][state[p]]}` : "has ended";
    if (before[p] || after[p] || processes.includes(p)) add(nameOf(now, p), waits(before), waits(after), `p:${name}`);
  });
  data.budgets.forEach(([kind, budget] = ["", 0], /** @type {number} */ b) => {
    const left = (/** @type {State} */ state) => (budget < 0 ? "any number" : `${state[b + firstBudget]} left`);
    if (!data.oneFault) add(`fault ${kind}`, left(before), left(after));
  });
  at("standing-places").replaceChildren(...rows);
}

/** @param {Shown} now @param {State[]} states */
function renderMoves(now, states) {
  const { system, step, path } = now, { data } = system, state = states[step];
  const property = data.properties.find((/** @type {any} */ each) => each.name === watched) || data.properties[0];
  const enabled = system.enabled(state);
  at("moves").replaceChildren(...enabled.map((number, index) => {
    const move = data.moves[number], after = system.after(state, number);
    const { code } = property ? system.standing(property, state, after) : { code: "unknown" };
    const was = property ? system.standing(property, step ? states[step - 1] : null, state).code : "unknown";
    const said = code === "violated" ? "violates it" : code === "lost" && was !== "lost" ? "then it is lost" : code === "safe" && was !== "safe" ? `then it ${data.safe}` : "";
    return el("li", {}, el("button", {
      type: "button", class: `move${path[step] === number ? " taken" : ""}${move.b >= 0 ? " is-fault" : ""}`, "data-move": number, style: `--lane: var(--l${colour(now, move.p)})`, onclick: () => choose(number),
    }, el("span", { class: "no" }, index < 9 ? String(index + 1) : ""), el("span", {}, told(now, move, data.events[move.e]),
      path[step] === number ? el("span", { class: "sr" }, " (as in this run)") : "",
      said ? el("span", { class: `leads ${code === "safe" ? "good" : "bad"}` }, "→ ", said) : "")));
  }));
  at("no-moves").hidden = enabled.length > 0;
  at("no-moves").textContent = data.whole ? "Nothing can happen any more." : "What could happen here is not in this page, which knows one step beside the run only.";
}

/** @param {Shown} now */
function renderBeside(now) {
  const { system, run } = now, body = at("aligned");
  if (!run.nearest) {
    at("beside-text").textContent = system.data.whole ? "Nothing could have avoided it from the beginning." : "Which run that holds is nearest is not known: there are too many states.";
    body.replaceChildren();
    at("aligned-table").hidden = true;
    return;
  }
  const one = now.base, other = system.moves(run.nearest);
  const alike = (/** @type {number} */ move) => system.data.moves[move].p * 1e6 + system.data.moves[move].e;
  const pairs = aligned(one.map(alike), other.map(alike));
  const first = pairs.findIndex(([i, j]) => i < 0 || j < 0 || one[i] !== other[j] || i !== j);
  at("aligned-table").hidden = false;
  at("beside-text").textContent = `They part after step ${first}; from there, this is the shortest way to where the property holds for good.`;
  const cell = (/** @type {number[]} */ moves, /** @type {number} */ place) => el("td", {}, place < 0 ? "" : [`${place + 1} `, el("span", { style: `--lane: var(--l${colour(now, system.data.moves[moves[place]].p)})` }, told(now, system.data.moves[moves[place]], system.data.events[system.data.moves[moves[place]].e]))]);
  body.replaceChildren(...pairs.map(([i, j], index) => el("tr", { class: `${i < 0 || j < 0 ? "only" : "alike"}${index === first ? " diverges" : ""}` }, cell(one, i), cell(other, j))));
}

// Links, keys and buttons

async function follow() {
  const given = new Map(location.hash.slice(1).split("&").map((part) => /** @type {[string, string]} */ (part.split("=").concat("").slice(0, 2))));
  const [name, property] = (given.get("run") || "").split("/").map(decoded);
  const number = (/** @type {string} */ key, /** @type {number} */ usual) => (/^\d+$/.test(given.get(key) || "") ? Number(given.get(key)) : usual);
  const then = (given.get("then") || "").split(".").filter(Boolean).map(Number);
  const start = at("run").dataset;
  at("failed").hidden = true;
  try {
    if (name) await show(name, property || "", number("step", 0), number("from", -1), then);
    else if (given.has("step") && shown) go(number("step", 0));
    else if (start.protocol) await show(start.protocol, start.property || "", number("step", Number(start.step)));
  } catch (error) {
    at("failed").hidden = false;
    at("failed").textContent = `This cannot be shown: ${error instanceof Error ? error.message : error}.`;
  }
}

/** @param {string} text */
function decoded(text) {
  try { return decodeURIComponent(text); } catch { return text; }
}

/** @param {KeyboardEvent} event */
function key(event) {
  const target = event.target;
  if (event.ctrlKey || event.metaKey || event.altKey || !shown) return;
  if (target instanceof HTMLInputElement) {
    if (event.key === "Escape") target.blur();
    if (event.key === "Enter") toMatch();
    return;
  }
  if (target instanceof Element && target.closest("[role=tablist]") && event.key.startsWith("Arrow")) return;
  const steps = { ArrowRight: 1, ArrowDown: 1, j: 1, ArrowLeft: -1, ArrowUp: -1, k: -1 };
  if (event.key in steps) go(shown.step + steps[/** @type {keyof typeof steps} */ (event.key)]);
  else if (event.key === "Home") go(0);
  else if (event.key === "End") go(shown.path.length);
  else if (/^[1-9]$/.test(event.key)) {
    const move = shown.system.enabled(shown.system.along(shown.path)[shown.step])[Number(event.key) - 1];
    if (move !== undefined) choose(move);
  } else if (event.key === "b") back();
  else if (event.key === "n") toViolation();
  else if (event.key === "/") at("search").focus();
  else return;
  event.preventDefault();
}

function toMatch() {
  const found = Array.from(document.querySelectorAll(".step.match")).map((each) => Number(each.getAttribute("data-step")));
  const next = found.find((each) => shown && each > shown.step) ?? found[0];
  if (next !== undefined) go(next);
}

/** @param {string} name */
function select(name) {
  tab = name;
  render();
  at(`tab-${name}`).focus();
}

function begin() {
  for (const cell of document.querySelectorAll("button[data-run]"))
    cell.addEventListener("click", () => {
      const property = cell.getAttribute("data-run") || "";
      show(cell.getAttribute("data-protocol") || "", property, Number(cell.getAttribute("data-step") || 0)).then(() => at("run").scrollIntoView());
    });
  const does = { first: () => go(0), previous: () => go((shown ? shown.step : 0) - 1), next: () => go((shown ? shown.step : 0) + 1), last: () => go(shown ? shown.path.length : 0), back, violation: toViolation, end: toTheEnd };
  for (const [id, action] of Object.entries(does)) at(id).addEventListener("click", action);
  for (const name of ["run", "beside", "mermaid"]) at(`tab-${name}`).addEventListener("click", () => select(name));
  at("tabs").addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
    const names = ["run", "beside", "mermaid"].filter((each) => !at(`tab-${each}`).hidden), turn = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (turn) select(names[(names.indexOf(tab) + turn + names.length) % names.length]);
  });
  at("search").addEventListener("input", () => render());
  at("copy").addEventListener("click", () => navigator.clipboard.writeText(at("mermaid").textContent).then(() => say("Copied."), () => getSelection()?.selectAllChildren(at("mermaid"))));
  at("theme").addEventListener("click", () => dress(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
  document.addEventListener("keydown", key);
  addEventListener("hashchange", follow);
  let was = JSON.stringify(room());
  addEventListener("resize", () => { const now = JSON.stringify(room()); if (now !== was) render(); was = now; });
  follow();
}

/** @param {string} theme */
function dress(theme) {
  document.documentElement.dataset.theme = theme;
  at("theme").setAttribute("aria-pressed", String(theme === "dark"));
}

dress(matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
begin();
