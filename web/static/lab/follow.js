// Which orders are followed, and what they are called. A followed order has a
// letter and one of five hues, no two alike. At most three are followed.

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./types.js').Order} Order */
/** @typedef {{id: string, letter: string, hue: string, slot: number, chosen: boolean}} Followed slot: 0 to 2, the dash and the bead of its thread */

const HUES = ['A', 'B', 'C', 'D', 'E'];
const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const MOST = 3;

export class Follow {
  /** @param {string} lab @param {() => void} changed */
  constructor(lab, changed) {
    this.key = `eddy.follow.${lab}`;
    this.changed = changed;
    /** @type {Followed[]} */
    this.list = [];
    this.front = ''; // the id of the order whose story is told
    this.settled = false; // whether the first choice was made
    try {
      const kept = JSON.parse(sessionStorage.getItem(this.key) ?? 'null');
      if (Array.isArray(kept?.list)) { this.list = kept.list.map((/** @type {Followed} */ one, /** @type {number} */ i) => ({ ...one, slot: one.slot ?? i })); this.front = kept.front ?? ''; this.settled = true; }
    } catch { /* nothing kept: start afresh */ }
  }

  /** @param {string | undefined} id */
  of(id) { return id ? this.list.find((one) => one.id === id) : undefined; }

  /** The letter on an order, followed or not; "" where it has none. @param {Board} board @param {string | undefined} id */
  letter(board, id) {
    if (!id) return '';
    return this.of(id)?.letter ?? shortHandle(board.orders[id]);
  }

  /** Forgets orders that are gone, and follows the newest one where nothing was chosen yet. Not for a board of the past, where orders are not there yet. @param {Board} board */
  refresh(board) {
    const here = this.list.filter((one) => board.orders[one.id]);
    if (here.length !== this.list.length) { this.list = here; this.save(); }
    if (!this.settled && !this.list.length) {
      const newest = Object.values(board.orders).reduce((a, b) => (!a || b.placed_seq > a.placed_seq ? b : a), /** @type {Order | undefined} */ (undefined));
      if (newest) { this.settled = true; this.add(board, newest.id, false); }
    }
    if (!this.of(this.front)) this.front = this.list.at(-1)?.id ?? '';
  }

  /**
   * Follows an order. Where three are followed already, the oldest that nobody chose by hand makes room.
   * @param {Board} board @param {string} id @param {boolean} chosen by hand
   * @returns {boolean} whether it is followed now
   */
  add(board, id, chosen) {
    this.settled = true;
    if (this.of(id)) { this.front = id; this.save(); this.changed(); return true; }
    if (this.list.length >= MOST) {
      const leaves = this.list.findIndex((one) => !one.chosen);
      if (leaves < 0 && !chosen) return false;
      this.list.splice(Math.max(leaves, 0), 1);
    }
    const letter = shortHandle(board.orders[id]) || nextLetter(board, this.list);
    const free = HUES.filter((hue) => !this.list.some((one) => one.hue === hue));
    const hue = free.includes(letter) ? letter : free[LETTERS.indexOf(letter) % free.length] ?? free[0];
    const slot = [0, 1, 2].find((n) => !this.list.some((one) => one.slot === n)) ?? 0;
    this.list.push({ id, letter, hue, slot, chosen });
    this.front = id;
    this.save();
    this.changed();
    return true;
  }

  /** @param {string} id */
  remove(id) {
    this.list = this.list.filter((one) => one.id !== id);
    if (this.front === id) this.front = this.list.at(-1)?.id ?? '';
    this.save();
    this.changed();
  }

  /** @param {Board} board @param {string} id */
  toggle(board, id) {
    if (this.of(id)) this.remove(id);
    else this.add(board, id, true);
  }

  save() {
    try { sessionStorage.setItem(this.key, JSON.stringify({ list: this.list, front: this.front })); } catch { /* followed for this page only */ }
  }
}

/** @param {Order | undefined} order */
function shortHandle(order) { return order?.handle && /^[A-Z]$/.test(order.handle) ? order.handle : ''; }

/** The next letter that no order has, "" once all are used. @param {Board} board @param {Followed[]} [followed] */
export function nextLetter(board, followed = []) {
  const used = new Set([...Object.values(board.orders).map((order) => order.handle), ...followed.map((one) => one.letter)]);
  return LETTERS.find((letter) => !used.has(letter)) ?? '';
}
