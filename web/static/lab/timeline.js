// The lanes under the figures: faults, orders, marks, and time, which is a
// slider. The scale stands still and the present moves over it; only when the
// present reaches the end does the scale change. In the past it holds the whole
// run.

import { css, h, icon, keyed, once, set, text } from './dom.js';
import { clock, look, seatName } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./types.js').Entry} Entry */

const SPANS = [30_000, 60_000, 120_000]; // ms; afterwards the last two minutes, in steps of one
const SHIFT = 60_000;
const CLOSE = 1.7; // per cent of the width within which events are drawn as one
const LETTER = 24; // px that a letter takes, as something to press
const MERGED = 76; // px that "12 events" takes
const LABEL = 366; // px that the name of a fault may take
const MOST = 60; // glyphs in a lane
const SAY_MS = 1000; // how often the slider says that the present has moved on
/** @type {Record<string, [string, string]>} what stands in the lane of marks, with its sign */
const MARKS = { note: ['eye', 'note'], goal: ['ok', 'goal'], frozen: ['pause', 'frozen'], thawed: ['play', 'runs again'], dead_lettered: ['octagon', 'dead letter'], invariant: ['x', 'promise'] };

export class Timeline {
  /** @param {HTMLElement} root @param {import('./app.js').App} app */
  constructor(root, app) {
    this.app = app;
    this.faults = h('div', { class: 'lane' });
    this.orders = h('div', { class: 'lane' });
    this.marks = h('div', { class: 'lane' });
    this.ticks = h('div', { class: 'lane axis', id: 'moment-slider', role: 'slider', tabindex: 0, 'aria-label': 'Moment', 'aria-orientation': 'horizontal' }, h('span', { class: 'past' }), h('span', { class: 'knob' }));
    this.marksSign = '';
    this.saidAt = 0;
    /** @type {{from: number, to: number} | null} the scale while somebody drags */
    this.held = null;
    this.line = h('span', { class: 'nowline' });
    this.width = 1000;
    this.shown = ''; // the window of time that the scale is drawn for
    this.ordersSign = '';
    new ResizeObserver(([entry]) => { this.width = entry.contentRect.width || 1000; this.ordersSign = ''; app.store.invalidate(); }).observe(this.orders);
    root.append(h('span', {}, 'faults'), this.faults, h('span', {}, 'orders'), this.orders, h('span', { class: 'only-l' }, 'marks'), this.marks, h('span', {}, 'time'), this.ticks, this.line);
    this.marks.classList.add('only-l');
    this.slide();
    const tick = () => { if (!document.hidden && app.store.board) this.move(); setTimeout(tick, 250); };
    tick();
  }

