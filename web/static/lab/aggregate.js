// The Aggregate lens: the events of one order and what they add up to.

import { h, once } from './dom.js';

/** @typedef {import('./types.js').Board} Board */

export class AggregateLens {
  /** @param {HTMLElement} root @param {import('./app.js').App} app */
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.summary = h('p', { class: 'vh' });
    this.figure = h('div', { class: 'aggregate' });
    root.append(this.summary, this.figure);
  }

  /** @param {Board} board */
  draw(board) {
    if (!this.app.follow.front) once(this.figure, 'empty', () => [h('p', { class: 'mut' }, 'Place an order and its events stand here.')]);
    void board;
  }

  /** The figure in words. @param {Board} board */
  describe(board) { void board; }
}
