// An experiment beyond the shop: the same done with its switch and without, and
// what was counted, side by side.

import { h, once } from './dom.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {{name: string, title: string, switch: string, ask: string, file: string, explain: string}} Offered */
/** @typedef {{name: string, on: boolean, facts: {name: string, value: number, unit?: string, bad?: boolean}[], because: string, steps: string[]}} Result */

export class Trial {
  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.app = app;
    /** @type {Offered[]} */
    this.list = [];
    this.asked = false;
    this.root = h('section', { class: 'trial', 'aria-label': 'Experiment', hidden: true });
  }

  async fetch() {
    if (this.asked) return;
    this.asked = true;
    const response = await fetch('/api/experiments').catch(() => undefined);
    if (!response?.ok) { this.asked = false; return; }
    this.list = await response.json();
    this.app.store.invalidate();
  }

  /** @param {Board} board @param {string} file the source that is shown */
  draw(board, file) {
    this.fetch();
    const one = this.list.find((experiment) => experiment.file === file);
    this.root.hidden = !one;
    if (!one) return;
    const results = /** @type {Result[]} */ (board.experiments ?? []).filter((result) => result.name === one.name);
    const [without, within] = [false, true].map((on) => results.find((result) => result.on === on));
    once(this.root, JSON.stringify([one.name, results, this.app.past()]), () => {
      const names = (within ?? without)?.facts.map((fact) => fact.name) ?? [];
      const cell = (/** @type {Result | undefined} */ result, /** @type {string} */ name) => {
        const fact = result?.facts.find((f) => f.name === name);
        return h('td', {}, !fact ? h('span', { class: 'mut' }, '?') : fact.bad ? h('b', { class: 'w' }, value(fact)) : value(fact));
      };
      const head = (/** @type {boolean} */ on) => h('th', { scope: 'col' }, h('button', { type: 'button', class: 'btn sm', 'data-act': true, 'data-do': on ? 'with' : 'without', onclick: (/** @type {any} */ e) => this.run(e.currentTarget, one.name, on) }, on ? 'Try it with' : 'Try it without'));
      return [
        h('p', { class: 'trialask' }, one.ask),
        h('p', { class: 'mut' }, h('b', {}, 'The switch: '), `${one.switch}.`),
        h('div', { class: 'tscroll' }, h('table', { class: 't' }, h('thead', {}, h('tr', {}, h('td', {}, names.length ? 'counted' : 'Make your bet, then try both.'), head(false), head(true))),
          h('tbody', {}, ...names.map((name) => h('tr', {}, h('th', { scope: 'row' }, name), cell(without, name), cell(within, name)))))),
        h('p', { class: 'refused', hidden: true }),
        ...[without, within].map((result) => (result ? h('p', { class: `because${result.facts.some((fact) => fact.bad) ? '' : ' stale'}` }, h('b', {}, result.on ? 'With it: ' : 'Without it: '), `${result.because}.`) : '')),
        without && within ? h('p', { class: 'serif' }, one.explain) : '',
      ];
    });
  }

  /** @param {HTMLElement} button @param {string} name @param {boolean} on */
  run(button, name, on) { return this.app.press(button, { experiment: { name, with: on } }); }
}

/** @param {{value: number, unit?: string}} fact */
const value = (fact) => (fact.unit ? `${fact.value} ${fact.unit}` : String(fact.value));
