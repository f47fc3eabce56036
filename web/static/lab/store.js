// What the page knows: the board, patched frame by frame, and the newest part
// of the journal. The store decides nothing; it tells readers that there is
// something new, at most once a paint.

import { Pace } from './pace.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./types.js').Entry} Entry */

const KEEP = 500; // journal entries
const BUSY = 12; // messages a second from which on not every frame is drawn
const BUSY_MS = 100;
const HURRY = 50; // and from which on numbers change four times a second
const HURRY_MS = 250;

/** RFC 7386, in place. @param {any} target @param {any} patch @returns {any} */
export function merge(target, patch) {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch;
  const into = target !== null && typeof target === 'object' && !Array.isArray(target) ? target : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete into[key];
    else into[key] = merge(into[key], value);
  }
  return into;
}

export class Store {
  /** @param {Board | null} board */
  constructor(board) {
    this.board = board;
    /** @type {Entry[]} */
    this.journal = [];
    this.receivedAt = performance.now();
    /** @type {((board: Board, news: Entry[]) => void)[]} */
    this.readers = [];
    /** @type {Entry[]} */
    this.news = [];
    this.dirty = false;
    this.drawnAt = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.later = undefined;
    /** @type {{at: number, n: number}[]} records produced that the journal here does not name */
    this.sums = [];
    /** @type {{at: number, n: number}[]} messages over the last second */
    this.load = [];
    this.pace = new Pace();
  }

  get seq() { return this.board?.seq ?? 0; }

  /** What is looked at: the lab as it is, or a moment of its past. */
  get shown() { return this.past ?? this.board; }

  /** @param {{seq: number, snapshot?: Board, patch?: any, happened?: any}} frame */
  apply(frame) {
    if (frame.snapshot) { this.board = frame.snapshot; this.resume(); this.pace.reset(); }
    else if (this.board) this.board = merge(this.board, frame.patch ?? {});
    if (this.board && frame.seq > this.board.seq) this.board.seq = frame.seq;
    if (!frame.snapshot) this.receivedAt = performance.now();
    if (this.board) this.pace.see(this.board);
    if (Array.isArray(frame.happened)) this.remember(frame.happened);
    else if (frame.happened) this.sum(frame.happened);
    const rate = this.rate();
    const pause = rate > HURRY ? HURRY_MS : rate > BUSY ? BUSY_MS : 0;
    const wait = this.drawnAt + pause - performance.now();
    if (wait <= 0) this.invalidate();
    else this.later ??= setTimeout(() => { this.later = undefined; this.invalidate(); }, wait);
  }

  /** @param {Entry[]} entries new ones, in order */
  remember(entries) {
    const last = this.journal.length ? this.journal[this.journal.length - 1].seq : 0;
    const fresh = entries.filter((entry) => entry.seq > last);
    if (!fresh.length) return;
    this.journal.push(...fresh);
    if (this.journal.length > KEEP) this.journal.splice(0, this.journal.length - KEEP);
    this.news.push(...fresh);
    this.count(fresh.filter((entry) => entry.kind === 'produced' || entry.kind === 'handled').length);
  }

  /** Remembers how much happened where there was too much to say what. @param {Record<string, number>} counts by kind */
  sum(counts) {
    this.count((counts.produced ?? 0) + (counts.handled ?? 0));
    if (!counts.produced || !this.board) return;
    this.sums.push({ at: this.board.lab_time, n: counts.produced });
    if (this.sums.length > KEEP) this.sums.shift();
  }

  /** Puts older entries in front of what is there. @param {Entry[]} entries in order */
  prepend(entries) {
    const first = this.journal.length ? this.journal[0].seq : Infinity;
    this.journal = [...entries.filter((entry) => entry.seq < first), ...this.journal].slice(-KEEP);
    this.invalidate();
  }

  /** The newest seqs that the journal here leaves out, at most as many as are kept. @returns {{from: number, to: number} | undefined} */
  hole() {
    const after = this.journal.findLastIndex((entry, i, all) => i > 0 && entry.seq !== all[i - 1].seq + 1);
    const last = this.journal.at(-1)?.seq ?? 0;
    const to = last < this.seq ? this.seq : after > 0 ? this.journal[after].seq - 1 : 0;
    if (!to) return undefined;
    const before = last < this.seq ? last : this.journal[after - 1].seq;
    return { from: Math.max(before + 1, to - KEEP + 1), to };
  }

  /** Puts entries into a hole. They are no news, and no longer only counted. @param {Entry[]} entries in order */
  fill(entries) {
    const known = new Set(this.journal.map((entry) => entry.seq));
    this.journal = [...this.journal, ...entries.filter((entry) => !known.has(entry.seq))].sort((a, b) => a.seq - b.seq).slice(-KEEP);
    const oldest = this.journal.find((entry, i, all) => all.length - i === all.at(-1).seq - entry.seq + 1);
    if (oldest) this.sums = this.sums.filter(({ at }) => at < oldest.at);
    this.invalidate();
  }

  /** @param {number} n messages */
  count(n) {
    const now = performance.now();
    if (n > 0) this.load.push({ at: now, n });
    while (this.load.length && this.load[0].at < now - 1000) this.load.shift();
  }

  /** Messages produced and handled in the last second. */
  rate() {
    this.count(0);
    return this.load.reduce((sum, { n }) => sum + n, 0);
  }

  /** Lab time of what is shown. */
  now() { return this.past ? this.past.lab_time : this.present(); }

  /** Lab time now, running on between two frames. */
  present() {
    if (!this.board) return 0;
    const since = this.board.state === 'live' && this.linked ? (performance.now() - this.receivedAt) * this.board.speed : 0;
    return this.board.lab_time + since;
  }

  /** Counts the time since the board's newest entry: a quiet lab is silent, and its clock runs on. */
  resume() {
    const age = this.board ? Date.now() + this.skew - Date.parse(this.board.time) : 0;
    this.receivedAt = performance.now() - (age > 0 && age < 86_400_000 ? age : 0);
  }

  skew = 0; // ms that the server's clock is ahead of this machine's
  linked = false;
  /** @type {Board | null} the moment that is shown instead of the present */
  past = null;
  /** @type {Date | undefined} when the connection was lost */
  lostAt = undefined;

  /** @param {(board: Board, news: Entry[]) => void} draw called with what happened since its last call */
  subscribe(draw) { this.readers.push(draw); }

  /** Has everything drawn at the next paint. */
  invalidate() {
    if (this.dirty) return;
    this.dirty = true;
    requestAnimationFrame(() => this.flush());
  }

  flush() {
    this.dirty = false;
    this.drawnAt = performance.now();
    if (!this.board) return;
    const news = this.news;
    this.news = [];
    // Nothing moves in the past, whatever the lab does meanwhile.
    for (const draw of this.readers) draw(/** @type {Board} */ (this.shown), this.past ? [] : news);
  }
}
