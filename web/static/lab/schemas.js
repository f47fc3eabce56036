// The schemas of an event: its versions side by side, who writes and who reads
// which, and a check of a change before it is deployed.

import { h, icon } from './dom.js';
import { NAMES, SERVICES, count } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {{type: string, required?: boolean, default?: any}} Field */
/** @typedef {Record<string, Field>} Schema */
/** @typedef {{field: string, text: string}} Problem */
/** @typedef {{event: string, against: number, backward: Problem[], forward: Problem[], full: boolean, read: {events: number, failed: number, first?: {topic: string, partition: number, offset: number, version: number, problems: Problem[]}}}} Check */

/** @type {Record<string, string[]>} which events stand on a topic */
const ON = {
  orders: ['OrderCreated', 'OrderCompleted', 'OrderCancelled'], payments: ['PaymentCompleted', 'PaymentFailed', 'PaymentRefunded'],
  inventory: ['StockReserved', 'StockReservationFailed', 'StockReleased'], notifications: ['NotificationSent'],
};

/** @type {[string, (schema: Schema) => void][]} changes to try */
const TRIES = [
  ['a field more, with a default', (schema) => { schema.channel = { type: 'string', required: true, default: 'web' }; }],
  ['a field more, required', (schema) => { schema.vat = { type: 'integer', required: true }; }],
  ['a field renamed', (schema) => { schema.total = schema.total_amount; delete schema.total_amount; }],
  ['another type', (schema) => { schema.total_amount = { type: 'string', required: true }; }],
];

export class Schemas {
  /** @param {import('./app.js').App} app @param {import('./inspector.js').Inspector} inspector */
  constructor(app, inspector) {
    this.app = app;
    this.inspector = inspector;
    /** @type {Record<string, Schema[]> | null} */
    this.all = null;
    this.editor = h('textarea', { class: 'payload edit', rows: 9, wrap: 'off', spellcheck: 'false', 'aria-label': 'The changed schema' });
    this.result = h('div', { role: 'status' });
    this.event = '';
  }

  async fetch() {
    if (this.all) return;
    const response = await fetch('/api/schemas').catch(() => undefined);
    if (!response?.ok) return;
    this.all = await response.json();
    this.inspector.body.signature = '';
    this.app.store.invalidate();
  }

  /** Links to the schemas of what stands on a topic. @param {string} topic */
  links(topic) {
    if (!ON[topic]) return '';
    return h('p', {}, h('span', { class: 'mut' }, 'schemas '), ...ON[topic].flatMap((event, i) => [i ? ', ' : '', h('button', { type: 'button', class: 'link', onclick: () => this.inspector.open({ type: 'schema', event }) }, event)]));
  }

