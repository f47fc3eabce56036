// The Topics lens: every partition is a tape of numbered cells. Where a group
// stands is drawn on the gaps: what is saved as a solid caret, what it reads
// as a hollow one, what is done but not saved as a hatched span.

import { css, h, icon, keyed, once, s, set, text } from './dom.js';
import { STATE_WORDS, isCopy, stateOf } from './cells.js';
import { blockWords, calmScale, denseScale } from './scale.js';
import { Threads, stops } from './threads.js';
import { COMMAND_TOPICS } from './led.js';
import { DEFAULT_GROUP, READS, TOPICS, clock, count, look, reader, seatName, serviceOf, troubles } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./scale.js').Scale} Scale */
/** @typedef {{n: number, record: import('./types.js').Rec | undefined, state: string, done: string}} Cell */

const BUSY = 5; // appends a second from which on a tape is drawn in blocks
const CALM = 3; // and below which it may be single records again
const LINGER_MS = 2000; // once it has been calm for so long
const LABEL = 76; // px that "saved 140" takes
const LABELS = 150; // px that "saved 140, reading 152" takes

export class TopicsLens {
  /** @param {HTMLElement} root @param {import('./app.js').App} app */
  constructor(root, app) {
    this.root = root;
    this.app = app;
    /** @type {Map<string, boolean>} topics that were opened or closed by hand */
    this.choice = new Map();
    /** @type {Map<string, string>} */
    this.group = new Map();
    /** @type {Map<string, string>} */
    this.second = new Map();
    this.all = new Set(); // topics of which every partition is shown
    this.silent = false; // whether empty topics are listed too
    this.width = 0;
    /** @type {Map<string, number>} when the tapes that are drawn in blocks were last busy */
    this.busy = new Map();
    this.summary = h('p', { class: 'vh' });
    this.list = h('div', { class: 'topiclist' });
    this.threads = new Threads(this.list, app);
    this.rest = h('p', { class: 'mut' });
    root.append(this.summary, this.list, this.rest);
    new ResizeObserver(() => { this.width = 0; app.store.invalidate(); }).observe(root);
  }

  /** @param {Board} board */
  draw(board) {
    const names = Object.keys(board.topics).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
    const size = (/** @type {string} */ name) => board.topics[name].partitions.reduce((sum, p) => sum + p.end, 0);
    const orchestrated = board.settings?.saga === 'orchestration';
    const shown = names.filter((name) => TOPICS.includes(name) || size(name) > 0 || (orchestrated && !name.endsWith('.dlq')) || this.silent);
    let letter = 'a'.charCodeAt(0);
    keyed(this.list, shown, (name) => name, (name) => this.section(name), (node, name) => {
      const open = this.choice.get(name) ?? (size(name) > 0 || name === 'orders');
      if (open) letter++;
      this.drawTopic(board, node, name, open, size(name), String.fromCharCode(letter));
    });
    const hidden = names.length - shown.length;
    once(this.rest, `${hidden} ${this.silent}`, () => (hidden || this.silent ? [h('button', { type: 'button', class: 'link', onclick: () => { this.silent = !this.silent; this.app.store.invalidate(); } },
      this.silent ? 'Hide the empty topics' : `${hidden} more topics, all empty`)] : []));
    this.threads.draw(board);
  }

