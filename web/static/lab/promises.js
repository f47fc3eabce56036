// The row of promises: what the shop promises, and whether it holds. A broken
// one names its evidence.

import { h, icon, keyed, once, set } from './dom.js';
import { PROMISES } from './words.js';

/** @typedef {import('./types.js').Board} Board */

const ICONS = { holds: 'ok', broken: 'x', pending: 'dots' };

export class Promises {
  /** @param {HTMLElement} root @param {import('./app.js').App} app */
  constructor(root, app) {
    this.root = root;
    this.app = app;
    // On a phone the whole row is too long: the count stands for it.
    this.sum = h('li', { class: 'sum only-s' }, h('button', { type: 'button', onclick: () => root.classList.toggle('all') }));
    root.append(this.sum);
  }

  /** @param {Board} board */
  draw(board) {
    const list = Object.keys(PROMISES).map((id) => ({ id, verdict: board.invariants?.[id] })).filter((one) => one.verdict);
    const holds = list.filter((one) => one.verdict.state === 'holds').length;
    once(this.sum.firstChild, `${holds} ${list.length}`, () => [icon(holds === list.length ? 'ok' : 'dots'), `${holds} of ${list.length} promises hold`]);
    keyed(this.root, list, (one) => one.id, (one) => {
      const button = h('button', { type: 'button', onclick: () => this.app.inspect({ type: 'promise', id: one.id }, button) });
      return h('li', {}, button);
    }, (li, { id, verdict }) => {
      const button = li.firstChild;
      const open = id === 'every-order-ends' && verdict.state === 'pending' ? `: ${board.counts?.open ?? 0} open` : '';
      set(li, 'data-state', verdict.state);
      set(button, 'data-state', verdict.state);
      set(button, 'id', `promise-${id}`);
      set(button, 'title', this.app.say(verdict.because) || null);
      once(button, `${verdict.state}${open}`, () => [icon(ICONS[verdict.state] ?? 'dots'), PROMISES[id], h('span', { class: 'howmany' }, open), h('span', { class: 'vh' }, `, ${verdict.state}`)]);
    });
  }
}
