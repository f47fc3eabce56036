// Time: freeze and run, step, speed, and the clock of the lab.

import { h, icon, once, set, text } from './dom.js';
import { clock, count } from './words.js';

/** @typedef {import('./types.js').Board} Board */

/** @type {[number, string][]} */
const SPEEDS = [[4, '4×'], [2, '2×'], [1, '1×'], [0.5, '½'], [0.25, '¼'], [0.1, '⅒']];
const ON_A_PHONE = new Set([1, 0.25]);

export class Transport {
  /** @param {import('./app.js').App} app @param {{run: any, step: any, state: any, clock: any, moment: any, speeds: any}} parts */
  constructor(app, parts) {
    this.app = app;
    this.parts = parts;
    parts.run.addEventListener('click', () => this.toggle());
    parts.step.addEventListener('click', () => this.step());
    parts.speeds.append(h('span', {}, 'Speed'), ...SPEEDS.map(([factor, label]) => h('button', {
      type: 'button', 'data-factor': factor, 'data-short': ON_A_PHONE.has(factor), 'aria-pressed': 'false', 'aria-label': `speed ${factor}`,
      onclick: (/** @type {any} */ e) => app.press(e.currentTarget, { speed: { factor } }),
    }, label)));
    const tick = () => {
      if (!document.hidden && app.store.board) text(parts.clock, clock(app.store.now()));
      setTimeout(tick, 100);
    };
    tick();
  }

  toggle() { if (!this.parts.run.disabled && !this.app.past()) return this.app.press(this.parts.run, this.app.board.state === 'frozen' ? 'thaw' : 'freeze'); }

  async step() {
    if (this.parts.step.disabled || this.app.past()) return;
    if (this.app.board.state !== 'frozen' && !(await this.app.press(this.parts.step, 'freeze'))) return;
    await this.app.press(this.parts.step, 'step');
  }

  /** @param {Board} board */
  draw(board) {
    const { run, step, state, moment, speeds } = this.parts;
    const frozen = board.state === 'frozen';
    once(run, board.state, () => [icon(frozen ? 'play' : 'pause'), h('span', {}, frozen ? 'Run' : 'Freeze')]);
    const lost = this.app.lost !== '';
    once(state, `${board.state} ${lost}`, () => [lost ? h('span', { class: 'chip plain', 'data-state': 'lost' }, icon('x'), 'NO LINK') : board.state === 'live' ? h('span', { class: 'chip plain', 'data-state': 'live' }, icon('play'), 'LIVE') : frozen ? h('span', { class: 'chip waiting', 'data-state': 'frozen' }, icon('pause'), 'FROZEN') : h('span', { class: 'chip plain' }, icon('stop'), 'STOPPED')]);
    text(moment, board.held?.length ? 'a breakpoint stopped it; see the message on the left' : frozen ? `${count(board.seq, 'event')} so far; nothing moves until you step or run` : '');
    for (const button of speeds.querySelectorAll('button')) set(button, 'aria-pressed', String(Number(button.dataset.factor) === board.speed));
    text(this.parts.clock, clock(this.app.store.now()));
    step.disabled = !this.app.store.linked || this.app.past() || board.state === 'stopped';
  }
}
