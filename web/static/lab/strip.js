// The strip of staleness: how many events the read model did not have, over the
// last half minute of lab time, up to the moment that is shown.

import { h, s, set, text } from './dom.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {{from: number, to: number, seq: number, points: {at: number, lag: number}[], most: number}} Staleness */

const WHILE = 30_000; // ms of lab time
const PAUSE = 400; // ms between two questions
const [W, H, TOP] = [1000, 60, 4];

export class Strip {
  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.app = app;
    this.now = h('span', { class: 'end' });
    this.line = s('path', { class: 'staleline', 'vector-effect': 'non-scaling-stroke' });
    this.area = s('path', { class: 'stalearea' });
    this.grid = s('path', { class: 'hair', 'vector-effect': 'non-scaling-stroke', d: `M0 ${H - 1}H${W}M0 ${H / 2 + 2}H${W}M0 ${TOP}H${W}` });
    const hatch = s('pattern', { id: 'stalehatch', width: 6, height: 6, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' }, s('rect', { width: 2, height: 6, fill: 'currentColor' }));
    this.svg = s('svg', { viewBox: `0 0 ${W} ${H}`, preserveAspectRatio: 'none', role: 'img' }, s('defs', {}, hatch), this.grid, this.area, this.line);
    this.node = h('div', { class: 'stalefig' },
      h('div', { class: 'figh' }, h('h3', {}, 'Staleness'), h('span', { class: 'sub' }, 'events not yet applied, last 30 s'), this.now),
      this.svg, h('div', { class: 'stalex', 'aria-hidden': 'true' }, h('span', {}, '30 s ago'), h('span', {}, 'this moment')));
    /** @type {Staleness | undefined} */
    this.told = undefined;
    this.asked = '';
    this.busy = false;
  }

  /** @param {Board} board */
  draw(board) {
    this.ask(board);
    if (!this.told) return;
    // Between two answers the newest number goes on.
    const to = this.app.past() ? board.lab_time : Math.max(this.told.to, Math.round(this.app.store.now()));
    const from = Math.max(0, to - WHILE);
    const points = [...this.told.points];
    if (this.told.seq !== board.seq && points.at(-1)?.lag !== board.read_model.lag) points.push({ at: Math.max(board.lab_time, points.at(-1)?.at ?? 0), lag: board.read_model.lag });
    const most = Math.max(2, this.told.most, board.read_model.lag);
    const x = (/** @type {number} */ at) => (W * (Math.max(at, from) - (to - WHILE))) / WHILE;
    const y = (/** @type {number} */ lag) => H - 1 - ((H - 1 - TOP) * lag) / most;
    let d = '';
    for (const { at, lag } of points) d += d ? `H${x(at).toFixed(1)}V${y(lag).toFixed(1)}` : `M${x(at).toFixed(1)} ${y(lag).toFixed(1)}`;
    set(this.line, 'd', `${d}H${x(to).toFixed(1)}`);
    // Hatched from where it was last up to date, if it is not now.
    const fresh = points.findLastIndex((point) => point.lag === 0);
    const late = board.read_model.lag > 0 ? points.slice(fresh + 1) : [];
    let area = '';
    for (const { at, lag } of late) area += area ? `H${x(at).toFixed(1)}V${y(lag).toFixed(1)}` : `M${x(at).toFixed(1)} ${H - 1}V${y(lag).toFixed(1)}`;
    set(this.area, 'd', area ? `${area}H${x(to).toFixed(1)}V${H - 1}z` : null);
    const words = `now ${board.read_model.lag}, most ${Math.max(this.told.most, board.read_model.lag)}`;
    text(this.now, words);
    set(this.svg, 'aria-label', `Events not yet applied over the last 30 seconds: ${words}.`);
  }

  /** Asks for the line, not more often than it can be seen to change. @param {Board} board */
  async ask(board) {
    const want = this.app.past() ? `at=${board.seq}` : `at=${board.seq}&to=${Math.round(this.app.store.now())}`;
    if (this.busy || this.asked === `${this.app.past()} ${board.seq}`) return;
    this.busy = true;
    this.asked = `${this.app.past()} ${board.seq}`;
    try {
      const response = await fetch(`${this.app.base}/staleness?${want}&last=${WHILE}`);
      if (response.ok) this.told = await response.json();
    } catch { /* not connected: the line stays as it was */ }
    setTimeout(() => { this.busy = false; this.app.store.invalidate(); }, this.app.past() ? 0 : PAUSE);
    this.app.store.invalidate();
  }
}
