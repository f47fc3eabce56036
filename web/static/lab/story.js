// The Story lens: one order as a time-space diagram. The server tells the
// story; it is asked again when the followed order got news.

import { Diagram, shapes, styleName, verdict } from './diagram.js';
import { h, icon, keyed, once, set, text } from './dom.js';
import { clock, count, goods, money } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./tale.js').Story} Story */

const PAUSE = 250; // ms between two questions
const BLIND = 1000; // ms after which an order that goes on is asked about although nothing names it
const KEPT = 40; // stories of past moments
const NEAR = 60; // px from the end at which the page goes along

/** The styles beside which a story can be told. @type {Record<string, string[]>} */
const OTHERS = { choreography: ['orchestration', 'sync'], orchestration: ['choreography', 'sync'], sync: ['choreography', 'orchestration'] };

export class StoryLens {
  /** @param {HTMLElement} root @param {import('./app.js').App} app */
  constructor(root, app) {
    this.root = root;
    this.app = app;
    /** @type {Story | undefined} */
    this.story = undefined;
    this.error = '';
    this.asked = ''; // what the newest question was about
    this.askedAt = -Infinity;
    this.askedSeq = 0;
    this.busy = false;
    this.later = 0;
    this.drawn = ''; // the order that was drawn last
    /** @type {Map<string, Story>} */
    this.kept = new Map();
    this.summary = h('p', { class: 'vh' });
    this.chips = h('span', { class: 'taleorders', role: 'group', 'aria-label': 'Whose story' });
    this.subject = h('span', { class: 'sub' });
    this.beside = h('span', { class: 'end' });
    this.rule = h('p', { class: 'tale-rule' });
    this.note = h('p', { class: 'mut tale-note', hidden: true });
    this.empty = h('p', { class: 'empty' });
    this.said = h('p', { class: 'refused', role: 'alert', hidden: true });
    this.figure = h('div', { class: 'tale' });
    this.foot = h('div', { class: 'tale-foot' });
    this.diagram = new Diagram(this.figure, {
      open: (message, to, from) => app.inspect(message.call ? { type: 'moment', seq: message.seq } : { type: 'record', topic: message.topic, partition: message.partition, offset: message.offset }, from),
      moment: (seq, from) => app.inspect({ type: 'moment', seq }, from),
      redraw: () => app.store.invalidate(),
      calm: () => app.calm || app.past(),
    });
    root.append(this.summary, h('div', { class: 'figh' }, h('span', { class: 'l' }, 'c'), h('h2', {}, 'Order story'), this.chips, this.subject, this.beside), this.said, this.rule, this.note, this.empty, this.figure, this.foot);
    new ResizeObserver(() => app.store.invalidate()).observe(root);
  }

  /** @param {Board} board */
  draw(board) {
    const { app } = this;
    const id = app.follow.front;
    this.heads(board, id);
    if (id) this.want(board, id);
    const story = this.story?.order === id ? this.story : undefined;
    const letter = app.follow.of(id)?.letter ?? '';
    this.empty.hidden = Boolean(story);
    text(this.empty, !id ? 'Place an order and its story is told here.' : this.error || 'The story is being told.');
    for (const part of [this.rule, this.figure, this.foot]) part.hidden = !story;
    this.note.hidden = !story?.note;
    if (!story) return;
    text(this.note, story.note);
    once(this.rule, story.style, () => [h('span', {}, h('b', {}, styleName(story.style)), ` ${story.rule}`), shapes()]);
    const scroller = this.root.parentElement;
    const fits = scroller && scroller.scrollHeight <= scroller.clientHeight;
    const atEnd = scroller && scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < NEAR;
    const grows = this.drawn === id && !app.past() && !story.ended; // then the page goes along
    this.drawn = id;
    const tall = this.figure.scrollHeight;
    this.diagram.draw(story, app.follow.of(id)?.hue ?? '', this.root.dataset.table !== undefined);
    this.diagram.pick(app.picked);
    if (scroller && grows && this.figure.scrollHeight > tall && (atEnd || fits)) scroller.scrollTop = scroller.scrollHeight;
    once(this.foot, `${letter} ${JSON.stringify([story.totals, story.because, story.because_seq, board.orders[id]?.waiting, app.past()])}`, () => [verdict(story, letter), this.why(board, story)]);
  }

  /** Why it ended, or why it does not move. @param {Board} board @param {Story} story */
  why(board, story) {
    const waiting = story.ended || story.because ? '' : board.orders[story.order]?.waiting ?? '';
    const words = story.because || (waiting ? `It ${waiting}` : '');
    if (!words) return h('p', { class: 'because plain' }, 'On its way.');
    const [head, tail] = split(this.app.say(words));
    return h('p', { class: `because${story.status === 'COMPLETED' ? ' plain' : ''}`, 'data-cause-for': `story-${story.order}` }, h('b', {}, head), tail, story.because_seq && story.because ? [' at ', this.app.moment(story.because_seq, clock(story.because_at))] : '');
  }

