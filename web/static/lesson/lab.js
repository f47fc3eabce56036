// The one lab of a lesson: made when somebody first wants it, kept for a reload,
// and looked at by every figure and number of the page.

import { Socket } from '../lab/socket.js';
import { text } from '../lab/dom.js';

const EVERY = 250; // ms between two looks at the values
const CHANGED = 900; // ms that a value which changed stands out

/** What went wrong, in the server's own words. @param {Response | undefined} answer @returns {Promise<string>} */
async function why(answer) {
  if (!answer) return 'The server cannot be reached just now. Nothing was done.';
  const body = await answer.json().catch(() => ({}));
  return body.error?.message ?? 'The server could not do this just now.';
}

/** @param {string} url @param {any} [body] @returns {Promise<any>} what the server answered; it fails with the server's sentence */
export async function post(url, body) {
  const answer = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: body === undefined ? '' : JSON.stringify(body) }).catch(() => undefined);
  if (!answer?.ok) throw new Error(await why(answer));
  return answer.json();
}

/** Sends actions to a lab; one that is refused fails with the reason. @param {string} id @param {any} actions one or a list */
export async function act(id, actions) {
  const answer = await post(`/api/labs/${encodeURIComponent(id)}/actions`, actions);
  const refused = answer.results?.find((/** @type {any} */ one) => one.ok === false);
  if (refused) throw new Error(refused.error?.message ?? refused.error);
}

/** The values of expressions in a lab, in their order; undefined where one has none. @param {string} id @param {string[]} exprs @returns {Promise<any[]>} */
export async function values(id, exprs) {
  const query = exprs.map((expr) => `expr=${encodeURIComponent(expr)}`).join('&');
  const answer = await fetch(`/api/labs/${encodeURIComponent(id)}/eval?${query}`);
  if (!answer.ok) throw new Error(await why(answer));
  const body = await answer.json();
  return exprs.length === 1 ? [body.value] : body.values.map((/** @type {any} */ one) => one.value);
}

/** A value as it is read. @param {any} value @returns {string} */
export function words(value) {
  if (value === undefined || value === null || value === '') return '–';
  if (value === true) return 'yes';
  if (value === false) return 'no';
  if (Array.isArray(value)) return value.length ? value.map(words).join(', ') : 'none';
  if (typeof value === 'object') return JSON.stringify(value);
  if (typeof value === 'number' && !Number.isInteger(value)) return value.toFixed(2);
  return String(value);
}

export class LessonLab {
  /** @param {string} lesson @param {HTMLElement} root */
  constructor(lesson, root) {
    this.lesson = lesson;
    this.root = root;
    this.key = `eddy.lesson.${lesson}`;
    this.id = '';
    /** @type {Promise<string> | undefined} */
    this.opening = undefined;
    /** @type {Socket | undefined} */
    this.socket = undefined;
    this.seq = 0;
    this.lookedAt = 0;
    this.looking = false;
    this.again = false;
    /** @type {Set<(gone: boolean) => void>} called when there is a lab, and when it is gone */
    this.readers = new Set();
    this.places = /** @type {HTMLElement[]} */ ([...root.querySelectorAll('[data-expr]')].filter((node) => !node.closest('[data-compare]')));
    this.exprs = [...new Set(this.places.map((node) => node.dataset.expr ?? ''))];
  }

  /** The lab, made now where there is none yet. @returns {Promise<string>} its id */
  open() {
    this.opening ??= this.make().catch((problem) => { this.opening = undefined; throw problem; });
    return this.opening;
  }

  async make() {
    const id = await this.kept() || (await post(`/api/lessons/${encodeURIComponent(this.lesson)}/lab`)).id;
    try { sessionStorage.setItem(this.key, id); } catch { /* for this page only */ }
    this.id = id;
    this.seq = 0;
    this.root.dataset.lab = id;
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    this.socket = new Socket(`${scheme}://${location.host}/api/labs/${encodeURIComponent(id)}/live`, {
      seq: () => this.seq,
      frame: (frame) => { this.seq = frame.seq; this.look(); },
      up: () => this.look(),
      down: (gone) => { if (gone && id === this.id) this.lost(); },
    });
    for (const reader of this.readers) reader(false);
    this.look();
    return id;
  }

  /** The lab that this tab had before it was loaded again, where it still exists. */
  async kept() {
    let id = '';
    try { id = sessionStorage.getItem(this.key) ?? ''; } catch { return ''; }
    if (!id) return '';
    const answer = await fetch(`/api/labs/${encodeURIComponent(id)}/eval?expr=1`).catch(() => undefined);
    return answer?.ok ? id : '';
  }

  /** The lab is closed, by us or by the server. */
  lost() {
    this.socket?.stop();
    this.socket = undefined;
    this.opening = undefined;
    this.id = '';
    delete this.root.dataset.lab;
    try { sessionStorage.removeItem(this.key); } catch { /* nothing was kept */ }
    for (const node of this.places) { text(node, '–'); delete node.dataset.known; }
    for (const reader of this.readers) reader(true);
  }

  /** Ends this lab and begins another. */
  async anew() {
    const id = this.id;
    this.lost();
    if (id) await fetch(`/api/labs/${encodeURIComponent(id)}`, { method: 'DELETE' }).catch(() => undefined);
    await this.open();
  }

  /** Does actions one after the other. @param {any[]} actions */
  async act(actions) {
    await act(await this.open(), actions);
    this.look();
  }

  /** Asks for the values, soon. */
  look() {
    if (!this.exprs.length) return;
    if (this.looking) { this.again = true; return; }
    this.looking = true;
    setTimeout(() => this.ask().catch(() => { /* the next frame asks again */ }).finally(() => {
      this.looking = false;
      this.lookedAt = performance.now();
      if (this.again) { this.again = false; this.look(); }
    }), Math.max(0, this.lookedAt + EVERY - performance.now()));
  }

  async ask() {
    const id = this.id;
    if (!id) return;
    const now = await values(id, this.exprs);
    if (id !== this.id) return;
    for (const node of this.places) {
      const value = words(now[this.exprs.indexOf(node.dataset.expr ?? '')]);
      if (node.textContent === value) continue;
      const known = node.dataset.known !== undefined;
      text(node, value);
      node.dataset.known = '';
      if (!known) continue;
      node.dataset.changed = '';
      setTimeout(() => { delete node.dataset.changed; }, CHANGED);
    }
  }
}
