// Again: what was done is done once more in a fresh lab. Either up to the
// moment that is shown, to go on differently from there, or in two labs side by
// side that differ in one setting.

import { h, icon, set } from './dom.js';
import { keep } from './keep.js';
import { close, open } from './keys.js';
import { clock } from './words.js';

/** @typedef {{name: string, service?: string, words: string, to: any, was: any}} Switch */

/** The settings that make a pair worth looking at. @type {{name: string, services: string[], words: (to: any) => string, other: (was: any) => any[]}[]} */
const SWITCHES = [
  { name: 'idempotent', services: ['payment', 'inventory', 'notification', 'order'], words: (to) => (to ? 'idempotent' : 'not idempotent'), other: (was) => [!was] },
  { name: 'commit', services: ['payment', 'inventory', 'notification'], words: (to) => `offsets saved ${to === 'auto' ? 'by a timer' : `${to} handling`}`, other: (was) => ['after', 'before', 'auto'].filter((one) => one !== was) },
  { name: 'outbox', services: ['order', 'payment', 'inventory'], words: (to) => (to ? 'with an outbox' : 'without an outbox'), other: (was) => [!was] },
  { name: 'dead_letter', services: ['payment', 'inventory', 'notification'], words: (to) => (to ? 'with dead letters' : 'without dead letters'), other: (was) => [!was] },
  { name: 'retries', services: ['payment', 'inventory', 'notification'], words: (to) => (to ? `${to} retries` : 'no retries'), other: (was) => (was ? [0] : [3]) },
  { name: 'idempotent_producer', services: ['order', 'payment', 'inventory'], words: (to) => (to ? 'an idempotent producer' : 'no idempotent producer'), other: (was) => [!was] },
];

/** @param {any} settings @returns {Switch[]} */
function switches(settings) {
  /** @type {Switch[]} */
  const list = [];
  for (const one of SWITCHES) {
    for (const service of one.services) {
      const was = settings.services?.[service]?.[one.name];
      for (const to of one.other(was)) list.push({ name: one.name, service, words: `${service}: ${one.words(to)}`, to, was });
    }
  }
  const keys = { user: 'the user', order: 'the order', none: 'nothing (round robin)' };
  for (const [to, words] of Object.entries(keys)) if (to !== settings.key) list.push({ name: 'key', words: `records keyed by ${words}`, to, was: settings.key });
  return list;
}

export class Again {
  /** @param {import('./app.js').App} app @param {{dialog: HTMLDialogElement, button: HTMLElement, banner: HTMLElement}} parts */
  constructor(app, parts) {
    this.app = app;
    this.dialog = parts.dialog;
    this.banner = parts.banner;
    this.shown = '';
    parts.button.addEventListener('click', () => this.ask());
  }

  /** Says how far a lab is that does again what was done in another. @param {import('./types.js').Board} board */
  draw(board) {
    const rerun = board.rerun;
    const key = JSON.stringify(rerun);
    if (key === this.shown) return;
    this.shown = key;
    this.banner.hidden = !rerun;
    if (!rerun) return;
    const but = rerun.but ? `, but with ${rerun.but}` : '';
    const refused = rerun.refused ? ` ${rerun.refused} of the actions ${rerun.refused === 1 ? 'was' : 'were'} refused this time.` : '';
    set(this.banner, 'data-over', rerun.over);
    this.banner.replaceChildren(h('progress', { max: Math.max(rerun.steps, 1), value: rerun.over ? Math.max(rerun.steps, 1) : rerun.done, 'aria-label': 'actions done again', hidden: rerun.over }), ' ',
      rerun.over ? `This lab repeats ${rerun.of}${but}, up to ${clock(rerun.until)}.${refused}` : `Doing again what was done in ${rerun.of}${but}: ${rerun.done} of ${rerun.steps} actions, up to ${clock(rerun.until)}.`);
  }

  ask() {
    const board = this.app.board;
    const past = this.app.past?.() ?? false;
    const at = past ? board.seq : 0;
    const list = switches(board.settings);
    const moment = past ? `up to entry ${board.seq} (${clock(board.lab_time)}), the moment that is shown` : 'up to now';
    const said = h('p', { class: 'refused', role: 'alert', hidden: true });
    const chosen = h('select', { name: 'switch', 'aria-label': 'what is different' }, ...list.map((one, i) => h('option', { value: i }, one.words)));
    const here = h('button', { type: 'button', class: 'btn', onclick: () => this.send(here, said, 'again', { at }) }, 'Restart from here');
    const twins = h('button', { type: 'button', class: 'btn go', onclick: () => {
      const one = list[Number(chosen.value)];
      this.send(twins, said, 'twins', { at, but: { set: { ...(one.service ? { service: one.service } : {}), [one.name]: one.to } } });
    } }, 'Run both');
    this.dialog.replaceChildren(close(this.dialog), h('h2', {}, 'Do it again'),
      h('p', {}, `Everything that was done in this lab, ${moment}, is done once more in a fresh lab with the same seed, at the same lab times. Idle time is skipped. This lab stays as it is.`),
      h('section', {}, h('h3', {}, 'Twins: the same again, but with …'), h('p', { class: 'mut' }, 'Two labs side by side, one setting different, and what came out differently.'), h('div', { class: 'row2' }, chosen, twins)),
      h('section', {}, h('h3', {}, past ? 'Restart from here' : 'Restart from now'), h('p', { class: 'mut' }, 'One lab that stands frozen at this moment. Go on differently from there.'), here),
      keep(this.app, at, this.dialog),
      h('p', { class: 'mut small' }, 'Which member gets which partition, and who of two is first, is Kafka’s choice in every run: where several write at once, offsets may differ.'), said);
    open(this.dialog);
  }

  /** @param {HTMLButtonElement} button @param {HTMLElement} said @param {string} what @param {any} body */
  async send(button, said, what, body) {
    set(button, 'aria-busy', 'true');
    button.disabled = true;
    said.hidden = true;
    try {
      const response = await fetch(`/api/labs/${encodeURIComponent(this.app.id)}/${what}`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error?.message ?? 'The server refused.');
      // In a frame of the twins' page, a lab opens in the window around it.
      (window.top ?? window).location.assign(answer.page);
    } catch (error) {
      said.hidden = false;
      said.replaceChildren(icon('x'), ' ', /** @type {Error} */ (error).message);
    } finally {
      set(button, 'aria-busy', null);
      button.disabled = false;
    }
  }
}
