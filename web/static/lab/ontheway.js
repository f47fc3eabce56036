// What is on its way from the write side to the copy: the partitions that hold
// events of an order, with the projector's carets.

import { css, h, icon, keyed, s, set, text } from './dom.js';
import { STATE_WORDS, stateOf } from './cells.js';
import { calmScale } from './scale.js';
import { TOPICS } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./types.js').Rec} Rec */
/** @typedef {{topic: string, p: number, record: Rec, state: string}} Stop */

const GROUP = 'projector';
const ARRIVED = new Set(['handled', 'skipped', 'passed', 'dead_lettered']);

/** @param {Board} board @param {string} topic @param {number} p */
const offsetOf = (board, topic, p) => board.groups[GROUP]?.offsets?.[topic]?.[p] ?? { committed: -1, position: -1, lag: board.topics[topic].partitions[p].end };

/** The events of an order on the topics that the projector reads, oldest first. @param {Board} board @param {string} id @returns {Stop[]} */
export function eventsOf(board, id) {
  const busy = inHand(board);
  return TOPICS.flatMap((topic) => Object.entries(board.tapes[topic] ?? {}).flatMap(([p, tape]) => Object.values(tape.records).filter((record) => record.order === id).map((record) => {
    const key = `${topic}/${p}/${record.offset}`;
    return { topic, p: Number(p), record, state: stateOf(record, record.offset, GROUP, offsetOf(board, topic, Number(p)), false, busy.has(key)).state };
  }))).sort((a, b) => a.record.seq - b.record.seq);
}

/** Those of them that the copy does not have. @param {Board} board @param {string} id */
export function waitingOf(board, id) {
  return eventsOf(board, id).filter(({ topic, p, record }) => {
    const { committed } = offsetOf(board, topic, p);
    return record.offset >= Math.max(committed, 0) && !ARRIVED.has(record.done?.[GROUP] ?? '');
  });
}

/** @param {Board} board @returns {Set<string>} the records that the projector has in hand */
function inHand(board) {
  return new Set((board.services[GROUP]?.seats ?? []).flatMap((seat) => (seat.doing ? [`${seat.doing.topic}/${seat.doing.partition}/${seat.doing.offset}`] : [])));
}

