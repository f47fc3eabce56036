// A closer look at one thing: a record, a service, a topic, a promise, a
// moment. It takes the place of the left panel, so that no figure moves.

import { refusal } from './app.js';
import { h, icon, once, text } from './dom.js';
import { isCopy } from './cells.js';
import { notJSON } from './held.js';
import { keysOf } from './picks.js';
import { Schemas } from './schemas.js';
import { Why, whyButton } from './why.js';
import { DEFAULT_GROUP, HANDLES, NAMES, PROMISES, PROMISE_MEANING, SERVICES, TOPICS, clock, count, look, reads, seatName, serviceOf, stateWord, becauseOf } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./app.js').Thing} Thing */

/** @type {Record<string, any>} what the settings of a service are unless somebody changed them */
const DEFAULTS = { instances: 1, idempotent: true, retries: 3, backoff: '200ms', dead_letter: true, outbox: true, commit: 'after', upcast: true, schema_version: 2, work: '50ms', balancer: 'cooperative', acks: 'all', idempotent_producer: true, check_stock: false };

export class Inspector {
  /** @param {import('./app.js').App} app @param {{root: any, panel: any}} parts */
  constructor(app, parts) {
    this.app = app;
    this.parts = parts;
    /** @type {Thing | null} */
    this.thing = null;
    /** @type {HTMLElement | undefined} */
    this.opener = undefined;
    this.entries = new Map();
    this.kicker = h('span', { class: 'sc' });
    this.title = h('h1');
    this.body = h('div', { class: 'inspb' });
    parts.root.append(h('div', { class: 'insph' }, h('div', {}, this.kicker, this.title), h('button', { type: 'button', class: 'btn bare sm', 'aria-label': 'Close the inspector', onclick: () => this.close() }, icon('x'))), this.body);
    this.why = new Why(app, this);
    this.schemas = new Schemas(app, this);
    app.inspect = (thing, from) => this.open(thing, from);
  }

  /** @param {Thing} thing @param {HTMLElement} [from] where the focus goes back to */
  open(thing, from) {
    if (from && !this.parts.root.contains(from)) this.opener = from;
    this.thing = thing;
    this.body.signature = '';
    this.body.replaceChildren();
    this.parts.panel.hidden = true;
    this.parts.root.hidden = false;
    this.app.pick(keysOf(this.app.board, thing, (seq) => this.find(seq)));
    if (thing.type === 'moment') this.load(thing.seq);
    if (thing.type === 'why') this.why.ask(thing);
    this.draw(this.app.board);
    this.parts.root.focus({ preventScroll: true });
    if (matchMedia('(max-width: 760px)').matches) this.parts.root.scrollIntoView({ block: 'start' });
  }

  close() {
    if (!this.thing) return false;
    this.thing = null;
    this.parts.root.hidden = true;
    this.parts.panel.hidden = false;
    this.app.pick([]);
    if (this.opener?.isConnected) this.opener.focus();
    return true;
  }

  /** @param {Board} board */
  draw(board) {
    const thing = this.thing;
    if (!thing) return;
    if (thing.type === 'record') this.record(board, thing);
    else if (thing.type === 'records') this.records(board, thing);
    else if (thing.type === 'service') this.service(board, thing.name);
    else if (thing.type === 'promise') this.promise(board, thing.id);
    else if (thing.type === 'topic') this.topic(board, thing.name);
    else if (thing.type === 'broker') this.broker(board, thing.id);
    else if (thing.type === 'why') this.why.draw(thing);
    else if (thing.type === 'schema') this.schemas.draw(board, thing.event);
    else this.momentOf(board, thing.seq);
  }

  /** @param {string} kicker @param {string} title @param {string} sign @param {() => any[]} draw */
  fill(kicker, title, sign, draw) {
    text(this.kicker, kicker);
    text(this.title, title);
    if (this.body.signature === sign || (this.body.contains(document.activeElement) && this.body.signature && this.body.querySelector('input:focus, select:focus, textarea:focus'))) return;
    const top = this.body.scrollTop;
    const focus = this.body.contains(document.activeElement) ? document.activeElement?.getAttribute('data-do') : null;
    once(this.body, sign, draw);
    this.body.scrollTop = top;
    if (focus) this.body.querySelector(`[data-do="${CSS.escape(focus)}"]`)?.focus();
  }

