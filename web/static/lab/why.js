// Why: the shortest chain from a thing back to whoever set it in motion, as the
// lab tells it. A link shows on the figures what it is about; its time shows
// the whole lab at that moment.

import { h } from './dom.js';
import { clock } from './words.js';

/** @typedef {{seq: number, at: number, kind?: string, service?: string, instance?: number, order?: string, topic?: string, partition: number, offset: number, text: string}} Link */
/** @typedef {{chain: Link[], also: Link[], ends: string, sentence: string}} Answer */
/** @typedef {{type: 'why', about: string, name: string}} Asked about: what the server is asked, e.g. {order: "o-7"} as "order=o-7"; name: how the page calls it */

/** @type {Record<string, string>} what is said below a chain that does not end with an action */
const ENDS = {
  start: 'That is how the lab began.', outside: 'It came from outside: a client that is no part of the lab.',
  forgotten: 'What came before is no longer kept.',
};

/** A button that asks why. @param {import('./app.js').App} app @param {string} what the kind of thing: seq order service invariant record @param {string|number} id @param {string} name @param {string} [className] */
export function whyButton(app, what, id, name, className = 'btn sm why') {
  return h('button', { type: 'button', class: className, 'data-why': `${what}=${id}`, 'data-do': `why ${what} ${id}`, 'aria-label': `Why? ${name}`, onclick: (/** @type {any} */ e) => app.inspect({ type: 'why', about: `${what}=${encodeURIComponent(id)}`, name }, e.currentTarget) }, 'Why?');
}

export class Why {
  /** @param {import('./app.js').App} app @param {import('./inspector.js').Inspector} panel */
  constructor(app, panel) {
    this.app = app;
    this.panel = panel;
    this.about = '';
    /** @type {Answer | undefined} */
    this.answer = undefined;
    this.error = '';
    this.asked = ''; // the moment of the past that was asked about, in words
    this.picked = -1; // the link that is shown on the figures
  }

  /** @param {Asked} asked */
  async ask({ about }) {
    Object.assign(this, { about, answer: undefined, error: '', picked: -1 });
    const { board } = this.app;
    const then = this.app.past() ? `&at=${board.seq}` : '';
    this.asked = then && `${clock(board.lab_time)}, entry ${board.seq}`;
    try {
      const response = await fetch(`${this.app.base}/why?${about}${then}`);
      const said = await response.json();
      if (this.about !== about) return; // something else was asked meanwhile
      if (response.ok) this.answer = said;
      else this.error = said.error?.message ?? 'The lab did not answer.';
    } catch {
      if (this.about === about) this.error = 'The lab cannot be reached just now.';
    }
    this.app.announce(this.answer ? this.app.say(this.answer.sentence) : this.error);
    this.app.store.invalidate();
    if (this.answer) this.show(0, false);
    // On a phone the panel stands below the figures, and has its height only now.
    if (matchMedia('(max-width: 760px)').matches) requestAnimationFrame(() => requestAnimationFrame(() => this.panel.parts.root.scrollIntoView({ block: 'start' })));
  }

  /** @param {Asked} asked */
  draw({ name }) {
    const { answer, error } = this;
    const [first, ...rest] = answer?.chain ?? [];
    this.panel.fill(name, 'Why?', `why ${this.about} ${Boolean(answer)} ${error} ${this.picked} ${this.app.past()}`, () => {
      if (error) return [h('p', { class: 'because stale' }, sentence(this.app.say(error)))];
      if (!answer) return [h('p', { class: 'mut' }, 'The lab goes back through its journal.')];
      return [
        h('ol', { class: 'whychain' }, this.link(first, 0, false), ...rest.map((link, i) => this.link(link, i + 1, answer.ends === 'action' && i === rest.length - 1))),
        ENDS[answer.ends] ? h('p', { class: 'mut' }, ENDS[answer.ends]) : '',
        answer.also.length ? h('h2', {}, 'What let it happen') : '',
        answer.also.length ? h('ul', { class: 'whyalso' }, ...answer.also.map((link) => h('li', {}, `${sentence(this.app.say(link.text))}. `, this.time(link)))) : '',
        this.asked || this.app.past() ? h('p', { class: 'mut' }, this.asked ? `Asked about the lab at ${this.asked}.` : 'Asked about the lab as it is now.') : '',
        h('p', { class: 'mut hint' }, 'Press a sentence to see it on the figures, its time to see the lab as it was then.'),
      ];
    });
  }

  /** @param {Link} link @param {number} i @param {boolean} last */
  link(link, i, last) {
    const words = i === 0 ? sentence(this.app.say(link.text)) : this.app.say(link.text);
    return h('li', { class: last ? 'root' : null, 'data-seq': link.seq || null, 'aria-current': this.picked === i ? 'true' : null },
      i === 0 ? null : h('span', { class: 'sc' }, 'because'),
      link.seq ? h('button', { type: 'button', class: 'link', 'data-do': `link ${i}`, onclick: () => this.show(i, true) }, words) : h('span', {}, words), this.time(link));
  }

  /** @param {Link} link */
  time(link) {
    if (!link.seq) return h('span');
    const here = this.app.past() && this.app.board.seq === link.seq;
    return h('button', { type: 'button', class: 'link at', 'data-do': `time ${link.seq}`, 'aria-pressed': String(here), 'aria-label': `show the lab at ${clock(link.at)}`, title: 'Show the lab as it was then', onclick: () => this.app.lookBack.go(link.seq) }, clock(link.at));
  }

  /** Shows a link on the figures. @param {number} i @param {boolean} scroll whether what it is about comes into view */
  show(i, scroll) {
    const link = this.answer?.chain[i];
    if (!link) return;
    this.picked = i;
    const keys = [];
    if (link.topic) keys.push(`${link.topic}/${link.partition}/${link.offset}`);
    if (link.service) keys.push(`service/${link.service}`);
    this.app.pick(keys);
    if (link.order && this.app.board.orders[link.order] && !this.app.follow.of(link.order)) this.app.follow.add(this.app.board, link.order, false);
    if (scroll) requestAnimationFrame(() => requestAnimationFrame(() => document.querySelector('.lens:not([hidden]) [data-picked]')?.scrollIntoView({ block: 'nearest', behavior: this.app.calm ? 'auto' : 'smooth' })));
  }
}

/** A clause as a sentence. @param {string} text */
const sentence = (text) => text && text[0].toUpperCase() + text.slice(1);
