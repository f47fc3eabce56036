// The left panel: the order to be placed next, what happened to the followed
// one, and the newest orders.

import { h, icon, keyed, once, set, text } from './dom.js';
import { refusal } from './app.js';
import { nextLetter } from './follow.js';
import { legs } from './hops.js';
import { whyButton } from './why.js';
import { becauseOf, clock, count, goods, lower, money, seconds } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./types.js').Order} Order */

const SHOWN = 30;
const FIRST = 3; // orders up to which the next steps are of use
const USERS = 20;
const PRODUCTS = [['keyboard', '4900'], ['mouse', '2500'], ['monitor', '18900'], ['cable', '900']];
const CALM = new Set(['delivered', 'committed', 'handling']); // hops that a story can do without

export class Orders {
  /** @param {import('./app.js').App} app @param {{form: any, story: any, list: any, place: any}} parts */
  constructor(app, parts) {
    this.app = app;
    this.parts = parts;
    this.user = 1; // who buys next, unless a user was chosen by hand
    this.first = document.getElementById('first');
    const { form } = parts;
    if (form) this.fill(form); // a run from a file has none
    this.head = h('div', { class: 'panelh' }, h('h2', {}, 'Orders'), h('span', { class: 'end' }));
    this.ul = h('ul', { class: 'olist' });
    this.empty = h('p', { class: 'empty' }, 'No orders yet. Press ', h('b', {}, 'Place order'), ' and watch it go through the shop.');
    parts.list.append(this.head, this.empty, this.ul);
  }

  /** @param {any} form */
  fill(form) {
    form.elements.user.append(...Array.from({ length: USERS }, (_, i) => h('option', { value: `user-${i + 1}` }, `user-${i + 1}`)));
    form.elements.sku.append(...PRODUCTS.map(([sku, price]) => h('option', { value: sku }, `${sku} ${money(Number(price)).replace('.00', '')}`)));
    form.elements.user.addEventListener('change', () => { this.chosen = true; });
    form.addEventListener('submit', (/** @type {Event} */ e) => { e.preventDefault(); this.place(); });
  }

  async place() {
    const { form, place } = this.parts;
    if (!form.reportValidity()) return;
    const board = this.app.board;
    const letter = nextLetter(board, this.app.follow.list);
    const order = { user: form.elements.user.value, items: [{ sku: form.elements.sku.value, qty: Number(form.elements.qty.value) }], method: form.elements.method.value };
    set(place, 'aria-busy', 'true');
    try {
      const result = await this.app.act({ place_order: letter ? { as: letter, ...order } : order });
      refusal(place, result.answer && result.answer !== 'accepted' ? answerWords(result.answer) : '');
      if (result.order_id) this.wanted = result.order_id;
      if (!this.chosen) { this.user = (this.user % USERS) + 1; form.elements.user.value = `user-${this.user}`; }
      this.app.store.invalidate();
    } catch (error) {
      refusal(place, /** @type {Error} */ (error).message);
    } finally {
      set(place, 'aria-busy', null);
    }
  }

  /** @param {Board} board */
  draw(board) {
    if (this.wanted && board.orders[this.wanted]) { const id = this.wanted; this.wanted = ''; this.app.follow.add(board, id, false); }
    const all = Object.values(board.orders).sort((a, b) => b.placed_seq - a.placed_seq || (a.id < b.id ? 1 : -1));
    this.empty.hidden = all.length > 0;
    if (this.first) { this.first.hidden = all.length > FIRST; this.first.classList.toggle('short', all.length > 0); }
    const c = board.counts;
    text(this.head.lastChild, c?.orders ? `${c.open} open, ${c.completed} completed${c.cancelled ? `, ${c.cancelled} cancelled` : ''}` : '');
    keyed(this.ul, all.slice(0, SHOWN), (order) => order.id, (order) => this.line(order), (li, order) => this.drawLine(board, li, order));
    if (!this.rest) this.rest = h('p', { class: 'mut' });
    const more = (c?.orders ?? all.length) - Math.min(all.length, SHOWN);
    if (more > 0) { text(this.rest, `and ${more} older`); this.ul.after(this.rest); } else this.rest.remove();
    this.drawStory(board);
  }

  /** @param {Order} order */
  line(order) {
    const button = h('button', { type: 'button', class: 'ofollow', onclick: () => this.app.follow.toggle(this.app.board, order.id) });
    return h('li', { 'data-order-id': order.id }, button, h('span', { class: 'cut' }), h('span', { class: 'amt' }), h('button', { type: 'button', class: 'st', 'data-why': `order=${order.id}`, onclick: (/** @type {any} */ e) => this.app.inspect({ type: 'why', about: `order=${encodeURIComponent(order.id)}`, name: this.named(order) }, e.currentTarget) }));
  }

  /** What an order is called in a heading. @param {Order} order */
  named(order) {
    const letter = this.app.follow.letter(this.app.board, order.id);
    return letter ? `order ${letter}` : `the order of ${order.user}`;
  }

