// The guide: what the learner is to see of a scenario, and what the learner
// answers. The server judges; the panel draws what it says.

import { el, set, text } from './dom.js';
import { StepFoot } from './stepfoot.js';
import { StepView } from './stepview.js';
import { WatchAgain } from './watchagain.js';
import { Where } from './where.js';

/** @typedef {{ask: string, options?: string[], options_html?: string[], chosen: number, value?: string, confidence?: string, locked: boolean, misses?: number, answer?: number}} Ask */
/** @typedef {{what: string, goal: string, now: string, off?: string, met: boolean, evidence?: number[], order?: string, lens?: string}} Condition */
/** @typedef {{scenario: string, title: string, step: number, steps: {id: string, title: string, state: 'done'|'helped'|'now'|'later'}[], phase: ''|'predict'|'do'|'observe'|'explain'|'finished',
 *   challenge: boolean, heading: string, say?: string, lens?: string, follow?: string, allow?: string[], goal: string, near?: string, verdict: {seq: number, met: boolean, parts: Condition[] | null},
 *   predict?: Ask, observe?: Ask, tasks?: {text: string, done: boolean, where?: string}[], because?: {text?: string, choices?: string[], labels?: string[], chosen?: string, right?: boolean}[],
 *   explain?: string, in_production?: string, switch?: {label: string, set: any}, hints?: string[], rungs: number, can_show: boolean, hint_in_ms?: number, caption?: string,
 *   start: number, met?: number, helped?: boolean, restarts?: number, opening?: boolean, gate?: string, ghost?: string, outcome?: string, note?: string, trouble?: string, changes: number,
 *   finish?: {learned: {title: string, helped?: boolean}[], review: {step: string, ask: string, said: string, answer: string}[], next: {id: string, title: string, minutes: number, summary: string}[]}}} View */

const SEEN_LATE = 1200; // ms that a phase may be there before it is spoken of

export class Guide {
  /**
   * @param {import('./app.js').App} app
   * @param {{root: HTMLElement, foot: HTMLElement, ghost: HTMLElement, gate: HTMLElement, dialog: HTMLDialogElement, view: View,
   *   lenses: import('./lenses.js').Lenses, palette: import('./palette.js').Palette}} parts
   */
  constructor(app, parts) {
    this.app = app;
    this.parts = parts;
    /** @type {View} */
    this.view = parts.view;
    this.opened = -1; // the step whose lens and palette are set
    this.followed = '';
    this.phase = '';
    this.leaving = false; // another page is on its way
    this.watch = new WatchAgain(app, this);
    this.where = new Where(app, parts.lenses);
    this.panel = new StepView(app, this, parts.root);
    this.foot = new StepFoot(this, parts.foot, parts.dialog);
    const grab = document.getElementById('sheet-grab');
    grab?.addEventListener('click', () => {
      const full = el('side').toggleAttribute('data-full');
      set(grab, 'aria-expanded', String(full));
    });
    this.heard(parts.view);
  }

  /** @param {View} view from the server; an older one than what is shown says nothing */
  heard(view) {
    if (view.changes < this.view.changes && view.step <= this.view.step) return;
    this.view = view;
    this.app.gate = view.gate ?? '';
    this.app.store.invalidate();
    const phase = `${view.step} ${view.phase}`;
    if (phase === this.phase) return;
    const first = this.phase === '';
    this.phase = phase;
    set(document.documentElement, 'data-guide', view.phase || 'opening');
    if (!first) setTimeout(() => { if (this.phase === phase) this.app.announce(this.sentence()); }, SEEN_LATE);
  }

  /** What the step asks for now, to be spoken. */
  sentence() {
    const { view } = this;
    if (view.phase === 'predict') return `Step ${view.step + 1}, ${view.heading}. Predict first.`;
    if (view.phase === 'observe') return 'The goal is met, and the lab stands still. There is a question about it.';
    if (view.phase === 'explain') return 'Now say why.';
    if (view.phase === 'finished') return `${view.title} is done.`;
    return `Step ${view.step + 1}, ${view.heading}.`;
  }

  /**
   * Tells the server what the learner does. @param {any} body @param {HTMLElement} [button] rests meanwhile
   * @returns {Promise<any>} what the answer was worth; it fails with the server's sentence
   */
  async tell(body, button) {
    if (button) { set(button, 'aria-busy', 'true'); /** @type {any} */ (button).disabled = true; }
    const moves = ['restart', 'restart_step', 'undo'].includes(body.do);
    this.leaving ||= moves;
    try {
      const response = await fetch(`${this.app.base}/guide`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error?.message ?? 'The server refused.');
      if (answer.page) { this.go(answer.page); return answer; }
      this.heard(answer);
      return answer;
    } catch (error) {
      if (moves) this.leaving = false;
      throw error;
    } finally {
      if (button && !this.leaving) { set(button, 'aria-busy', null); /** @type {any} */ (button).disabled = false; }
    }
  }

  /** Goes on in a fresh lab, with the same figures open. @param {string} page */
  go(page) {
    this.leaving = true;
    const url = new URL(page, location.href);
    const lens = new URLSearchParams(location.search).get('lens');
    if (lens && this.view.lens !== lens) url.searchParams.set('lens', lens);
    location.replace(url);
  }

  /** To the step, from wherever one is. */
  focus() { this.panel.focus(); }

  /** @param {import('./types.js').Board} board */
  draw(board) {
    const { view, parts, app } = this;
    if (view.step !== this.opened && !view.opening) {
      this.opened = view.step;
      this.followed = '';
      if (view.lens && !parts.lenses.isOpen(view.lens) && view.phase !== 'finished') parts.lenses.choose(view.lens);
      parts.palette.allow(view.allow);
    }
    const order = view.follow && view.follow !== this.followed ? Object.values(board.orders).find((one) => one.handle === view.follow) : undefined;
    if (order && !app.past()) { this.followed = /** @type {string} */ (view.follow); app.follow.add(board, order.id, true); }
    text(parts.ghost, view.ghost ?? '');
    parts.ghost.hidden = !view.ghost;
    text(parts.gate, view.gate ?? '');
    parts.gate.hidden = !view.gate;
    this.panel.draw(board, view);
    this.foot.draw(view);
  }
}
