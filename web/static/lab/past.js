// Looking back: the moment that all lenses show, while the lab itself goes on
// and goes on being received. The past is read-only.

import { el, h, icon, once, set, text } from './dom.js';
import { clock } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./types.js').Entry} Entry */
/** @typedef {{first: {seq: number, at: number}, last: {seq: number, at: number}, marks: Entry[], produced: {seq: number, at: number, n: number, order: string}[]}} Outline */

const KEPT = 40; // boards that were shown
const LEAP = 10; // entries that PageUp and PageDown go
const OUTLINE_MS = 3000; // how old an outline of a lab that goes on may get
const TOLD_MS = 4000;

export const READ_ONLY = 'This is the past: it can be looked at, not changed.';

export class Past {
  /**
   * @param {import('./app.js').App} app
   * @param {{bar: any, why: HTMLElement, live: boolean}} parts live: whether there is a present to go back to
   */
  constructor(app, parts) {
    this.app = app;
    this.parts = parts;
    /** @type {Map<string, Board>} boards by what they were asked for with */
    this.boards = new Map();
    /** @type {Map<number, string>} what happened, by seq */
    this.texts = new Map();
    /** @type {string} what is asked for, "" while nothing is */
    this.want = '';
    this.busy = false;
    /** @type {Outline | undefined} */
    this.outline = undefined;
    this.outlineAt = -Infinity;
    const button = (/** @type {string} */ label, /** @type {string} */ sign, /** @type {number} */ by) => h('button', { type: 'button', class: 'tb', 'aria-label': label, title: label, onclick: () => this.step(by) }, icon(sign));
    this.words = h('span', { class: 'pastwords' });
    this.copy = h('button', { type: 'button', class: 'btn bare sm', id: 'copy-link', onclick: () => this.copyLink() }, 'Copy link');
    this.back = h('button', { type: 'button', class: 'btn go', id: 'to-live', onclick: () => this.live() }, 'Back to live', h('span', { class: 'key' }, 'L'));
    this.restart = h('button', { type: 'button', class: 'btn bare sm', id: 'restart-here', 'aria-haspopup': 'dialog', onclick: () => el('again-open').click() }, 'Restart from here …');
    parts.bar.append(parts.live ? this.back : '', button('One entry back', 'left', -1), button('One entry on', 'right', 1), h('span', { class: 'chip plain pastchip', 'data-state': 'past' }, icon('dots'), 'PAST'), this.words, parts.live ? this.restart : '', this.copy);
  }

  get on() { return Boolean(this.app.store.past); }

  /** The seq that is shown or asked for. */
  get seq() { return this.want.startsWith('at=') ? Number(this.want.slice(3)) : this.app.store.shown?.seq ?? 0; }

  get first() { return this.outline?.first.seq ?? 1; }

  get last() { return Math.max(this.app.store.seq, this.outline?.last.seq ?? 0); }

  /** Shows the board of an entry. @param {number} seq */
  go(seq) { return this.ask(`at=${Math.min(Math.max(seq, this.first), this.last)}`); }

  /** Shows the board of a moment. @param {number} ms lab time */
  goTime(ms) { return this.ask(`time=${Math.max(0, Math.round(ms))}`); }

  /** @param {number} by entries; beyond the newest one is the present */
  step(by) {
    const to = this.seq + by;
    if (to > this.last && this.parts.live) this.live();
    else this.go(to);
  }

  /** Back to the present. */
  live() {
    if (!this.parts.live) { this.go(this.last); return; }
    this.want = '';
    if (!this.on) return;
    this.app.store.past = null;
    this.mark();
    this.app.store.invalidate();
    this.app.announce('Back to live.');
  }

  /** One question at a time, and the newest one wins. @param {string} want */
  async ask(want) {
    this.want = want;
    if (this.busy) return;
    this.busy = true;
    try {
      this.look();
      for (let asked = ''; this.want && this.want !== asked;) {
        asked = this.want;
        const board = await this.fetch(asked);
        if (this.want === '' || !board) break; // back to live meanwhile
        this.app.store.past = board;
        this.app.store.invalidate();
      }
      if (this.want) this.mark();
    } catch (error) {
      this.tell(/** @type {Error} */ (error).message);
    } finally {
      this.busy = false;
      this.want = '';
    }
  }