export class OnTheWay {
  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.app = app;
    this.node = h('div', { class: 'ontheway' });
    this.width = 0;
    new ResizeObserver(() => { this.width = 0; app.store.invalidate(); }).observe(this.node);
  }

  /** @param {Board} board @param {string} id */
  draw(board, id) {
    const events = eventsOf(board, id);
    const tapes = TOPICS.flatMap((topic) => {
      const here = [...new Set(events.filter((one) => one.topic === topic).map((one) => one.p))].sort((a, b) => a - b);
      return here.length ? here.map((p) => ({ topic, p })) : [{ topic, p: -1 }];
    });
    keyed(this.node, tapes, ({ topic, p }) => `${topic}/${p}`, ({ topic, p }) => this.row(topic, p), (node, at) => { if (at.p >= 0) this.drawRow(board, node, at.topic, at.p, events.filter((one) => one.topic === at.topic && one.p === at.p)); });
  }

  /** @param {string} topic @param {number} p */
  row(topic, p) {
    const name = h('h3', {}, topic);
    if (p < 0) return h('div', { class: 'transit' }, h('div', { class: 'figh' }, name, h('span', { class: 'sub' }, 'nothing about it')));
    const tape = h('div', { class: 'tape', role: 'group' }, h('span', { class: 'endmark' }), s('svg', { class: 'caret', 'aria-hidden': 'true' }, s('use', { href: '#caret' })), h('span', { class: 'cl' }), h('div', { class: 'cells' }));
    tape.addEventListener('click', (/** @type {MouseEvent} */ e) => {
      const cell = /** @type {HTMLElement} */ (e.target).closest('.cell');
      if (cell) this.app.inspect({ type: 'record', topic, partition: p, offset: Number(cell.getAttribute('data-offset')) }, /** @type {HTMLElement} */ (cell));
    });
    return h('div', { class: 'transit', 'data-topic': topic, 'data-partition': `p${p}` }, h('div', { class: 'figh' }, name, h('span', { class: 'sub' }, `p${p}`), h('span', { class: 'end' }, 'lag ', h('b'))), tape);
  }

  /** @param {Board} board @param {any} node @param {string} topic @param {number} p @param {Stop[]} own the records of the order there */
  drawRow(board, node, topic, p, own) {
    const { start, end } = board.topics[topic].partitions[p];
    const offset = offsetOf(board, topic, p);
    const tape = node.lastChild;
    const [endmark, caret, label, cells] = tape.children;
    if (!this.width) { this.width = tape.clientWidth; this.cell = parseFloat(getComputedStyle(tape).getPropertyValue('--cw')) || 44; }
    const fit = this.width / (this.cell ?? 44);
    // The order is in the picture, also where many records came after it.
    const focus = (own.find((one) => one.record.offset >= offset.committed) ?? own.at(-1))?.record.offset ?? end;
    let shownEnd = end;
    while (shownEnd > focus + 1 && calmScale(start, shownEnd, fit).from > Math.max(start, focus - 1)) shownEnd--;
    const { from } = calmScale(start, shownEnd, fit);
    css(tape, '--from', from);
    set(tape, 'class', `tape${from > 0 ? ' torn' : ''}`);
    text(node.querySelector('.end b'), offset.committed < 0 ? '–' : offset.lag);
    const busy = inHand(board);
    const shown = [];
    for (let n = from; n < shownEnd; n++) shown.push(n);
    keyed(cells, shown, (n) => n, (n) => h('button', { type: 'button', class: 'cell', 'data-kind': 'event', 'data-offset': n }, h('i', {}, `#${n}`), h('b')), (cell, n) => {
      const record = board.tapes[topic][p].records[n];
      css(cell, '--n', n);
      const { state } = stateOf(record, n, GROUP, offset, false, busy.has(`${topic}/${p}/${n}`));
      const letter = this.app.follow.letter(board, record?.order);
      set(cell, 'data-order', letter || 'none');
      set(cell, 'data-hue', this.app.follow.of(record?.order)?.hue ?? null);
      set(cell, 'data-state', state === 'now' ? 'waiting' : state === 'duplicate' || state === 'skipped' ? 'ok' : state);
      set(cell, 'data-now', state === 'now');
      set(cell, 'data-picked', this.app.picked.has(`${topic}/${p}/${n}`));
      set(cell.firstChild, 'class', n >= 1000 ? 'long' : null);
      text(cell.lastChild, letter);
      set(cell, 'aria-label', `${topic} partition ${p} offset ${n}${letter ? `, order ${letter}` : ''}${record?.event_type ? `, ${record.event_type}` : ''}, for the projector: ${STATE_WORDS[state] ?? state}`);
    });
    const saved = offset.committed;
    const seen = saved >= from && saved <= shownEnd;
    endmark.hidden = shownEnd < end;
    css(endmark, '--n', end);
    caret.toggleAttribute('hidden', !seen);
    css(caret, '--n', saved);
    css(label, '--n', saved);
    set(label, 'class', `cl ${!seen ? 'offl' : (saved - from + 1.7) * (this.cell ?? 44) > this.width ? 'lft' : 'r'}`);
    text(label, saved < 0 ? 'nothing saved yet' : `${saved < from ? '‹ ' : ''}saved ${saved}${saved > shownEnd ? ' ›' : ''}`);
    set(tape, 'aria-label', `${topic} partition ${p}, end ${end}, the projector saved ${saved < 0 ? 'nothing yet' : saved}`);
  }
}

/** @param {string} words @param {string} sign */
export const chip = (words, sign = 'dots') => h('span', { class: 'chip waiting', 'data-state': 'stale' }, icon(sign), words);
