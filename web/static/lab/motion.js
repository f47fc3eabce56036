// Tokens that travel, and how busy the lines are. Only followed orders travel,
// at most eight at once; a busy line becomes a stream with a rate. With
// reduced motion nothing moves at all: the numbered trail says the same.

import { s, set } from './dom.js';
import { edgeOf } from './hops.js';

const HOP_MS = 600; // at speed 1
const FASTEST_MS = 300;
const MOST = 8; // tokens in the air
const EDGE_STREAM = 4; // messages a second that make one line a stream
const EDGE_CALM = 3; // and below which it is single messages again
const LAB_STREAM = 12; // messages a second that make every line a stream
const LAB_RATE = 50; // and above which only rates are shown
const LABEL_MS = 500;
const SAMPLES = 64; // points in which a line is measured

export class Motion {
  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.app = app;
    this.layer = s('g', { class: 'movers' });
    /** @type {Record<string, SVGPathElement>} set by the map */
    this.paths = {};
    /** @type {Record<string, {length: number, at: (part: number) => {x: number, y: number}}>} */
    this.ways = {};
    /** @type {{edge: string, letter: string, node: any, start: number, ms: number}[]} */
    this.movers = [];
    /** @type {Map<string, number>} messages a second along an edge, as they are shown */
    this.rates = new Map();
    this.streams = new Set();
    /** @type {'tokens'|'streams'|'rate'} */
    this.mode = 'tokens';
    this.labelsAt = 0;
    this.running = false;
    this.frozen = false;
  }

  /** Measures the lines once they are placed: asking the browser for a point again and again lays the page out each time. */
  measureWays() {
    this.ways = Object.fromEntries(Object.entries(this.paths).map(([name, path]) => {
      const length = path.getTotalLength();
      const points = Array.from({ length: SAMPLES + 1 }, (_, i) => path.getPointAtLength((length * i) / SAMPLES));
      return [name, { length, at: (/** @type {number} */ part) => between(points, part) }];
    }));
  }

  /** @param {import('./types.js').Board} board @param {import('./types.js').Entry[]} news */
  see(board, news) {
    const now = performance.now();
    const stops = board.state === 'frozen' && !this.frozen;
    this.frozen = board.state === 'frozen';
    if (stops) for (const mover of this.movers.splice(0)) mover.node.remove(); // what is on its way arrives at once
    this.measure(board, now);
    if (stops || this.mode === 'rate' || this.app.calm || document.hidden) return;
    for (const entry of news) this.launch(board, entry, now);
  }

  /** @param {import('./types.js').Board} board @param {number} now */
  measure(board, now) {
    if (this.app.past() || board.state === 'frozen') { // a moment stands still
      this.rates = new Map();
      this.streams.clear();
      this.mode = 'tokens';
      return;
    }
    const { pace } = this.app.store;
    const rates = new Map(Object.keys(this.paths).map((edge) => [edge, pace.rate(paceKey(board, edge))]));
    for (const [edge, rate] of rates) {
      if (rate > EDGE_STREAM) this.streams.add(edge);
      else if (rate < EDGE_CALM) this.streams.delete(edge);
    }
    const total = Math.max(this.app.store.rate(), ...rates.values());
    this.mode = total > LAB_RATE ? 'rate' : total > LAB_STREAM ? 'streams' : 'tokens';
    if (now - this.labelsAt >= LABEL_MS) {
      this.labelsAt = now;
      this.rates = rates;
    }
    if (total > 0) { clearTimeout(this.later); this.later = setTimeout(() => this.app.store.invalidate(), 300); }
  }

  /** @param {import('./types.js').Board} board @param {import('./types.js').Entry} entry @param {number} now */
  launch(board, entry, now) {
    // An order leaves a topic when its handling begins, and a service when its record stands.
    if (entry.kind !== 'produced' && entry.kind !== 'handling') return;
    const one = this.app.follow.of(entry.order);
    const edge = edgeOf(entry);
    if (!one || !edge || edge.endsWith('s:projector') || !this.paths[edge]) return;
    if (this.movers.length >= MOST) return;
    const node = s('g', { 'data-kind': 'event', 'data-order': one.letter, 'data-hue': one.hue }, s('rect', { class: 'tok', x: -10, y: -10, width: 20, height: 20, rx: 5 }), s('text', { class: 'tk', y: 4.5 }, one.letter));
    this.layer.append(node);
    this.movers.push({ edge, letter: one.letter, node, start: now, ms: Math.max(FASTEST_MS, HOP_MS / (board.speed || 1)) });
    if (!this.running) { this.running = true; requestAnimationFrame((t) => this.move(t)); }
  }

  /** @param {number} now */
  move(now) {
    this.movers = this.movers.filter((mover) => {
      const way = this.ways[mover.edge];
      const part = Math.max(0, (now - mover.start) / mover.ms);
      if (part >= 1 || !way || this.app.calm) { mover.node.remove(); this.app.store.invalidate(); return false; }
      const point = way.at(part);
      set(mover.node, 'transform', `translate(${point.x} ${point.y})`);
      return true;
    });
    this.running = this.movers.length > 0;
    if (this.running) requestAnimationFrame((t) => this.move(t));
  }

  /** Whether this order is on its way along an edge. @param {string} letter @param {string} edge */
  moving(letter, edge) { return this.movers.some((mover) => mover.letter === letter && mover.edge === edge); }

  /** 0 for single messages, 1 to 3 for how thick a stream is. @param {string} edge */
  load(edge) {
    const rate = this.rates.get(edge) ?? 0;
    if (rate === 0 || (this.mode === 'tokens' && !this.streams.has(edge))) return 0;
    return rate > 50 ? 3 : rate > 12 ? 2 : 1;
  }

  /** @returns {{edge: string, words: string}[]} */
  labels() {
    return [...this.rates].filter(([edge]) => this.load(edge) > 0 && !edge.endsWith('s:projector') && !/>s:order$/.test(edge.replace('s:shop>s:order', '')))
      .map(([edge, rate]) => ({ edge, words: `${rate}/s` }));
  }
}

/** What counts the messages of an edge, "" for one that says nothing about its load. @param {import('./types.js').Board} board @param {string} edge */
function paceKey(board, edge) {
  if (edge === 's:shop>s:order') return 'placed';
  if (edge === 't:inventory>s:payment') return ''; // payment reads it all and needs next to nothing
  const [from, to] = edge.split('>');
  if (to?.startsWith('t:')) return to.slice(2);
  return from.startsWith('t:') ? `${from.slice(2)} ${board.services[to.slice(2)]?.group}` : '';
}

/** @param {{x: number, y: number}[]} points @param {number} part 0 to 1 */
function between(points, part) {
  const at = Math.min(Math.max(part, 0), 1) * (points.length - 1);
  const [a, b] = [points[Math.floor(at)], points[Math.ceil(at)]];
  const rest = at - Math.floor(at);
  return { x: a.x + (b.x - a.x) * rest, y: a.y + (b.y - a.y) * rest };
}
