// What the user sees: a real query, answered from the read model, drawn as the
// shop's page would draw it, and the cures for a copy that is late.

import { h, icon, once, set } from './dom.js';
import { chip } from './ontheway.js';
import { clock, count, money } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./types.js').Row} Row */
/** @typedef {{path: string, status: number, ms: number, body: any, error: string}} Answer */

/** @type {Record<string, string>} what the shop's page says about a status */
const SAYS = { CREATED: 'Waiting for payment.', PAID: 'Paid. We are packing it.', RESERVED: 'Packed. It leaves soon.', COMPLETED: 'It is on its way to you.', CANCELLED: 'Cancelled.' };

export class UserView {
  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.app = app;
    this.id = '';
    this.own = false; // the page shows the user's own write where it is newer
    this.say = false; // the page says that something is being updated
    /** @type {Answer | undefined} */
    this.answer = undefined;
    this.asked = '';
    this.waiting = 0; // the version that a query waits for
    this.result = '';
    this.big = h('p', { class: 'bigstatus' });
    this.facts = h('dl', { class: 'fact' });
    this.seen = h('div', { class: 'seen', 'aria-live': 'off' });
    this.lead = h('p', { class: 'curelead' });
    this.wait = h('button', { type: 'button', class: 'btn sm', 'data-act': true, 'data-cure': 'wait', onclick: () => this.waitFor() }, 'Wait');
    this.ownButton = h('button', { type: 'button', class: 'btn sm', 'data-act': true, 'data-cure': 'own', 'aria-pressed': 'false', onclick: () => this.toggle('own') }, 'Show own write');
    this.sayButton = h('button', { type: 'button', class: 'btn sm', 'data-act': true, 'data-cure': 'say', 'aria-pressed': 'false', onclick: () => this.toggle('say') }, 'Say “updating…”');
    this.outcome = h('p', { class: 'outcome', role: 'status' });
    this.node = h('section', { class: 'readside', 'aria-label': 'What the user sees' },
      h('h2', {}, 'What the user sees'), h('p', { class: 'mut' }, 'the read side, a copy made for questions'),
      this.big, this.facts, this.seen, this.lead, h('div', { class: 'cures' }, this.wait, this.ownButton, this.sayButton), this.outcome);
  }

  /** @param {Board} board @param {string} id */
  draw(board, id) {
    if (id !== this.id) { this.id = id; this.answer = undefined; this.asked = ''; this.result = ''; }
    const order = board.orders[id];
    const row = board.read_model.orders[id];
    const late = board.read_model.late?.[id];
    const ahead = row && row.version > order.version;
    const past = this.app.past();
    const age = late ? Math.max(0, this.app.store.now() - late.since) : 0;
    once(this.big, `${row?.status} ${late ? seconds(age) : ''} ${ahead}`, () => [row?.status ?? 'nothing yet', ' ', late ? chip(`STALE, ${seconds(age)}`) : '', ahead ? h('span', { class: 'chip plain' }, icon('fwd'), 'AHEAD') : '']);
    set(this.node, 'data-state', late ? 'stale' : 'ok');
    once(this.facts, `${id} ${this.app.follow.letter(board, id)} ${row?.version} ${row?.as_of} ${late?.behind} ${ahead}`, () => [
      ...pair('version', row ? `${row.version}${late ? `, ${behind(late.behind)}` : ahead ? ', before the order service' : ''}` : late ? `none, ${behind(late.behind)}` : 'none'),
      ...pair('as of', row ? clock(row.as_of) : '–')]);
    this.query(board, row);
    this.drawPage(board, row, late);
    this.drawCures(board, order, row, late, past);
  }

  /** Asks again when the copy has changed. @param {Board} board @param {Row | undefined} row */
  async query(board, row) {
    if (this.app.past() || this.waiting || this.app.lost) return;
    const sign = `${this.id} ${this.own} ${row?.version} ${row?.status} ${row?.as_of} ${board.read_model.rebuild?.seq} ${board.read_model.rebuild?.state} ${board.orders[this.id]?.status === 'CANCELLED'}`;
    if (sign === this.asked) return;
    this.asked = sign;
    const { id } = this;
    const answer = await this.ask(this.own ? '?own=1' : '');
    if (id !== this.id || this.waiting || sign !== this.asked) return;
    this.answer = answer;
    this.app.store.invalidate();
  }

  /** @param {string} params @returns {Promise<Answer>} */
  async ask(params) {
    const path = `/orders/${encodeURIComponent(this.app.board.orders[this.id]?.handle || this.id)}${params}`;
    const began = performance.now();
    try {
      const response = await fetch(`${this.app.base}${path}`);
      const body = await response.json();
      return { path, status: response.status, ms: performance.now() - began, body, error: body.error?.message ?? '' };
    } catch {
      return { path, status: 0, ms: performance.now() - began, body: undefined, error: 'the lab did not answer' };
    }
  }

  /** The page of the shop. @param {Board} board @param {Row | undefined} row @param {{behind: number} | undefined} late */
  drawPage(board, row, late) {
    const past = this.app.past();
    const answer = past ? undefined : this.answer;
    const path = answer?.path ?? `/orders/${board.orders[this.id]?.handle || this.id}`;
    const shown = past ? row && { items: row.items ?? [], total: row.total, user_name: row.user_name, status: row.status, reason: row.reason, version: row.version, source: 'read_model' } : answer?.status === 200 ? answer.body : undefined;
    const head = past ? 'as it was' : this.waiting ? `waits for version ${this.waiting} …` : answer ? `${answer.status || 'no answer'}, ${Math.round(answer.ms)} ms` : '…';
    set(this.seen, 'data-source', shown?.source ?? 'none');
    const missing = past ? !row : answer !== undefined && !shown;
    const updating = this.say && late && shown?.source !== 'own_write';
    once(this.seen, JSON.stringify([path, head, shown, missing, updating && late?.behind, answer?.error]), () => [
      h('header', {}, h('span', { class: 'cut' }, `GET ${path}`), h('span', { class: 'end' }, head)),
      h('div', { 'aria-busy': this.waiting ? 'true' : null },
        h('p', { class: 'pagetitle' }, shown ? (shown.user_name ? `${shown.user_name.split(' ')[0]}, your order` : 'Your order') : 'Your orders'),
        shown ? h('p', {}, `${shown.items.map((/** @type {any} */ item) => `${item.qty} ${(item.name || item.sku).toLowerCase()}`).join(', ')}, ${money(shown.total)}`) : missing ? h('p', {}, 'You have no such order.') : h('p', { class: 'mut' }, 'loading'),
        shown ? h('p', { class: 'mut' }, SAYS[shown.status] ?? shown.status, shown.status === 'CANCELLED' && shown.reason ? ` (${shown.reason.replaceAll('_', ' ')})` : '') : '',
        shown?.source === 'own_write' ? h('p', { class: 'mut' }, 'From what your own command was answered with.') : '',
        updating ? h('p', { class: 'updating' }, icon('dots'), ' Being updated …') : '',
        missing && answer?.error ? h('p', { class: 'mut apierror' }, this.app.say(answer.error)) : ''),
    ]);
  }

  /** @param {Board} board @param {any} order @param {Row | undefined} row @param {{behind: number} | undefined} late @param {boolean} past */
  drawCures(board, order, row, late, past) {
    const sorrow = !late ? 'The copy says what is true: there is nothing to cure.'
      : !row ? 'The user has just ordered and finds nothing. Try a cure:'
        : order.status === 'CANCELLED' ? 'The order is off and the user does not know. Try a cure:'
          : order.charged > order.refunded && row.status === 'CREATED' ? 'The user paid and believes the money is lost. Try a cure:'
            : 'The user sees what was true before. Try a cure:';
    once(this.lead, sorrow, () => [sorrow]);
    once(this.wait, `${order.version}`, () => [`Wait for v${order.version}`]);
    set(this.ownButton, 'aria-pressed', String(this.own));
    set(this.sayButton, 'aria-pressed', String(this.say));
    const words = past ? '' : this.waiting ? 'The page waits with its query until the copy has the version.' : this.result
      || (this.own ? (this.answer?.body?.source === 'own_write' ? 'It shows only what this user did: what a payment or the stock did to the order is not in it.' : late ? 'The copy has this user’s own write already. What is missing others did: only waiting shows that.' : '')
        : this.say && late ? 'The page knows of a newer version and says so. It costs nothing and mends nothing, but nobody is misled.' : '');
    once(this.outcome, words, () => [words]);
  }

  /** @param {'own' | 'say'} what */
  toggle(what) {
    this[what] = !this[what];
    this.result = '';
    this.app.store.invalidate();
  }

  /** The query that waits until the copy is as new as the write side is now. */
  async waitFor() {
    const version = this.app.board.orders[this.id]?.version;
    if (!version || this.waiting) return;
    const { id } = this;
    this.waiting = version;
    this.result = '';
    set(this.wait, 'aria-busy', 'true');
    this.app.store.invalidate();
    const answer = await this.ask(`?min_version=${version}`);
    this.waiting = 0;
    set(this.wait, 'aria-busy', null);
    if (id !== this.id) return;
    this.answer = answer;
    this.result = answer.status === 200
      ? `Answered after ${seconds(answer.ms)} with version ${answer.body.version}. The price: the user waited for it.`
      : `${this.app.say(answer.error).replace(/^./, (first) => first.toUpperCase())}. Whoever waits needs an end to it.`;
    this.app.store.invalidate();
  }
}

