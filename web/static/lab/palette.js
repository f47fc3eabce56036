// Break something: first what, then where. Every item says in one sentence
// what will happen, and never what is to be learned from it.

import { el, h, icon, keyed, set, text } from './dom.js';
import { isLed } from './led.js';
import { CALLS, HANDLES, NAMES, SERVICES, TOPICS, byCalls, leads, lower } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {{name: string, label: string, kind: 'service'|'topic'|'broker'|'partition'|'choice'|'number'|'text'|'seat'|'event', options?: string[] | [string, string][], value?: any, hint?: string, messages?: boolean, min?: number, max?: number, from?: (board: Board, values: any) => any, now?: (board: Board, values: any) => any}} Field */
/** @typedef {{title: string, say: string, fields: Field[], act: (v: any, board: Board) => any, refuse?: (v: any, board: Board) => string, done?: (v: any) => string}} What */

const TOLD_MS = 6000;

/** @param {string} [value] @returns {Field} */
const service = (value = 'payment') => ({ name: 'service', label: 'service', kind: 'service', value });
/** @type {Field} */
const seat = { name: 'instance', label: 'seat', kind: 'seat', value: '' };
/** @type {Field} */
const event = { name: 'on', label: 'message', kind: 'event', value: '' };
/** @param {string} [value] @returns {Field} */
const topic = (value = 'orders') => ({ name: 'topic', label: 'topic', kind: 'topic', value });
/** @param {string} [name] @param {string} [label] @param {(b: Board, v: any) => any} [from] @returns {Field} */
const broker = (name = 'id', label = 'broker', from = (board) => board.brokers.find((one) => one.state === 'up')?.id ?? 0) => ({ name, label, kind: 'broker', from });
/** Who leads a partition. @param {Board} board @param {any} v */
const leader = (board, v) => board.topics[v.topic]?.partitions[Number(v.partition)]?.leader ?? -1;
/** @param {string} name @param {string} label @param {any} value @param {number} min @param {number} max @returns {Field} */
const number = (name, label, value, min, max) => ({ name, label, kind: 'number', value, min, max });
/** @param {string} name @param {string} label @param {[string, string][]} options @param {(b: Board, v: any) => any} from @returns {Field} */
const choice = (name, label, options, from) => ({ name, label, kind: 'choice', options, from });
/** A choice that says what is so now, and offers something else. @param {string} name @param {string} label @param {[string, string][]} options @param {(b: Board, v: any) => any} now @returns {Field} */
const change = (name, label, options, now) => ({ name, label, kind: 'choice', options, now, from: (board, v) => (options.find(([id]) => id !== now(board, v)) ?? options[0])[0] });
/** @type {[string, string][]} */
const ON_OFF = [['true', 'on'], ['false', 'off']];
const SKUS = [['keyboard', 'keyboard'], ['mouse', 'mouse'], ['monitor', 'monitor'], ['cable', 'cable']];

/** @param {any} v */
const only = (v) => (v.instance ? { service: v.service, instance: Number(v.instance) } : { service: v.service });
/** @param {any} v */
const aimed = (v) => ({ ...only(v), times: Number(v.times), ...(v.on ? { on: v.on } : {}) });
/** A crash that waits for its moment. @param {string} title @param {string} say @param {string} at @param {string} [first] @returns {What} */
const armed = (title, say, at, first) => ({ title, say, fields: [service(first), event, number('times', 'times', 1, 1, 20), seat], act: (v) => ({ crash: { ...aimed(v), at } }) });
/** A switch of a service. @param {string} title @param {string} say @param {string} key @param {[string, string][]} options @param {string} [first] @returns {What} */
const setting = (title, say, key, options, first) => ({
  title, say, fields: [service(first), change('value', 'make it', options, (board, v) => String(board.settings?.services?.[v.service]?.[key] ?? options[0][0]))],
  act: (v) => ({ set: { service: v.service, [key]: options === ON_OFF ? v.value === 'true' : ['retries', 'schema_version'].includes(key) ? Number(v.value) : v.value } }),
  done: (v) => `${NAMES[v.service]}, ${lower(title)}: ${options.find(([id]) => id === v.value)?.[1]}.`,
});

