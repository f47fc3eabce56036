// The events of an order as columns, the state after each of them below, and
// the slider that says which version is looked at. On a phone: one below the
// other. As a table: the rows of the event store.

import { css, h, icon, once, set } from './dom.js';
import { clock, count } from './words.js';

/** @typedef {import('./aggregate.js').Stream} Stream */
/** @typedef {import('./aggregate.js').StreamEvent} StreamEvent */

const WINDOW = 24; // columns at once
const PHONE = matchMedia('(max-width: 760px)');

export class StreamFigure {
  /** @param {import('./aggregate.js').AggregateLens} lens */
  constructor(lens) {
    this.lens = lens;
    this.from = 0; // index of the first column
    this.head = h('div', { class: 'figh' });
    this.note = h('p', { class: 'because stale', hidden: true });
    this.table = h('div', { class: 'foldtable' });
    this.slider = h('div', { class: 'vslide', role: 'slider', tabindex: 0, 'aria-label': 'Version', onkeydown: (/** @type {KeyboardEvent} */ e) => this.keys(e), onclick: (/** @type {MouseEvent} */ e) => this.point(e) });
    this.scroller = h('div', { class: 'foldscroll' }, this.table, this.slider);
    this.caption = h('p', { class: 'figcap' });
    this.root = h('section', { class: 'aggfig', 'aria-label': 'Events' }, this.head, this.note, this.scroller, this.caption);
    PHONE.addEventListener('change', () => lens.app.store.invalidate());
  }

  get asRows() { return document.getElementById('table')?.getAttribute('aria-pressed') === 'true'; }

  /** @param {KeyboardEvent} e */
  keys(e) {
    const { lens } = this;
    const to = { ArrowLeft: lens.version - 1, ArrowDown: lens.version - 1, ArrowRight: lens.version + 1, ArrowUp: lens.version + 1, PageDown: lens.version - 10, PageUp: lens.version + 10, Home: 1, End: lens.newest }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    e.stopPropagation();
    lens.look(to);
  }

  /** The version nearest to the pointer. @param {MouseEvent} e */
  point(e) {
    const marks = [...this.slider.querySelectorAll('[data-v]')];
    const near = marks.map((mark) => { const box = mark.getBoundingClientRect(); return { v: Number(mark.dataset.v), far: Math.abs(box.left + box.width / 2 - e.clientX) }; }).sort((a, b) => a.far - b.far)[0];
    if (near) this.lens.look(near.v);
  }

  /** @param {Stream} stream @param {string} sign */
  draw(stream, sign) {
    const { lens, asRows } = this;
    const phone = PHONE.matches;
    const at = stream.events.findIndex((e) => e.version === lens.version);
    const n = stream.events.length;
    if (at < this.from || at >= this.from + WINDOW || this.from + WINDOW > n) this.from = Math.max(0, Math.min(at - Math.floor(WINDOW / 2), n - WINDOW));
    const shown = stream.events.slice(this.from, this.from + WINDOW);
    const full = `${sign} ${lens.field} ${asRows} ${phone} ${this.from} ${lens.body.dataset.hue}`;
    once(this.head, `${asRows} ${phone}`, () => [h('span', { class: 'l' }, 'a'), h('h2', {}, 'Events'), h('span', { class: 'sub' }, asRows ? 'the rows of the event store, as they are stored' : phone ? 'append only. Below each: what it changed.' : 'append only, never edited. Below each one: the state after it. Bold: what it changed.')]);
    this.note.hidden = stream.note === '';
    once(this.note, stream.note, () => [stream.note]);
    this.kept(full, () => (asRows ? [this.rows(stream)] : phone ? [this.list(shown)] : [this.columns(stream, shown)]));
    this.slider.hidden = asRows || n === 0;
    css(this.scroller, '--n', asRows ? 1 : shown.length);
    this.drawSlider(shown, at, n, full);
    const older = this.from > 0 ? ` ${count(this.from, 'older event')} to the left.` : '';
    const newer = this.from + shown.length < n ? ` ${count(n - this.from - shown.length, 'newer event')} to the right.` : '';
    const outlined = lens.past ? 'Outlined events exist, but they come after the slider.' : 'The slider stands on the newest event.';
    once(this.caption, `${full} ${older} ${newer}`, () => (asRows ? ['No row here was ever changed, and none can be: see below.'] : [`${outlined} Left and Right move by one event.${older}${newer} Press a value to ask why.`]));
    if (this.lookedAt !== full && !asRows && !phone) this.reveal(at - this.from, shown.length);
    this.lookedAt = full;
  }

