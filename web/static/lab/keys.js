// Keys: one letter each, never while somebody types, and all of them can be
// switched off. Help and legend are drawn here too.

import { h, icon, s } from './dom.js';
import { sample } from './threads.js';

const KEPT = 'eddy.keys';

/** @typedef {{key: string, does: string, run: () => void}} Key */

export class Keys {
  /** @param {Key[]} keys @param {{escape: () => boolean}} parts */
  constructor(keys, parts) {
    this.keys = keys;
    this.on = true;
    try { this.on = localStorage.getItem(KEPT) !== 'off'; } catch { /* on, then */ }
    document.addEventListener('keydown', (e) => {
      if (e.key === 'Escape' && !document.querySelector('dialog[open], [popover]:popover-open')) { if (parts.escape()) e.preventDefault(); return; }
      const target = /** @type {HTMLElement} */ (e.target);
      if (!this.on || e.ctrlKey || e.metaKey || e.altKey || e.repeat || target.closest('input, select, textarea, [contenteditable], dialog[open]')) return;
      const found = this.keys.find((one) => one.key.toLowerCase() === e.key.toLowerCase());
      if (!found) return;
      e.preventDefault();
      found.run();
    });
  }

  /** @param {HTMLDialogElement} dialog */
  help(dialog) {
    const limits = /** @type {HTMLTemplateElement | null} */ (document.getElementById('limits'));
    const toggle = h('input', { type: 'checkbox', checked: this.on, onchange: () => {
      this.on = toggle.checked;
      try { if (this.on) localStorage.removeItem(KEPT); else localStorage.setItem(KEPT, 'off'); } catch { /* for this page only */ }
    } });
    dialog.replaceChildren(close(dialog), h('h2', {}, 'Keys'),
      h('dl', { class: 'keys' }, ...[...this.keys, { key: 'Esc', does: 'close what is open, and go back to where you were' }].flatMap((one) => [h('dt', {}, h('span', { class: 'key' }, one.key.length === 1 ? one.key.toUpperCase() : one.key)), h('dd', {}, one.does)]),
        h('dt', {}, h('span', { class: 'key' }, '← →')), h('dd', {}, 'from record to record inside a tape')),
      h('h3', {}, 'Switch'), h('label', { class: 'choice' }, toggle, 'Single keys do something'),
      limits ? h('details', { class: 'leftout' }, h('summary', {}, 'What this simulation leaves out'), h('p', { class: 'mut' }, 'The cluster in here speaks the Kafka protocol and does most of what a real one does. These things it does not, or does differently:'), limits.content.cloneNode(true)) : '');
    open(dialog);
  }
}

/** @param {HTMLDialogElement} dialog */
export function legend(dialog) {
  const cell = (/** @type {Record<string, any>} */ attrs, /** @type {string} */ letter, /** @type {string} */ sign = '') => h('span', { class: 'cell', ...attrs }, h('i', {}, '#6'), h('u', {}, sign), h('b', {}, letter));
  const mark = (/** @type {string} */ id) => s('svg', { class: id, width: 14, height: 13 }, s('use', { href: `#${id}` }));
  const rows = (/** @type {[any, string][]} */ list, wide = false) => h('div', { class: wide ? 'leg wide' : 'leg' }, ...list.flatMap(([sign, words]) => [sign, h('span', {}, words)]));
  const A = { 'data-order': 'A', 'data-hue': 'A' };
  dialog.replaceChildren(close(dialog), h('h2', {}, 'How to read the figures'), h('div', { class: 'legs' },
    h('div', {}, h('h3', {}, 'A record on a tape, #6 is its offset'), rows([
      [cell({ ...A, 'data-state': 'ok' }, 'A'), 'of the followed order A; handled and saved'],
      [cell({ 'data-state': 'ok' }, ''), 'of an order that is not followed'],
      [cell({ ...A, 'data-state': 'waiting' }, 'A'), 'dashed: waiting'],
      [cell({ ...A, 'data-state': 'waiting', 'data-now': true }, 'A'), 'framed: being handled now'],
      [cell({ ...A, 'data-state': 'unsaved' }, 'A'), 'hatched: done, but not saved; comes again after a crash'],
      [cell({ ...A, 'data-state': 'duplicate', 'data-dup': true }, 'A', '='), 'double outline: a copy of an earlier record'],
      [cell({ ...A, 'data-state': 'ignored', 'data-done': 'skipped' }, 'A'), 'struck: seen before, skipped'],
      [cell({ ...A, 'data-state': 'failed' }, 'A', '×'), 'failed, will be tried again'],
      [cell({ 'data-state': 'dead' }, '×'), 'octagon: given up, a dead letter'],
      [cell({ ...A, 'data-state': 'lost' }, 'A', '?'), 'dotted: saved as done, but never handled']]),
    h('h3', {}, 'Names'), rows([
      [h('b', {}, 'p0 p1'), 'the tapes (partitions) of a topic; only within one is there an order'],
      [h('b', {}, 'b2'), 'the broker that leads the partition: it takes the writes'],
      [h('b', {}, 'key'), 'records of one key go to one partition'],
      [h('b', {}, 'pay-1'), 'the first seat (instance) of Payment']])),
    h('div', {}, h('h3', {}, 'Where a group stands'), rows([
      [mark('caret'), 'saved position (committed offset): the next record after a restart'],
      [mark('pos'), 'reading position, in memory only'],
      [h('span', { class: 'span' }), 'between them: done, but not saved'],
      [h('b', {}, 'lag'), 'records that wait: the end of the tape less the saved position; a dash where nothing is saved yet'],
      [h('b', {}, 'reader'), 'the seat (consumer) that reads this tape: one of a group, never two']]),
    h('h3', {}, 'Across the tapes'), rows([
      [h('span', {}, sample({ slot: 0, hue: 'A' }), sample({ slot: 1, hue: 'B' }), sample({ slot: 2, hue: 'C' })), 'the thread of a followed order: its records, one after the other']], true),
    h('h3', {}, 'Map'), rows([
      [h('span', { class: 'o', ...A }, 'A'), 'an order that is followed, at its last three hops'],
      [h('span', { class: 'chip failed' }, icon('x'), 'FAILED'), 'crashed; the sentence below says why'],
      [h('span', { class: 'chip waiting' }, icon('pause'), 'PAUSED'), 'stands still, and nothing is broken'],
      [h('span', { class: 'chip dead' }, icon('octagon'), '1 dead'), 'records that a service gave up on']], true),
    h('h3', {}, 'Colour'), h('p', {}, 'A hue is an order. Red-orange is a failure. Blue is something to press.'),
    h('h3', {}, 'Time'), h('p', {}, 'Drag the line of time, or press , and . to look back entry by entry; L is back to live. The newest 100,000 entries and every board in between are kept until the lab is closed. Save run makes a file of them.'))));
  open(dialog);
}

/** @param {HTMLDialogElement} dialog */
export function close(dialog) { return h('button', { type: 'button', class: 'btn bare sm close', 'aria-label': 'Close', onclick: () => dialog.close() }, icon('x')); }

/** @param {HTMLDialogElement} dialog */
export function open(dialog) { if (!dialog.open) dialog.showModal(); }