  /** @param {Board} board @param {string} id */
  heads(board, id) {
    const { app } = this;
    keyed(this.chips, app.follow.list.map((one) => ({ ...one, on: one.id === id })), (one) => one.id,
      (one) => h('button', { type: 'button', class: 'taleorder', onclick: () => { app.follow.front = one.id; app.follow.save(); app.store.invalidate(); } }, h('span', { class: 'o', 'data-order': one.letter, 'data-hue': one.hue }, one.letter)),
      (node, one) => { set(node, 'aria-pressed', String(one.on)); set(node, 'aria-label', `the story of ${one.letter || one.id}`); });
    const order = board.orders[id];
    text(this.subject, order ? `${order.user}, ${goods(order)}, ${money(order.total)}` : '');
    const style = order?.saga || board.settings?.saga;
    once(this.beside, `${style} ${Boolean(order)} ${app.base}`, () => (order && app.base.startsWith('/api/labs/') && !document.querySelector('.lab[data-part]') ? (OTHERS[style] ?? []).map((other) => h('button', { type: 'button', class: 'btn sm', 'data-beside': other, title: `The same actions at the same lab times, with the same seed, in a second lab that works by ${styleName(other).toLowerCase()}`, onclick: (/** @type {any} */ e) => this.twins(e.currentTarget, other) }, other === 'sync' ? 'Beside sync …' : `Beside ${other} …`)) : []));
  }

  /** Opens twins of this lab that tell the same order's story in two styles. @param {HTMLButtonElement} button @param {string} other */
  async twins(button, other) {
    const { app } = this;
    const board = app.board;
    const order = board.orders[app.follow.front];
    this.said.hidden = true;
    button.disabled = true;
    set(button, 'aria-busy', 'true');
    try {
      const response = await fetch(`${app.base}/twins`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ at: app.past() ? board.seq : 0, but: { set: { saga: other } } }) });
      const answer = await response.json();
      if (!response.ok) throw new Error(answer.error?.message ?? 'The server refused.');
      location.assign(`${answer.page}?view=story&order=${encodeURIComponent(order?.handle || order?.id || '')}`);
    } catch (error) {
      const words = /** @type {Error} */ (error).message;
      this.said.hidden = false;
      this.said.replaceChildren(icon('x'), ' ', words[0].toUpperCase() + words.slice(1));
    } finally {
      button.disabled = false;
      set(button, 'aria-busy', null);
    }
  }

  /** Asks for the story where what is known of it may be old. @param {Board} board @param {string} id */
  want(board, id) {
    const { app } = this;
    const past = app.past();
    const news = past ? `${id}@${board.seq}` : `${id} ${this.newest(board, id)}`;
    const kept = past ? this.kept.get(news) : undefined;
    if (kept) { this.story = kept; this.asked = news; this.error = ''; return; }
    const since = performance.now() - this.askedAt;
    const blind = !past && this.story?.order === id && !this.story.ended && board.seq > this.askedSeq;
    if (news === this.asked && !(blind && since >= BLIND)) {
      if (blind) this.wake(BLIND - since);
      return;
    }
    if (this.busy || (!past && since < PAUSE)) { this.wake(PAUSE - since); return; }
    this.ask(news, id, past ? board.seq : 0);
  }

  /** @param {number} ms */
  wake(ms) {
    this.later ||= window.setTimeout(() => { this.later = 0; this.app.store.invalidate(); }, Math.max(ms, 30));
  }

  /** The newest entry that the story of an order may depend on. @param {Board} board @param {string} id */
  newest(board, id) {
    const entry = this.app.store.journal.findLast((one) => (one.order === id && one.service !== 'projector') || one.kind === 'crashed' || one.kind === 'restarted');
    return Math.max(entry?.seq ?? 0, board.orders[id]?.trail?.at(-1)?.seq ?? 0);
  }

  /** @param {string} news @param {string} id @param {number} at */
  async ask(news, id, at) {
    this.busy = true;
    Object.assign(this, { asked: news, askedAt: performance.now(), askedSeq: this.app.store.seq });
    try {
      const response = await fetch(`${this.app.base}/story?order=${encodeURIComponent(id)}${at ? `&at=${at}` : ''}`);
      const answer = await response.json();
      if (response.ok) {
        this.story = answer;
        this.error = '';
        if (at) this.kept.set(news, answer);
        if (this.kept.size > KEPT) this.kept.delete(/** @type {string} */ (this.kept.keys().next().value));
      } else {
        this.story = undefined;
        this.error = this.app.say(answer.error?.message ?? 'The lab did not answer.');
        this.error = this.error[0].toUpperCase() + this.error.slice(1) + '.';
      }
    } catch {
      this.error = 'The lab cannot be reached just now.';
    } finally {
      this.busy = false;
      this.app.store.invalidate();
    }
  }

  /** The figure in words. @param {Board} board */
  describe(board) {
    const story = this.story;
    if (!story || story.order !== this.app.follow.front) { text(this.summary, 'Order story. No order is followed.'); return; }
    const letter = this.app.follow.letter(board, story.order);
    const failures = story.marks.filter((mark) => mark.bad).map((mark) => mark.text);
    text(this.summary, `Order story, order ${letter || story.order}, ${styleName(story.style)}: ${story.rule} ${count(story.totals.messages, 'message')} between ${story.columns.map((one) => one.title).join(', ')}. ${failures.length ? `${count(failures.length, 'failure')}: ${failures.join('; ')}. ` : ''}It is ${story.status || 'not known yet'}. ${this.app.say(story.because)}`);
  }
}

/** A sentence at its because. @param {string} words */
function split(words) {
  const at = words.indexOf(' because ');
  return at < 0 ? [words, ''] : [words.slice(0, at + 8), words.slice(at + 8)];
}
