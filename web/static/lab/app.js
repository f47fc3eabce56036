// What the parts of the page share: the store, the followed orders, the way to
// act on the lab and the way to look at something closely.

import { h, icon, set } from './dom.js';
import { READ_ONLY } from './past.js';
import { plain } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {{type: 'record', topic: string, partition: number, offset: number} | {type: 'records', topic: string, partition: number, from: number, to: number} | {type: 'service', name: string}
 *   | {type: 'promise', id: string} | {type: 'moment', seq: number} | {type: 'topic', name: string} | {type: 'broker', id: number} | {type: 'schema', event: string} | import('./why.js').Asked} Thing */

export class App {
  /**
   * @param {string} id of the lab, or of the run
   * @param {string} base where its routes begin: /api/labs/ID or /api/runs/ID
   * @param {import('./store.js').Store} store
   */
  constructor(id, base, store) {
    this.id = id;
    this.base = base;
    this.store = store;
    /** @type {import('./follow.js').Follow} */
    this.follow = /** @type {any} */ (undefined);
    /** @type {import('./socket.js').Socket} */
    this.socket = /** @type {any} */ (undefined);
    /** @type {(thing: Thing, from?: HTMLElement) => void} */
    this.inspect = () => {};
    /** @type {(file: string) => void} opens the Code lens at a source file */
    this.showCode = () => {};
    /** @type {import('./past.js').Past} */
    this.lookBack = /** @type {any} */ (undefined);
    this.gate = ''; // why a step of a scenario does not let the learner act yet, "" where it does
    this.lost = ''; // why the lab cannot be reached, "" where it can
    /** @type {(sentence: string) => void} */
    this.announce = () => {};
    /** what is highlighted: "orders/1/6" for a record, "service/payment" */
    this.picked = new Set();
    this.reduced = matchMedia('(prefers-reduced-motion: reduce)');
  }

  get calm() { return this.reduced.matches || document.documentElement.dataset.calm !== undefined; }

  /** @returns {Board} */
  get board() { return this.shown(); }

  /** The board that is shown: the present, or a moment of the past. @returns {Board} */
  shown() { return /** @type {Board} */ (this.store.shown); }

  /** Whether the shown board is past: then it can be looked at and not acted on. */
  past() { return this.store.past !== null; }

  /** @param {any} action @returns {Promise<any>} */
  act(action) { return this.past() ? Promise.reject(new Error(READ_ONLY)) : this.socket.act(action); }

  /**
   * Does an action for a button: the button rests meanwhile, and a refusal is
   * shown beside it in the server's words.
   * @param {HTMLElement} button @param {any} action @returns {Promise<any>} undefined where it was refused
   */
  async press(button, action) {
    set(button, 'aria-busy', 'true');
    try {
      const result = await this.act(action);
      refusal(button, '');
      return result;
    } catch (error) {
      refusal(button, /** @type {Error} */ (error).message);
      return undefined;
    } finally {
      set(button, 'aria-busy', null);
    }
  }

  /** A sentence of the journal in the words of the page. @param {string | undefined} sentence */
  say(sentence) { return plain(sentence ?? '', (id) => this.follow.letter(this.board, id)); }

  /** The letter of an order as it stands in a sentence. @param {string | undefined} id */
  mark(id) {
    const followed = this.follow.of(id);
    const letter = this.follow.letter(this.board, id);
    return h('span', { class: letter ? 'o' : 'o ring', 'data-order': letter || 'none', 'data-hue': followed?.hue }, letter || '·');
  }

  /** A link to a moment. @param {number} seq @param {string} words */
  moment(seq, words) {
    return h('button', { type: 'button', class: 'link', 'data-seq': seq, onclick: (/** @type {Event} */ e) => this.inspect({ type: 'moment', seq }, /** @type {HTMLElement} */ (e.currentTarget)) }, words);
  }

  /** Highlights things on the figures; they stay so until something else is. @param {string[]} keys */
  pick(keys) {
    this.picked = new Set(keys);
    this.store.invalidate();
  }
}

/** Shows the server's sentence next to what was pressed; "" takes it away. @param {HTMLElement} button @param {string} sentence */
export function refusal(button, sentence) {
  const scope = button.closest('.how, .inspb, .active, .trial, .read') ?? button.closest('.next, .acts-bar, .bad, .transport') ?? document.body;
  const said = /** @type {HTMLElement | null} */ (scope.querySelector('.refused, .said') ?? document.getElementById('said'));
  if (!said) return;
  said.hidden = sentence === '';
  said.replaceChildren(...(sentence ? [icon('x'), ' ', sentence[0].toUpperCase() + sentence.slice(1)] : []));
  set(said, 'data-state', sentence ? 'refused' : null);
  if (sentence) said.scrollIntoView?.({ block: 'nearest' });
}

