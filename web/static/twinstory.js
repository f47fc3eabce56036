// The twins' stories: the same order in two labs, next to each other. The
// servers' labs tell them; the page asks again when one of the labs moved.

import { Diagram, shapes, styleName, verdict } from './lab/diagram.js';
import { el, h, once, set, text } from './lab/dom.js';
import { clock, goods, money, plain } from './lab/words.js';

/** @typedef {import('./lab/tale.js').Story} Story */
/** @typedef {{id: string, word: string, head: any, figure: any, foot: any, diagram: Diagram, story?: Story, error: string}} Side */

const HUES = ['A', 'B', 'C', 'D', 'E'];

export class Stories {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    const params = new URLSearchParams(location.search);
    this.shown = (params.get('view') ?? (root.dataset.story !== undefined ? 'story' : 'labs')) === 'story';
    this.order = params.get('order') ?? '';
    this.orders = /** @type {string[]} */ ([]);
    this.seqs = '';
    this.told = ''; // what the stories that are shown were asked with
    this.sides = ['left', 'right'].map((name) => this.side(name));
    for (const button of root.querySelectorAll('[data-view]')) button.addEventListener('click', () => this.view(/** @type {HTMLElement} */ (button).dataset.view === 'story'));
    el('whose').addEventListener('change', (e) => { this.order = /** @type {HTMLSelectElement} */ (e.target).value; this.address(); this.ask(); });
    el('same').append(shapes());
    new ResizeObserver(() => this.draw()).observe(root);
    this.view(this.shown);
  }

  /** @param {string} name @returns {Side} */
  side(name) {
    const box = /** @type {HTMLElement} */ (this.root.querySelector(`[data-side=${name}]`));
    const id = this.root.dataset[name] ?? '';
    const parts = { head: h('header'), figure: h('div', { class: 'tale' }), foot: h('div', { class: 'twinfoot' }) };
    box.append(parts.head, parts.figure, parts.foot);
    const lab = (/** @type {number} */ seq, /** @type {string} */ record) => location.assign(`/lab/~${encodeURIComponent(id)}?lens=topics&at=${seq}${record ? `&record=${encodeURIComponent(record)}` : ''}`);
    return {
      id, word: name === 'left' ? 'as it was' : box.getAttribute('aria-label')?.replace('Lab b, ', '') ?? '', ...parts, error: '',
      diagram: new Diagram(parts.figure, {
        open: (message) => lab(message.seq, message.call ? '' : `${message.topic}/${message.partition}/${message.offset}`),
        moment: (seq) => lab(seq, ''), redraw: () => this.draw(), calm: () => matchMedia('(prefers-reduced-motion: reduce)').matches,
      }),
    };
  }

  /** @param {boolean} story */
  view(story) {
    this.shown = story;
    for (const button of /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll('[data-view]'))) set(button, 'aria-pressed', String((button.dataset.view === 'story') === story));
    el('stories').hidden = !story;
    for (const part of /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll('.labs'))) part.hidden = story;
    this.address();
    if (story) this.ask();
  }

  /** The address of the page names what is shown. */
  address() {
    const url = new URL(location.href);
    url.searchParams.set('view', this.shown ? 'story' : 'labs');
    if (this.order) url.searchParams.set('order', this.order);
    if (url.href !== location.href) history.replaceState(null, '', url);
  }

  /** What the comparison knows. @param {string[]} orders that both have @param {number[]} seqs */
  see(orders, seqs) {
    this.seqs = seqs.join(' ');
    if (orders.join() !== this.orders.join()) {
      this.orders = orders;
      if (!orders.includes(this.order) && orders.length) this.order = orders[orders.length - 1];
      el('whose').replaceChildren(...orders.map((name) => h('option', { value: name, selected: name === this.order }, /^[A-Z]$/.test(name) ? name : `order ${name}`)));
    }
    if (this.shown) this.ask();
  }

  async ask() {
    const question = `${this.order} ${this.seqs}`;
    if (!this.order || question === this.told) { this.draw(); return; }
    this.told = question;
    await Promise.all(this.sides.map(async (side) => {
      try {
        const response = await fetch(`/api/labs/${encodeURIComponent(side.id)}/story?order=${encodeURIComponent(this.order)}`);
        const answer = await response.json();
        if (this.told !== question) return; // something else was asked meanwhile
        side.story = response.ok ? answer : undefined;
        side.error = response.ok ? '' : answer.error?.message ?? 'The lab did not answer.';
      } catch {
        side.error = 'The lab cannot be reached just now.';
      }
    }));
    this.draw();
  }

  draw() {
    if (!this.shown) return;
    const letter = /^[A-Z]$/.test(this.order) ? this.order : '';
    const hue = HUES.includes(letter) ? letter : HUES[Math.max(0, this.orders.indexOf(this.order)) % HUES.length];
    const first = this.sides[0].story;
    text(el('subject'), first ? `${first.user}, ${goods(first)}, ${money(first.total)}` : this.order ? '' : 'no order was placed in both yet');
    this.sides.forEach((side, i) => {
      const { story } = side;
      once(side.head, `${story?.style} ${side.error}`, () => [h('h2', {}, story ? styleName(story.style) : 'The story', h('span', {}, h('i', {}, 'ab'[i]), side.word)), h('p', { class: 'mut' }, story?.rule ?? side.error)]);
      side.figure.hidden = !story;
      side.foot.hidden = !story;
      if (!story) return;
      side.diagram.draw(story, hue, false);
      once(side.foot, JSON.stringify([story.totals, story.because]), () => [verdict(story, letter), this.why(side, story, letter)]);
    });
  }

  /** @param {Side} side @param {Story} story @param {string} letter */
  why(side, story, letter) {
    if (!story.because) return h('p', { class: 'because plain' }, story.ended ? '' : 'On its way.');
    const words = plain(story.because, (id) => (id === story.order ? letter : ''));
    const at = words.indexOf(' because ');
    return h('p', { class: `because${story.status === 'COMPLETED' ? ' plain' : ''}` }, h('b', {}, at < 0 ? words : words.slice(0, at + 8)), at < 0 ? '' : words.slice(at + 8), story.because_seq ? [' at ', h('a', { href: `/lab/~${encodeURIComponent(side.id)}?lens=story&at=${story.because_seq}` }, clock(story.because_at))] : '');
  }
}
