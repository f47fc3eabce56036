// What one can try on a stream: two writers at once, an event that shall be
// changed, a correction, a snapshot, and a question that nobody planned. All of
// it is done by the lab itself; the answers are its own.

import { css, h, icon, once, set } from './dom.js';
import { READ_ONLY } from './past.js';
import { count } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./aggregate.js').Stream} Stream */

const MANY = 20;
const CELLS = 60; // events of a load that are drawn one by one
const STREETS = ['Quay Street', 'Mill Lane', 'Harbour Road', 'Station Square'];

export class StreamTrials {
  /** @param {import('./aggregate.js').AggregateLens} lens */
  constructor(lens) {
    this.lens = lens;
    /** @type {Record<string, any>} what came of each, for one order */
    this.results = {};
    this.of = '';
    this.street = 0;
    this.address = h('input', { type: 'text', maxlength: 120, value: this.next(), 'aria-label': 'The new address' });
    this.every = h('select', { 'aria-label': 'Snapshot every', 'data-act': true, onchange: () => this.run(this.every, 'set', () => lens.app.act({ set: { snapshot_every: Number(this.every.value) } }).then(() => undefined)) }, ...[0, 2, 5, 10, 50].map((n) => h('option', { value: n }, n ? `every ${n} events` : 'off')));
    this.question = h('select', { 'aria-label': 'Question' });
    const button = (/** @type {string} */ id, /** @type {string} */ words, /** @type {(b: any) => any} */ does) => h('button', { type: 'button', class: 'btn sm', id: `try-${id}`, 'data-act': true, onclick: (/** @type {any} */ e) => does(e.currentTarget) }, words);
    this.race = button('race', 'Two writers at once', (b) => this.run(b, 'race', () => this.twoWriters()));
    this.late = button('late', 'Cancel', (b) => this.run(b, 'race', () => this.cancel()));
    this.tamper = button('tamper', 'Try to change it', (b) => this.run(b, 'tamper', () => this.post(`stream/tamper?${this.order}&version=${lens.version}`)));
    const amend = button('amend', 'Correct', (b) => this.run(b, 'amend', () => this.amend(1)));
    const many = button('many', `${MANY} corrections`, (b) => this.run(b, 'amend', () => this.amend(MANY)));
    const load = button('load', 'Load it both ways', (b) => this.run(b, 'load', () => this.post(`stream/load?${this.order}`)));
    const ask = button('ask', 'Ask all events', (b) => this.run(b, 'ask', () => this.post(`ask?question=${encodeURIComponent(this.question.value)}`)));
    /** @type {Record<string, any>} */
    this.out = Object.fromEntries(['race', 'amend', 'tamper', 'load', 'ask'].map((name) => [name, h('div', { class: 'out', 'data-out': name, role: 'status' })]));
    const trial = (/** @type {string} */ title, /** @type {string} */ says, /** @type {any[]} */ controls, /** @type {string} */ out) => h('section', { class: 'trial' }, h('h3', {}, title), h('p', { class: 'mut' }, says), h('div', { class: 'row2' }, ...controls), this.out[out]);
    this.root = h('section', { class: 'trials', 'aria-label': 'Try it' }, h('div', { class: 'figh' }, h('span', { class: 'l' }, 'c'), h('h2', {}, 'Try it'), h('span', { class: 'sub' }, 'on the real stream; what comes back is the shop’s and the database’s own answer')),
      h('div', { class: 'trialgrid' },
        trial('Two writers, one version', 'Whoever appends says which version it has seen. Of two that saw the same, the store takes one.', [this.race, this.late], 'race'),
        trial('An event is not edited', 'An UPDATE and a DELETE are run against the row in the database.', [this.tamper], 'tamper'),
        trial('A correction is a new event', 'The old address stays in the stream; the row has only the newest.', [this.address, amend, many], 'amend'),
        trial('A snapshot saves reading', 'A state written down at a version: a load begins there. It is a cache.', [h('label', { class: 'lab1' }, 'Snapshots ', this.every), load], 'load'),
        h('div', { class: 'wide' }, trial('A question that nobody planned', 'A new projection is folded from all events of the store, from the first one on.', [this.question, ask], 'ask'))));
  }

