// The Code lens: the real source of services and patterns, beside the system
// that runs it. In a frozen lab it marks the line at which each instance stands,
// as its own stack says.

import { h, icon, once, set, text } from './dom.js';
import { Trial } from './trial.js';
import { NAMES, look, seatName, stateWord } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {{id: string, name: string, title: string, group: string, switch: string, twin: string}} Listed */
/** @typedef {Listed & {lines: [string, string][][], funcs: {name: string, line: number, end: number}[]}} Source */
/** @typedef {{file: string, line: number, func: string}} Frame */
/** @typedef {{service: string, instance: number, state: string, frames: Frame[], doing?: import('./types.js').Doing, next?: Frame}} Standing */

const GROUPS = /** @type {const} */ ([['service', 'Services'], ['pattern', 'Patterns'], ['beyond', 'Beyond the shop'], ['inside', 'What joins them'], ['python', 'In Python']]);
const ASK_MS = 120; // after the lab moved, before it is asked where everybody stands
const LAB_SWITCHES = ['saga', 'snapshot_every', 'key'];

export class CodeLens {
  /** @param {HTMLElement} root @param {import('./app.js').App} app */
  constructor(root, app) {
    this.root = root;
    this.app = app;
    /** @type {Listed[]} */
    this.list = [];
    /** @type {Map<string, Source>} */
    this.sources = new Map();
    /** @type {Standing[]} */
    this.standing = [];
    this.file = '';
    this.seat = ''; // payment-1: whom the page goes with
    this.goTo = 0; // a line to bring into view
    this.askedAt = '';
    this.summary = h('p', { class: 'vh' });
    this.seats = h('div', { class: 'cseats', role: 'group', 'aria-label': 'Where the instances stand' });
    this.files = h('nav', { class: 'cfiles', 'aria-label': 'Source files' });
    this.pick = h('select', { class: 'cpick', 'aria-label': 'Source file', onchange: () => this.choose(this.pick.value) });
    this.head = h('div', { class: 'chead' });
    this.trial = new Trial(app);
    this.code = h('div', { class: 'csrc', tabindex: 0, role: 'region', 'aria-label': 'Source' });
    root.append(this.summary, this.seats, h('div', { class: 'cbody' }, this.files, h('div', { class: 'cmain' }, this.pick, this.head, this.trial.root, this.code)));
  }

  /** Opens a file. @param {string} id */
  choose(id) {
    this.seat = '';
    this.open(id, 0);
  }

  /** @param {string} id @param {number} line to bring into view, 0: the top */
  async open(id, line) {
    const moved = this.file !== id;
    this.file = id;
    this.goTo = line || (moved ? 1 : 0);
    this.app.store.invalidate();
    if (this.sources.has(id)) return;
    const response = await fetch(`/api/code/${id}`).catch(() => undefined);
    const source = await response?.json().catch(() => undefined);
    if (response?.ok) this.sources.set(id, source);
    else if (this.file === id) once(this.head, `lost ${id}`, () => [h('p', { class: 'mut' }, source?.error?.message ?? 'The source cannot be fetched just now.')]);
    this.app.store.invalidate();
  }

  /** Goes with an instance. @param {Standing} one */
  follow(one) {
    this.seat = `${one.service}-${one.instance}`;
    const here = one.frames.at(-1);
    if (here) this.open(here.file, here.line);
  }

  async start() {
    if (this.started) return;
    this.started = true;
    const response = await fetch('/api/code').catch(() => undefined);
    if (!response?.ok) { this.started = false; return; }
    this.list = await response.json();
    if (!this.file) this.open('shop/payment.go', 0);
    this.app.store.invalidate();
  }

  started = false;

  /** @param {Board} board */
  draw(board) {
    this.start();
    this.ask(board);
    this.drawSeats(board);
    this.drawFiles(board);
    this.drawSource(board);
    this.trial.draw(board, this.file);
  }

