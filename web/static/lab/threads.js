// The threads of the followed orders: a line that joins the records of an order
// across the tapes, in the order in which they were produced. Each thread has
// the hue of its order, and a dash and a bead of its own for who sees no hues.

import { s } from './dom.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {{x: number, top: number, bottom: number}} Stop a record's cell, in px of the list */

const BESIDE = 7; // px between threads that run side by side
const BEAD = 4;

/** The bead of a thread, by the place of its order among the followed ones. @param {number} slot @param {number} x @param {number} y */
export function bead(slot, x, y) {
  if (slot === 0) return s('circle', { class: 'bead', cx: x, cy: y, r: BEAD });
  if (slot === 1) return s('rect', { class: 'bead', x: x - BEAD, y: y - BEAD, width: 2 * BEAD, height: 2 * BEAD });
  return s('path', { class: 'bead', d: `M${x} ${y - BEAD - 1.5}l${BEAD + 1.5} ${BEAD + 1.5}l${-BEAD - 1.5} ${BEAD + 1.5}l${-BEAD - 1.5} ${-BEAD - 1.5}z` });
}

/** A piece of a thread, to stand beside the letter of its order. @param {{slot: number, hue: string}} one */
export function sample(one) {
  return s('svg', { class: 'sample', width: 26, height: 12, 'aria-hidden': 'true', 'data-hue': one.hue, 'data-slot': one.slot }, s('path', { class: 'thread', d: 'M1 6H25' }), bead(one.slot, 13, 6));
}

/** The records of an order, oldest first. @param {Board} board @param {string} id */
export function stops(board, id) {
  const found = [];
  for (const [topic, partitions] of Object.entries(board.tapes)) {
    for (const [p, tape] of Object.entries(partitions)) {
      for (const record of Object.values(tape.records)) if (record.order === id) found.push({ topic, p: Number(p), offset: record.offset, seq: record.seq, type: record.event_type });
    }
  }
  return found.sort((a, b) => a.seq - b.seq);
}

export class Threads {
  /** @param {HTMLElement} list of the topics @param {import('./app.js').App} app */
  constructor(list, app) {
    this.list = list;
    this.app = app;
    this.signature = '';
    this.size = '';
    this.svg = s('svg', { class: 'threads', 'aria-hidden': 'true' });
    list.append(this.svg);
    new ResizeObserver(([entry]) => {
      this.size = `${Math.round(entry.contentRect.width)} ${Math.round(entry.contentRect.height)}`;
      app.store.invalidate();
    }).observe(list);
  }

  /** @param {Board} board */
  draw(board) {
    const { follow } = this.app;
    const threads = follow.list.filter((one) => board.orders[one.id]).map((one) => ({ one, cells: stops(board, one.id).map((at) => this.cell(at)).filter((cell) => cell !== undefined) }));
    const sign = `${this.size} ${follow.front} ${threads.map(({ one, cells }) => `${one.id} ${one.hue} ${one.slot} ${cells.map((cell) => `${cell.key} ${cell.sign}`)}`).join('|')}`;
    if (sign === this.signature) return;
    this.signature = sign;
    const origin = this.list.getBoundingClientRect();
    this.svg.replaceChildren(...threads.map(({ one, cells }) => {
      const g = s('g', { 'data-thread': one.letter, 'data-hue': one.hue, 'data-slot': one.slot, 'data-front': one.id === follow.front });
      /** @type {Stop[]} */
      const places = cells.map(({ node }) => {
        const box = node.getBoundingClientRect();
        return { x: box.left - origin.left + box.width / 2 + (one.slot - 1) * BESIDE, top: box.top - origin.top, bottom: box.bottom - origin.top };
      });
      places.slice(1).forEach((to, i) => {
        const { d, x, y } = way(places[i], to);
        g.append(s('path', { class: 'thread', d, 'data-from': cells[i].key, 'data-to': cells[i + 1].key }), bead(one.slot, x, y));
      });
      return g;
    }));
  }

  /** The cell of a record, or the block that holds it; undefined where it is not drawn. @param {{topic: string, p: number, offset: number}} at */
  cell({ topic, p, offset }) {
    const row = this.list.querySelector(`[data-topic="${topic}"] [data-partition="p${p}"]`);
    const tape = /** @type {HTMLElement | null} */ (row?.querySelector('.tape'));
    if (!tape) return undefined;
    const node = tape.querySelector(`.cell[data-offset="${offset}"]`) ?? [...tape.querySelectorAll('.cell.block')].find((block) => Number(block.getAttribute('data-from')) <= offset && Number(block.getAttribute('data-to')) >= offset);
    if (!node) return undefined;
    return { node, key: `${topic}/${p}/${offset}`, sign: `${/** @type {HTMLElement} */ (node).style.getPropertyValue('--n')} ${tape.style.getPropertyValue('--from')} ${node.className}` };
  }
}

/** The line from one cell to the next, and where its bead hangs: where it arrives. @param {Stop} from @param {Stop} to */
function way(from, to) {
  if (Math.abs(from.top - to.top) < 4) { // one tape: a bow above it
    const up = from.top - 12;
    return { d: `M${from.x} ${from.top}C${from.x} ${up} ${to.x} ${up} ${to.x} ${to.top}`, x: (from.x + to.x) / 2, y: from.top - 9 };
  }
  const down = to.top > from.top;
  const [a, b] = down ? [from.bottom, to.top] : [from.top, to.bottom];
  const bend = Math.max(16, Math.abs(b - a) * 0.45) * (down ? 1 : -1);
  return { d: `M${from.x} ${a}C${from.x} ${a + bend} ${to.x} ${b - bend} ${to.x} ${b}`, x: to.x, y: b + (down ? -1 : 1) * (BEAD + 3) };
}