/** @type {[string, What[]][]} */
const GROUPS = [
  ['Service', [
    { title: 'Crash it now', say: 'It is cut off without a goodbye. What it had in hand is lost with it.', fields: [service(), seat], act: (v) => ({ crash: only(v) }) },
    armed('Crash before the work', 'It takes the next message and crashes before it does anything.', 'before_handle'),
    armed('Crash after the work', 'It does all the work of the next message and crashes before it saves its position.', 'after_handle'),
    armed('Crash after the write', 'Its database has committed; it crashes before the event is published.', 'after_write', 'order'),
    { title: 'Cut it off', say: 'It runs on, and its connections are gone. Nobody says goodbye.', fields: [service(), { name: 'from', label: 'from', kind: 'choice', options: [['kafka', 'Kafka'], ['database', 'its database']], from: () => 'kafka' }], act: (v) => ({ cut: { service: v.service, from: v.from } }) },
    { title: 'Pause it', say: 'It stays in its group and handles nothing until it is resumed.', fields: [service()], act: (v) => ({ pause: { service: v.service } }) },
    { title: 'Stop it', say: 'All its seats leave the group in good order.', fields: [service()], act: (v) => ({ scale: { service: v.service, instances: 0 } }) },
    { title: 'Slow it down', say: 'Every message takes longer.', fields: [service(), choice('by', 'by', [['500ms', '½ s'], ['1s', '1 s'], ['3s', '3 s'], ['0s', 'nothing: as before']], () => '1s')], act: (v) => ({ slow: { service: v.service, by: v.by } }) },
    { title: 'Let it fail, and recover', say: 'So many tries fail with an error that passes.', fields: [service(), event, number('times', 'times', 2, 1, 20)], act: (v) => ({ fail: { ...aimed(v), kind: 'transient' } }) },
    { title: 'Let it fail for good', say: 'A message fails with an error that no retry can cure.', fields: [service(), event, number('times', 'times', 1, 1, 20)], act: (v) => ({ fail: { ...aimed(v), kind: 'permanent' } }) },
  ]],
  ['Messages', [
    { title: 'Poison message', say: 'A record that is not JSON is put on the topic.', fields: [topic()], act: (v) => ({ publish: { topic: v.topic, key: 'user-1', value: '{"event_type":"OrderCreated","data":{' } }) },
    { title: 'Duplicate the last one', say: 'The newest record of the topic is appended a second time, under the same event id.', fields: [topic()], refuse: (v, board) => (newest(board, v.topic) ? '' : `There is no record on ${v.topic} yet.`), act: (v, board) => ({ duplicate: newest(board, v.topic) }) },
  ]],
  ['Replay', [
    { title: 'Stop before a message', say: 'The lab freezes before the message is handled, and shows it.', fields: [service(), { name: 'on', label: 'message', kind: 'event', value: '', messages: true }, { name: 'when', label: 'when', kind: 'text', value: '', hint: 'message.data.total_amount > 5000' }],
      act: (v) => ({ break_on: { service: v.service, ...(v.on ? { event: v.on } : {}), ...(v.when.trim() ? { when: v.when.trim() } : {}) } }) },
    { title: 'Send a group back', say: 'Its seats leave, its saved position is set back while the group is empty, and they join again. What it has handled comes once more.', fields: [service(), choice('to', 'to', [['earliest', 'the first record'], ['1m', '1 min back'], ['10s', '10 s back'], ['latest', 'the end: skip what waits']], () => 'earliest')], act: (v) => ({ rewind: { group: v.service, to: v.to } }) },
    { title: 'Rebuild the read side', say: 'A second read model is built from the log, beside the first one, which goes on answering. When it has read as far, it takes its place.', fields: [], act: () => ({ rebuild: { projection: 'orders' } }) },
  ]],
  ['Kafka', [
    { title: 'Take a broker down', say: 'The machine dies with what it has in hand. The others take over its partitions.', fields: [broker()], act: (v) => ({ broker: { id: Number(v.id), state: 'down' } }) },
    { title: 'Slow a broker down', say: 'Every answer of it comes later.', fields: [broker(), choice('slow', 'by', [['200ms', '200 ms'], ['1s', '1 s'], ['3s', '3 s'], ['0s', 'nothing: as before']], () => '1s')], act: (v) => ({ broker: { id: Number(v.id), slow: v.slow } }) },
    { title: 'Move a leader', say: 'Another broker leads the partition from now on.', fields: [topic(), { name: 'partition', label: 'partition', kind: 'partition', value: '0' }, broker('to', 'to broker', (board, v) => board.brokers.find((one) => one.state === 'up' && one.id !== leader(board, v))?.id ?? 0)], act: (v) => ({ move_leader: { topic: v.topic, partition: Number(v.partition), to: Number(v.to) } }) },
    { title: 'Lose an answer', say: 'The broker appends what is written to the topic next. Its answer never arrives.', fields: [topic(), number('times', 'times', 1, 1, 20)], act: (v) => ({ lose_ack: { topic: v.topic, times: Number(v.times) } }) },
    { title: 'Add partitions', say: 'The topic gets more partitions. This cannot be taken back, and no repair does.', fields: [topic(), { name: 'to', label: 'so many', kind: 'number', min: 2, max: 12, from: (board, v) => (board.topics[v.topic]?.partitions.length ?? 3) + 1 }], act: (v) => ({ add_partitions: { topic: v.topic, to: Number(v.to) } }), done: (v) => `${v.topic} has ${v.to} partitions now. That stays so.` },
  ]],
  ['Outside', [
    { title: 'The bank declines', say: 'The payment gateway says no to the next charges.', fields: [number('times', 'times', 1, 1, 50)], act: (v) => ({ decline: { times: Number(v.times) } }) },
    { title: 'Sold out', say: 'The stock of one product is gone.', fields: [{ name: 'sku', label: 'product', kind: 'choice', options: /** @type {any} */ (SKUS), from: () => 'keyboard' }], act: (v) => ({ decline: { stock_out: v.sku } }) },
    { title: 'A rush of orders', say: 'Many customers order at once.', fields: [number('orders', 'orders', 50, 1, 2000), number('rate', 'a second', 10, 1, 500)], act: (v) => ({ burst: { orders: Number(v.orders), rate: Number(v.rate), users: 20 } }) },
  ]],
  ['Lab', [
    { title: 'Number of seats', say: 'More seats share the partitions of the group among them.', fields: [service(), { name: 'instances', label: 'seats', kind: 'number', min: 0, max: 8, from: (board, v) => board.services[v.service]?.instances ?? 1 }], act: (v) => ({ scale: { service: v.service, instances: Number(v.instances) } }) },
    setting('Deduplication', 'Whether it remembers the events that it has seen, and passes over a repeat.', 'idempotent', ON_OFF),
    setting('Form of its events', 'Version 2 of OrderCreated says the currency; version 1 does not.', 'schema_version', [['1', 'version 1'], ['2', 'version 2']], 'order'),
    setting('Upcaster', 'Off: it fails at events of version 1. On: it reads them as version 2.', 'upcast', ON_OFF),
    setting('Dead letters', 'Off: a message that fails is tried for ever, and the partition waits behind it.', 'dead_letter', ON_OFF),
    setting('Outbox', 'Off: it writes to its database and publishes afterwards, in two steps.', 'outbox', ON_OFF, 'order'),
    setting('When it saves its position', 'After the work, before it, or every now and then.', 'commit', [['after', 'after the work'], ['before', 'before the work'], ['auto', 'now and then']]),
    setting('Which answers it waits for', 'Of its writes to Kafka: acks.', 'acks', [['all', 'from all replicas'], ['leader', 'from the leader'], ['none', 'none at all']], 'order'),
    setting('Numbered writes', 'Whether the broker knows a write that is sent a second time: the idempotent producer.', 'idempotent_producer', ON_OFF, 'order'),
    setting('Sharing out', 'How its group shares partitions out when a seat comes or goes.', 'balancer', [['cooperative', 'step by step'], ['eager', 'all stop first'], ['range', 'all stop, by ranges'], ['roundrobin', 'all stop, in turn']]),
    setting('Retries', 'How often a failed message is tried again.', 'retries', [['0', 'never'], ['1', 'once'], ['3', '3 times'], ['5', '5 times'], ['10', '10 times']]),
    setting('Time a message takes', 'Simulated work, so that people can follow.', 'work', [['0s', 'none'], ['50ms', '50 ms'], ['500ms', '½ s'], ['1s', '1 s'], ['3s', '3 s']]),
    { title: 'Who leads an order', say: 'For orders to come: each service reacts to the events of the others, or an orchestrator sends commands. An order that is under way keeps to its way.', fields: [change('saga', 'make it', [['choreography', 'nobody: choreography'], ['orchestration', 'the orchestrator']], (board) => board.settings?.saga ?? 'choreography')], act: (v) => ({ set: { saga: v.saga } }) },
    { title: 'Record key', say: 'Records with the same key go to the same partition.', fields: [change('key', 'make it', [['user', 'the user'], ['order', 'the order'], ['none', 'none: round robin']], (board) => board.settings?.key ?? 'user')], act: (v) => ({ set: { key: v.key } }) },
  ]],
];

