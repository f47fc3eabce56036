// The Aggregate lens: the events of one order and what they add up to. The
// server folds; the page says which version is looked at.

import { h, icon, once, set, text } from './dom.js';
import { StreamAside } from './streamaside.js';
import { StreamFigure } from './streamfig.js';
import { StreamTrials } from './streamtrials.js';
import { count, goods, money } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {{text: string, version?: number, seq?: number}} Piece */
/** @typedef {{name: string, value: string, changed: boolean, by: number}} Value */
/** @typedef {{seq: number, event_id: string, type: string, data: any, cut: number, timestamp: number, version: number, schema_version: number, read_as: number, read_data: any,
 *   entry: number, at: number, cause: null | {seq: number, text: string, topic: string, partition: number, offset: number}, snapshot: boolean, later: boolean, state: Value[], because: Piece[], unsaid: string, counted: string, error: string}} StreamEvent */
/** @typedef {{seq: number, at: number, command: string, seen: number, found: number, text: string}} Stale */
/** @typedef {{order: string, name: string, seq: number, version: number, missing: number, note: string, events: StreamEvent[], refused: Stale[],
 *   row: {name: string, value: string}[], forgot: {ask: string, row: string, stream: string, version: number}[]}} Stream */
/** @typedef {{file: string, first: number, lines: string[], cases: Record<string, [number, number]>, questions: {id: string, ask: string}[]}} Fold */

export class AggregateLens {
  /** @param {HTMLElement} root @param {import('./app.js').App} app */
  constructor(root, app) {
    this.root = root;
    this.app = app;
    /** @type {Stream | undefined} */
    this.stream = undefined;
    /** @type {Fold | undefined} */
    this.fold = undefined;
    this.key = ''; // what the stream was asked for with
    this.error = '';
    this.busy = false;
    this.chosen = 0; // the version that is looked at, 0: the one of the moment
    this.field = ''; // the value whose reason is told, "": what the version changed
    this.base = 0; // the version that it is compared with, 0: the one before
    this.summary = h('p', { class: 'vh' });
    this.empty = h('p', { class: 'empty aggempty' }, 'No order is followed yet. Press ', h('b', {}, 'Place order'), ' and its events stand here, one column each.');
    this.head = h('div', { class: 'agghead' });
    this.figure = new StreamFigure(this);
    this.code = h('div', { class: 'aggcode' });
    this.aside = new StreamAside(this);
    this.trials = new StreamTrials(this);
    this.body = h('div', { class: 'agg' }, h('div', { class: 'aggmain' }, this.figure.root, this.code, this.trials.root), this.aside.root);
    root.append(this.summary, h('div', { class: 'aggregate' }, this.empty, this.head, this.body));
  }

  /** The version that is looked at. */
  get version() { return this.chosen || this.stream?.version || 0; }

  /** The newest version that there is. */
  get newest() { return this.stream?.events.at(-1)?.version ?? this.stream?.version ?? 0; }

  /** Whether what is looked at is not how the order is. */
  get past() { return this.version < this.newest; }

  /** @param {number} version @returns {StreamEvent | undefined} */
  event(version) { return this.stream?.events.find((e) => e.version === version); }

  /** @param {number} version */
  look(version) {
    const first = this.stream?.events[0]?.version ?? 1;
    const to = Math.min(Math.max(version, first), this.newest);
    this.chosen = to === this.stream?.version ? 0 : to;
    this.field = '';
    if (this.base >= to) this.base = 0;
    this.app.store.invalidate();
  }

  /** @param {string} field */
  ask(field) {
    this.field = field;
    this.app.store.invalidate();
  }