  get order() { return `order=${encodeURIComponent(this.lens.stream?.order ?? '')}`; }

  next() { this.street++; return `${this.street} ${STREETS[this.street % STREETS.length]}`; }

  /** @param {string} path @param {any} [body] @returns {Promise<any>} */
  async post(path, body) {
    if (this.lens.app.past()) throw new Error(READ_ONLY);
    const response = await fetch(`${this.lens.app.base}/${path}`, { method: 'POST', body: body === undefined ? undefined : JSON.stringify(body) });
    const said = await response.json();
    if (!response.ok) throw new Error(said.error?.message ?? 'The lab did not answer.');
    return said;
  }

  /** Does something for a control, which rests meanwhile; a refusal is its result. @param {HTMLElement} control @param {string} name @param {() => Promise<any>} does */
  async run(control, name, does) {
    set(control, 'aria-busy', 'true');
    const of = this.lens.stream?.order ?? '';
    let result;
    try { result = await does(); } catch (error) { result = { refused: /** @type {Error} */ (error).message }; }
    set(control, 'aria-busy', null);
    if (this.of !== of) return;
    if (result) this.results[name === 'set' ? 'load' : name] = { ...result, n: (this.results[name]?.n ?? 0) + 1 };
    this.lens.app.store.invalidate();
  }

  /** Two real commands that go out at once, both after the same version. */
  async twoWriters() {
    const seen = this.lens.newest;
    const writers = ['Ann', 'Bob'].map(async (who) => {
      const address = this.next();
      const bad = await this.command({ amend_order: { order: this.lens.stream?.order, address, if_version: seen } });
      return { who, ok: !bad, text: bad || `v${seen + 1} is theirs` };
    });
    return { seen, writers: await Promise.all(writers) };
  }

  /** A customer who has looked at the version of the slider cancels. */
  async cancel() {
    const seen = this.lens.version;
    const bad = await this.command({ cancel_order: { order: this.lens.stream?.order, if_version: seen } });
    return { seen, writers: [{ who: 'You', ok: !bad, text: bad || `the order is cancelled, v${seen + 1}` }] };
  }

  /** One command; what the shop has against it, "" where it is done. @param {any} action @returns {Promise<string>} */
  async command(action) {
    const [result] = (await this.post('actions', [action])).results;
    return result.ok ? '' : result.error?.message ?? 'It was refused.';
  }

  /** @param {number} n */
  async amend(n) {
    const order = this.lens.stream?.order;
    const list = Array.from({ length: n }, (_, i) => ({ amend_order: { order, address: i === n - 1 ? this.address.value : this.next() } }));
    const said = await this.post('actions', list);
    const bad = said.results.find((/** @type {any} */ one) => !one.ok);
    if (bad) throw new Error(bad.error?.message ?? 'It was refused.');
    this.address.value = this.next();
    return { added: n };
  }

  /** @param {Stream} stream @param {Board} board */
  draw(stream, board) {
    const { lens } = this;
    if (this.of !== stream.order) { this.of = stream.order; this.results = { ask: this.results.ask }; }
    const fold = lens.fold;
    if (fold && !this.question.options.length) this.question.append(...fold.questions.map((q) => h('option', { value: q.id }, q.ask)));
    const every = String(board.settings?.snapshot_every ?? 0);
    if (this.everyWas !== every) {
      this.everyWas = every;
      if (![...this.every.options].some((o) => o.value === every)) this.every.append(h('option', { value: every }, `every ${every} events`));
      this.every.value = every;
    }
    const name = lens.app.follow.letter(board, stream.order) || stream.name;
    once(this.race, `${lens.newest}`, () => [`Two writers that saw v${lens.newest}`]);
    once(this.late, `${lens.version}`, () => [`Cancel, having seen v${lens.version}`]);
    once(this.tamper, `${lens.version}`, () => [`Try to change v${lens.version}`]);
    const say = (/** @type {string} */ words) => lens.app.say(words).replaceAll(` order ${stream.order} `, ` order ${name} `);
    for (const [key, out] of Object.entries(this.out)) {
      const result = this.results[key];
      once(out, result ? `${stream.order} ${result.n} ${JSON.stringify(result).length}` : '', () => {
        if (!result) return [];
        if (result.refused) return [h('p', { class: 'because stale' }, say(sentence(result.refused)))];
        return /** @type {any} */ ({ race: () => this.saidRace(result, say), tamper: () => saidTamper(result), amend: () => [h('p', {}, `${count(result.added, 'event')} appended; nothing was overwritten.`)], load: () => saidLoad(result, say), ask: () => saidAsk(result) })[key]();
      });
    }
  }

