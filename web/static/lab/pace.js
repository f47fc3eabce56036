// How fast records come and are taken, read from the board alone: of a busy
// lab the socket says how much happened, and no longer what.

const WINDOW_MS = 1000;

/** @typedef {import('./types.js').Board} Board */

export class Pace {
  constructor() {
    /** @type {{at: number, sums: Map<string, number>}[]} oldest first; the first one is the base of the window */
    this.samples = [];
  }

  /** Forgets what it saw: what comes next was missed, not fast. */
  reset() { this.samples = []; }

  /** @param {Board} board */
  see(board) {
    const now = performance.now();
    this.samples.push({ at: now, sums: sums(board) });
    this.trim(now);
  }

  /** @param {number} now */
  trim(now) {
    while (this.samples.length > 1 && this.samples[1].at <= now - WINDOW_MS) this.samples.shift();
  }

  /**
   * What was added in the last second.
   * @param {string} key "placed" for orders, "orders" for the records of a topic, "orders/0" for those of a
   *   partition, "orders payment-service" for what a group has saved of a topic
   */
  rate(key) {
    this.trim(performance.now());
    const first = this.samples[0]?.sums.get(key);
    const last = this.samples.at(-1)?.sums.get(key);
    return first === undefined || last === undefined ? 0 : Math.max(0, last - first);
  }
}

/** @param {Board} board */
function sums(board) {
  const all = new Map([['placed', board.counts?.orders ?? 0]]);
  for (const [topic, { partitions }] of Object.entries(board.topics)) {
    let total = 0;
    for (const p of partitions) { total += p.end; all.set(`${topic}/${p.id}`, p.end); }
    all.set(topic, total);
  }
  for (const [id, group] of Object.entries(board.groups)) {
    for (const [topic, partitions] of Object.entries(group.offsets ?? {})) {
      all.set(`${topic} ${id}`, Object.values(partitions).reduce((sum, o) => sum + Math.max(0, o.committed), 0));
    }
  }
  return all;
}