  /** @param {Board} board */
  draw(board) {
    const id = this.app.follow.front;
    const order = id ? board.orders[id] : undefined;
    this.empty.hidden = Boolean(order);
    this.head.hidden = this.body.hidden = !order || this.stream?.order !== id;
    if (!order) {
      once(this.empty, `none ${id}`, () => (id ? ['At this moment there was no such order yet.'] : ['No order is followed yet. Press ', h('b', {}, 'Place order'), ' and its events stand here, one column each.']));
      return;
    }
    const past = this.app.past();
    const key = `${id} ${order.version} ${order.refused?.at(-1)?.seq ?? 0} ${order.status} ${past}`;
    if (key !== this.key && !this.busy) this.fetch(key, id, past ? board.seq : 0);
    if (this.stream?.order !== id) {
      if (this.error) { this.empty.hidden = false; once(this.empty, this.error, () => [this.app.say(this.error)]); }
      return;
    }
    this.root.dataset.version = String(this.version);
    const { stream } = this;
    const sign = `${this.key} ${this.version} ${stream.seq} ${stream.events.length}`;
    const mark = this.app.follow.of(id);
    set(this.body, 'data-hue', mark?.hue);
    set(this.body.parentNode, 'data-past', this.past);
    once(this.head, `${sign} ${mark?.letter} ${mark?.hue}`, () => [
      h('p', { class: 'who' }, this.app.mark(id), h('span', {}, `${order.user}, ${goods(order)}, ${money(order.total)}`)),
      this.past ? h('span', { class: 'chip plain pastchip', 'data-state': 'past' }, icon('dots'), 'PAST') : '',
      h('b', { class: 'nw' }, `v${this.version} of ${this.newest}`),
      h('span', { class: 'end' }, this.past ? h('button', { type: 'button', class: 'btn sm', id: 'agg-newest', onclick: () => this.look(this.newest) }, `Back to v${this.newest}`) : ''),
    ]);
    this.figure.draw(stream, sign);
    this.drawCode(sign);
    this.aside.draw(stream, sign);
    this.trials.draw(stream, board);
    this.describe(board);
  }

  /** Has the stream told anew. One question at a time; the next draw asks again where it is out of date. @param {string} key @param {string} id @param {number} at */
  async fetch(key, id, at) {
    this.busy = true;
    try {
      const [answer, fold] = await Promise.all([
        fetch(`${this.app.base}/stream?order=${encodeURIComponent(id)}${at ? `&at=${at}` : ''}`),
        this.fold ?? fetch('/api/fold').then((r) => (r.ok ? r.json() : undefined)),
      ]);
      const said = await answer.json();
      this.fold = fold;
      this.error = answer.ok ? '' : said.error?.message ?? 'The stream cannot be told.';
      if (answer.ok) {
        if (said.order !== this.stream?.order || at !== this.at) { this.chosen = 0; this.field = ''; this.base = 0; }
        this.stream = said;
        this.at = at;
      }
      this.key = key;
    } catch {
      setTimeout(() => this.app.store.invalidate(), 1000); // not connected just now
    } finally {
      this.busy = false;
      this.app.store.invalidate();
    }
  }

  /** The source of the fold, with the case of the event that is looked at. @param {string} sign */
  drawCode(sign) {
    const { fold } = this;
    const type = this.event(this.version)?.type ?? '';
    once(this.code, `${sign} ${Boolean(fold)}`, () => {
      if (!fold) return [];
      const [from, to] = fold.cases[type] ?? [0, 0];
      return [
        h('div', { class: 'figh' }, h('span', { class: 'l' }, 'b'), h('h2', {}, 'The fold'), h('span', { class: 'sub' }, nest(this.version))),
        h('div', { class: 'foldcode', tabindex: 0, role: 'region', 'aria-label': `The source of the fold; at v${this.version} the case of ${type}` }, h('ol', {}, ...fold.lines.map((line, i) => {
          const n = fold.first + i;
          const run = n >= from && n <= to;
          return h('li', { class: run ? 'run' : null, 'data-line': n }, h('code', {}, line || ' '));
        }))),
        h('p', { class: 'figcap' }, `${fold.file}, the code that runs here. Marked: what v${this.version} ${type} does.`),
      ];
    });
  }

  /** The figure in words. @param {Board} board */
  describe(board) {
    void board;
    const event = this.event(this.version);
    text(this.summary, this.stream && event ? `Order ${this.stream.name} at version ${this.version} of ${this.newest}, after ${event.type}: ${event.state.map((v) => `${v.name} ${v.value}`).join(', ')}. ${count(this.newest, 'event')} in its stream.` : '');
  }
}

/** @param {number} version */
function nest(version) {
  if (version <= 3) return `state at v${version} = ${'apply('.repeat(version)}empty${Array.from({ length: version }, (_, i) => `, v${i + 1})`).join('')}`;
  return `state at v${version} = apply(… apply(apply(empty, v1), v2) …, v${version})`;
}