  /** @param {string} words @param {any} action @param {string} [className] */
  button(words, action, className = 'btn sm') {
    return h('button', { type: 'button', class: className, 'data-do': words, 'data-act': true, onclick: (/** @type {any} */ e) => this.app.press(e.currentTarget, action) }, words);
  }

  /** @param {Board} board @param {{topic: string, partition: number, offset: number}} at */
  record(board, at) {
    const record = board.tapes[at.topic]?.[at.partition]?.records?.[at.offset];
    const kicker = `${at.topic} p${at.partition} #${at.offset}`;
    if (!record) { this.fill(kicker, 'Older than what is kept', `gone ${kicker}`, () => [h('p', { class: 'empty' }, 'The board keeps the newest records of each partition only.')]); return; }
    this.fill(kicker, record.missing ? 'No record here' : record.event_type || 'A record without a type', `record ${kicker} ${JSON.stringify(record.done)} ${record.seq} ${this.app.follow.list.length}`, () => {
      const followed = this.app.follow.of(record.order);
      return [
        h('dl', { class: 'kv' },
          ...pair('order', record.order ? h('span', {}, this.app.mark(record.order), ' ', board.orders[record.order]?.user ?? record.order) : 'of no order'),
          ...pair('key', record.key || 'none'),
          ...pair('written by', record.producer ? NAMES[record.producer] ?? record.producer : 'from outside'),
          ...pair('at', this.app.moment(record.seq, clock(record.at))),
          ...pair('size', count(record.size, 'byte')),
          ...(record.schema_version && record.event_type ? pair('schema', h('button', { type: 'button', class: 'link', onclick: () => this.open({ type: 'schema', event: record.event_type ?? '' }) }, `version ${record.schema_version}`)) : []),
          ...(record.again ? pair('because', record.again) : []),
          ...(record.copy_of !== undefined ? pair('copy of', h('button', { type: 'button', class: 'link', onclick: () => this.open({ type: 'record', topic: at.topic, partition: at.partition, offset: record.copy_of ?? 0 }) }, `#${record.copy_of}, same event id`)) : [])),
        h('h2', {}, 'Who handled it'),
        Object.keys(record.done ?? {}).length ? h('dl', { class: 'kv' }, ...Object.entries(record.done ?? {}).sort().flatMap(([group, what]) => pair(group, doneWords(what)))) : h('p', { class: 'mut' }, 'Nobody yet.'),
        h('h2', {}, 'Value'), h('pre', { class: 'payload', tabindex: 0 }, pretty(record.value ?? '')),
        Object.keys(record.headers ?? {}).length ? h('h2', {}, 'Headers') : '',
        Object.keys(record.headers ?? {}).length ? h('dl', { class: 'kv' }, ...Object.entries(record.headers ?? {}).flatMap(([k, v]) => pair(k, h('span', { class: 'mono' }, v)))) : '',
        h('div', { class: 'inspa low' }, at.topic.endsWith('.dlq') ? this.letterButtons(at) : this.button('Duplicate this record', { duplicate: { topic: at.topic, partition: at.partition, offset: at.offset } }), this.stopButton(at.topic, record.event_type),
          record.order && board.orders[record.order] ? h('button', { type: 'button', class: 'btn sm', onclick: () => this.app.follow.toggle(board, record.order ?? '') }, followed ? 'Stop following' : 'Follow this order') : '', this.whyRecord(board, at, record)),
        h('p', { class: 'refused', hidden: true }),
      ];
    });
  }

