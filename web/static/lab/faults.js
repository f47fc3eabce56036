// What is wrong now and what can be done about it: in the action bar, and on a
// phone in the place of the caption. Beside it the orders that are followed.

import { h, icon, once, set } from './dom.js';
import { repairOf } from './palette.js';
import { sample } from './threads.js';
import { whyButton } from './why.js';
import { becauseOf, clock, troubles } from './words.js';

/** @typedef {import('./types.js').Board} Board */

export class Faults {
  /** @param {import('./app.js').App} app @param {{bar: any, bad: any, following: any, palette: import('./palette.js').Palette}} parts */
  constructor(app, parts) {
    this.app = app;
    this.parts = parts;
  }

  /** @param {Board} board @param {boolean} mapShown the map says why; without it the bar does */
  draw(board, mapShown) {
    const list = troubles(board);
    this.parts.palette.drawActive(list);
    const first = list[0];
    const what = (/** @type {{what: string}} */ trouble) => this.app.say(trouble.what);
    const sign = JSON.stringify(list.map((t) => [t.id, what(t), this.app.say(t.because), t.repair]));
    once(this.parts.bar, `${sign} ${mapShown}`, () => (first ? [
      chipOf(first), !mapShown && first.state !== 'armed' ? this.reason(first) : h('span', { class: 'txt cut', title: what(first) }, first.state === 'armed' || list.length > 1 ? what(first) : `${what(first)}${first.since ? ` since ${clock(first.since)}` : ''}`),
      list.length > 1 ? h('span', { class: 'mut nw' }, `and ${list.length - 1} more`) : null,
      this.whyOf(first), this.repair(first),
      list.length > 1 ? h('button', { type: 'button', class: 'btn sm', 'data-act': true, onclick: (/** @type {any} */ e) => this.repairAll(e.currentTarget, list) }, 'Repair all') : null,
    ] : []));
    const { bad } = this.parts;
    const visible = first && first.state !== 'armed';
    bad.hidden = !visible;
    if (visible) {
      set(bad, 'data-state', first.state);
      set(bad, 'data-cause-for', first.id);
      const { head, tail } = becauseOf(what(first), this.app.say(first.because));
      once(bad, sign, () => [
        h('p', {}, chipOf(first), ' ', h('b', {}, `${head} `), `${tail}${first.seq ? ', ' : '.'}`, first.seq ? this.app.moment(first.seq, clock(first.since)) : ''),
        h('div', { class: 'acts' }, h('button', { type: 'button', class: 'btn sm', onclick: (/** @type {any} */ e) => this.app.inspect(first.broker === undefined ? { type: 'service', name: first.service } : { type: 'broker', id: first.broker }, e.currentTarget) }, 'Show'), this.whyOf(first), this.repair(first)),
        h('p', { class: 'refused', hidden: true })]);
    }
    this.drawFollowing(board);
  }

  /** @param {ReturnType<typeof troubles>[number]} trouble */
  reason(trouble) {
    const { head, tail } = becauseOf(this.app.say(trouble.what), this.app.say(trouble.because));
    return h('span', { class: 'txt', 'data-cause-for': trouble.id }, h('b', {}, `${head} `), `${tail}${trouble.seq ? ', ' : ''}`, trouble.seq ? this.app.moment(trouble.seq, clock(trouble.since)) : '');
  }

  /** @param {ReturnType<typeof troubles>[number]} trouble */
  repair(trouble) {
    return h('button', { type: 'button', class: 'btn sm', 'data-act': true, onclick: (/** @type {any} */ e) => this.app.press(e.currentTarget, repairOf(trouble, this.app.board)) }, trouble.repair);
  }

  /** Why a thing is in trouble. @param {ReturnType<typeof troubles>[number]} trouble */
  whyOf(trouble) {
    if (trouble.state === 'armed' || trouble.broker !== undefined || trouble.repair === 'Resend') return whyButton(this.app, 'seq', trouble.seq, trouble.what);
    return whyButton(this.app, 'service', trouble.service, trouble.what);
  }

  /** @param {HTMLElement} button @param {ReturnType<typeof troubles>} list */
  async repairAll(button, list) {
    // What was paused or scaled away is not broken: it is set going by its own action.
    const again = list.filter((t) => t.repair === 'Resend');
    for (const trouble of list.filter((t) => t.repair !== 'Repair' && t.repair !== 'Remove' && !again.includes(t))) await this.app.press(button, repairOf(trouble, this.app.board));
    await this.app.press(button, { heal: 'all' });
    for (const trouble of again) await this.app.press(button, repairOf(trouble, this.app.board)); // who gave it up can do it now
  }

  /** @param {Board} board */
  drawFollowing(board) {
    const { follow } = this.app;
    once(this.parts.following, follow.list.map((one) => `${one.id} ${one.letter} ${one.hue} ${one.id === follow.front}`).join() + Object.keys(board.orders).length, () => (follow.list.length ? [
      'Following',
      ...follow.list.flatMap((one) => [
        h('button', { type: 'button', class: 'unf', 'aria-pressed': String(one.id === follow.front), 'aria-label': `tell the story of order ${one.letter}`, title: 'Tell its story', onclick: () => { follow.front = one.id; follow.save(); follow.changed(); } }, this.app.mark(one.id), sample(one)),
        h('button', { type: 'button', class: 'unf', 'aria-label': `stop following order ${one.letter}`, onclick: () => follow.remove(one.id) }, icon('x'))]),
    ] : []));
  }
}

/** @param {{state: string, chip: string}} trouble */
function chipOf(trouble) {
  if (trouble.state === 'failed') return h('span', { class: 'chip failed' }, icon('x'), trouble.chip);
  return h('span', { class: 'chip waiting' }, icon(trouble.state === 'armed' ? 'bolt' : 'pause'), trouble.chip);
}
