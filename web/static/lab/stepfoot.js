// The foot of the step panel: hint, undo, restart, and on to the next step.

import { h, icon, once, set, text } from './dom.js';
import { close, open } from './keys.js';

/** @typedef {import('./guide.js').View} View */

const TICK_MS = 500;
const STUCK_MS = 90_000; // without progress, until a hint is offered

export class StepFoot {
  /** @param {import('./guide.js').Guide} guide @param {HTMLElement} root @param {HTMLDialogElement} dialog */
  constructor(guide, root, dialog) {
    this.guide = guide;
    this.dialog = dialog;
    this.hintAt = 0; // when the next hint may be opened
    const bare = (/** @type {string} */ id, /** @type {string} */ words, /** @type {() => any} */ run) => h('button', { type: 'button', class: 'btn bare sm', id, onclick: run }, words);
    this.hint = bare('hint', 'Hint', () => this.tell(this.showable() ? { do: 'show' } : { do: 'hint' }, this.hint));
    this.undo = bare('undo', 'Undo', () => this.tell({ do: 'undo' }, this.undo));
    this.restart = bare('restart-step', 'Restart', () => this.tell({ do: 'restart_step' }, this.restart));
    this.restart.append(h('span', { class: 'step-word' }, ' step'));
    this.more = h('button', { type: 'button', class: 'btn bare sm', id: 'guide-more', 'aria-haspopup': 'dialog', 'aria-label': 'More: challenge only, restart the scenario', title: 'Challenge only, restart the scenario', onclick: () => this.ask() }, '…');
    this.on = h('button', { type: 'button', class: 'btn sm', id: 'continue', onclick: () => this.tell({ do: 'next' }, this.on) }, h('span'), icon('right'));
    this.wait = h('p', { class: 'hintwait mut', hidden: true });
    this.said = h('p', { class: 'refused', role: 'alert', hidden: true });
    root.append(this.said, this.wait, h('div', {}, this.hint, this.undo, this.restart, this.more), this.on);
    this.root = root;
    const tick = () => { if (!document.hidden) this.drawHint(); setTimeout(tick, TICK_MS); };
    setTimeout(tick, TICK_MS);
  }

  /** @param {any} body @param {any} button */
  async tell(body, button) {
    this.say('');
    try { await this.guide.tell(body, button); } catch (error) { this.say(/** @type {Error} */ (error).message); }
    this.draw(this.guide.view);
  }

  /** @param {string} sentence */
  say(sentence) {
    this.said.hidden = sentence === '';
    text(this.said, sentence ? sentence[0].toUpperCase() + sentence.slice(1) : '');
  }

  /** Whether every hint was opened and the lab can show the step. */
  showable() {
    const { view } = this.guide;
    return view.can_show && (view.hints?.length ?? 0) >= view.rungs;
  }

  /** @param {View} view */
  draw(view) {
    const finished = view.phase === 'finished';
    if (view.changes !== this.changes) { this.changes = view.changes; this.hintAt = performance.now() + (view.hint_in_ms ?? 0); }
    this.root.hidden = finished;
    const ready = view.phase === 'explain' && (view.challenge || view.explain !== undefined || !view.because?.length);
    if (this.on.getAttribute('aria-busy') === null) this.on.disabled = !ready;
    this.on.classList.toggle('go', ready);
    set(this.on, 'title', ready ? null : { predict: 'Lock in a prediction first', do: 'The goal is not met yet', observe: 'Say what you saw first', explain: 'Put the sentence together first' }[view.phase] ?? null);
    text(this.on.firstChild, view.step === view.steps.length - 1 ? 'Finish' : 'Continue');
    this.drawHint();
  }

  changes = -1;
  progress = ''; // what was reached in the step
  progressAt = 0; // when that changed last

  drawHint() {
    const { view } = this.guide;
    const show = this.showable();
    const progress = JSON.stringify([view.step, view.phase, view.hints?.length, view.opening, view.tasks?.map((task) => task.done), view.verdict.parts?.map((part) => part.met)]);
    if (progress !== this.progress) { this.progress = progress; this.progressAt = performance.now(); }
    this.hint.hidden = view.phase !== 'do' || view.opening || Boolean(view.caption) || (!show && (view.hints?.length ?? 0) >= view.rungs) || Boolean(show && view.helped);
    text(this.hint, show ? 'Show me' : 'Hint');
    set(this.hint, 'data-show', show);
    const left = Math.ceil((this.hintAt - performance.now()) / 1000);
    const waits = !this.hint.hidden && !show && left > 0 && Boolean(view.hints?.length);
    if (this.hint.getAttribute('aria-busy') === null) this.hint.disabled = waits;
    const stuck = !this.hint.hidden && !waits && performance.now() - this.progressAt > STUCK_MS;
    set(this.hint, 'data-offer', stuck);
    this.wait.hidden = !waits && !stuck;
    text(this.wait, waits ? `The next hint opens once you have tried something, or in ${left} s.` : stuck ? (show ? 'Stuck? The lab can show it to you.' : 'Stuck? A hint costs nothing.') : '');
  }

  /** What is seldom wanted: another way to do the scenario, and to begin it anew. */
  ask() {
    const { view } = this.guide;
    const said = h('p', { class: 'refused', role: 'alert', hidden: true });
    const fail = (/** @type {any} */ error) => { said.hidden = false; text(said, error.message); };
    const challenge = h('input', { type: 'checkbox', checked: view.challenge, onchange: () => this.guide.tell({ do: 'challenge', on: challenge.checked }).then(() => this.draw(this.guide.view), (error) => { challenge.checked = !challenge.checked; fail(error); }) });
    const anew = h('button', { type: 'button', class: 'btn', onclick: () => {
      sure.hidden = false;
      yes.focus();
    } }, 'Restart the scenario …');
    const yes = h('button', { type: 'button', class: 'btn go', onclick: () => this.guide.tell({ do: 'restart' }, yes).catch(fail) }, 'Yes, from the first step');
    const sure = h('div', { class: 'acts', hidden: true }, h('p', {}, 'Everything of this scenario begins anew, your predictions too.'), yes);
    this.dialog.replaceChildren(close(this.dialog), h('h2', {}, view.title),
      h('label', { class: 'choice' }, challenge, 'Challenge only'), h('p', { class: 'mut' }, 'For those who know: the goals alone, without predictions and questions.'),
      h('div', { class: 'acts' }, anew, h('a', { class: 'btn bare', href: '/learn' }, 'All scenarios')), sure, said);
    open(this.dialog);
  }
}
