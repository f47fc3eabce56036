// Which lenses are open. On a large screen Map and Topics stand one above the
// other and each can be switched off; the others have the stage to themselves.
// On a narrow or a low one, such as a projector's, all are tabs: half a figure
// teaches nothing. The address of the page names what is open.

import { keyed, h, set, text } from './dom.js';
import { DEFAULT_GROUP, NAMES, SERVICES, TOPICS, becauseOf, look, reader, reads, seatName } from './words.js';

/** @typedef {import('./types.js').Board} Board */

const WIDE = matchMedia('(min-width: 1180px) and (min-height: 780px)');
const PAIR = ['map', 'topics'];
const SOLO = ['story', 'aggregate', 'read', 'code'];
const NAMED = [...PAIR, ...SOLO];

export class Lenses {
  /** @param {import('./app.js').App} app @param {Record<string, any>} parts list, table, and the lenses by their names */
  constructor(app, parts) {
    this.app = app;
    this.parts = parts;
    const asked = (new URLSearchParams(location.search).get('lens') ?? '').split(',').filter((name) => NAMED.includes(name));
    const solo = asked.find((name) => SOLO.includes(name));
    this.pair = new Set(asked.length && !solo ? asked : PAIR); // what is open of the pair, also while another lens has the stage
    this.one = asked[0] ?? 'map';
    this.solo = solo ?? '';
    this.asTable = false;
    this.tabs = /** @type {any[]} */ ([...parts.list.querySelectorAll('[data-lens]')]);
    for (const tab of this.tabs) tab.addEventListener('click', () => this.choose(tab.dataset.lens));
    parts.list.addEventListener('keydown', (/** @type {KeyboardEvent} */ e) => this.walk(e));
    parts.table.addEventListener('click', () => { this.asTable = !this.asTable; this.draw(app.board); app.store.invalidate(); });
    /** @type {Record<string, any>} */
    this.tables = { map: table('Services', ['service', 'seat', 'state', 'reads', 'handled', 'failed', 'lag']), topics: table('Partitions', ['topic', 'partition', 'start', 'end', 'group', 'saved', 'reading', 'lag', 'reader']) };
    for (const name of PAIR) parts[name].append(this.tables[name]);
    WIDE.addEventListener('change', () => this.show());
    this.show();
  }

  /** @param {string} name */
  choose(name) {
    if (SOLO.includes(name)) this.solo = name;
    else if (this.solo) { this.solo = ''; this.pair.add(name); }
    else if (WIDE.matches && this.pair.has(name) && this.pair.size > 1) this.pair.delete(name);
    else this.pair.add(name);
    this.one = name;
    this.show();
    const url = new URL(location.href);
    const open = this.solo || (WIDE.matches ? [...this.pair].sort().join(',') : this.one);
    if (open === PAIR.join(',')) url.searchParams.delete('lens');
    else url.searchParams.set('lens', open);
    history.replaceState(null, '', url);
    this.app.store.invalidate();
  }

  /** @param {string} name */
  isOpen(name) {
    if (!WIDE.matches) return this.one === name;
    return this.solo ? this.solo === name : this.pair.has(name);
  }

  show() {
    const wide = WIDE.matches;
    set(this.parts.list, 'role', wide ? 'group' : 'tablist');
    for (const tab of this.tabs) {
      const on = this.isOpen(tab.dataset.lens);
      set(tab, 'role', wide ? null : 'tab');
      set(tab, 'aria-selected', wide ? null : String(on));
      set(tab, 'aria-pressed', wide ? String(on) : null);
      set(tab, 'tabindex', wide || on ? null : -1);
      const lens = this.parts[tab.dataset.lens];
      lens.hidden = !on;
      set(lens, 'role', wide ? null : 'tabpanel');
    }
  }

  /** Arrow keys between the tabs. @param {KeyboardEvent} e */
  walk(e) {
    if (WIDE.matches || !['ArrowLeft', 'ArrowRight'].includes(e.key)) return;
    const at = this.tabs.findIndex((tab) => tab.dataset.lens === this.one);
    const next = this.tabs[(at + (e.key === 'ArrowRight' ? 1 : this.tabs.length - 1)) % this.tabs.length];
    e.preventDefault();
    this.choose(next.dataset.lens);
    next.focus();
  }

  /** @param {string} name */
  visible(name) { return !this.parts[name].hidden && !(this.asTable && PAIR.includes(name)); }

  /** @param {Board} board */
  draw(board) {
    set(this.parts.table, 'aria-pressed', String(this.asTable));
    for (const name of PAIR) {
      for (const child of this.parts[name].children) if (!child.classList.contains('vh')) child.classList.toggle('aside', (child === this.tables[name]) !== this.asTable);
    }
    set(this.parts.story, 'data-table', this.asTable);
    if (!this.asTable) return;
    const { app } = this;
    rows(this.tables.map, SERVICES.flatMap((name) => (board.services[name]?.seats ?? []).map((seat) => {
      const service = board.services[name];
      const why = look(seat.state) === 'ok' ? seat.state : `${seat.state}, ${becauseOf(seatName(name, seat.instance), app.say(seat.because || service.because)).tail}`;
      return [NAMES[name], seatName(name, seat.instance), why, reads(seat.partitions), service.handled, service.failed, service.lag];
    })));
    rows(this.tables.topics, Object.keys(board.topics).sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1)).flatMap((topic) => board.topics[topic].partitions.filter((p) => p.end > 0).map((p) => {
      const group = DEFAULT_GROUP[topic] ?? '';
      const o = board.groups[group]?.offsets?.[topic]?.[p.id];
      return [topic, `p${p.id}`, p.start, p.end, group || '–', !o || o.committed < 0 ? '–' : o.committed, !o || o.position < 0 ? '–' : o.position, !o || o.committed < 0 ? '–' : o.lag, reader(board, group, topic, p.id) || '–'];
    })));
  }
}

/** Business topics first, in the order of the flow. @param {string} topic */
const rank = (topic) => (TOPICS.includes(topic) ? TOPICS.indexOf(topic) : TOPICS.length);

/** @param {string} caption @param {string[]} heads */
function table(caption, heads) {
  return h('div', { class: 'tscroll aside', tabindex: 0, role: 'region', 'aria-label': caption }, h('table', { class: 't' }, h('caption', {}, caption), h('thead', {}, h('tr', {}, ...heads.map((word) => h('th', { scope: 'col' }, word)))), h('tbody')));
}

/** @param {any} box @param {(string|number)[][]} list */
function rows(box, list) {
  keyed(box.querySelector('tbody'), list, (row) => `${row[0]} ${row[1]}`, (row) => h('tr', {}, ...row.map(() => h('td'))), (tr, row) => row.forEach((value, i) => text(tr.children[i], value)));
}