export class Palette {
  /** @param {import('./app.js').App} app @param {{root: any, button: any}} parts */
  constructor(app, parts) {
    this.app = app;
    this.parts = parts;
    /** @type {What} */
    this.what = GROUPS[0][1][0];
    /** @type {Record<string, any>} */
    this.values = {};
    this.how = h('form', { class: 'how' });
    this.active = h('ul');
    this.activeBox = h('div', { class: 'active', hidden: true }, h('h3', { class: 'sc' }, 'Active now'), this.active);
    parts.root.append(
      h('div', { class: 'whats' }, ...GROUPS.map(([name, list]) => h('section', {}, h('h3', { class: 'sc' }, name),
        ...list.map((what) => h('button', { type: 'button', class: 'pick', 'aria-pressed': 'false', 'data-what': what.title, onclick: () => this.choose(what, true) }, what.title))))),
      this.how, this.activeBox);
    this.how.addEventListener('submit', (/** @type {Event} */ e) => { e.preventDefault(); this.go(); });
    parts.button.addEventListener('click', () => this.toggle());
    // Before it opens, not when it has: by then somebody quick has chosen already.
    parts.root.addEventListener('beforetoggle', (/** @type {any} */ e) => {
      if (e.newState === 'open') { set(parts.root, 'data-chosen', null); this.choose(this.what, false); }
    });
    parts.root.addEventListener('toggle', (/** @type {any} */ e) => {
      set(parts.button, 'aria-expanded', String(e.newState === 'open'));
      if (e.newState === 'open') { if (!parts.root.contains(document.activeElement)) parts.root.querySelector('.pick[aria-pressed=true]')?.focus(); } else if (parts.root.contains(document.activeElement)) parts.button.focus();
    });
  }

