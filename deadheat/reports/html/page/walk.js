// @ts-check
"use strict";
// Walks the transition tables of one checked protocol. No part of this knows that it is in a page.
//
// A state is a list of numbers: one a process (where it stands), a component (which value) and a budget (what is left
// of a fault's). States are numbered breadth first, as `deadheat/scenarios/state_graph.py` does it, so that how a
// property stands in a state can be looked up by the state's number.

/** @typedef {number[]} State */
/** @typedef {{p: number, c: number[], d: number[][], b: number, o: number, e: number}} Move */
/** @typedef {{code: string, phrase: string}} Standing */

const REACHABLE = 1, BY_FAULT = 2, LOST = 4, VIOLATED = 8;

class System {
  /** @param {any} data what `deadheat/reports/html/system.py` makes of a protocol */
  constructor(data) {
    this.data = data;
    /** @type {State} */
    this.initial = data.initial;
    this.firstComponent = data.processes.length;
    this.firstBudget = this.firstComponent + data.components.length;
    /** @type {Map<string, number> | null} */
    this.numbers = null;
  }

  /** The moves that can be made in a state, by their numbers, in the order of the tables.
   * @param {State} state @returns {number[]} */
  enabled(state) {
    const found = [];
    const used = this.data.oneFault && this.hasFailed(state);
    for (let process = 0; process < this.firstComponent; process++) {
      for (const [read, learned] of this.data.rows[process][state[process]] || []) {
        for (const number of learned[read.map((/** @type {number} */ field) => state[field]).join(",")] || []) {
          const budget = this.data.moves[number].b;
          if (budget < 0 || (state[budget] !== 0 && !used)) found.push(number);
        }
      }
    }
    return found;
  }

  /** @param {State} state */
  hasFailed(state) {
    return state.some((value, field) => field >= this.firstBudget && value !== this.initial[field]);
  }

  /** @param {State} state @param {number} number @returns {State} */
  after(state, number) {
    const next = state.slice();
    for (const [field, change] of this.data.moves[number].d) next[field] += change;
    return next;
  }

  /** The states that moves lead through, from the initial one on.
   * @param {number[]} moves @returns {State[]} */
  along(moves) {
    const states = [this.initial];
    for (const move of moves) states.push(this.after(states[states.length - 1], move));
    return states;
  }

  /** The moves that are meant by choices: a process, which of its operations, and which of that one's steps.
   * @param {number[][]} choices @returns {number[]} */
  moves(choices) {
    const found = [];
    let state = this.initial;
    for (const [process, alternative, branch] of choices) {
      const move = this.enabled(state).find((number) => {
        const each = this.data.moves[number];
        return each.p === process && each.c[0] === alternative && each.c[1] === branch;
      });
      if (move === undefined) break;
      found.push(move);
      state = this.after(state, move);
    }
    return found;
  }

  /** The number of a state; -1 where the page has not the whole graph.
   * @param {State} state */
  number(state) {
    if (!this.data.whole) return -1;
    if (this.numbers === null) this.numbers = this.enumerated();
    const number = this.numbers.get(state.join());
    return number === undefined ? -1 : number;
  }

  enumerated() {
    const numbers = new Map([[this.initial.join(), 0]]);
    const waiting = [this.initial];
    for (let next = 0; next < waiting.length; next++) {
      for (const move of this.enabled(waiting[next])) {
        const after = this.after(waiting[next], move);
        const key = after.join();
        if (!numbers.has(key)) {
          numbers.set(key, numbers.size);
          waiting.push(after);
        }
      }
    }
    return numbers;
  }

  /** Whether the page knows what can happen in a state.
   * @param {State} state */
  isKnown(state) {
    return this.data.whole || this.enabled(state).length > 0;
  }

  /** What is wrong, if anything is; of a property of steps, with the step that leads from `before`.
   * @param {any} property @param {State | null} before @param {State} state @returns {string} */
  phrase(property, before, state) {
    const content = (/** @type {State} */ each) => property.reads.map((/** @type {number} */ f) => each[f]).join(",");
    if (property.kind === "step" && before === null) return "";
    const key = property.kind === "step" ? `${content(/** @type {State} */ (before))}>${content(state)}` : content(state);
    const number = property.said[key];
    return number === undefined ? "" : property.phrases[number];
  }

  /** How a property stands after a step, and why.
   * @param {any} property @param {State | null} before @param {State} state @returns {Standing} */
  standing(property, before, state) {
    const phrase = this.phrase(property, before, state);
    const number = property.standing === null ? -1 : this.number(state);
    const bits = number < 0 ? -1 : parseInt(property.standing[number], 16);
    if (property.kind === "step" && phrase) return { code: "violated", phrase };
    if (property.kind === "always" && phrase) return { code: "violated", phrase };
    if (bits < 0) return { code: phrase ? "present" : "unknown", phrase };
    if (bits & VIOLATED) return { code: "violated", phrase };
    if (bits & LOST) return { code: "lost", phrase };
    if (phrase) return { code: "present", phrase };
    if (bits & REACHABLE) return { code: "possible", phrase };
    return { code: bits & BY_FAULT ? "by-fault" : "safe", phrase };
  }

  /** The fewest moves by which a property comes to be violated, without a fault if that can be; null if none do.
   * @param {any} property @param {State} start @returns {number[] | null} */
  nearestViolation(property, start) {
    return this.nearest(property, start, false) || this.nearest(property, start, true);
  }

  /** @param {any} property @param {State} start @param {boolean} faults @returns {number[] | null} */
  nearest(property, start, faults) {
    /** @type {Map<string, [string, number] | null>} */
    const cameBy = new Map([[start.join(), null]]);
    const waiting = [start];
    for (let next = 0; next < waiting.length; next++) {
      const state = waiting[next];
      for (const move of this.enabled(state)) {
        if (this.data.moves[move].b >= 0 && !faults) continue;
        const after = this.after(state, move), key = after.join();
        const violates = this.standing(property, state, after).code === "violated";
        if (cameBy.has(key) && !violates) continue;
        if (violates) {
          const way = [move];
          for (let back = cameBy.get(state.join()); back; back = cameBy.get(back[0])) way.unshift(back[1]);
          return way;
        }
        cameBy.set(key, [state.join(), move]);
        waiting.push(after);
      }
    }
    return null;
  }
}

/** Two runs side by side: pairs of places in them, -1 for none, with as many alike as can be.
 * @param {number[]} one @param {number[]} other @returns {number[][]} */
function aligned(one, other) {
  const best = Array.from({ length: one.length + 1 }, () => new Array(other.length + 1).fill(0));
  for (let i = one.length - 1; i >= 0; i--)
    for (let j = other.length - 1; j >= 0; j--)
      best[i][j] = one[i] === other[j] ? best[i + 1][j + 1] + 1 : Math.max(best[i + 1][j], best[i][j + 1]);
  const pairs = [];
  let i = 0, j = 0;
  while (i < one.length || j < other.length) {
    if (i < one.length && j < other.length && one[i] === other[j]) pairs.push([i++, j++]);
    else if (j >= other.length || (i < one.length && best[i + 1][j] >= best[i][j + 1])) pairs.push([i++, -1]);
    else pairs.push([-1, j++]);
  }
  return pairs;
}

/** @param {string} text base64 of what zlib has compressed @returns {Promise<any>} */
async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (each) => each.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return JSON.parse(await new Response(stream).text());
}