/** @param {number} versions */
export const behind = (versions) => `${['', 'one', 'two', 'three', 'four'][versions] ?? versions} behind`;

/** @param {number} ms */
export const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** @param {string} name @param {any} value */
export const pair = (name, value) => [h('dt', {}, name), h('dd', {}, value)];

const SIZE = 5;

/** The orders of a user as the read side lists them, a page at a time. */
export class OrderList {
  /** @param {import('./app.js').App} app */
  constructor(app) {
    this.app = app;
    this.user = '';
    this.page = 1;
    /** @type {any} */
    this.answer = undefined;
    this.error = '';
    this.asked = '';
    this.title = h('div', { class: 'figh' });
    this.body = h('div', { class: 'tscroll', tabindex: 0, role: 'region', 'aria-label': 'Orders of a user' });
    this.pager = h('div', { class: 'pager' });
    this.node = h('section', { class: 'readlist' }, this.title, this.body, this.pager);
  }

  /** @param {Board} board @param {string} user */
  draw(board, user) {
    if (user !== this.user) { this.user = user; this.page = 1; this.answer = undefined; this.asked = ''; }
    const rows = Object.entries(board.read_model.orders).filter(([, row]) => row.user === user);
    if (!this.app.past()) this.ask(rows.map(([id, row]) => `${id} ${row.version} ${row.as_of}`).join());
    const list = this.app.past() ? rows.sort(([, a], [, b]) => b.as_of - a.as_of).slice(0, SIZE).map(([id, row]) => ({ ...row, order_id: id, as_of_ms: row.as_of, items: row.items ?? [] })) : this.answer?.orders ?? [];
    const total = this.app.past() ? rows.length : this.answer?.total ?? 0;
    const pages = Math.max(1, Math.ceil(total / SIZE));
    once(this.title, `${user} ${total} ${this.app.past()} ${this.page}`, () => [h('h3', {}, `The orders of ${user}`), h('span', { class: 'sub' }, this.app.past() ? `as the copy had them, the newest of ${total}` : h('code', {}, `GET /orders?user=${user}&page=${this.page}&size=${SIZE}`)), h('span', { class: 'end' }, count(total, 'order'))]);
    once(this.body, JSON.stringify([list, this.error, list.map((/** @type {any} */ one) => [this.app.follow.letter(board, one.order_id), board.read_model.late?.[one.order_id]?.behind])]), () => [
      list.length ? h('table', { class: 't' }, h('thead', {}, h('tr', {}, ...['order', 'goods', 'total', 'status', 'version', 'as of'].map((word) => h('th', { scope: 'col', class: word === 'total' ? 'r' : null }, word)))),
        h('tbody', {}, ...list.map((/** @type {any} */ one) => h('tr', {}, h('td', {}, this.app.mark(one.order_id)), h('td', {}, one.items.map((/** @type {any} */ item) => `${item.qty} ${(item.name || item.sku).toLowerCase()}`).join(', ')), h('td', { class: 'r' }, money(one.total)), h('td', {}, one.status),
          h('td', {}, one.version, board.read_model.late?.[one.order_id] ? h('span', { class: 'mut' }, `, ${behind(board.read_model.late[one.order_id].behind)}`) : ''), h('td', {}, clock(one.as_of_ms)))))) : h('p', { class: 'empty' }, this.error || 'The copy has no order of this user yet.')]);
    once(this.pager, `${this.page} ${pages} ${this.app.past()}`, () => (pages > 1 && !this.app.past() ? [
      h('button', { type: 'button', class: 'btn sm', disabled: this.page === 1, onclick: () => this.turn(-1) }, 'Newer'), h('span', { class: 'mut' }, `page ${this.page} of ${pages}`),
      h('button', { type: 'button', class: 'btn sm', disabled: this.page === pages, onclick: () => this.turn(1) }, 'Older')] : []));
  }

  /** @param {number} by */
  turn(by) { this.page += by; this.asked = ''; this.app.store.invalidate(); }

  /** @param {string} sign */
  async ask(sign) {
    const want = `${this.user} ${this.page} ${sign}`;
    if (this.busy || want === this.asked || this.app.lost) return;
    this.busy = true;
    this.asked = want;
    try {
      const response = await fetch(`${this.app.base}/orders?user=${encodeURIComponent(this.user)}&page=${this.page}&size=${SIZE}`);
      const body = await response.json();
      this.error = response.ok ? '' : body.error?.message ?? '';
      if (response.ok) this.answer = body;
    } catch { this.error = 'The lab did not answer.'; }
    setTimeout(() => { this.busy = false; this.app.store.invalidate(); }, 300);
    this.app.store.invalidate();
  }

  busy = false;
}