  /** Why a record is as it is: a copy why it is there, another what became of it. @param {Board} board @param {{topic: string, partition: number, offset: number}} at @param {import('./types.js').Rec} record */
  whyRecord(board, at, record) {
    const name = `${at.topic} p${at.partition} #${at.offset}`;
    const letter = (board.dead_letters ?? []).find((one) => one.original_topic === at.topic && one.original_partition === at.partition && one.original_offset === at.offset);
    if (letter) return whyButton(this.app, 'seq', letter.seq, name);
    if (at.topic.endsWith('.dlq') || (isCopy(record) && !Object.values(record.done ?? {}).includes('skipped'))) return whyButton(this.app, 'seq', record.seq, name);
    return whyButton(this.app, 'record', `${at.topic}/${at.partition}/${at.offset}`, name);
  }

  /** The records of a block. @param {Board} board @param {{topic: string, partition: number, from: number, to: number}} at */
  records(board, at) {
    const kept = Object.values(board.tapes[at.topic]?.[at.partition]?.records ?? {}).filter((one) => one.offset >= at.from && one.offset <= at.to).sort((a, b) => a.offset - b.offset);
    this.fill(`${at.topic} p${at.partition}`, `#${at.from} to #${at.to}`, `records ${JSON.stringify(at)} ${kept.map((one) => one.offset)}`, () => (kept.length ? [
      h('ol', { class: 'chain' }, ...kept.map((one) => h('li', {}, h('span', { class: 'mut' }, `#${one.offset}`),
        h('span', {}, this.app.mark(one.order), ' ', h('button', { type: 'button', class: 'link', onclick: () => this.open({ type: 'record', topic: at.topic, partition: at.partition, offset: one.offset }) }, one.event_type || 'a record without a type'))))),
    ] : [h('p', { class: 'empty' }, 'The board keeps the newest records of each partition only.')]));
  }

  /** @param {{topic: string, partition: number, offset: number}} at */
  letterButtons(at) {
    const value = this.app.board.tapes[at.topic]?.[at.partition]?.records?.[at.offset]?.value;
    const editor = h('textarea', { class: 'payload edit', rows: 7, spellcheck: 'false', 'aria-label': 'The repaired value' });
    editor.value = pretty(value ?? '');
    const repair = h('div', { class: 'repair', hidden: true }, editor, h('button', { type: 'button', class: 'btn sm', onclick: (/** @type {any} */ e) => {
      const reason = notJSON(editor.value);
      if (reason) refusal(e.currentTarget, reason);
      else this.app.press(e.currentTarget, { redrive: { ...at, value: editor.value } });
    } }, 'Send it repaired'));
    return [this.button('Send it again', { redrive: at }), value ? h('button', { type: 'button', class: 'btn sm', 'data-do': 'Repair it', onclick: () => { repair.hidden = !repair.hidden; if (!repair.hidden) editor.focus(); } }, 'Repair it') : '', this.button('Discard for good', { discard: at }), repair];
  }

  /** Stops before the next message of a type, where its topic is read in the first place. @param {string} topic @param {string | undefined} type */
  stopButton(topic, type) {
    const usual = serviceOf(this.app.board, DEFAULT_GROUP[topic] ?? '');
    const service = [usual, ...SERVICES].find((name) => type && HANDLES[name]?.includes(type));
    return service ? this.button(`Stop before the next like this`, { break_on: { event: type, service } }) : '';
  }

