// Watch again: the decisive window of a step, at a quarter of the speed, as the
// figures showed it. Afterwards the question is asked again.

import { h } from './dom.js';

const WINDOW = 2500; // ms of lab time before the moment
const SLOWER = 4;
const LEAST = 120; // ms that a picture stands
const END = 1200; // ms that the last one stands

export class WatchAgain {
  /** @param {import('./app.js').App} app @param {import('./guide.js').Guide} guide */
  constructor(app, guide) {
    this.app = app;
    this.guide = guide;
    this.run = 0; // which showing is under way
    this.bar = h('p', { class: 'watching', role: 'status', hidden: true }, h('span', {}, 'Once more, at a quarter of the speed.'), h('button', { type: 'button', class: 'btn sm', onclick: () => this.stop() }, 'Stop'));
    document.getElementById('ghost')?.after(this.bar);
  }

  async start() {
    const run = ++this.run;
    const { view } = this.guide;
    const met = view.met ?? this.app.store.seq;
    const response = await fetch(`${this.app.base}/journal?from=${Math.max(view.start, met - 400, 1)}&to=${met}`);
    if (!response.ok || run !== this.run) return;
    /** @type {import('./types.js').Entry[]} */
    const entries = (await response.text()).split('\n').filter(Boolean).map((line) => JSON.parse(line));
    const end = entries.at(-1)?.at ?? 0;
    const shown = entries.filter((entry) => entry.at >= end - WINDOW);
    if (!shown.length) return;
    this.bar.hidden = false;
    const began = performance.now();
    const from = shown[0].at;
    for (let i = 0; i < shown.length;) {
      const due = (shown[i].at - from) * SLOWER - (performance.now() - began);
      if (due > 0) await pause(Math.max(due, LEAST));
      else await pause(LEAST);
      if (run !== this.run) return;
      // Everything that is due is one picture.
      const now = from + (performance.now() - began) / SLOWER;
      while (i + 1 < shown.length && shown[i + 1].at <= now) i++;
      await this.app.lookBack.go(shown[i].seq);
      i++;
    }
    await pause(END);
    if (run === this.run) this.stop();
  }

  /** Back to the moment, and to the question. */
  stop() {
    this.run++;
    this.bar.hidden = true;
    this.app.lookBack.live();
    this.guide.focus();
  }
}

/** @param {number} ms */
const pause = (ms) => new Promise((done) => { setTimeout(done, ms); });