  /** Where they stand is asked when a frozen lab has moved. @param {Board} board */
  ask(board) {
    const still = board.state === 'frozen' && !this.app.past();
    if (!still) { this.standing = []; this.askedAt = ''; return; }
    const sign = String(board.seq);
    if (this.askedAt === sign) return;
    this.askedAt = sign;
    clearTimeout(this.later);
    this.later = window.setTimeout(async () => {
      const response = await fetch(`${this.app.base}/running`).catch(() => undefined);
      if (!response?.ok || this.askedAt !== sign) return;
      this.standing = await response.json();
      const mine = this.standing.find((one) => `${one.service}-${one.instance}` === this.seat) ?? (this.seat ? undefined : this.standing.find((one) => one.doing && one.frames.length));
      if (mine) this.follow(mine);
      this.app.store.invalidate();
    }, ASK_MS);
  }

  later = 0;

  /** @param {Board} board */
  drawSeats(board) {
    const { app } = this;
    if (!this.standing.length) {
      const why = app.past() ? 'The past has no stacks: back in the present, a frozen lab shows at which line everybody stands.' : board.state === 'frozen' ? 'Looking where everybody stands.' : 'Freeze the lab (K) to see at which line each instance stands, then step (.) and watch it move.';
      once(this.seats, why, () => [h('p', { class: 'mut' }, why)]);
      return;
    }
    const sign = JSON.stringify([this.standing, this.seat, this.file]);
    once(this.seats, sign, () => this.standing.map((one) => {
      const name = `${one.service}-${one.instance}`;
      const here = one.frames.at(-1);
      const bad = look(one.state) !== 'ok';
      return h('div', { class: 'cseat', 'data-on': this.seat === name || null },
        h('button', { type: 'button', class: 'btn sm', 'aria-pressed': String(this.seat === name), disabled: !here, onclick: () => this.follow(one) }, seatName(one.service, one.instance)),
        h('span', {}, bad ? h('b', { class: 'fail' }, stateWord(one.state).toLowerCase()) : here ? h('span', {}, h('span', { class: 'mono' }, `${short(here.file)}:${here.line}`), ` ${here.func.split('.').at(-1)}`) : 'starting',
          one.doing ? h('span', { class: 'cdoing' }, app.mark(one.doing.order), ` ${one.doing.event_type || 'a record'}`) : h('span', { class: 'mut' }, bad ? '' : 'waits for a record'),
          one.next ? h('button', { type: 'button', class: 'link', onclick: () => { this.seat = ''; this.open(/** @type {Frame} */ (one.next).file, /** @type {Frame} */ (one.next).line); } }, `its handler: ${one.next.func.split('.').at(-1)}`) : ''));
    }));
  }

  /** @param {Board} board */
  drawFiles(board) {
    const service = this.service();
    const settings = board.settings?.services?.[service] ?? {};
    const sign = JSON.stringify([this.list.length, this.file, service, this.list.map((one) => value(board, settings, one.switch)), this.standing.map((one) => one.frames.at(-1)?.file)]);
    once(this.files, sign, () => GROUPS.flatMap(([group, title]) => {
      const files = this.list.filter((one) => one.group === group);
      if (!files.length) return [];
      return [h('h3', {}, title, group === 'pattern' ? h('span', { class: 'mut' }, ` switches of ${NAMES[service]}`) : ''), h('ul', {}, ...files.map((one) => h('li', {},
        h('button', { type: 'button', class: 'cfile', 'aria-current': one.id === this.file ? 'true' : null, onclick: () => this.choose(one.id) }, h('span', {}, one.title), one.switch ? h('span', { class: 'mut' }, value(board, settings, one.switch)) : ''))))];
    }));
    once(this.pick, `${this.list.length}`, () => GROUPS.map(([group, title]) => h('optgroup', { label: title }, ...this.list.filter((one) => one.group === group).map((one) => h('option', { value: one.id }, `${one.title} (${one.name})`)))));
    if (this.pick.value !== this.file) this.pick.value = this.file;
  }

  /** The service whose switches stand beside the patterns. */
  service() {
    const name = /^shop\/(\w+)\.go$/.exec(this.file)?.[1] ?? this.seat.replace(/-\d+$/, '');
    if (name && NAMES[name]) this.chosen = name;
    return this.chosen;
  }

  chosen = 'payment';

