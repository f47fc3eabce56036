// Where an offset stands on a tape, in cells from its left edge. A calm tape
// has a cell for every record. A busy one draws tens of records as one block
// and only the newest one by one: what moves many times a second is not read.

const ROOM = 2; // empty cells kept free to the right of the newest record
const LITTLE_ROOM = 0.6; // and on a narrow tape, where a block is worth more
const SINGLES = 5; // the newest records of a busy tape
const BLOCK = 10;
const BLOCK_CELLS = 1.5; // the width of a block
const MOST_BLOCKS = 5; // with the singles: less than the board keeps of a partition

/** @typedef {{n: number, to: number, at: number, cells: number, block: boolean}} Slot records n to to, drawn at a place */
/** @typedef {{from: number, end: number, origin: number, slots: Slot[], dense: boolean, at: (n: number) => number}} Scale
 *   from: the oldest offset that is drawn. origin: the place of the left edge. at: the place of an offset, also of the next one after the end */

/** @param {number} start @param {number} end @param {number} fit cells that fit @returns {Scale} */
export function calmScale(start, end, fit) {
  const from = Math.max(start, end - Math.max(3, Math.floor(fit)) + ROOM, 0);
  /** @type {Slot[]} */
  const slots = [];
  for (let n = from; n < end; n++) slots.push({ n, to: n, at: n, cells: 1, block: false });
  return { from, end, origin: from, slots, dense: false, at: (n) => n };
}

/** @param {number} start @param {number} end @param {number} fit cells that fit @returns {Scale} */
export function denseScale(start, end, fit) {
  const calm = calmScale(start, end, fit);
  if (calm.from === start) return calm; // nothing is pushed out yet, so nothing moves
  const room = fit >= SINGLES + 2 * BLOCK_CELLS + ROOM ? ROOM : LITTLE_ROOM;
  const most = Math.min(MOST_BLOCKS, Math.floor((fit - SINGLES - room) / BLOCK_CELLS));
  const single = Math.max(start, end - SINGLES);
  /** @type {Slot[]} */
  const slots = [];
  for (let to = single - 1; to >= start && slots.length < most; to = slots[0].n - 1) {
    slots.unshift({ n: Math.max(start, Math.floor(to / BLOCK) * BLOCK), to, at: 0, cells: BLOCK_CELLS, block: true });
  }
  slots.forEach((slot, i) => { slot.at = i * BLOCK_CELLS; });
  const blocks = slots.length * BLOCK_CELLS;
  for (let n = single; n < end; n++) slots.push({ n, to: n, at: blocks + n - single, cells: 1, block: false });
  const at = (/** @type {number} */ n) => {
    const slot = slots.find((one) => n <= one.to);
    if (!slot) return blocks + n - single;
    return slot.at + (slot.cells * (n - slot.n)) / (slot.to - slot.n + 1);
  };
  return { from: slots[0].n, end, origin: 0, slots, dense: true, at };
}

/** The offsets of a block, short enough to stand in it. @param {Slot} slot */
export function blockWords({ n, to }) {
  if (n === to) return `${n}`;
  return n < 1000 ? `${n}–${to}` : `${n}–${String(to % 100).padStart(2, '0')}`;
}
