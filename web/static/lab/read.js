// The Read lens: what is true, what is on its way, and what the user sees.
// Commands went one way, queries come another; between them lie the events.

import { el, h, keyed, once, set, text } from './dom.js';
import { OnTheWay, waitingOf } from './ontheway.js';
import { Strip } from './strip.js';
import { OrderList, UserView, behind, pair, seconds } from './userview.js';
import { clock, count, goods, money } from './words.js';

/** @typedef {import('./types.js').Board} Board */

const TICK_MS = 250; // how often a line that goes on is drawn where nothing happens
const SLOWEST = 50; // tenths of a second

export class ReadLens {
  /** @param {HTMLElement} root @param {import('./app.js').App} app */
  constructor(root, app) {
    this.root = root;
    this.app = app;
    this.summary = h('p', { class: 'vh' });
    this.empty = h('p', { class: 'empty' }, 'Place an order: its copy on the read side is shown here, beside what is true.');
    this.who = h('span', { class: 'readwho' });
    this.pause = h('button', { type: 'button', class: 'btn sm', 'data-act': true, 'data-do': 'projector', onclick: (/** @type {any} */ e) => app.press(e.currentTarget, this.pauseAction) }, 'Pause projector');
    this.rebuild = h('button', { type: 'button', class: 'btn sm', 'data-act': true, 'data-do': 'rebuild', onclick: (/** @type {any} */ e) => app.press(e.currentTarget, { rebuild: { projection: 'orders' } }) }, 'Rebuild from #0');
    this.progress = h('p', { class: 'rebuildbar', role: 'status', hidden: true });
    this.truth = h('section', { 'aria-label': 'What is true' }, h('h2', {}, 'What is true'), h('p', { class: 'mut' }, 'the write side, order service'));
    this.big = h('p', { class: 'bigstatus' });
    this.facts = h('dl', { class: 'fact' });
    this.stream = h('table', { class: 't stream' });
    this.truth.append(this.big, this.facts, h('h3', {}, 'How it came to be'), this.stream);
    this.far = h('p', { class: 'mut' });
    this.way = new OnTheWay(app);
    this.because = h('div', { class: 'why' });
    this.user = new UserView(app);
    this.strip = new Strip(app);
    this.list = new OrderList(app);
    this.slow = h('input', { type: 'range', id: 'slow-projector', min: 0, max: SLOWEST, step: 1, value: 0, 'data-act': true });
    this.slowWords = h('output', { for: 'slow-projector' });
    this.slow.addEventListener('input', () => { this.held = true; this.say(Number(this.slow.value)); });
    this.slow.addEventListener('change', () => this.slowDown());
    this.figure = h('div', { class: 'read' },
      h('div', { class: 'readhead' }, this.who, h('span', { class: 'end' }, this.pause, this.rebuild)),
      this.progress, h('p', { class: 'said', role: 'status', hidden: true }),
      h('div', { class: 'rs' }, this.truth, h('section', { 'aria-label': 'What is on its way' }, h('h2', {}, 'What is on its way'), this.far, this.because, this.way.node), this.user.node),
      h('div', { class: 'stalestrip' }, this.strip.node,
        h('div', { class: 'slower' }, h('label', { for: 'slow-projector' }, 'Slow the projector ', this.slowWords), h('div', { class: 'range' }, '0 s ', this.slow, ' 5 s'), h('p', { class: 'mut' }, 'Nothing is broken: the copy is only late.'))),
      this.list.node);
    this.table = h('div', { class: 'tscroll', tabindex: 0, role: 'region', 'aria-label': 'Both sides', hidden: true }, h('table', { class: 't' }, h('caption', {}, 'Both sides of every order'),
      h('thead', {}, h('tr', {}, ...['order', 'user', 'true', 'version', 'shown', 'version', 'behind', 'as of', 'stale'].map((word) => h('th', { scope: 'col' }, word)))), h('tbody')));
    root.append(this.summary, this.empty, this.figure, this.table);
  }

  /** @type {any} */
  pauseAction = {};
  held = false; // somebody has the slider in hand

  /** @param {Board} board */
  draw(board) {
    const asTable = el('table').getAttribute('aria-pressed') === 'true';
    const id = this.app.follow.front;
    const order = board.orders[id];
    this.empty.hidden = Boolean(order) || asTable;
    this.figure.hidden = !order || asTable;
    this.table.hidden = !asTable;
    if (asTable) { this.drawTable(board); return; }
    if (!order) return;
    this.drawHead(board, order);
    this.drawTruth(board, order);
    this.drawWay(board, order);
    this.user.draw(board, id);
    this.strip.draw(board);
    this.list.draw(board, order.user);
    this.tick(board);
  }

