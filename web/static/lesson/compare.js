// Two fresh labs do the same, and their outcomes stand side by side.

import { act, post, values, words } from './lab.js';
import { h, text } from '../lab/dom.js';

const SETTLE = '30s';
const SIDES = ['before', 'after'];

export class Compare {
  /** @param {HTMLElement} node @param {string} lesson */
  constructor(node, lesson) {
    this.node = node;
    this.lesson = lesson;
    this.button = /** @type {HTMLButtonElement} */ (node.querySelector('[data-run]'));
    this.refused = /** @type {HTMLElement} */ (node.querySelector('[data-refused]'));
    this.said = /** @type {HTMLElement} */ (node.querySelector('[data-said]'));
    this.rows = /** @type {HTMLElement[]} */ ([...node.querySelectorAll('tr[data-expr]')]);
    /** @type {string[]} labs of the last time, by side */
    this.labs = [];
    this.button.addEventListener('click', () => this.run());
  }

  async run() {
    if (this.button.hasAttribute('aria-busy')) return;
    this.button.setAttribute('aria-busy', 'true');
    this.refused.hidden = true;
    delete this.node.dataset.over;
    text(this.said, 'Both run now, each in a lab of its own.');
    for (const row of this.rows) row.removeAttribute('data-differs');
    await Promise.all(this.labs.map((id) => fetch(`/api/labs/${encodeURIComponent(id)}`, { method: 'DELETE' }).catch(() => undefined)));
    this.labs = [];
    const failed = (await Promise.allSettled(SIDES.map((side, i) => this.side(side, i)))).find((one) => one.status === 'rejected');
    if (failed) {
      this.refused.hidden = false;
      text(this.refused, /** @type {any} */ (failed).reason.message);
      text(this.said, 'Press the button to try again.');
    } else this.told();
    this.button.removeAttribute('aria-busy');
    text(this.button.querySelector('span'), 'Run both again');
    this.node.dataset.over = '';
  }

  told() {
    let differ = 0;
    for (const row of this.rows) {
      const [before, after] = [...row.querySelectorAll('td')].map((cell) => cell.textContent);
      row.toggleAttribute('data-differs', before !== after);
      if (before !== after) differ++;
    }
    const links = this.labs.flatMap((id, i) => [i ? ', ' : '', h('a', { href: `/lab/~${encodeURIComponent(id)}` }, this.head(SIDES[i]).querySelector('b')?.textContent ?? SIDES[i])]);
    this.said.replaceChildren(`${differ} of ${this.rows.length} came out differently. Look into both labs: `, ...links, '.');
  }

  /** @param {string} side @returns {HTMLElement} */
  head(side) { return /** @type {HTMLElement} */ (this.node.querySelector(`th[data-side=${side}]`)); }

  /** @param {string} side @param {number} place */
  async side(side, place) {
    const head = this.head(side);
    const progress = /** @type {HTMLElement} */ (head.querySelector('[data-progress]'));
    const cells = this.rows.map((row) => /** @type {HTMLElement} */ (row.querySelector(`td[data-side=${side}]`)));
    for (const cell of cells) text(cell, '–');
    text(progress, 'the lab starts …');
    try {
      const { id } = await post(`/api/lessons/${encodeURIComponent(this.lesson)}/compare/${this.node.dataset.compare}/${side}`);
      this.labs[place] = id;
      const steps = JSON.parse(head.dataset.do ?? '[]');
      for (let i = 0; i < steps.length; i++) {
        text(progress, `${i + 1} of ${steps.length}: ${named(steps[i])}`);
        await act(id, steps[i]);
      }
      text(progress, 'until nothing moves any more …');
      const settled = await act(id, { wait_until: { expr: 'settled', within: SETTLE } }).then(() => true, () => false);
      const now = await values(id, this.rows.map((row) => row.dataset.expr ?? ''));
      cells.forEach((cell, i) => { text(cell, words(now[i])); cell.toggleAttribute('data-broken', now[i] === 'broken'); });
      text(progress, settled ? 'done' : 'looked at while it still moves');
    } catch (problem) {
      text(progress, 'not done');
      throw problem;
    }
  }
}

/** An action in words. @param {any} action */
function named(action) { return (typeof action === 'string' ? action : Object.keys(action)[0] ?? '').replaceAll('_', ' '); }