  /** Offers these actions alone; all where nothing is said. @param {string[] | undefined} names */
  allow(names) {
    const offered = (/** @type {What} */ what) => !names?.length || names.includes(actionOf(what, this.app.board));
    for (const button of this.parts.root.querySelectorAll('.pick')) button.hidden = !offered(/** @type {What} */ (GROUPS.flatMap(([, list]) => list).find((what) => what.title === button.getAttribute('data-what'))));
    for (const group of this.parts.root.querySelectorAll('.whats section')) group.hidden = !group.querySelector('.pick:not([hidden])');
    const first = GROUPS.flatMap(([, list]) => list).find(offered);
    this.parts.button.hidden = !first;
    if (first) this.what = first;
  }

  toggle() { if (!this.parts.button.disabled) this.parts.root.togglePopover(); }

  /** @param {What} what @param {boolean} byHand */
  choose(what, byHand) {
    this.what = what;
    if (byHand) set(this.parts.root, 'data-chosen', true);
    for (const button of this.parts.root.querySelectorAll('.pick')) set(button, 'aria-pressed', String(button.getAttribute('data-what') === what.title));
    this.values = Object.fromEntries(what.fields.map((field) => [field.name, field.value ?? '']));
    for (const field of what.fields) if (field.from) this.values[field.name] = field.from(this.app.board, this.values);
    this.drawHow();
  }