  /** @param {Board} board @param {string} event */
  draw(board, event) {
    this.fetch();
    const versions = this.all?.[event];
    if (!versions) { this.inspector.fill('schema', event, `schema ${event} nothing`, () => [h('p', { class: 'mut' }, 'Looking it up.')]); return; }
    if (this.event !== event) {
      this.event = event;
      this.show(versions[versions.length - 1]);
    }
    const settings = board.settings?.services ?? {};
    const two = versions.length > 1;
    const written = settings.order?.schema_version ?? 2;
    const without = SERVICES.filter((name) => board.services[name] && settings[name]?.upcast === false);
    this.inspector.fill('schema', event, JSON.stringify(['schema', event, written, without]), () => {
      const fields = [...new Set(versions.flatMap((schema) => Object.keys(schema)))].sort();
      return [
        h('div', { class: 'tscroll' }, h('table', { class: 't' }, h('caption', { class: 'vh' }, `Fields of ${event}`), h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'field'), ...versions.map((_, i) => h('th', { scope: 'col' }, `version ${i + 1}`)))),
          h('tbody', {}, ...fields.map((name) => h('tr', {}, h('td', { class: 'mono' }, name), ...versions.map((schema) => h('td', {}, described(schema[name])))))))),
        two ? h('p', {}, `Order writes version ${written}. `, without.length ? h('span', {}, `${without.map((name) => NAMES[name]).join(', ')} ${without.length > 1 ? 'have' : 'has'} no upcaster and ${without.length > 1 ? 'fail' : 'fails'} at version 1.`) : 'Every reader has an upcaster: what was written as version 1 is read as version 2.') : '',
        two ? h('div', { class: 'inspa' }, this.inspector.button(`Write version ${written === 2 ? 1 : 2}`, { set: { service: 'order', schema_version: written === 2 ? 1 : 2 } }),
          this.inspector.button(settings.payment?.upcast === false ? 'Give Payment its upcaster' : 'Take the upcaster from Payment', { set: { service: 'payment', upcast: settings.payment?.upcast === false } })) : '',
        h('p', { class: 'refused', hidden: true }),
        h('h2', {}, 'Change it'),
        h('p', { class: 'mut' }, 'Nothing is deployed here: the change is compared with the newest version, and the events on the log are read with it.'),
        h('p', {}, h('span', { class: 'mut' }, 'try '), ...TRIES.flatMap(([words, change], i) => [i ? ', ' : '', h('button', { type: 'button', class: 'link', onclick: () => { const schema = structuredClone(versions[versions.length - 1]); change(schema); this.show(schema); this.check(); } }, words)])),
        this.editor,
        h('div', { class: 'inspa' }, h('button', { type: 'button', class: 'btn sm', 'data-do': 'check', onclick: () => this.check() }, 'Check it'), h('button', { type: 'button', class: 'btn bare sm', onclick: () => this.show(versions[versions.length - 1]) }, 'Start over')),
        this.result,
      ];
    });
  }

  /** @param {Schema} schema */
  show(schema) {
    this.editor.value = `{\n${Object.keys(schema).sort().map((name) => `  ${JSON.stringify(name)}: ${JSON.stringify(schema[name])}`).join(',\n')}\n}`;
    this.result.replaceChildren();
  }

  async check() {
    const event = this.event;
    const response = await fetch(`${this.app.base}/schema?event=${encodeURIComponent(event)}`, { method: 'POST', body: this.editor.value }).catch(() => undefined);
    const answer = await response?.json().catch(() => undefined);
    if (event !== this.event) return;
    if (!response?.ok) {
      this.result.replaceChildren(h('p', { class: 'refused' }, icon('x'), ' ', answer?.error?.message ?? 'The lab cannot be reached just now.'));
      return;
    }
    this.result.replaceChildren(...this.verdict(/** @type {Check} */ (answer)));
    this.result.scrollIntoView({ block: 'nearest' });
  }

  /** @param {Check} check */
  verdict(check) {
    const line = (/** @type {string} */ name, /** @type {string} */ means, /** @type {Problem[]} */ problems) => h('div', { class: 'verdict', 'data-ok': String(!problems.length) },
      h('p', {}, icon(problems.length ? 'x' : 'ok'), h('b', {}, ` ${name}`), ` ${means}`),
      ...problems.map((problem) => h('p', { class: 'because' }, h('b', {}, 'Not so, '), 'because of ', h('span', { class: 'mono' }, problem.field), `: ${problem.text}.`)));
    const { read } = check;
    const first = read.first;
    return [
      line('Backward:', 'new readers read old events', check.backward),
      line('Forward:', 'old readers read new events', check.forward),
      h('p', {}, icon(check.full ? 'ok' : 'x'), h('b', {}, ' Full:'), check.full ? ' both, so it can be deployed in any order' : check.backward.length && check.forward.length ? ' no. Neither side can be deployed first' : check.backward.length ? ' no. Writers would have to go first, and what is on the log stays unreadable' : ' no. Every reader has to be deployed before the first writer'),
      h('p', { class: first ? 'because' : 'mut' }, first ? h('b', {}, `${read.failed} of ${count(read.events, 'event')} on the log cannot be read, `) : '',
        first ? h('span', {}, 'because ', h('button', { type: 'button', class: 'link', onclick: () => this.inspector.open({ type: 'record', topic: first.topic, partition: first.partition, offset: first.offset }) }, `${first.topic} p${first.partition} #${first.offset}`), `, version ${first.version}: ${first.problems.map((problem) => `${problem.field}, ${problem.text}`).join('; ')}.`)
          : read.events ? `${count(read.events, 'event')} on the log can be read with it.` : 'There is no such event on the log yet.'),
    ];
  }
}

/** @param {Field | undefined} field */
function described(field) {
  if (!field) return h('span', { class: 'mut' }, '–');
  return h('span', {}, field.type, field.required ? '' : h('span', { class: 'mut' }, ', may be missing'), field.default !== undefined ? h('span', { class: 'mut' }, `, else ${JSON.stringify(field.default)}`) : '');
}