  /** @param {string} want @returns {Promise<Board>} */
  async fetch(want) {
    const kept = this.boards.get(want);
    if (kept) return kept;
    const response = await fetch(`${this.app.base}/board?${want}`);
    const board = await response.json();
    if (!response.ok) throw new Error(board.error?.message ?? 'This moment cannot be shown.');
    this.boards.set(`at=${board.seq}`, board);
    if (this.boards.size > KEPT) this.boards.delete(/** @type {string} */ (this.boards.keys().next().value));
    if (!this.texts.has(board.seq)) {
      const line = await fetch(`${this.app.base}/journal?from=${board.seq}&to=${board.seq}`).then((r) => (r.ok ? r.text() : '')).catch(() => '');
      this.texts.set(board.seq, line ? JSON.parse(line).text ?? '' : '');
    }
    return board;
  }

  /** Has the outline of the whole run fetched, if it is not fresh. */
  async look() {
    if (performance.now() - this.outlineAt < OUTLINE_MS) return;
    this.outlineAt = performance.now();
    const response = await fetch(`${this.app.base}/timeline`).catch(() => undefined);
    if (!response?.ok) return;
    this.outline = await response.json();
    this.app.store.invalidate();
  }

  /** What happened at the moment that is shown, in words. */
  what() { return this.app.say(this.texts.get(this.app.store.shown?.seq ?? 0)); }

  /** The value of the slider, in words. */
  valueText() {
    const board = this.app.store.shown;
    if (!board) return '';
    if (!this.on) return `live, entry ${board.seq}`;
    return `${clock(board.lab_time)}${this.what() ? `, ${this.what()}` : ''}, entry ${board.seq} of ${this.last}`;
  }

  /** The address of the page names the moment. */
  mark() {
    const url = new URL(location.href);
    if (this.on) url.searchParams.set('at', String(this.app.store.past?.seq));
    else url.searchParams.delete('at');
    if (url.href !== location.href) history.replaceState(null, '', url);
  }

  async copyLink() {
    this.mark();
    try {
      await navigator.clipboard.writeText(location.href);
      text(this.copy, 'Copied');
    } catch { // no clipboard without https: the address bar has it
      text(this.copy, 'The address bar has the link');
    }
    setTimeout(() => text(this.copy, 'Copy link'), TOLD_MS);
  }

  /** @param {string} sentence */
  tell(sentence) {
    const said = el('said');
    said.hidden = false;
    said.replaceChildren(sentence);
    setTimeout(() => { if (said.textContent === sentence) said.hidden = true; }, TOLD_MS);
  }

  /** Keys of the slider. @param {KeyboardEvent} e */
  key(e) {
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -LEAP, PageUp: LEAP }[e.key];
    if (by) this.step(by);
    else if (e.key === 'Home') this.go(this.first);
    else if (e.key === 'End') this.live();
    else return;
    e.preventDefault();
    e.stopPropagation();
  }

  /** Whatever acts on the lab rests while it cannot, and says why. */
  rest() {
    const resting = this.app.lost || (this.on ? READ_ONLY : '');
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll('[data-act], #speeds button'))) {
      const why = resting || (button.matches('#actions [data-act], #transport [data-act]') ? this.app.gate : '');
      if (why) {
        button.dataset.title ??= button.title;
        button.dataset.why = why;
        button.disabled = true;
        set(button, 'title', why);
      } else if (button.dataset.why) {
        set(button, 'title', button.dataset.title || null);
        delete button.dataset.title;
        delete button.dataset.why;
        button.disabled = false;
      }
    }
  }

  draw() {
    const { app, parts, on } = this;
    set(document.documentElement, 'data-past', on);
    parts.bar.hidden = !on;
    el('transport').hidden = on;
    parts.why.hidden = !on;
    this.rest();
    if (!on) return;
    if (parts.live) this.look();
    const board = app.board;
    const what = this.what();
    once(this.words, `${board.seq} ${this.last} ${what}`, () => [h('b', {}, clock(board.lab_time)), h('span', { class: 'nw' }, `entry ${board.seq} of ${this.last}`), h('span', { class: 'mut cut only-l', title: what }, what)]);
  }
}