  /** The slider: a moment is where the pointer is, and keys go entry by entry. */
  slide() {
    const { ticks } = this;
    const go = (/** @type {PointerEvent} */ e) => {
      const { from, to } = this.window();
      const box = ticks.getBoundingClientRect();
      const part = Math.min(Math.max((e.clientX - box.left) / box.width, 0), 1);
      this.app.lookBack.goTime(Math.min(from + part * (to - from), this.edge()));
    };
    ticks.addEventListener('pointerdown', (/** @type {PointerEvent} */ e) => {
      if (e.button !== 0) return;
      this.held = this.window();
      ticks.setPointerCapture(e.pointerId);
      ticks.focus({ preventScroll: true });
      e.preventDefault();
      go(e);
    });
    ticks.addEventListener('pointermove', (/** @type {PointerEvent} */ e) => { if (this.held && ticks.hasPointerCapture(e.pointerId)) go(e); });
    for (const over of ['pointerup', 'pointercancel']) ticks.addEventListener(over, () => { this.held = null; this.app.store.invalidate(); });
    ticks.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => { if (!e.ctrlKey && !e.metaKey && !e.altKey) this.app.lookBack.key(e); });
    ticks.addEventListener('focus', () => this.say());
  }

  /** What the slider tells who cannot see it. */
  say() {
    const { lookBack, store } = this.app;
    this.saidAt = performance.now();
    set(this.ticks, 'aria-valuemin', lookBack.first);
    set(this.ticks, 'aria-valuemax', lookBack.last);
    set(this.ticks, 'aria-valuenow', store.shown?.seq ?? 0);
    set(this.ticks, 'aria-valuetext', lookBack.valueText());
  }

  /** The whole run in little, where the past is shown. */
  get outline() { return this.app.past() ? this.app.lookBack.outline : undefined; }

  /** Lab time of the newest thing in the lanes. */
  edge() { return this.app.past() ? Math.max(this.outline?.last.at ?? 0, this.app.store.now(), this.app.store.linked ? this.app.store.present() : 0) : this.app.store.now(); }

  /** @returns {{from: number, to: number}} lab time that is shown */
  window() {
    if (this.held) return this.held;
    const now = this.edge();
    const span = SPANS.find((ms) => now <= ms * 0.96);
    if (span) return { from: 0, to: span };
    if (this.outline) return { from: Math.floor(this.outline.first.at / SHIFT) * SHIFT, to: Math.ceil(now / 0.96 / SHIFT) * SHIFT };
    const to = Math.ceil((now / 0.96) / SHIFT) * SHIFT;
    return { from: to - SPANS[2], to };
  }

  move() {
    const { from, to } = this.window();
    if (this.shown !== `${from} ${to}`) this.app.store.invalidate();
    const at = ((this.app.store.now() - from) / (to - from)) * 100;
    css(this.line, '--at', at.toFixed(2));
    css(this.ticks.children[0], '--at', at.toFixed(2));
    css(this.ticks.children[1], '--at', at.toFixed(2));
    const edge = ((this.edge() - from) / (to - from)) * 100;
    for (const bar of this.faults.querySelectorAll('.bar-f[data-open]')) css(bar, '--w', Math.max(0, edge - Number(bar.dataset.from)).toFixed(2));
    if (this.app.past() || performance.now() - this.saidAt >= SAY_MS) this.say();
  }

  /** @param {Board} board */
  draw(board) {
    const { from, to } = this.window();
    const at = (/** @type {number} */ ms) => ((ms - from) / (to - from)) * 100;
    const key = `${from} ${to}`;
    if (key !== this.shown) {
      this.shown = key;
      const step = (to - from) / 6;
      keyed(this.ticks, [1, 2, 3, 4, 5].map((i) => from + i * step), (ms) => ms, () => h('span', { class: 'tickl' }), (node, ms) => { text(node, clock(ms).slice(0, 5)); css(node, '--at', at(ms)); });
    }
    this.drawOrders(board, at);
    this.drawFaults(at);
    this.drawMarks(at);
    this.move();
  }

  /** @param {Board} board @param {(ms: number) => number} at */
  drawOrders(board, at) {
    const follow = this.app.follow;
    const outline = this.outline;
    const sign = `${outline ? `past ${outline.last.seq}` : `${this.app.store.seq} ${this.app.store.journal[0]?.seq}`} ${this.shown} ${follow.list.map((one) => one.id)}`;
    if (sign === this.ordersSign) return;
    this.ordersSign = sign;
    /** @type {{key: string, x: number, letter: string, hue: string | undefined, seq: number, n: number, id: string}[]} */
    const glyphs = [];
    const journal = this.app.store.journal;
    const beside = (LETTER / this.width) * 100;
    const close = Math.max(CLOSE, beside);
    const present = at(this.edge()) + beside / 3;
    const wide = (MERGED / this.width) * 100;
    const sums = this.app.store.sums.map(({ at: ms, n }) => ({ seq: 0, at: ms, order: '', n }));
    const produced = outline ? outline.produced : journal.filter((entry) => entry.kind === 'produced' && entry.order && !entry.topic?.endsWith('.dlq')).map(({ seq, at: ms, order }) => ({ seq, at: ms, order: order ?? '', n: 1 }));
    for (const entry of (outline ? [...produced] : [...produced, ...sums]).sort((a, b) => a.at - b.at)) {
      const time = at(entry.at);
      if (time < 0 || time > 100) continue;
      const one = follow.of(entry.order);
      const last = glyphs.at(-1);
      const half = (one ? beside : wide) / 2;
      let x = Math.max(time, half); // inside the lane
      if (last && time - last.x < close && (!one || last.id === entry.order)) { last.n += entry.n; continue; }
      if (last && !last.hue && !one && x - last.x < wide) { last.n += entry.n; continue; }
      const apart = last ? (last.hue ? beside : wide) / 2 + half : 0;
      if (last && x - last.x < apart) { // things at one time stand side by side
        const before = glyphs.at(-2);
        const least = before ? before.x + (before.hue ? beside : wide) / 2 + wide / 2 : wide / 2;
        if (one && !last.hue && x - apart >= least) last.x = x - apart;
        else x = last.x + apart;
      }
      if (last && x > present) { last.n += entry.n; continue; } // but never in the future
      glyphs.push({ key: `${entry.seq} ${entry.at}`, x, letter: follow.letter(board, entry.order), hue: one?.hue, seq: entry.seq, n: entry.n, id: entry.order });
    }
    keyed(this.orders, glyphs.slice(-MOST), (g) => g.key, (g) => h('button', { type: 'button', onclick: (/** @type {any} */ e) => { if (g.seq) this.app.inspect({ type: 'moment', seq: g.seq }, e.currentTarget); } }), (node, g) => {
      css(node, '--at', g.x);
      const alone = g.hue || (g.n === 1 && g.letter);
      set(node, 'class', alone ? 'glyph' : 'merge');
      set(node, 'aria-label', `${g.letter ? `order ${g.letter}` : 'orders'}, ${g.n} ${g.n === 1 ? 'event' : 'events'}`);
      if (alone) {
        if (node.firstElementChild?.className !== 'o') node.replaceChildren(h('span', { class: 'o' }));
        const o = node.firstElementChild;
        set(o, 'data-order', g.letter || 'none'); set(o, 'data-hue', g.hue ?? null); text(o, g.letter || '·');
      } else {
        if (node.firstElementChild?.className !== 'm') node.replaceChildren(h('span', { class: 'm' }));
        text(node.firstElementChild, g.n === 1 ? '1 event' : `${g.n} events`);
      }
    });
  }

  /** @param {(ms: number) => number} at */
  drawMarks(at) {
    const list = (this.outline?.marks ?? this.app.store.journal).filter((entry) => MARKS[entry.kind] && (entry.kind !== 'invariant' || / broken: /.test(entry.text ?? '')) && (entry.kind !== 'note' || this.outline || /** @type {any} */ (entry).data?.action));
    const sign = `${list.at(-1)?.seq} ${list.length} ${this.shown} ${this.width}`;
    if (sign === this.marksSign) return;
    this.marksSign = sign;
    const beside = (LETTER / this.width) * 100;
    /** @type {{x: number, entry: Entry, n: number}[]} */
    const shown = [];
    for (const entry of list) {
      const x = Math.min(Math.max(at(entry.at), beside / 2), 100 - beside / 2);
      if (at(entry.at) < 0) continue;
      const last = shown.at(-1);
      if (last && x - last.x < beside) { last.n++; last.entry = entry; } else shown.push({ x, entry, n: 1 });
    }
    keyed(this.marks, shown.slice(-MOST), (mark) => mark.entry.seq, () => h('button', { type: 'button', class: 'glyph mark' }), (node, mark) => {
      const [sign, word] = MARKS[mark.entry.kind];
      const words = `${clock(mark.entry.at)}, ${this.app.say(mark.entry.text) || word}${mark.n > 1 ? `, and ${mark.n - 1} more` : ''}`;
      css(node, '--at', mark.x);
      set(node, 'data-kind', mark.entry.kind);
      set(node, 'aria-label', words); set(node, 'title', words);
      once(node, sign, () => [icon(sign)]);
      node.onclick = () => this.app.inspect({ type: 'moment', seq: mark.entry.seq }, node);
    });
  }

  /** @param {(ms: number) => number} at */
  drawFaults(at) {
    const board = /** @type {Board} */ (this.app.store.board);
    const present = this.edge();
    /** @type {{key: string, from: number, to: number, open: boolean, words: string, seq: number, failed: boolean}[]} */
    const bars = [];
    const open = new Map();
    const close = (/** @type {string} */ key, /** @type {number} */ ms) => { const bar = open.get(key); if (bar) { bar.to = ms; bar.open = false; open.delete(key); } };
    for (const entry of this.outline?.marks ?? this.app.store.journal) {
      const key = `${entry.service} ${entry.instance ?? ''}`;
      if (entry.kind === 'crashed') {
        if (open.has(key)) continue;
        const bar = { key: String(entry.seq), from: entry.at, to: Infinity, open: true, words: entry.service ? `${seatName(entry.service, entry.instance || 1)} crashed` : entry.text ?? 'crash', seq: entry.seq, failed: true };
        bars.push(bar); open.set(key, bar);
      } else if (entry.kind === 'broker' && entry.data?.broker) {
        const { id, state } = entry.data.broker;
        if (state === 'up') { close(`broker ${id}`, entry.at); continue; }
        const bar = { key: String(entry.seq), from: entry.at, to: Infinity, open: true, words: `broker ${id} down`, seq: entry.seq, failed: true };
        bars.push(bar); open.set(`broker ${id}`, bar);
      } else if (entry.kind === 'fault' && entry.data?.fault?.kind === 'broker') continue; // what became of it is the bar
      else if (entry.kind === 'fault') bars.push({ key: String(entry.seq), from: entry.at, to: entry.at, open: false, words: this.app.say(entry.text) || 'fault', seq: entry.seq, failed: false });
      else if (entry.kind === 'restarted' || entry.kind === 'healed') { close(key, entry.at); if (!entry.instance) for (const k of [...open.keys()]) if (k.startsWith(`${entry.service} `)) close(k, entry.at); }
    }
    const down = new Set(Object.entries(board.services).flatMap(([name, service]) => (service.seats ?? []).filter((seat) => look(seat.state) === 'failed').map((seat) => `${name} ${seat.instance}`)));
    for (const broker of board.brokers ?? []) if (broker.state === 'down') down.add(`broker ${broker.id}`);
    for (const key of [...open.keys()]) if (!down.has(key) && !down.has(`${key.trim()} 1`)) close(key, present);
    const shown = bars.filter((bar) => at(Math.min(bar.to, present)) > 0).slice(-12);
    keyed(this.faults, shown, (bar) => bar.key, (bar) => h('button', { type: 'button', class: 'bar-f', onclick: (/** @type {any} */ e) => this.app.inspect({ type: 'moment', seq: bar.seq }, e.currentTarget) }), (node, bar) => {
      const x = Math.max(0, at(bar.from));
      css(node, '--at', x);
      css(node, '--w', Math.max(0.6, (bar.open ? at(present) : at(bar.to)) - x));
      set(node, 'data-open', bar.open); set(node, 'data-from', x);
      set(node, 'aria-label', `${bar.words}, ${clock(bar.from)}`);
    });
    const newest = shown.slice(-2);
    for (const old of this.faults.querySelectorAll('.lbl')) if (!newest.some((bar) => bar.key === old.dataset.key)) old.remove();
    newest.forEach((bar, i) => {
      let label = this.faults.querySelector(`.lbl[data-key="${bar.key}"]`);
      if (!label) { label = h('span', { class: 'lbl f pre', 'data-key': bar.key, 'aria-hidden': 'true' }, icon('x'), ' ', bar.words.split(', ')[0]); this.faults.append(label); }
      const x = Math.max(0, at(bar.from));
      const next = newest[i + 1];
      const room = (LABEL / this.width) * 100;
      const right = x < room; // no room to its left
      const end = Math.max(bar.open ? at(present) : at(bar.to), x + 0.6);
      set(label, 'class', right ? 'lbl f' : 'lbl f pre');
      css(label, '--at', right ? (end + room > 100 ? x : end) + 0.5 : x - 0.3); // on a long bar where the right has no room either
      label.hidden = Boolean(next && Math.abs(at(next.from) - x) < 22);
    });
  }
}
