// What asks for attention: letters that wait for a person, and messages that
// wait for their next try, with the time that is left.

import { h, icon, keyed, once, text } from './dom.js';
import { SERVICES, clock, count, seatName } from './words.js';
import { whyButton } from './why.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {{service: string, seat: number, retry: NonNullable<import('./types.js').Seat['retries']>[number]}} Retry */

const SHOWN = 2; // retries; more are counted
const TICK_MS = 250;

export class Notices {
  /** @param {any} root @param {import('./app.js').App} app */
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.letters = h('div', { class: 'notice', hidden: true });
    this.tries = h('div');
    this.more = h('p', { class: 'mut', hidden: true });
    root.append(this.letters, this.tries, this.more);
  }

  /** @param {Board} board */
  draw(board) {
    const waiting = (board.dead_letters ?? []).filter((letter) => letter.state === 'waiting');
    this.letters.hidden = !waiting.length;
    if (waiting.length) this.drawLetters(waiting);
    /** @type {Retry[]} */
    const retries = SERVICES.flatMap((service) => (board.services[service]?.seats ?? []).flatMap((seat) => (seat.retries ?? []).map((retry) => ({ service, seat: seat.instance, retry })))).sort((a, b) => a.retry.due - b.retry.due);
    keyed(this.tries, retries.slice(0, SHOWN), ({ service, seat, retry }) => `${service} ${seat} ${retry.topic} ${retry.partition} ${retry.seq}`, (one) => this.line(one), (node, one) => text(node.querySelector('.due'), this.due(one.retry)));
    this.more.hidden = retries.length <= SHOWN;
    text(this.more, `and ${count(retries.length - SHOWN, 'message')} more waiting for another try`);
    clearTimeout(this.timer);
    if (retries.length && board.state === 'live' && !this.app.past()) this.timer = window.setTimeout(() => this.draw(this.app.board), TICK_MS);
  }

  timer = 0;

  /** @param {import('./types.js').Letter[]} waiting */
  drawLetters(waiting) {
    const last = waiting[waiting.length - 1];
    once(this.letters, JSON.stringify([waiting.length, last.seq]), () => [
      h('span', { class: 'chip dead' }, icon('x'), count(waiting.length, 'DEAD LETTER', 'DEAD LETTERS')),
      h('span', { class: 'txt', 'data-cause-for': `letter-${last.seq}` }, h('b', {}, `${last.group} gave up ${last.event_type || 'a record'}, `), `because ${this.app.say(last.error)}, `, this.app.moment(last.seq, clock(last.at))),
      h('button', { type: 'button', class: 'btn sm', 'data-do': 'letters', onclick: (/** @type {any} */ e) => this.app.inspect({ type: 'topic', name: last.topic }, e.currentTarget) }, 'Open the letters'),
      whyButton(this.app, 'seq', last.seq, `${last.topic} #${last.offset}`),
    ]);
  }

  /** @param {Retry} one */
  line({ service, seat, retry }) {
    return h('div', { class: 'notice' },
      h('span', { class: 'chip waiting' }, icon('dots'), retry.of && retry.next > retry.of ? 'LETTER' : `TRY ${retry.next}${retry.of ? ` OF ${retry.of}` : ''}`),
      h('span', { class: 'txt' }, h('b', {}, seatName(service, seat)), ' waits to try ', retry.order ? this.app.mark(retry.order) : '', ` ${retry.event_type || 'a record'} again, `, h('b', { class: 'due' }), ', ', `because ${this.app.say(retry.error)}, `, this.app.moment(retry.seq, `${retry.topic} p${retry.partition} #${retry.offset}`)));
  }

  /** @param {Retry['retry']} retry */
  due(retry) {
    const left = Math.max(0, retry.due - this.app.store.now());
    return left < 50 ? 'now' : left < 1000 ? `in ${Math.ceil(left / 100) * 100} ms` : `in ${(left / 1000).toFixed(1)} s`;
  }
}