  /** @param {Board} board @param {string} name */
  service(board, name) {
    const service = board.services[name];
    if (!service) return;
    const settings = board.settings?.services?.[name] ?? {};
    const changed = Object.entries(settings).filter(([key, value]) => key !== 'instances' && DEFAULTS[key] !== undefined && String(value) !== String(DEFAULTS[key]));
    const faults = (board.faults ?? []).filter((fault) => fault.service === name);
    const n = service.seats?.length ?? 0;
    const sign = JSON.stringify([name, service, changed, faults]);
    this.fill(service.group, NAMES[name], sign, () => [
      ...(service.seats ?? []).map((seat) => {
        const why = look(seat.state) === 'ok' ? null : becauseOf(`${seatName(name, seat.instance)} is ${seat.state === 'crashed' ? 'down' : seat.state}`, this.app.say(seat.because || service.because));
        const seq = seat.because_seq || service.because_seq || 0;
        return h('div', { class: 'seatcard' },
          h('p', { class: 'who' }, h('b', {}, seatName(name, seat.instance)), h('span', { class: 'mut' }, reads(seat.partitions)), look(seat.state) === 'ok' ? '' : h('span', { class: `chip ${look(seat.state) === 'failed' ? 'failed' : 'waiting'}` }, icon(look(seat.state) === 'failed' ? 'x' : 'pause'), stateWord(seat.state))),
          seat.doing ? h('p', {}, 'has ', this.app.mark(seat.doing.order), ` ${seat.doing.event_type}, ${seat.doing.topic} p${seat.doing.partition} #${seat.doing.offset}`, seat.doing.try && seat.doing.try.attempt > 1 ? `, try ${seat.doing.try.attempt}${seat.doing.try.of ? ` of ${seat.doing.try.of}` : ''}` : '') : look(seat.state) === 'ok' ? h('p', { class: 'mut' }, seat.idle ? `${this.app.say(seat.idle)}.` : 'waits for a message') : '',
          why ? h('p', { class: 'because', 'data-cause-for': `seat-${name}-${seat.instance}` }, h('b', {}, `${why.head} `), `${why.tail}${seq ? ', ' : '.'}`, seq ? this.app.moment(seq, clock(seat.since)) : '') : '');
      }),
      n ? '' : h('p', { class: 'because stale' }, h('b', {}, `${NAMES[name]} has no seats, `), 'because it was scaled to 0.'),
      h('div', { class: 'inspa' },
        (service.seats ?? []).some((seat) => look(seat.state) === 'failed') || faults.length ? this.button('Repair', { heal: { service: name } }) : '',
        service.seats?.some((seat) => seat.state === 'paused') ? this.button('Resume', { resume: { service: name } }) : n ? this.button('Pause', { pause: { service: name } }) : '',
        n ? this.button('Crash now', { crash: { service: name } }) : '',
        n < 8 ? this.button('One seat more', { scale: { service: name, instances: n + 1 } }) : '',
        n > 0 ? this.button('One seat less', { scale: { service: name, instances: n - 1 } }) : '', whyButton(this.app, 'service', name, NAMES[name]),
        h('button', { type: 'button', class: 'btn sm', 'data-do': 'Its code', onclick: () => this.app.showCode(`shop/${name}.go`) }, 'Its code')),
      h('p', { class: 'refused', hidden: true }),
      faults.length ? h('h2', {}, 'Faults') : '', faults.length ? h('ul', {}, ...faults.map((fault) => h('li', {}, this.app.say(fault.text)))) : '',
      h('h2', {}, 'Counted'),
      h('dl', { class: 'kv' }, ...pair('handled', service.handled), ...pair('failed tries', service.failed), ...pair('retried', service.retried), ...pair('skipped', `${service.skipped_duplicates} seen before`), ...pair('dead letters', service.dead_lettered), ...pair('crashes', service.crashes), ...pair('lag', `${count(service.lag, 'record')}${lagOf(board, service.group)}`)),
      h('h2', {}, 'Settings that differ from the default'),
      changed.length ? h('dl', { class: 'kv' }, ...changed.flatMap(([key, value]) => pair(key, h('span', { class: 'mono' }, String(value))))) : h('p', { class: 'mut' }, 'None.'),
    ]);
  }

