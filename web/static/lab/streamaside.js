// Beside the events of an order: why a value is what it is, what a version
// changed, what a table would have forgotten, and how an old event is read.

import { h, once } from './dom.js';
import { clock } from './words.js';

/** @typedef {import('./aggregate.js').Stream} Stream */
/** @typedef {import('./aggregate.js').StreamEvent} StreamEvent */

export class StreamAside {
  /** @param {import('./aggregate.js').AggregateLens} lens */
  constructor(lens) {
    this.lens = lens;
    this.why = h('section', { 'aria-live': 'polite' });
    this.diff = h('section');
    this.row = h('section');
    this.schema = h('section');
    this.root = h('aside', { 'aria-label': 'About this version' }, this.why, this.diff, this.row, this.schema);
  }

  /** @param {Stream} stream @param {string} sign */
  draw(stream, sign) {
    const { lens } = this;
    const event = lens.event(lens.version);
    const full = `${sign} ${lens.field} ${lens.base}`;
    once(this.why, full, () => (event ? this.drawWhy(event) : []));
    once(this.diff, full, () => (event ? this.drawDiff(stream, event) : []));
    once(this.row, sign, () => this.drawRow(stream));
    once(this.schema, sign, () => this.drawSchema(stream, event));
  }

  /** @param {StreamEvent} event */
  drawWhy(event) {
    const { lens } = this;
    const value = event.state.find((v) => v.name === lens.field) ?? event.state.find((v) => v.changed) ?? event.state[0];
    if (!value) return [];
    return [
      h('h3', {}, `Why ${value.name === 'status' ? '' : `${value.name} `}${value.value === '–' ? 'is nothing there' : value.value}?`),
      h('p', { 'data-why-value': value.name }, ...this.reason(event, value).map((piece) => this.piece(piece))),
      event.error ? h('p', { class: 'because' }, event.error) : '',
      h('p', { class: 'mut' }, h('button', { type: 'button', class: 'link', onclick: () => lens.app.lookBack.go(event.entry) }, `Show the whole lab at v${event.version}`), ' on the line of time.'),
    ];
  }

  /** Why a value is what it is: told by the event that set it. @param {StreamEvent} event @param {import('./aggregate.js').Value} value @returns {import('./aggregate.js').Piece[]} */
  reason(event, value) {
    if (value.name === 'version') return [{ text: event.counted }];
    return this.lens.event(value.by)?.because ?? [{ text: event.unsaid }];
  }

  /** A part of a sentence; it may lead somewhere. @param {import('./aggregate.js').Piece} piece */
  piece(piece) {
    const words = this.lens.app.say(piece.text);
    if (piece.version) return h('button', { type: 'button', class: 'link', onclick: () => this.lens.look(/** @type {number} */ (piece.version)) }, words);
    if (piece.seq) return this.lens.app.moment(piece.seq, words);
    return words;
  }

  /** @param {Stream} stream @param {StreamEvent} event */
  drawDiff(stream, event) {
    const { lens } = this;
    const earlier = stream.events.filter((e) => e.version < event.version);
    if (!event.state.length) return [];
    const base = earlier.find((e) => e.version === lens.base) ?? earlier.at(-1);
    const pick = earlier.length > 1 ? h('select', { 'aria-label': 'Compare with', onchange: (/** @type {any} */ e) => { lens.base = Number(e.target.value); lens.app.store.invalidate(); } }, ...earlier.map((e) => h('option', { value: e.version, selected: e === base }, `v${e.version}`))) : `v${base?.version ?? 0}`;
    const was = (/** @type {string} */ name) => base?.state.find((v) => v.name === name)?.value ?? '–';
    return [
      h('h3', {}, base && base.version < event.version - 1 ? `From v${base.version} to v${event.version}` : `What v${event.version} changed`),
      h('table', { class: 't diffv' }, h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, h('span', { class: 'vh' }, 'value')), h('th', { scope: 'col' }, base ? pick : 'empty'), h('th', { scope: 'col' }, `v${event.version}`))),
        h('tbody', {}, ...event.state.filter((v) => v.name !== 'version').map((v) => {
          const differs = was(v.name) !== v.value;
          return h('tr', { class: differs ? 'ch' : 'mut' }, h('th', { scope: 'row' }, v.name), h('td', {}, was(v.name)), h('td', {}, differs ? h('b', {}, v.value) : v.value));
        }))),
    ];
  }

  /** @param {Stream} stream */
  drawRow(stream) {
    const { lens } = this;
    return [
      h('h3', {}, 'If a table were all we had'),
      h('dl', { class: 'crud', 'aria-label': 'The row of the order' }, ...stream.row.filter((c) => !['order_id', 'user_id'].includes(c.name) && c.value !== '').flatMap((c) => [h('dt', {}, c.name), h('dd', {}, c.value)])),
      ...stream.forgot.map((one) => h('div', { class: 'forgot' }, h('p', { class: 'serif' }, `“${one.ask}”`),
        h('p', {}, h('b', {}, 'The row: '), one.row), h('p', {}, h('b', {}, 'The stream: '), one.stream, one.version ? [' ', h('button', { type: 'button', class: 'link', onclick: () => lens.look(one.version) }, `v${one.version}`)] : ''))),
    ];
  }

  /** @param {Stream} stream @param {StreamEvent | undefined} event */
  drawSchema(stream, event) {
    const old = event && event.read_as !== event.schema_version ? event : stream.events.find((e) => e.read_as && e.read_as !== e.schema_version);
    if (!old || !old.read_data) return [];
    return [
      h('h3', {}, 'An old event, a new reader'),
      h('p', {}, `v${old.version} was written as schema ${old.schema_version}, at ${clock(old.at)}. It is read as schema ${old.read_as}; the stored bytes stay as they are.`),
      h('details', {}, h('summary', {}, 'Show the change'), h('pre', { class: 'forms' }, ...Object.entries(old.read_data).map(([name, value]) => h('span', { class: name in (old.data ?? {}) ? null : 'new' }, `${name in (old.data ?? {}) ? ' ' : '+'} ${name}: ${JSON.stringify(value)}\n`)))),
    ];
  }
}