  /** @param {string} name */
  section(name) {
    const toggle = h('button', { type: 'button', class: 'tx', 'aria-expanded': 'false', onclick: () => { this.choice.set(name, toggle.getAttribute('aria-expanded') !== 'true'); this.app.store.invalidate(); } },
      icon('right'), h('span', { class: 'l' }), h('span', {}, name));
    const group = h('select', { 'aria-label': `whose saved position ${name} shows`, title: 'Whose saved position ▲ (committed offset) is shown', onchange: () => { this.group.set(name, group.value); this.app.store.invalidate(); } });
    const second = h('select', { 'aria-label': `a second group on ${name}`, onchange: () => { this.second.set(name, second.value); this.app.store.invalidate(); } });
    return h('section', { class: 'topic', 'data-topic': name, 'aria-label': `topic ${name}` },
      h('div', { class: 'rowh rows' },
        h('div', { class: 'figh' }, toggle, h('span', { class: 'sub shut' }), h('span', { class: 'sub long keyed' }), h('label', { class: 'sub carets' }, group), h('label', { class: 'sub long two' }, second), h('span', { class: 'sub long gen' }), h('button', { type: 'button', class: 'link more', onclick: () => { if (this.all.has(name)) this.all.delete(name); else this.all.add(name); this.app.store.invalidate(); } })),
        h('div', { class: 'nums', 'aria-hidden': 'true' }, ...['end', 'saved', 'lag', 'reader'].map((word) => h('span', {}, word)))),
      h('div', { class: 'rows body' }),
      h('p', { class: 'empty' }));
  }

  /** @param {Board} board @param {any} node @param {string} name @param {boolean} open @param {number} size @param {string} letter */
  drawTopic(board, node, name, open, size, letter) {
    set(node, 'data-open', String(open));
    const head = node.firstElementChild;
    const toggle = head.querySelector('.tx');
    set(toggle, 'aria-expanded', String(open));
    text(toggle.querySelector('.l'), open ? letter : '');
    const groups = Object.keys(board.groups).filter((id) => READS[id]?.includes(name) || board.groups[id].offsets?.[name] || board.groups[id].members?.some((m) => m.partitions?.[name]));
    const fallback = groups.includes(DEFAULT_GROUP[name]) ? DEFAULT_GROUP[name] : groups[0] ?? '';
    const chosen = this.group.get(name);
    const group = chosen !== undefined && groups.includes(chosen) ? chosen : fallback;
    const second = groups.includes(this.second.get(name) ?? '') && this.second.get(name) !== group ? this.second.get(name) ?? '' : '';
    const lag = Object.values(board.groups[group]?.offsets?.[name] ?? {}).reduce((sum, o) => sum + o.lag, 0);
    text(head.querySelector('.shut'), open ? '' : `${size ? count(size, 'record') : 'no records'}${group ? `, lag ${lag}` : ''}`);
    for (const part of head.querySelectorAll('.keyed, .carets, .two, .gen, .nums, .more')) part.hidden = !open;
    if (!open) { node.querySelector('.body').replaceChildren(); node.querySelector('.body').keyedNodes = undefined; node.querySelector('.empty').hidden = true; return; }
    text(head.querySelector('.keyed'), name.endsWith('.dlq') ? 'dead letters: what a group gave up on' : `key = ${board.settings?.key ?? 'user'}`);
    set(head.querySelector('.keyed'), 'title', name.endsWith('.dlq') ? null : 'Records with the same key go to the same partition, and stay in order there');
    this.drawMenus(head, groups, group, second);
    const g = board.groups[group];
    text(head.querySelector('.gen'), g ? `${words(g.state)}, generation ${g.generation}` : 'no service reads this');
    head.querySelector('.carets').hidden = !groups.length;
    head.querySelector('.two').hidden = groups.length < 2;

    const partitions = board.topics[name].partitions;
    const front = this.app.follow.of(this.app.follow.front);
    const home = front && name !== 'orders' ? partitions.filter((p) => Object.values(board.tapes[name]?.[p.id]?.records ?? {}).some((r) => this.app.follow.of(r.order))) : [];
    const some = home.length > 0 && home.length < partitions.length && !this.all.has(name);
    const more = head.querySelector('.more');
    more.hidden = !(home.length > 0 && home.length < partitions.length);
    text(more, some ? `${partitions.length - home.length} more` : 'fewer');
    set(more, 'aria-label', some ? `show ${partitions.length - home.length} more partitions of ${name}` : `show only the partitions with followed orders of ${name}`);
    keyed(node.querySelector('.body'), some ? home : partitions, (p) => p.id, (p) => this.row(name, p.id), (row, p) => this.drawRow(board, row, name, p, group, second));
    const empty = node.querySelector('.empty');
    empty.hidden = size > 0 || name !== 'orders';
    once(empty, 'empty', () => ['No records yet. Place an order and its event will appear here as ', h('b', {}, '#0'), '.']);
  }