  /** @param {Board} board @param {string} name */
  topic(board, name) {
    const topic = board.topics[name];
    if (!topic) return;
    const letters = (board.dead_letters ?? []).filter((letter) => letter.topic === name);
    const groups = Object.entries(board.groups).filter(([, group]) => group.offsets?.[name]);
    const total = topic.partitions.reduce((sum, p) => sum + p.end, 0);
    this.fill('topic', name, JSON.stringify([name, topic, letters, groups.map(([, g]) => g.offsets[name])]), () => [
      h('dl', { class: 'kv' }, ...pair('records', total), ...pair('key', board.settings?.key ?? 'user'), ...topic.partitions.flatMap((p) => pair(`p${p.id}`, h('span', {}, `${count(p.end - p.start, 'record')}, led by `, h('button', { type: 'button', class: 'link', onclick: () => this.open({ type: 'broker', id: p.leader }) }, `broker ${p.leader}`))))),
      this.schemas.links(name),
      groups.length ? h('h2', {}, 'Who reads it') : '',
      h('dl', { class: 'kv' }, ...groups.flatMap(([id, group]) => pair(id, `lag ${Object.values(group.offsets[name]).reduce((sum, o) => sum + o.lag, 0)}`))),
      letters.length ? h('h2', {}, 'Dead letters') : '',
      letters.filter((letter) => letter.state === 'waiting').length > 1 ? h('div', { class: 'inspa' }, this.button('Send all again', { redrive: { topic: name, all: true } })) : '',
      letters.some((letter) => letter.state === 'waiting') ? h('p', { class: 'mut' }, 'What is sent again goes to the end of its topic. Discarding is final: nobody is going to handle it.') : '',
      ...letters.map((letter) => h('div', { class: 'seatcard' },
        h('p', { class: 'because' }, h('b', {}, `${letter.event_type || 'A record'} was given up, `), `because ${letter.error}. ${count(letter.attempts, 'try', 'tries')} by ${letter.group}, from ${letter.original_topic} p${letter.original_partition} #${letter.original_offset}, `, this.app.moment(letter.seq, clock(letter.at)), letter.state === 'waiting' ? '' : `. ${letter.state}.`),
        h('div', { class: 'inspa' }, letter.state === 'waiting' ? this.letterButtons({ topic: letter.topic, partition: letter.partition, offset: letter.offset }) : '', whyButton(this.app, 'seq', letter.seq, `${letter.topic} #${letter.offset}`)))),
      h('p', { class: 'refused', hidden: true }),
    ]);
  }

  /** @param {Board} board @param {number} id */
  broker(board, id) {
    const broker = (board.brokers ?? []).find((one) => one.id === id);
    if (!broker) return;
    const led = Object.keys(board.topics).map((topic) => ({ topic, ps: board.topics[topic].partitions.filter((p) => p.leader === id).map((p) => `p${p.id}`) })).filter(({ topic, ps }) => ps.length && (TOPICS.includes(topic) || board.topics[topic].partitions.some((p) => p.end > 0)));
    const down = broker.state === 'down';
    const fault = (board.faults ?? []).find((one) => one.broker === id);
    const why = down || broker.slow ? becauseOf(`broker ${id} is ${down ? 'down' : 'slow'}`, broker.because) : null;
    this.fill('broker', `Broker ${id}`, JSON.stringify([broker, led, fault?.since]), () => [
      why ? h('p', { class: 'because', 'data-cause-for': `broker-${id}` }, h('b', {}, `${why.head} `), `${why.tail}${broker.because_seq ? ', ' : '.'}`, broker.because_seq ? this.app.moment(broker.because_seq, clock(fault?.since ?? 0)) : '') : '',
      h('dl', { class: 'kv' }, ...pair('state', down ? 'down' : broker.slow ? `up, answers ${broker.slow} late` : 'up'), ...pair('controller', broker.controller ? 'yes: it adds partitions' : 'no')),
      h('h2', {}, 'Leads'),
      led.length ? h('dl', { class: 'kv' }, ...led.flatMap(({ topic, ps }) => pair(topic, ps.join(' ')))) : h('p', { class: 'mut' }, 'Nothing that is in use.'),
      h('div', { class: 'inspa' },
        down ? this.button('Bring it up', { broker: { id, state: 'up' } }) : this.button('Take it down', { broker: { id, state: 'down' } }),
        broker.slow ? this.button('Fast again', { broker: { id, slow: '0s' } }) : ''),
      h('p', { class: 'refused', hidden: true }),
    ]);
  }

