// One polite voice for the whole page: at most one message in three seconds,
// with counts. And the summaries of the lenses, which change only when the
// lab stands still or somebody comes to read them.

import { count } from './words.js';

const QUIET_MS = 3000;

export class Voice {
  /** @param {HTMLElement} status @param {import('./app.js').App} app */
  constructor(status, app) {
    this.status = status;
    this.app = app;
    this.at = -Infinity;
    this.events = 0;
    /** @type {string[]} */
    this.bad = [];
    this.said = '';
    app.announce = (sentence) => { this.said = sentence; this.soon(); };
  }

  /** @param {import('./types.js').Entry[]} news */
  hear(news) {
    this.events += news.length;
    for (const entry of news) {
      if (entry.kind === 'crashed' || entry.kind === 'dead_lettered' || (entry.kind === 'invariant' && /broken/.test(entry.text ?? ''))) this.bad.push(this.app.say(entry.text) || entry.kind);
    }
    if (news.length) this.soon();
  }

  soon() {
    if (this.timer) return;
    this.timer = setTimeout(() => this.speak(), Math.max(200, this.at + QUIET_MS - performance.now()));
  }

  speak() {
    this.timer = undefined;
    this.at = performance.now();
    /** @type {string[]} */
    const parts = [];
    if (this.said) parts.push(this.said);
    if (this.events) parts.push(`${count(this.events, 'event')}, ${count(this.bad.length, 'failure')}${this.bad.length ? `: ${this.bad.at(-1)}` : ''}.`);
    this.events = 0;
    this.bad = [];
    this.said = '';
    if (!parts.length) return;
    this.status.textContent = ''; // equal messages are spoken only if the region was empty between them
    setTimeout(() => { this.status.textContent = parts.join(' '); this.at = performance.now(); }, 50); // a busy page may be late with it
  }
}