  /** Redraws the table, and the focus stays where it was. @param {string} sign @param {() => any[]} make */
  kept(sign, make) {
    const focus = /** @type {HTMLElement} */ (document.activeElement);
    const key = this.table.contains(focus) ? focus.dataset.f : undefined;
    once(this.table, sign, make);
    if (key && !this.table.contains(document.activeElement)) this.table.querySelector(`[data-f="${key}"]`)?.focus({ preventScroll: true });
  }

  /** Scrolls the column that is looked at into view, inside the figure. @param {number} i @param {number} n */
  reveal(i, n) {
    requestAnimationFrame(() => {
      const { scroller } = this;
      if (i < 0 || scroller.scrollWidth <= scroller.clientWidth) return;
      const label = 80;
      const width = (scroller.scrollWidth - label) / n;
      const left = label + i * width;
      if (left - label < scroller.scrollLeft) scroller.scrollLeft = left - label;
      else if (left + width > scroller.scrollLeft + scroller.clientWidth) scroller.scrollLeft = left + width - scroller.clientWidth;
    });
  }

  /** @param {StreamEvent} e */
  place(e) { return e.version > this.lens.version ? 'after' : e.version === this.lens.version ? 'here' : ''; }

  /** @param {StreamEvent} e */
  card(e) {
    const { lens } = this;
    const where = this.place(e);
    return h('button', { type: 'button', class: `ev ${where}`, 'data-kind': 'event', 'data-f': `e${e.version}`, 'data-version': e.version, 'aria-pressed': String(where === 'here'), title: `Look at v${e.version}`, onclick: () => lens.look(e.version) },
      h('small', {}, `v${e.version}`, h('time', {}, clock(e.at))), h('b', {}, e.type),
      h('small', {}, [e.read_as && e.read_as !== e.schema_version ? `schema ${e.schema_version}, read as ${e.read_as}` : '', e.snapshot ? 'snapshot after it' : ''].filter(Boolean).join(', ') || ' '));
  }

  /** @param {Stream} stream @param {StreamEvent[]} shown */
  columns(stream, shown) {
    const { lens } = this;
    const fields = shown.find((e) => e.state.length)?.state.map((v) => v.name) ?? [];
    const late = new Map(stream.refused.map((one) => [Math.min(one.seen + 1, lens.newest), one]));
    const row = (/** @type {string} */ name, /** @type {(e: StreamEvent) => any} */ cell, cls = '') => h('tr', { class: cls }, h('th', { scope: 'row' }, name), ...shown.map(cell));
    const on = (/** @type {StreamEvent} */ e) => (this.place(e) === 'here' ? ' at' : this.place(e) === 'after' ? ' fut' : '');
    return h('table', { class: 'foldt', 'data-many': shown.length > 4 }, h('caption', { class: 'vh' }, `The events of order ${stream.name} and its state after each of them`),
      h('thead', {}, h('tr', {}, h('th', { scope: 'col', class: 'hd' }, 'event'), ...shown.map((e) => h('th', { scope: 'col' }, this.card(e))))),
      h('tbody', {},
        shown.some((e) => late.has(e.version)) ? row('refused', (e) => h('td', { class: 'latec' }, late.has(e.version) ? lateCard(lens, /** @type {any} */ (late.get(e.version))) : ''), 'lates') : '',
        row('data', (e) => h('td', { class: `pay${on(e)}` }, dataLines(e).join('\n')), 'datas'),
        ...fields.map((name) => row(name, (e) => {
          const value = e.state.find((v) => v.name === name);
          return h('td', { class: `v${on(e)}${value?.changed ? ' ch' : ''}` }, value ? h('button', { type: 'button', class: 'val', 'data-f': `${name}${e.version}`, 'data-value': name, title: `Why ${value.value}?`, onclick: () => { lens.look(e.version); lens.ask(name); } }, value.value) : '');
        })),
      ));
  }