  /** @param {any} result @param {(words: string) => string} say */
  saidRace(result, say) {
    return [h('ul', { class: 'writers' }, ...result.writers.map((/** @type {any} */ one) => h('li', { 'data-state': one.ok ? 'ok' : 'refused' }, h('span', { class: `chip ${one.ok ? 'met' : 'failed'}` }, icon(one.ok ? 'ok' : 'x'), one.ok ? 'appended' : 'conflict'),
      h('span', {}, h('b', {}, `${one.who} `), `saw v${result.seen}: `, say(one.text), '.'))))];
  }
}

/** @param {any} result */
function saidTamper(result) {
  return [...(result.attempts ?? []).map((/** @type {any} */ one) => h('div', { class: 'attempt' }, h('code', {}, one.sql), h('p', { class: 'because' }, h('b', {}, 'refused by the database: '), one.refusal))),
    h('p', {}, result.kept ? `v${result.version} is as it was, and so is every other row.` : 'The stream changed.')];
}

/** @param {any} result @param {(words: string) => string} say */
function saidLoad(result, say) {
  if (!result.whole) return [];
  const way = (/** @type {string} */ words, /** @type {{events: number, nanos: number}} */ one, /** @type {number} */ from) => h('div', { class: 'way1' }, h('span', {}, words), strip(result.version, from), h('b', { class: 'nw' }, micros(one.nanos)));
  return [way(`from v1: ${count(result.whole.events, 'event')}`, result.whole, 0), result.snapshot ? way(`from v${result.snapshot}: ${count(result.quick.events, 'event')}`, result.quick, result.snapshot) : '', h('p', {}, say(result.text))];
}

/** The events of a stream as a tape: those that were read are filled. @param {number} n @param {number} from */
function strip(n, from) {
  const box = h('span', { class: 'strip1', 'aria-hidden': 'true' });
  if (n <= CELLS) box.append(...Array.from({ length: n }, (_, i) => h('i', { class: i < from ? null : 'read' })));
  else {
    const bar = h('i', { class: 'bar1' });
    css(bar, '--from', from / n);
    box.append(bar);
  }
  return box;
}

/** @param {number} nanos */
const micros = (nanos) => (nanos >= 10_000_000 ? `${Math.round(nanos / 1e6)} ms` : nanos >= 10_000 ? `${Math.round(nanos / 1000)} µs` : `${(nanos / 1000).toFixed(1)} µs`);

/** @param {any} result */
function saidAsk(result) {
  return [h('div', { class: 'tscroll', tabindex: 0, role: 'region', 'aria-label': result.ask }, h('table', { class: 't' }, h('caption', {}, result.ask), h('thead', {}, h('tr', {}, ...result.columns.map((/** @type {string} */ name) => h('th', { scope: 'col' }, name)))),
    h('tbody', {}, ...(result.rows.length ? result.rows.map((/** @type {string[]} */ row) => h('tr', {}, ...row.map((cell) => h('td', {}, cell)))) : [h('tr', {}, h('td', { colspan: result.columns.length, class: 'mut' }, 'No order so far.'))])))),
  h('p', {}, result.text, ` It took ${micros(result.nanos)}.`)];
}

/** @param {string} words */
const sentence = (words) => words && words[0].toUpperCase() + words.slice(1);