  drawHow() {
    const { what } = this;
    this.how.replaceChildren(
      h('h2', {}, what.title), h('p', { class: 'say' }, what.say),
      ...what.fields.map((field) => [h('label', { class: 'field' }, h('span', {}, field.label), this.control(field)), field.now ? h('p', { class: 'mut' }, `Now: ${this.word(field, field.now(this.app.board, this.values))}.`) : '']).flat(),
      h('div', { class: 'inspa' }, h('button', { type: 'submit', class: 'btn' }, 'Do it'), h('button', { type: 'button', class: 'btn bare only-s', onclick: () => set(this.parts.root, 'data-chosen', null) }, 'Back')),
      h('p', { class: 'refused', role: 'alert', hidden: true }));
  }

  /** @param {Field} field @param {string} id of an option */
  word(field, id) { return /** @type {[string, string][]} */ (field.options ?? []).find(([one]) => one === id)?.[1] ?? id; }

  /** @param {Field} field */
  control(field) {
    const value = this.values[field.name];
    const keep = (/** @type {any} */ e) => {
      this.values[field.name] = e.target.value;
      if (!['service', 'topic', 'partition'].includes(field.name)) return;
      if (field.name === 'topic' && this.what.fields.some((other) => other.kind === 'partition')) this.values.partition = '0';
      for (const other of this.what.fields) if (other.from) this.values[other.name] = other.from(this.app.board, this.values);
      if (field.name !== 'service') { if (this.what.fields.some((other) => other.from)) { this.drawHow(); this.how.querySelector(`[name=${field.name}]`)?.focus(); } return; }
      if (this.what.fields.some((other) => other.from || ['seat', 'event'].includes(other.kind))) { this.values.instance = this.values.on = ''; this.drawHow(); this.how.querySelector('select')?.focus(); }
    };
    if (field.kind === 'text') return h('input', { type: 'text', name: field.name, value, placeholder: field.hint, spellcheck: 'false', autocomplete: 'off', oninput: keep });
    if (field.kind === 'number') return h('input', { type: 'number', name: field.name, min: field.min, max: field.max, value, required: true, oninput: keep });
    /** @type {any[]} */
    let options = field.options ?? [];
    if (field.kind === 'service') options = SERVICES.filter((name) => name !== 'orchestrator' || isLed(this.app.board)).map((name) => [name, NAMES[name]]);
    if (field.kind === 'topic') options = TOPICS.map((name) => [name, name]);
    if (field.kind === 'broker') options = this.app.board.brokers.map((one) => [String(one.id), `${one.id}${one.state === 'down' ? ', down' : `, leads ${leads(this.app.board, one.id)}`}`]);
    if (field.kind === 'partition') options = (this.app.board.topics[this.values.topic]?.partitions ?? []).map((p) => [String(p.id), `p${p.id}, led by broker ${p.leader}`]);
    if (field.kind === 'event') options = [['', field.messages ? 'any' : 'the next one'], ...[...(byCalls(this.app.board) && !field.messages ? CALLS[this.values.service] ?? [] : []), ...(HANDLES[this.values.service] ?? []).filter((type) => !field.messages || type !== 'PlaceOrder')].map((type) => [type, type])];
    if (field.kind === 'seat') options = [['', 'the first to get there'], ...(this.app.board.services[this.values.service]?.seats ?? []).map((one) => [String(one.instance), `seat ${one.instance}`])];
    if (field.kind === 'seat' && this.what.title === 'Crash it now') options[0][1] = 'all of them';
    const select = h('select', { name: field.name, onchange: keep }, ...options.map(([id, label]) => h('option', { value: id }, label)));
    if (!options.some(([id]) => id === String(value))) select.append(h('option', { value: String(value) }, String(value)));
    select.value = String(value);
    return select;
  }