  /** @param {Board} board @param {string} id */
  promise(board, id) {
    const verdict = board.invariants?.[id];
    if (!verdict) return;
    const evidence = verdict.evidence ?? [];
    const same = this.oneRecord(evidence);
    const between = this.between(evidence);
    this.fill(verdict.state === 'broken' ? 'a broken promise' : 'a promise', PROMISES[id] ?? id, JSON.stringify([verdict, same?.seq, between.map((e) => e.seq)]), () => [
      h('p', {}, PROMISE_MEANING[id] ?? ''),
      verdict.state === 'broken'
        ? h('p', { class: 'because', 'data-cause-for': `promise-${id}` }, h('b', {}, 'Broken, '), `${/because/.test(verdict.because) ? '' : 'because '}${this.app.say(verdict.because)}.`)
        : h('p', { class: verdict.state === 'pending' ? 'because stale' : 'mut' }, verdict.state === 'pending' ? h('b', {}, 'Not decided yet. ') : 'It holds: ', this.app.say(verdict.because), '.'),
      verdict.state === 'broken' ? h('div', { class: 'inspa' }, whyButton(this.app, 'invariant', id, PROMISES[id] ?? id)) : '',
      verdict.evidence?.length ? h('h2', {}, 'Evidence') : '',
      verdict.evidence?.length ? this.chain(verdict.evidence, 0) : '',
      same ? h('p', { class: 'mut' }, 'All of it comes from one record: ', h('button', { type: 'button', class: 'link', onclick: () => this.open({ type: 'record', topic: same.topic ?? '', partition: same.partition, offset: same.offset }) }, `${same.topic} p${same.partition} #${same.offset}`), '. It was handled more than once.') : '',
      between.length ? h('h2', {}, 'What happened in between') : '', between.length ? this.chain(between.map((e) => e.seq), 0) : '',
      verdict.evidence?.length ? h('p', { class: 'mut' }, 'Press a moment to see what led to it.') : '',
    ]);
    for (const seq of evidence) this.load(seq);
  }

  /** The first of several moments that were all the handling of one record. @param {number[]} seqs */
  oneRecord(seqs) {
    const [first, ...rest] = seqs.map((seq) => this.find(seq));
    if (!first?.topic || first.kind === 'produced' || !rest.length) return undefined;
    return rest.every((other) => other?.topic === first.topic && other.partition === first.partition && other.offset === first.offset && other.service === first.service) ? first : undefined;
  }

  /** Crashes and restarts of a service between the moments that it had a hand in. @param {number[]} seqs */
  between(seqs) {
    const services = new Set(seqs.map((seq) => this.find(seq)?.service));
    return this.app.store.journal.filter((entry) => entry.seq > seqs[0] && entry.seq < (seqs.at(-1) ?? 0) && services.has(entry.service) && (entry.kind === 'crashed' || entry.kind === 'restarted')).slice(0, 6);
  }

  /** @param {Board} board @param {number} seq */
  momentOf(board, seq) {
    const entry = this.find(seq);
    const chain = entry ? this.causes(entry) : [];
    const effects = this.app.store.journal.filter((other) => other.cause === seq).slice(0, 8);
    this.fill(entry ? `${clock(entry.at)}, event ${seq}` : `event ${seq}`, entry ? words(this.app, entry) : 'Looking it up', `moment ${seq} ${entry?.seq} ${chain.length} ${effects.length}`, () => (entry ? [
      h('dl', { class: 'kv' }, ...pair('what', entry.kind.replace('_', ' ')), ...(entry.service ? pair('where', entry.instance ? seatName(entry.service, entry.instance) : NAMES[entry.service] ?? entry.service) : []),
        ...(entry.order ? pair('order', this.app.mark(entry.order)) : []),
        ...(entry.topic && entry.offset >= 0 && /^(produced|delivered|hand|failed|retry|skip|dead|crashed|fault)/.test(entry.kind) ? pair('record', h('button', { type: 'button', class: 'link', onclick: () => this.open({ type: 'record', topic: entry.topic ?? '', partition: entry.partition, offset: entry.offset }) }, `${entry.topic} p${entry.partition} #${entry.offset}`)) : []),
        ...(entry.event_type ? pair('event', entry.event_type) : [])),
      h('div', { class: 'inspa' }, h('button', { type: 'button', class: 'btn sm', 'data-do': 'show', onclick: () => this.app.lookBack.go(seq) }, 'Show this moment'), whyButton(this.app, 'seq', seq, `event ${seq}`)),
      h('h2', {}, 'What led to it'),
      chain.length ? this.chain([...chain.map((e) => e.seq), seq], seq) : h('p', { class: 'mut' }, 'Somebody outside the lab, or nothing that is still kept.'),
      effects.length ? h('h2', {}, 'What came of it') : '', effects.length ? this.chain(effects.map((e) => e.seq), 0) : '',
    ] : [h('p', { class: 'mut' }, 'The journal keeps the newest events.')]));
  }