  /** What goes on while nothing happens: the age of what is stale, and the line of staleness. @param {Board} board */
  tick(board) {
    if (this.app.past() || board.state !== 'live' || !this.app.store.linked || this.later) return;
    this.later = setTimeout(() => { this.later = undefined; if (!this.root.hidden) this.app.store.invalidate(); }, board.read_model.lag > 0 || Object.keys(board.read_model.late ?? {}).length ? TICK_MS : 4 * TICK_MS);
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  later = undefined;

  /** @param {Board} board @param {import('./types.js').Order} order */
  drawHead(board, order) {
    once(this.who, `${order.id} ${this.app.follow.letter(board, order.id)} ${order.user} ${order.total}`, () => [this.app.mark(order.id), ` ${order.user}, ${goods(order)}, ${money(order.total)}`]);
    const projector = board.services.projector;
    const paused = projector?.state === 'paused';
    const down = projector?.state === 'crashed';
    this.pauseAction = paused ? { resume: { service: 'projector' } } : down ? { heal: 'projector' } : { pause: { service: 'projector' } };
    text(this.pause, paused ? 'Resume projector' : down ? 'Repair projector' : 'Pause projector');
    const { rebuild } = board.read_model;
    const going = rebuild?.state === 'running' || rebuild?.state === 'waiting';
    this.progress.hidden = !going && rebuild?.state !== 'done';
    set(this.progress, 'data-state', rebuild?.state || null);
    once(this.progress, JSON.stringify(rebuild), () => (going ? [
      h('progress', { max: Math.max(1, rebuild.total), value: rebuild.total - rebuild.left, 'aria-label': 'records read again' }),
      h('span', {}, h('b', {}, `${rebuild.total - rebuild.left} of ${rebuild.total}`), rebuild.because ? `: ${this.app.say(rebuild.because)}. The old copy answers.` : ' records are in a second copy. The old one answers until it has read as far.')]
      : [h('span', {}, h('b', {}, 'Rebuilt'), ` from ${count(rebuild?.total ?? 0, 'record')}${rebuild?.left_out ? `, ${rebuild.left_out} could not be understood` : ''}: the second copy took the place of the first. `, rebuild?.seq ? this.app.moment(rebuild.seq, 'why') : '')]));
    const now = tenths(board.faults?.find((fault) => fault.kind === 'slow' && fault.service === 'projector')?.by);
    if (!this.held) { if (Number(this.slow.value) !== now) this.slow.value = String(now); this.say(now); }
  }

  /** @param {number} n tenths of a second */
  say(n) {
    const words = `by ${(n / 10).toFixed(1)} s an event`;
    text(this.slowWords, n ? words : '');
    set(this.slow, 'aria-valuetext', n ? words : 'not slowed');
  }

  async slowDown() {
    await this.app.press(this.slow, { slow: { service: 'projector', by: `${Number(this.slow.value) * 100}ms` } });
    this.held = false;
    this.app.store.invalidate();
  }

  /** @param {Board} board @param {import('./types.js').Order} order */
  drawTruth(board, order) {
    const row = board.read_model.orders[order.id];
    const last = order.stream?.at(-1);
    text(this.big, order.status);
    once(this.facts, `${order.id} ${this.app.follow.letter(board, order.id)} ${order.version} ${last?.seq} ${order.charged} ${order.refunded}`, () => [
      ...pair('version', String(order.version)), ...pair('written', last ? this.app.moment(last.seq, clock(last.at)) : '–'),
      ...pair('charged', order.refunded ? `${money(order.charged)}, ${money(order.refunded)} given back` : money(order.charged))]);
    const copied = (order.stream ?? []).filter((event) => event.version <= (row?.version ?? 0));
    const missing = (order.stream ?? []).filter((event) => event.version > (row?.version ?? 0));
    once(this.stream, `${order.id} ${copied.length} ${missing.length}`, () => [
      h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'version'), h('th', { scope: 'col' }, 'event'), h('th', { scope: 'col', class: 'r' }, 'at'))),
      h('tbody', {}, ...copied.map((event) => this.event(event))),
      missing.length ? h('tbody', {}, h('tr', {}, h('td', { class: 'gap', colspan: 3 }, 'not in the copy yet')), ...missing.map((event) => this.event(event))) : '']);
  }

  /** @param {{version: number, type: string, at: number, seq: number}} event */
  event(event) { return h('tr', {}, h('td', {}, `v${event.version}`), h('td', {}, event.type), h('td', { class: 'r' }, this.app.moment(event.seq, clock(event.at)))); }

  /** @param {Board} board @param {import('./types.js').Order} order */
  drawWay(board, order) {
    const waiting = waitingOf(board, order.id).length;
    const late = board.read_model.late?.[order.id];
    const row = board.read_model.orders[order.id];
    const name = this.app.follow.letter(board, order.id) || 'the order';
    const age = late ? `, ${seconds(Math.max(0, this.app.store.now() - late.since))} behind` : '';
    text(this.far, `${waiting ? count(waiting, 'event') : 'nothing'} of ${name}${age}. Carets: projector`);
    this.way.draw(board, order.id);
    const why = this.app.say(board.read_model.because);
    const seq = board.read_model.because_seq;
    once(this.because, `${late?.behind} ${waiting} ${why} ${seq} ${row?.version} ${order.version} ${name}`, () => {
      const link = (/** @type {string} */ words) => (seq ? this.app.moment(seq, words) : words);
      if (late) {
        const rest = waiting ? `: ${count(waiting, 'event')} of ${name} ${waiting === 1 ? 'is' : 'are'} not applied yet.` : '.';
        return [h('p', { class: 'because stale', 'data-cause-for': `read-${order.id}` }, h('b', {}, 'Stale because '), link(why), rest)];
      }
      if (row && row.version > order.version) return [h('p', { class: 'because stale' }, h('b', {}, 'Ahead because '), `the projector came to an event of ${name} before the order service did: two readers, two paces.`)];
      if (waiting) return [h('p', { class: 'mut' }, `The copy agrees. ${count(waiting, 'event')} of ${name} ${waiting === 1 ? 'waits' : 'wait'} that will not change its status.`)];
      return [h('p', { class: 'mut' }, row ? 'The copy has all of it, and says what is true.' : '')];
    });
  }

  /** The same as a table, for every order. @param {Board} board */
  drawTable(board) {
    const orders = Object.values(board.orders).sort((a, b) => b.placed_seq - a.placed_seq).slice(0, 100);
    keyed(this.table.querySelector('tbody'), orders, (order) => order.id, () => h('tr', {}, ...Array.from({ length: 9 }, () => h('td'))), (tr, order) => {
      const row = board.read_model.orders[order.id];
      const late = board.read_model.late?.[order.id];
      [this.app.follow.letter(board, order.id) || order.id, order.user, order.status, order.version, row?.status ?? 'nothing', row?.version ?? '–', late ? behind(late.behind) : 'no', row ? clock(row.as_of) : '–',
        late ? `since ${clock(late.since)}, because ${this.app.say(board.read_model.because)}` : 'no'].forEach((value, i) => text(tr.children[i], value));
    });
  }

  /** The figure in words. @param {Board} board */
  describe(board) {
    const order = board.orders[this.app.follow.front];
    if (!order) { text(this.summary, 'Read side. There is no order yet.'); return; }
    const row = board.read_model.orders[order.id];
    const late = board.read_model.late?.[order.id];
    const name = this.app.follow.letter(board, order.id);
    const { rebuild } = board.read_model;
    text(this.summary, `Read side. Order ${name} is ${order.status}, version ${order.version}. The user sees ${row ? `${row.status}, version ${row.version}` : 'nothing yet'}. ${late ? `That is stale, ${behind(late.behind)}, because ${this.app.say(board.read_model.because)}.` : 'That is what is true.'} ${count(board.read_model.lag, 'event')} not applied yet.${rebuild?.state === 'running' || rebuild?.state === 'waiting' ? ` A second copy is being built: ${rebuild.total - rebuild.left} of ${rebuild.total} records.` : ''}`);
  }
}

/** A Go duration in tenths of a second. @param {string | undefined} text "1.5s", "800ms" */
function tenths(text) {
  const found = /^(?:(\d+)m(?!s))?(?:([\d.]+)(ms|s))?$/.exec(text ?? '');
  if (!found) return 0;
  const n = Number(found[2] ?? 0) * (found[3] === 'ms' ? 0.01 : 10) + Number(found[1] ?? 0) * 600;
  return Math.min(SLOWEST, Math.round(n));
}