  async go() {
    const { what, values, app } = this;
    const button = this.how.querySelector('[type=submit]');
    const note = this.how.querySelector('.refused');
    const sentence = what.refuse?.(values, app.board) ?? '';
    if (sentence) { note.hidden = false; note.replaceChildren(icon('x'), ' ', sentence); return; }
    const result = await app.press(button, what.act(values, app.board));
    if (!result) return;
    const done = what.done?.(values);
    if (done) this.tell(done); // a setting is not seen on any figure
    else app.announce(`${what.title}: done.`);
    this.parts.root.hidePopover();
  }

  /** Says beside the button what was done, for a while. @param {string} sentence */
  tell(sentence) {
    const said = el('said');
    said.hidden = false;
    said.replaceChildren(sentence);
    setTimeout(() => { if (said.textContent === sentence) said.hidden = true; }, TOLD_MS);
  }

  /** @param {ReturnType<import('./words.js').troubles>} list */
  drawActive(list) {
    this.activeBox.hidden = list.length === 0;
    keyed(this.active, list, (trouble) => trouble.id, () => h('li', {}, h('span'), h('button', { type: 'button', class: 'btn sm', 'data-act': true })), (li, trouble) => {
      text(li.firstChild, this.app.say(trouble.what));
      text(li.lastChild, trouble.repair);
      li.lastChild.onclick = () => this.app.press(li.lastChild, repairOf(trouble, this.app.board));
    });
  }
}

/** The name of the action that an item does. @param {What} what @param {Board} board */
function actionOf(what, board) {
  const values = Object.fromEntries(what.fields.map((field) => [field.name, field.value ?? '']));
  for (const field of what.fields) if (field.from) values[field.name] = field.from(board, values);
  return Object.keys(what.act(values, board))[0];
}

/** The action that mends a trouble. @param {{service: string, repair: string, seq: number, broker?: number, heal?: string}} trouble @param {Board} board */
export function repairOf(trouble, board) {
  if (trouble.repair === 'Mend') return { mend: { service: trouble.service } };
  const letters = `${trouble.service}-commands.dlq`; // what was given up is what the saga waits for
  if (trouble.repair === 'Resend' && board.dead_letters.some((one) => one.topic === letters && one.state === 'waiting')) return { redrive: { topic: letters, all: true } };
  if (trouble.repair === 'Remove') return { unbreak: { id: trouble.seq } };
  if (trouble.broker !== undefined) return { broker: { id: trouble.broker, ...(board.brokers.find((one) => one.id === trouble.broker)?.state === 'down' ? { state: 'up' } : { slow: '0s' }) } };
  if (trouble.repair === 'Resume') return { resume: { service: trouble.service } };
  if (trouble.repair === 'Start') return { scale: { service: trouble.service, instances: Math.max(1, board.settings?.services?.[trouble.service]?.instances || 1) } };
  return { heal: trouble.service ? { service: trouble.heal ?? trouble.service } : 'all' };
}

/** Where the newest record of a topic stands. @param {Board} board @param {string} name */
function newest(board, name) {
  let found;
  let seq = 0;
  for (const [p, tape] of Object.entries(board.tapes[name] ?? {})) {
    for (const record of Object.values(tape.records)) if (!record.missing && record.seq > seq) { seq = record.seq; found = { topic: name, partition: Number(p), offset: record.offset }; }
  }
  return found;
}