  /** @param {any} head @param {string[]} groups @param {string} group @param {string} second */
  drawMenus(head, groups, group, second) {
    const [one, two] = head.querySelectorAll('select');
    once(one, groups.join(), () => groups.map((id) => h('option', { value: id }, `▲ ${id}`)));
    if (one.value !== group && group) one.value = group;
    once(two, `${groups.join()} ${group}`, () => [h('option', { value: '' }, '+ second group'), ...groups.filter((id) => id !== group).map((id) => h('option', { value: id }, `and ${id}`))]);
    if (two.value !== second) two.value = second;
  }

  /** @param {string} topic @param {number} p */
  row(topic, p) {
    const tape = h('div', { class: 'tape', role: 'group' }, h('span', { class: 'endmark' }), h('span', { class: 'span' }),
      mark('pos', 'pos'), h('span', { class: 'cl r read' }), mark('caret', 'caret'), h('span', { class: 'cl saved' }),
      mark('caret', 'caret caret2'), h('span', { class: 'cl cl2' }), h('div', { class: 'cells' }));
    tape.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => walk(tape, e));
    tape.addEventListener('click', (/** @type {MouseEvent} */ e) => {
      const cell = /** @type {HTMLElement} */ (e.target).closest('.cell');
      if (!cell) return;
      const [from, to] = [cell.getAttribute('data-from'), cell.getAttribute('data-to')];
      this.app.inspect(from === null ? { type: 'record', topic, partition: p, offset: Number(cell.getAttribute('data-offset')) } : { type: 'records', topic, partition: p, from: Number(from), to: Number(to) }, /** @type {HTMLElement} */ (cell));
    });
    return h('div', { class: 'row', 'data-partition': `p${p}` }, h('span', { class: 'p' }, `p${p}`, h('span', { class: 'older', title: 'older records are to the left' }), h('span', { class: 'leader' })), tape, h('p', { class: 'note' }),
      h('div', { class: 'nums' }, h('span'), h('span'), h('span', { class: 'lag' }), h('span')));
  }

  /** How many cells fit. @param {any} tape */
  fit(tape) {
    if (!this.width) { this.width = tape.clientWidth; this.cell = parseFloat(getComputedStyle(tape).getPropertyValue('--cw')) || 44; }
    return this.width / (this.cell ?? 44);
  }

  /** Whether a tape is too fast for single records. It becomes calm only after a while, so that it does not go back and forth. @param {string} tape */
  dense(tape) {
    if (this.app.board.state === 'frozen') { this.busy.clear(); return false; } // what stands still can be read
    const now = performance.now();
    const rate = this.app.store.pace.rate(tape);
    const last = this.busy.get(tape);
    if (rate > BUSY || (last !== undefined && rate >= CALM)) this.busy.set(tape, now);
    else if (last !== undefined && now - last > LINGER_MS) this.busy.delete(tape);
    if (!this.busy.has(tape)) return false;
    this.later ??= setTimeout(() => { this.later = undefined; this.app.store.invalidate(); }, 500); // the end of a rush brings no frame
    return true;
  }

  /** @param {Board} board @param {any} row @param {string} topic @param {import('./types.js').Partition} p @param {string} group @param {string} second */
  drawRow(board, row, topic, p, group, second) {
    const [label, tape, note, nums] = row.children;
    const scale = (this.dense(`${topic}/${p.id}`) ? denseScale : calmScale)(p.start, p.end, this.fit(tape));
    const { from } = scale;
    const offset = group ? board.groups[group]?.offsets?.[topic]?.[p.id] ?? { committed: -1, position: -1, lag: p.end - p.start } : undefined;
    const who = reader(board, group, topic, p.id);
    const records = board.tapes[topic]?.[p.id]?.records ?? {};
    const busy = inHand(board, group, topic, p.id);
    row.classList.toggle('bare', p.end === 0 && board.topics[topic].partitions.some((one) => one.end > 0)); // beside full ones an empty tape is a thin one
    css(tape, '--from', scale.origin);
    set(tape, 'class', `tape${from > 0 ? ' torn' : ''}${second ? ' two' : ''}${scale.dense || tape.dense ? ' still' : ''}`); // a caret that glides through blocks would be wrong all the time
    tape.dense = scale.dense;
    set(tape, 'aria-label', `${topic} partition ${p.id}, end ${p.end}${offset ? `, saved ${offset.committed < 0 ? 'nothing yet' : offset.committed}, lag ${offset.committed < 0 ? 'not known' : offset.lag}` : ''}`);
    text(label.querySelector('.older'), from > p.start ? '‹' : '');
    text(label.lastChild, p.leader >= 0 ? `b${p.leader}` : '');
    set(label.lastChild, 'title', p.leader >= 0 ? `led by broker ${p.leader}` : null);
    set(label.lastChild, 'data-down', (board.brokers ?? []).some((one) => one.id === p.leader && one.state === 'down'));

    /** @type {Cell[]} */
    const shown = [];
    for (let n = from; n < p.end; n++) {
      const record = records[n];
      const { state, done } = stateOf(record, n, group, offset, Boolean(board.groups[group]?.outside), busy.has(n));
      shown.push({ n, record, state, done });
    }
    const kind = topic.endsWith('.dlq') ? 'dead_letter' : topic.endsWith('-commands') ? 'command' : 'event';
    keyed(tape.lastChild, scale.slots, (slot) => (slot.block ? `block ${slot.n}` : slot.n),
      (slot) => h('button', { type: 'button', class: slot.block ? 'cell block' : 'cell', tabindex: -1, 'data-kind': kind, 'data-offset': slot.block ? null : slot.n }, h('i'), ' ', h('u'), ' ', h('b')),
      (node, slot) => {
        css(node, '--n', slot.at);
        if (slot.block) this.drawBlock(board, node, topic, p.id, slot, shown.slice(slot.n - from, slot.to - from + 1));
        else this.drawCell(board, node, topic, p.id, shown[slot.n - from]);
      });
    const cells = tape.lastChild.children;
    if (cells.length && !tape.lastChild.querySelector('[tabindex="0"]')) cells[cells.length - 1].setAttribute('tabindex', '0');
    this.drawCarets(tape, scale, offset, second ? board.groups[second]?.offsets?.[topic]?.[p.id] : undefined, second);

    text(nums.children[0], p.end);
    text(nums.children[1], !offset || offset.committed < 0 ? '–' : offset.committed);
    text(nums.children[2], !offset || offset.committed < 0 ? '–' : offset.lag);
    text(nums.children[3], who || (group ? 'nobody' : ''));
    const sentence = noteFor(board, this.app, topic, p, group, who, shown, offset);
    const letter = sentence ? undefined : givenUp(board, topic, p.id, shown, group);
    set(note, 'data-cause-for', letter ? `record-${topic}-${p.id}-${letter.original_offset}` : null);
    once(note, `${sentence} ${letter?.seq}`, () => (letter ? [`${this.app.follow.letter(board, letter.order) || `#${letter.original_offset}`} was given up, because ${letter.error}, `, this.app.moment(letter.seq, clock(letter.at))] : [sentence]));
  }

  /** @param {Board} board @param {any} node @param {string} topic @param {number} p @param {Cell} cell */
  drawCell(board, node, topic, p, { n, record, state, done }) {
    const followed = this.app.follow.of(record?.order);
    const letter = this.app.follow.letter(board, record?.order);
    const copy = isCopy(record);
    const old = record?.schema_version === 1 && record.event_type === 'OrderCreated'; // the one event that has a second version
    set(node, 'data-order', letter || 'none');
    set(node, 'data-hue', followed?.hue ?? null);
    set(node, 'data-state', state === 'now' ? 'waiting' : state === 'skipped' ? 'ignored' : state);
    set(node, 'data-now', state === 'now');
    set(node, 'data-done', done || null);
    set(node, 'data-dup', copy);
    set(node, 'data-picked', this.app.picked.has(`${topic}/${p}/${n}`));
    text(node.children[0], `#${n}`);
    set(node.children[0], 'class', n >= 1000 ? 'long' : null);
    text(node.children[1], copy ? '=' : state === 'failed' ? '×' : state === 'lost' ? '?' : old ? 'v1' : '');
    set(node.children[1], 'class', old && !copy ? 'ver' : null);
    text(node.children[2], state === 'dead' ? '×' : letter);
    set(node, 'aria-label', `${topic} partition ${p} offset ${n}${letter ? `, order ${letter}` : ''}${record?.event_type ? `, ${record.event_type}` : ''}, ${copy ? `${STATE_WORDS.duplicate}, ` : ''}${STATE_WORDS[done === 'skipped' ? 'skipped' : state] ?? state}, ${written(node)}`);
  }

  /** Several records as one: what is wrong with any of them, and the letters that are followed. @param {Board} board @param {any} node @param {string} topic @param {number} p @param {import('./scale.js').Slot} slot @param {Cell[]} cells */
  drawBlock(board, node, topic, p, slot, cells) {
    const followed = [...new Set(cells.map((cell) => this.app.follow.of(cell.record?.order)).filter((one) => one !== undefined))];
    const has = (/** @type {string} */ state) => cells.some((cell) => cell.state === state);
    const state = ['failed', 'lost', 'unsaved', 'waiting', 'now', 'missing'].find(has) ?? 'ok';
    set(node, 'data-from', slot.n);
    set(node, 'data-to', slot.to);
    set(node, 'data-order', followed.length === 1 ? followed[0].letter : 'none');
    set(node, 'data-hue', followed.length === 1 ? followed[0].hue : null);
    set(node, 'data-state', state === 'now' ? 'waiting' : state);
    set(node, 'data-picked', cells.some((cell) => this.app.picked.has(`${topic}/${p}/${cell.n}`)));
    text(node.children[0], blockWords(slot));
    text(node.children[1], has('failed') || has('dead') ? '×' : has('lost') ? '?' : cells.some((cell) => isCopy(cell.record)) ? '=' : '');
    text(node.children[2], followed.map((one) => one.letter).join(''));
    /** @type {Map<string, number>} */
    const states = new Map();
    for (const cell of cells) { const word = STATE_WORDS[cell.state] ?? cell.state; states.set(word, (states.get(word) ?? 0) + 1); }
    set(node, 'aria-label', `${topic} partition ${p} offsets ${slot.n} to ${slot.to}, ${count(cells.length, 'record')}: ${[...states].map(([word, n]) => `${n} ${word}`).join(', ')}${followed.length ? `, with order ${followed.map((one) => one.letter).join(' and ')}` : ''}, ${written(node)}`);
  }

  /** @param {any} tape @param {Scale} scale @param {any} offset @param {any} other @param {string} otherName */
  drawCarets(tape, scale, offset, other, otherName) {
    const [endmark, span, pos, read, caret, saved, caret2, label2] = tape.children;
    const { from, end, at } = scale;
    const cell = this.cell ?? 44;
    const beside = (/** @type {number} */ n) => (this.width || Infinity) - (at(n) - scale.origin) * cell; // px to the right of an offset
    css(endmark, '--n', at(end));
    endmark.hidden = end === 0;
    const committed = offset?.committed ?? -1;
    const position = offset?.position ?? -1;
    const base = committed < 0 ? Math.max(from, 0) : committed;
    const ahead = position > base || (committed < 0 && position > 0);
    const visible = committed >= from;
    show(caret, visible, at(committed));
    show(pos, ahead && position >= from, at(position));
    span.toggleAttribute('hidden', !(ahead && position > from));
    css(span, '--n', at(Math.max(base, from))); css(span, '--m', at(position));
    const left = (at(committed) - scale.origin) * cell > 66; // room for words left of the caret
    read.hidden = !(ahead && position >= from);
    const apart = ahead && visible && left && beside(position) >= LABEL;
    const both = ahead && visible && !apart; // one label for the two, left of the carets where the right has no room
    const turned = both && left && beside(position) < LABELS;
    css(read, '--n', at(turned ? committed : position));
    set(read, 'class', turned ? 'cl read lft' : 'cl read r');
    text(read, both ? `saved ${committed}, reading ${position}` : `reading ${position}`);
    saved.hidden = both;
    if (!offset || (committed < 0 && end === 0 && position <= 0)) { saved.hidden = true; read.hidden = true; pos.toggleAttribute('hidden', true); }
    set(saved, 'class', `cl saved ${committed < 0 || !visible ? 'offl' : apart || beside(committed) < LABEL ? 'lft' : 'r'}`);
    css(saved, '--n', at(committed));
    if (committed < 0) { text(saved, 'no commit yet'); if (ahead) { text(read, `reading ${position}`); saved.hidden = (at(position) - scale.origin) * cell < 100; } }
    else text(saved, visible ? `saved ${committed}` : `‹ saved ${committed}`);
    const second = other?.committed ?? -1;
    show(caret2, Boolean(otherName) && second >= from, at(second));
    label2.hidden = !otherName;
    set(label2, 'class', `cl cl2 ${second >= from ? 'r' : 'offl'}`);
    css(label2, '--n', at(second));
    if (otherName) text(label2, second < 0 ? `${otherName}: no commit yet` : `${second < from ? '‹ ' : ''}${otherName} ${second}`);
  }

  /** @param {Board} board */
  describe(board) {
    const late = Object.entries(board.services).filter(([, service]) => service.lag > 0).map(([name, service]) => `${name} is ${service.lag} behind.`);
    text(this.summary, `Topics. orders has ${count(board.topics.orders?.partitions.length ?? 0, 'partition')}. ${late.join(' ') || 'Nobody is behind.'} ${troubles(board).map((t) => `${t.what}.`).join(' ')} ${this.app.follow.list.map((one) => `Order ${one.letter}: ${stops(board, one.id).map((at) => `${at.type ?? 'a record'} at ${at.topic} p${at.p} #${at.offset}`).join(', then ') || 'no records yet'}.`).join(' ')}`);
  }
}

/** What is to be read in a cell: its name ends with it, so that it can be asked for by voice. @param {any} node */
const written = (node) => node.textContent.trim().replace(/\s+/g, ' ');

/** @param {any} node @param {boolean} on @param {number} n */
function show(node, on, n) {
  node.toggleAttribute('hidden', !on);
  if (on) css(node, '--n', n);
}

/** @param {string} symbol @param {string} className */
function mark(symbol, className) { return s('svg', { class: className, 'aria-hidden': 'true' }, s('use', { href: `#${symbol}` })); }

const RANKED = [...TOPICS, ...COMMAND_TOPICS];

/** @param {string} topic */
function rank(topic) {
  const at = RANKED.indexOf(topic.replace('.dlq', ''));
  return (at < 0 ? 10 : at) + (topic.endsWith('.dlq') ? 20 : 0);
}

/** @param {string} state of a group, in plain words */
function words(state) {
  return { Stable: 'group stable', PreparingRebalance: 'group rebalancing', CompletingRebalance: 'group rebalancing', Empty: 'nobody in the group', Dead: 'group gone' }[state] ?? state.toLowerCase();
}

/** @param {Board} board @param {string} group @param {string} topic @param {number} p @returns {Set<number>} offsets that a seat of the group has in hand */
function inHand(board, group, topic, p) {
  const seats = board.services[serviceOf(board, group)]?.seats ?? [];
  return new Set(seats.filter((seat) => seat.doing?.topic === topic && seat.doing.partition === p).map((seat) => /** @type {any} */ (seat.doing).offset));
}

/**
 * The sentence in the margin of a partition, "" for none: only what stays so, never what passes in a moment.
 * @param {Board} board @param {import('./app.js').App} app @param {string} topic @param {import('./types.js').Partition} p @param {string} group @param {string} who
 * @param {Cell[]} cells @param {any} offset
 */
function noteFor(board, app, topic, p, group, who, cells, offset) {
  const name = (/** @type {any} */ cell) => app.follow.letter(board, cell.record?.order) || `#${cell.n}`;
  const copy = cells.findLast((cell) => isCopy(cell.record));
  const service = serviceOf(board, group);
  const bad = (board.services[service]?.seats ?? []).filter((seat) => look(seat.state) !== 'ok');
  const unsaved = cells.filter((cell) => cell.state === 'unsaved');
  const waiting = cells.filter((cell) => cell.state === 'waiting');
  if (unsaved.length && (bad.length || board.state === 'frozen')) {
    const again = unsaved.slice(0, 2).map(name).join(' and ');
    return bad.some((seat) => seat.state === 'crashed') ? `Done, but not saved: ${again} comes again.` : `Done, but not saved. If ${who || 'the reader'} crashes now, ${again} comes again.`;
  }
  if (!who && waiting.length && bad.length) return `Nobody reads p${p.id}: ${seatName(service, bad[0].instance)} is ${bad[0].state === 'crashed' ? 'down' : bad[0].state}. ${count(waiting.length, 'record')} ${waiting.length === 1 ? 'waits' : 'wait'}.`;
  const lost = cells.findLast((cell) => cell.state === 'lost');
  if (lost) return `${name(lost)} was saved as done, but nobody handled it.`;
  if (copy) {
    if (copy.record?.again) return `#${copy.n} is ${copy.record.copy_of !== undefined ? `#${copy.record.copy_of}` : 'an earlier record'} again: its producer never heard the answer.${copy.done === 'skipped' ? ' The group skipped it.' : ''}`;
    if (copy.done === 'skipped') return `#${copy.n} is a copy. The group knew the event and skipped it.`;
    return `#${copy.n} is a copy${copy.record?.copy_of !== undefined ? ` of #${copy.record.copy_of}` : ''}: the same event, twice on the log.`;
  }
  const moved = cells.slice(-6).findLast((cell) => cell.record?.key && elsewhere(board, topic, p.id, cell.record));
  if (moved) return `Key ${moved.record?.key} is on p${elsewhere(board, topic, p.id, /** @type {any} */ (moved.record))} too: its order is kept no longer.`;
  const again = cells.findLast((cell) => cell.record?.order && cell.record.event_type && cells.some((other) => other.n < cell.n && other.record?.order === cell.record.order && other.record?.event_type === cell.record.event_type));
  if (again) return `Two ${again.record.event_type} for ${app.follow.letter(board, again.record.order) || 'one order'}: its message was handled twice.`;
  if (offset && offset.lag > 5) return `${count(offset.lag, 'record')} behind.`;
  return '';
}

/** The newest dead letter of a group among the records that are shown. @param {Board} board @param {string} topic @param {number} p @param {Cell[]} cells @param {string} group */
function givenUp(board, topic, p, cells, group) {
  const dead = cells.findLast((cell) => cell.state === 'dead');
  return dead && (board.dead_letters ?? []).find((one) => one.group === group && one.original_topic === topic && one.original_partition === p && one.original_offset === dead.n);
}

/** Another partition of a topic that has earlier records of the same key, "" for none: there are more partitions than there were. @param {Board} board @param {string} topic @param {number} p @param {import('./types.js').Rec} record */
function elsewhere(board, topic, p, record) {
  if ((board.topics[topic]?.partitions.length ?? 0) < 2 || topic.endsWith('.dlq')) return '';
  return Object.keys(board.tapes[topic] ?? {}).find((other) => Number(other) !== p && Object.values(board.tapes[topic][other].records).some((one) => one.key === record.key && one.seq < record.seq)) ?? '';
}

/** Arrow keys inside a tape. @param {any} tape @param {KeyboardEvent} e */
function walk(tape, e) {
  const cells = [...tape.lastChild.children];
  const at = cells.indexOf(document.activeElement);
  if (at < 0) return;
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: cells.length - 1 }[e.key];
  if (to === undefined || !cells[to]) return;
  e.preventDefault();
  cells[at].setAttribute('tabindex', '-1');
  cells[to].setAttribute('tabindex', '0');
  cells[to].focus();
}