  /** One below the other. @param {StreamEvent[]} shown */
  list(shown) {
    const { lens } = this;
    const stream = /** @type {Stream} */ (lens.stream);
    return h('ol', { class: 'foldlist' }, ...shown.map((e) => {
      const here = this.place(e) === 'here';
      const values = here ? e.state : e.state.filter((v) => v.changed && v.name !== 'version');
      const late = stream.refused.filter((one) => Math.min(one.seen + 1, lens.newest) === e.version);
      return h('li', { class: this.place(e) }, this.card(e), h('p', { class: 'pay' }, dataLines(e).join(', ')), ...late.map((one) => lateCard(lens, one)),
        h('dl', { class: here ? 'vals all' : 'vals' }, ...values.flatMap((v) => [h('dt', {}, v.name), h('dd', { class: v.changed ? 'ch' : null }, h('button', { type: 'button', class: 'val', 'data-f': `${v.name}${e.version}`, onclick: () => { lens.look(e.version); lens.ask(v.name); } }, v.value))])));
    }));
  }

  /** The table of the event store. @param {Stream} stream */
  rows(stream) {
    return h('div', { class: 'tscroll', tabindex: 0, role: 'region', 'aria-label': 'Rows of the event store' }, h('table', { class: 't' }, h('caption', { class: 'vh' }, `The rows of order ${stream.name} in the table events`),
      h('thead', {}, h('tr', {}, ...['seq', 'event_id', 'aggregate_id', 'type', 'data', 'timestamp', 'version', 'schema_version'].map((name) => h('th', { scope: 'col' }, name)))),
      h('tbody', {}, ...stream.events.map((e) => h('tr', { class: e.version > this.lens.version ? 'mut' : null }, h('td', { class: 'r' }, e.seq), h('td', { class: 'mono', title: e.event_id }, e.event_id.slice(0, 8)), h('td', { class: 'mono' }, stream.order), h('td', {}, e.type),
        h('td', { class: 'mono json' }, e.cut ? `${e.cut} bytes, too long for the journal` : JSON.stringify(e.data)), h('td', { class: 'mono nw' }, new Date(e.timestamp).toISOString().slice(11, 23)), h('td', { class: 'r' }, e.version), h('td', { class: 'r' }, e.schema_version))))));
  }

  /** @param {StreamEvent[]} shown @param {number} at @param {number} n @param {string} sign */
  drawSlider(shown, at, n, sign) {
    const { lens, slider } = this;
    const event = lens.event(lens.version);
    set(slider, 'aria-valuemin', lens.stream?.events[0]?.version ?? 1);
    set(slider, 'aria-valuemax', lens.newest);
    set(slider, 'aria-valuenow', lens.version);
    set(slider, 'aria-valuetext', `v${lens.version} of ${lens.newest}, ${event?.type ?? ''}${lens.past ? '' : ', the newest'}`);
    const few = shown.length <= 12;
    once(slider, sign, () => [h('i', { class: 'rail' }), ...shown.flatMap((e, i) => {
      const here = e.version === lens.version;
      const words = here ? (lens.past ? `v${e.version}, you are here` : `v${e.version}, newest`) : `v${e.version}`;
      const dot = h('i', { class: `dot${here ? ' on' : ''}`, 'data-v': e.version });
      css(dot, '--i', i);
      const label = h('span', { class: here ? 'on' : null }, few || here || e.version % 5 === 0 ? words : '');
      css(label, '--i', i);
      return [dot, label];
    })]);
    css(slider, '--at', at - this.from);
    void n;
  }
}

/** An append that came too late, where it wanted to stand. @param {import('./aggregate.js').AggregateLens} lens @param {import('./aggregate.js').Stale} one */
function lateCard(lens, one) {
  return h('button', { type: 'button', class: 'late', 'data-state': 'refused', title: lens.app.say(one.text), onclick: (/** @type {any} */ e) => lens.app.inspect({ type: 'moment', seq: one.seq }, e.currentTarget) },
    icon('x'), h('span', {}, h('b', {}, one.command), ` had seen v${one.seen}`), h('small', {}, `too late for v${one.seen + 1}`));
}

/** What an event says, as it is stored. @param {StreamEvent} e @returns {string[]} */
export function dataLines(e) {
  if (e.cut) return [`${e.cut} bytes, too long for the journal`];
  const lines = Object.entries(e.data ?? {}).map(([name, value]) => `${name} ${Array.isArray(value) ? value.map((item) => `${item?.sku ?? '?'} ${item?.qty ?? ''}`).join(', ') : typeof value === 'object' ? JSON.stringify(value) : value}`);
  return lines.length ? lines : ['no data'];
}