  /** @param {Board} board @param {any} li @param {Order} order */
  drawLine(board, li, order) {
    const followed = this.app.follow.of(order.id);
    const [button, who, amount, status] = li.children;
    const letter = this.app.follow.letter(board, order.id);
    set(li, 'data-order', letter || 'none');
    set(button, 'aria-pressed', String(Boolean(followed)));
    const name = this.named(order);
    set(button, 'aria-label', followed ? `stop following ${name}` : `follow ${name}`);
    set(button, 'title', followed ? 'Stop following' : 'Follow');
    once(button, `${letter} ${followed?.hue}`, () => [this.app.mark(order.id)]);
    text(who, order.user);
    set(li, 'title', goods(order));
    text(amount, money(order.total));
    const stuck = waits(order);
    once(status, `${order.status} ${stuck}`, () => [statusChip(order)]);
    set(status, 'aria-label', `why is ${name} ${order.status}${stuck ? ', waiting' : ''}?`);
    set(status, 'title', `Why ${order.status}?`);
  }

  /** @param {Board} board */
  drawStory(board) {
    const { story } = this.parts;
    const front = this.app.follow.of(this.app.follow.front);
    const order = front && board.orders[front.id];
    story.hidden = !order;
    if (!order || !front) return;
    const sign = `${front.id} ${front.hue} ${front.letter} ${order.status} ${order.trail?.at(-1)?.seq} ${order.trail?.length} ${order.waiting} ${order.charges}`;
    if (story.signature === sign) return;
    story.signature = sign;
    const numbers = new Map(legs(order).filter((leg) => !leg.edge.endsWith('s:projector')).slice(-3).map((leg, i) => [leg.seq, i + 1]));
    const hops = (order.trail ?? []).filter((hop) => numbers.has(hop.seq) || !(CALM.has(hop.kind) && !hop.text));
    const shown = hops.filter((hop) => !(hop.kind === 'handling' && hops.some((other) => other !== hop && other.topic === hop.topic && other.partition === hop.partition && other.offset === hop.offset && other.service === hop.service && other.seq > hop.seq)));
    const name = front.letter || 'The order';
    const why = this.app.say(order.waiting);
    const waiting = waits(order) ? becauseOf(`${name} waits`, why.startsWith('waits') ? `${name} ${why}` : why) : null;
    story.replaceChildren(
      h('div', { class: 'panelh' }, h('h2', {}, `What happened to ${front.letter || order.user}`), h('span', { class: 'end' }, statusChip(order))),
      h('p', { class: 'who' }, this.app.mark(order.id), h('span', {}, `${order.user}, ${goods(order)}, ${money(order.total)}`), whyButton(this.app, 'order', order.id, this.named(order))),
      order.reason ? h('p', { class: 'mut' }, `because ${lower(order.reason)}`) : '',
      h('div', { class: 'tell' }, h('ol', { class: 'trail' }, ...shown.map((hop, i) => h('li', { class: i === shown.length - 1 ? 'last' : null, 'data-state': ['failed', 'crashed', 'dead_lettered'].includes(hop.kind) ? 'failed' : null, 'data-seq': hop.seq },
        numbers.has(hop.seq) ? h('span', { class: 'hopn', 'aria-hidden': 'true' }, numbers.get(hop.seq)) : null,
        h('time', { title: clock(hop.at) }, seconds(hop.at)),
        h('span', {}, h('button', { type: 'button', class: 'link', onclick: (/** @type {any} */ e) => this.app.inspect({ type: 'moment', seq: hop.seq }, e.currentTarget) }, this.app.say(hop.text) || hop.kind))))),
      order.charges > 1 ? h('p', { class: 'because', 'data-cause-for': `order-${order.id}` }, h('b', {}, 'Charged twice, because '), `the payment gateway took ${money(order.charged)} in ${count(order.charges, 'charge')} for one order.`) : '',
      waiting ? h('p', { class: 'because stale', 'data-cause-for': `order-${order.id}` }, h('b', {}, `${waiting.head} `), `${waiting.tail}.`) : ''),
    );
    const tell = story.lastChild;
    const more = () => set(tell, 'data-more', tell.scrollTop > 2);
    tell.addEventListener('scroll', more, { passive: true });
    tell.scrollTop = tell.scrollHeight;
    more();
  }
}

/** What the shop said instead of yes. @param {string} answer */
function answerWords(answer) {
  if (answer === 'unavailable') return 'The shop did not answer: the order service is down or was cut off.';
  return answer === 'rejected' ? 'The shop rejected the order.' : `The shop answered: ${answer}.`;
}

/** The status of an order, with a sign where it needs one. @param {Order} order */
export function statusChip(order) {
  if (waits(order)) return h('span', { class: 'chip waiting', 'data-state': 'stuck', title: order.waiting }, icon('dots'), order.status);
  if (order.status === 'COMPLETED') return h('span', { class: 'chip met' }, icon('ok'), order.status);
  if (order.status === 'CANCELLED') return h('span', { class: 'chip plain' }, icon('x'), order.status);
  return h('span', { class: 'chip quiet ink' }, order.status);
}

/** An order that has ended waits for nothing. @param {Order} order */
const waits = (order) => Boolean(order.waiting) && order.status !== 'COMPLETED' && order.status !== 'CANCELLED';