  /** A list of moments. @param {number[]} seqs @param {number} self */
  chain(seqs, self) {
    return h('ol', { class: 'chain' }, ...seqs.map((seq) => {
      const entry = this.find(seq);
      return h('li', { class: seq === self ? 'self' : null }, h('time', {}, entry ? clock(entry.at) : ''), seq === self ? h('span', {}, words(this.app, entry)) : this.app.moment(seq, entry ? words(this.app, entry) : `event ${seq}`));
    }));
  }

  /** @param {import('./types.js').Entry} entry @returns {import('./types.js').Entry[]} its causes, the first one first */
  causes(entry) {
    const out = [];
    for (let at = entry; at.cause && out.length < 12;) {
      const cause = this.find(at.cause);
      if (!cause) { this.load(at.cause); break; }
      out.unshift(cause);
      at = cause;
    }
    return out;
  }

  /** @param {number} seq @returns {import('./types.js').Entry | undefined} */
  find(seq) { return this.entries.get(seq) ?? this.app.store.journal.find((entry) => entry.seq === seq); }

  /** Fetches an entry that the page does not hold. @param {number} seq */
  async load(seq) {
    if (this.find(seq) || this.entries.has(seq)) return;
    this.entries.set(seq, undefined);
    try {
      const response = await fetch(`${this.app.base}/journal?from=${seq}&to=${seq}`);
      if (!response.ok) return;
      for (const line of (await response.text()).split('\n')) {
        if (!line) continue;
        const entry = JSON.parse(line);
        this.entries.set(entry.seq, entry);
      }
      if (this.thing) { this.body.signature = ''; this.app.pick(keysOf(this.app.board, this.thing, (n) => this.find(n))); }
    } catch { /* offline: the moment stays without its text */ }
  }
}

/** @param {import('./app.js').App} app @param {import('./types.js').Entry | undefined} entry */
function words(app, entry) { return entry ? app.say(entry.text) || entry.kind.replace('_', ' ') : ''; }

/** Where a lag of several topics comes from, so that it adds up with the tapes. @param {Board} board @param {string} group */
function lagOf(board, group) {
  const parts = Object.entries(board.groups[group]?.offsets ?? {}).map(([topic, ps]) => ({ topic, lag: Object.values(ps).reduce((sum, o) => sum + o.lag, 0) })).filter(({ lag }) => lag > 0);
  return parts.length > 1 ? `: ${parts.map(({ topic, lag }) => `${lag} of ${topic}`).join(', ')}` : '';
}

/** @param {string} name @param {any} value */
function pair(name, value) { return [h('dt', {}, name), h('dd', {}, typeof value === 'number' ? String(value) : value)]; }

/** @param {string} value */
function pretty(value) {
  try { return JSON.stringify(JSON.parse(value), null, 2); } catch { return value || '(empty)'; }
}

/** @param {string} done */
function doneWords(done) {
  return { handling: 'is at it now', handled: 'handled', skipped: 'skipped: seen before', failed: 'failed', retrying: 'tries again', dead_lettered: 'gave up: dead letter', passed: 'passed over: not needed', dropped: 'dropped by hand, saved as handled' }[done] ?? done;
}