  /** @param {Board} board */
  drawSource(board) {
    const source = this.sources.get(this.file);
    if (!source) return;
    const python = source.group === 'python';
    once(this.head, `${source.id} ${this.list.length}`, () => {
      const other = this.list.find((one) => one.id === source.twin);
      const [go, py] = python ? [other, source] : [source, other];
      return [
        h('h2', {}, source.title), h('span', { class: 'mono mut' }, source.name),
        go && py ? h('span', { class: 'ctabs', role: 'group', 'aria-label': 'Language' }, ...[[go, 'Go'], [py, 'Python']].map(([one, word]) => h('button', { type: 'button', class: 'btn bare sm', 'aria-pressed': String(one === source), onclick: () => this.choose(/** @type {Listed} */ (one).id) }, word))) : '',
        h('a', { class: 'btn bare sm end', href: `/api/code/${source.id}?raw`, download: source.name }, 'Save file'),
        python ? h('p', { class: 'crun' }, 'Runs against a lab that listens: start Eddy with ', h('code', {}, '--kafka-listen 127.0.0.1:9092'), ', then ', h('code', {}, `python3 ${source.name} 127.0.0.1:9092`), '. It needs ', h('code', {}, 'pip install confluent-kafka'), '.') : '',
      ];
    });
    once(this.code, source.id, () => [h('ol', { class: 'src' }, ...source.lines.map((pieces, i) => h('li', { 'data-line': i + 1 }, h('code', {}, ...pieces.map(([kind, words]) => (kind ? h('span', { class: `t-${kind}` }, words) : words))))))]);
    this.marks(board, source);
    if (this.goTo) {
      const line = /** @type {HTMLElement | null} */ (this.code.querySelector(`[data-line="${this.goTo}"]`));
      if (line) this.code.scrollTop = this.goTo === 1 ? 0 : Math.max(0, line.offsetTop - this.code.clientHeight / 3);
      this.goTo = 0;
    }
  }

  /** Marks the lines at which instances stand, and those that led there. @param {Board} board @param {Source} source */
  marks(board, source) {
    /** @type {Map<number, {here: Standing[], by: boolean}>} */
    const lines = new Map();
    for (const one of this.standing) {
      one.frames.forEach((frame, i) => {
        if (frame.file !== source.id) return;
        const at = lines.get(frame.line) ?? { here: [], by: false };
        if (i === one.frames.length - 1) at.here.push(one);
        else at.by = true;
        lines.set(frame.line, at);
      });
    }
    const sign = JSON.stringify([source.id, [...lines].map(([n, at]) => [n, at.by, at.here.map((one) => `${one.service}-${one.instance} ${one.doing?.order}`)]), this.seat]);
    if (this.marked === sign) return;
    this.marked = sign;
    for (const node of /** @type {any} */ (this.code.querySelectorAll('[data-run]'))) { set(node, 'data-run', null); node.querySelector('.cwho')?.remove(); }
    for (const [n, at] of lines) {
      const node = this.code.querySelector(`[data-line="${n}"]`);
      if (!node) continue;
      set(node, 'data-run', at.here.length ? 'here' : 'by');
      if (at.here.length) node.append(h('span', { class: 'cwho' }, icon('pause'), ...at.here.flatMap((one) => [h('b', { 'data-on': this.seat === `${one.service}-${one.instance}` || null }, seatName(one.service, one.instance)), one.doing?.order ? this.app.mark(one.doing.order) : ''])));
    }
    void board;
  }

  marked = '';

  /** The figure in words. @param {Board} board */
  describe(board) {
    const where = this.standing.filter((one) => one.frames.length).map((one) => `${seatName(one.service, one.instance)} stands in ${short(one.frames.at(-1)?.file ?? '')} line ${one.frames.at(-1)?.line}`);
    text(this.summary, `Code. ${this.sources.get(this.file)?.title ?? 'No'} source. ${where.length ? `${where.join(', ')}.` : board.state === 'frozen' ? '' : 'Freeze the lab to see where the instances stand.'}`);
  }
}

/** @param {string} id */
const short = (id) => id.split('/').at(-1) ?? id;

/** What a switch says. @param {Board} board @param {any} settings of the service @param {string} name */
function value(board, settings, name) {
  if (!name) return '';
  const is = LAB_SWITCHES.includes(name) ? board.settings?.[name] : settings[name];
  return is === true ? 'on' : is === false || is === 0 ? 'off' : String(is ?? '');
}
