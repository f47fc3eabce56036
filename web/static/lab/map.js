// The Map lens: who writes to which topic and who reads it. The places are
// fixed, so that a learner can learn them. Boxes are HTML, lines SVG, and one
// unit is one pixel: on a small screen the boxes move closer, type keeps its size.

import { css, h, icon, keyed, once, s, set, text } from './dom.js';
import { legs } from './hops.js';
import { NAMES, SERVICES, TOPICS, becauseOf, clock, count, look, money, readsShort, seatName, stateWord, troubles } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {{x: number, y: number, w: number, h: number}} Box */

const PHONE = matchMedia('(max-width: 760px)');
const SEATS_SHOWN = 3;
const HEAD = 27; // of a service box
const SEAT = 24;
const FOOT = 20; // the line with the lag, always there: a number that comes and goes moves no box
const TOP = 42; // room for the card gateway
const MINI = 39; // height of a small tape
const END = 16; // the name of the last topic is wider than its tape

export class MapLens {
  /** @param {HTMLElement} root @param {import('./app.js').App} app @param {import('./motion.js').Motion} motion */
  constructor(root, app, motion) {
    this.root = root;
    this.app = app;
    this.motion = motion;
    /** @type {Record<string, SVGPathElement>} */
    this.paths = {};
    this.width = 0;
    this.shape = ''; // what the places were made for
    this.noteTop = 0;
    this.summary = h('p', { class: 'vh' });
    this.sub = h('span', { class: 'sub hops' });
    this.rate = h('div', { class: 'rateview', hidden: true });
    this.lines = s('g');
    this.tokens = s('g', { class: 'tokens' });
    this.figure = h('div', { class: 'mapfig' });
    this.charge = h('div', { class: 'mapnote late' });
    this.notes = h('div');
    this.letters = h('div');
    /** @type {Record<string, any>} */
    this.nodes = {};
    /** @type {Record<string, Box>} */
    this.at = {};
    this.build();
    // Asking for the width after each change would lay the page out again and again.
    new ResizeObserver(([entry]) => { this.width = entry.contentRect.width; app.store.invalidate(); }).observe(this.figure);
  }

  build() {
    this.figure.append(s('svg', { 'aria-hidden': 'true' },
      s('defs', {}, marker('arr', 'ah'), ...['A', 'B', 'C', 'D', 'E'].map((hue) => marker(`arr-${hue}`, 'ah pass', hue))),
      this.lines, this.tokens, this.motion.layer));
    this.root.append(this.summary, h('div', { class: 'figh mapfigh' }, h('span', { class: 'l' }, 'a'), h('h2', {}, 'Map'), this.sub, this.rate), this.figure);
    this.nodes.shop = h('div', { class: 'svc ext plainbox' }, 'Shop');
    this.nodes.gateway = h('div', { class: 'svc ext plainbox gateway' }, h('small', {}, 'card gateway'));
    this.nodes.readmodel = h('div', { class: 'svc ext plainbox', 'data-place': 'read model' }, 'Read model', h('small'));
    for (const name of SERVICES) this.nodes[`s:${name}`] = this.service(name);
    for (const topic of TOPICS) this.nodes[`t:${topic}`] = this.topic(topic);
    const order = ['shop', 's:order', 't:orders', 'gateway', 's:payment', 't:payments', 's:inventory', 't:inventory', 's:notification', 't:notifications', 's:projector', 'readmodel', 's:orchestrator'];
    this.figure.append(...order.map((name) => this.nodes[name]));
    this.figure.append(this.charge, this.notes, this.letters);
  }

  /** @param {string} name */
  service(name) {
    const node = h('button', { type: 'button', class: 'svc', 'data-service': name, onclick: () => this.app.inspect({ type: 'service', name }, node) },
      ...inside(name));
    return node;
  }

  /** @param {string} topic */
  topic(topic) {
    const node = h('button', { type: 'button', class: 'topicnode', 'data-topic': topic, onclick: () => this.app.inspect({ type: 'topic', name: topic }, node) },
      h('b', {}, topic), s('svg', { height: MINI, 'aria-hidden': 'true' }), h('small'));
    return node;
  }

  /** @param {Board} board */
  draw(board) {
    const stacked = PHONE.matches;
    const heights = Object.fromEntries(SERVICES.map((name) => [name, boxHeight(board.services[name])]));
    if (!this.width) this.width = this.figure.clientWidth;
    const shape = `${this.width} ${JSON.stringify(heights)} ${stacked} ${troubles(board).filter((t) => t.state !== 'armed').length}`;
    if (shape !== this.shape) { this.shape = shape; this.place(board, heights, stacked); }
    for (const name of SERVICES) this.drawService(board, name);
    for (const topic of TOPICS) this.drawTopic(board, topic);
    this.drawReadModel(board);
    this.drawFlow(board);
    if (!stacked) this.drawNotes(board);
    this.drawLetters(board);
    const busy = this.motion.mode === 'rate';
    this.rate.hidden = !busy;
    if (busy) {
      once(this.rate, 'on', () => [h('span', {}, 'Too fast to see single messages.'),
        h('button', { type: 'button', class: 'btn sm', 'data-act': true, onclick: (/** @type {Event} */ e) => this.app.press(/** @type {any} */ (e.currentTarget), { speed: { factor: 0.25 } }) }, 'Slow down'),
        h('button', { type: 'button', class: 'btn sm', onclick: () => this.followOne() }, 'Follow one order')]);
    }
  }

  followOne() {
    const newest = Object.values(this.app.board.orders).reduce((a, b) => (!a || b.placed_seq > a.placed_seq ? b : a), /** @type {any} */ (undefined));
    if (newest) this.app.follow.add(this.app.board, newest.id, true);
  }

  /** Places every box and draws every line. @param {Board} board @param {Record<string, number>} heights @param {boolean} stacked */
  place(board, heights, stacked) {
    if (stacked) { this.figure.style.height = ''; this.lines.replaceChildren(); this.paths = {}; return; }
    const W = this.width;
    const wide = W >= 1000;
    const svcW = wide ? 124 : W >= 860 ? 119 : 104;
    const tapeW = wide ? 54 : 45;
    const shopW = wide ? 54 : 44;
    const gap = (W - END - shopW - 4 * (svcW + tapeW)) / 8;
    const row = Math.max(...['order', 'payment', 'inventory', 'notification'].map((name) => heights[name]));
    const mid = TOP + row / 2;
    /** @type {Record<string, Box>} */
    const at = {};
    let x = 0;
    at.shop = { x, y: mid - 24, w: shopW, h: 48 };
    x += shopW + gap;
    ['order', 'payment', 'inventory', 'notification'].forEach((name, i) => {
      at[`s:${name}`] = { x, y: mid - heights[name] / 2, w: svcW, h: heights[name] };
      x += svcW + gap;
      at[`t:${TOPICS[i]}`] = { x, y: mid - 18 - MINI / 2, w: tapeW, h: 18 + MINI + 17 };
      x += tapeW + gap;
    });
    const pay = at['s:payment'];
    at.gateway = { x: pay.x, y: 0, w: pay.w, h: 24 };
    const rowEnd = Math.max(TOP + row, mid + MINI / 2 + 18);
    const noteLines = Math.max(1, troubles(board).filter((t) => t.state !== 'armed').length);
    this.noteTop = rowEnd + 4;
    const bus = this.noteTop + Math.min(noteLines, 4) * 20 + 8;
    const readBus = bus + 20;
    const below = readBus + 14;
    at['s:orchestrator'] = { x: at['s:order'].x, y: below, w: Math.max(svcW, 176), h: heights.orchestrator };
    at['s:projector'] = { x: at['s:inventory'].x, y: below, w: svcW, h: heights.projector };
    at.readmodel = { x: at['s:notification'].x, y: below, w: svcW + gap + tapeW, h: Math.max(51, heights.projector) };
    this.at = at;
    this.mid = mid;
    css(this.figure, 'height', `${below + Math.max(heights.projector, heights.orchestrator, 51) + 4}px`);
    for (const [name, box] of Object.entries(at)) {
      const node = this.nodes[name];
      css(node, 'left', `${box.x}px`); css(node, 'top', `${box.y}px`); css(node, 'width', `${box.w}px`);
      if (!name.startsWith('t:')) css(node, 'height', `${box.h}px`);
    }
    css(this.charge, 'left', `${pay.x + pay.w + 12}px`); css(this.charge, 'top', '2px');
    this.lineUp(at, mid, rowEnd, bus, readBus);
  }

  /** @param {Record<string, Box>} at @param {number} mid @param {number} rowEnd @param {number} bus @param {number} readBus */
  lineUp(at, mid, rowEnd, bus, readBus) {
    const chain = ['shop', 's:order', 't:orders', 's:payment', 't:payments', 's:inventory', 't:inventory', 's:notification', 't:notifications'];
    /** @type {[string, string, string][]} */
    const lines = [];
    for (let i = 0; i + 1 < chain.length; i++) {
      const [a, b] = [at[chain[i]], at[chain[i + 1]]];
      const name = i === 0 ? 's:shop>s:order' : `${chain[i]}>${chain[i + 1]}`;
      lines.push([name, `M${a.x + a.w + 2} ${mid}H${b.x - 2}`, 'edge']);
    }
    const center = (/** @type {string} */ name) => at[name].x + at[name].w / 2;
    const order = at['s:order'];
    const back = order.x + order.w / 2 - 12;
    const orderEnd = order.y + order.h + 2;
    for (const topic of ['payments', 'inventory']) {
      lines.push([`t:${topic}>s:order`, `M${center(`t:${topic}`) - 5} ${rowEnd + 1}V${bus}H${back}V${orderEnd}`, 'edge']);
    }
    const pay = at['s:payment'];
    lines.push(['t:inventory>s:payment', `M${center('t:inventory') - 5} ${rowEnd + 1}V${bus}H${pay.x + pay.w / 2}V${pay.y + pay.h + 2}`, 'edge sometimes']);
    const project = at['s:projector'];
    for (const topic of TOPICS) {
      lines.push([`t:${topic}>s:projector`, `M${center(`t:${topic}`) + 5} ${rowEnd + 1}V${readBus}H${project.x + project.w / 2}V${project.y - 2}`, 'edge read']);
    }
    lines.push(['projector>readmodel', `M${project.x + project.w + 2} ${project.y + project.h / 2}H${at.readmodel.x - 2}`, 'edge']);
    lines.push(['gateway', `M${pay.x + pay.w / 2} 26V${pay.y - 2}`, 'edge']);
    this.paths = {};
    this.lines.replaceChildren(...lines.map(([name, d, className]) => {
      const path = s('path', { d, class: className, 'data-edge': name, 'marker-end': 'url(#arr)', 'marker-start': name === 'gateway' ? 'url(#arr)' : null });
      this.paths[name] = path;
      return path;
    }), s('text', { x: back + 8, y: bus + 14 }, 'Order reads both'), s('text', { x: project.x + project.w / 2 + 8, y: readBus - 5, class: 'readlabel' }, ''));
    this.motion.paths = this.paths;
    this.motion.measureWays();
  }

  /** @param {Board} board @param {string} name */
  drawService(board, name) {
    const node = this.nodes[`s:${name}`];
    const service = board.services[name];
    const idle = name === 'orchestrator' && board.settings?.saga !== 'orchestration';
    node.hidden = !service && !idle;
    set(node, 'class', idle ? 'svc ext plainbox' : `svc${(service?.seats?.length ?? 0) > 1 ? ' many' : ''}`);
    set(node, 'data-picked', this.app.picked.has(`service/${name}`));
    const seats = node.querySelector('.seats') ?? node;
    if (idle) {
      once(node, 'idle', () => [NAMES[name], h('small', {}, 'comes with orchestration')]);
      set(node, 'disabled', true);
      return;
    }
    if (!service) return;
    set(node, 'disabled', null);
    if (node.signature === 'idle') once(node, 'works', () => inside(name));
    const list = service.seats ?? [];
    const bad = list.filter((seat) => look(seat.state) !== 'ok');
    const state = list.length && bad.length === list.length ? look(bad[0].state) : list.length ? 'ok' : 'stuck';
    set(node, 'data-state', state);
    const badge = node.querySelector('.lagb');
    text(badge.firstChild, `lag ${service.lag}`);
    set(badge, 'data-lag', service.lag > 0);
    text(node.querySelector('.count'), list.length > 1 ? `${list.length} seats` : '');
    set(badge, 'data-late', service.lag > 0 && bad.length > 0);
    const shown = list.slice(0, list.length > SEATS_SHOWN + 1 ? SEATS_SHOWN : list.length);
    keyed(seats, shown, (seat) => seat.instance,
      () => h('div', { class: 'seat' }, h('span', { class: 'nm' }), h('span', { class: 'what' }), h('span', { class: 'in' })),
      (line, seat) => {
        set(line, 'id', `seat-${name}-${seat.instance}`);
        set(line, 'data-state', look(seat.state));
        text(line.children[0], seatName(name, seat.instance));
        const what = look(seat.state) === 'ok' ? (seat.state === 'starting' ? 'starting' : readsShort(seat.partitions, service.group)) : stateWord(seat.state);
        once(line.children[1], `${seat.state} ${what}`, () => (look(seat.state) === 'failed' ? [icon('x'), ' ', what] : [what]));
        const doing = seat.doing;
        const sign = doing ? `${doing.order} ${this.app.follow.of(doing.order)?.letter} ${this.app.follow.letter(board, doing.order)} ${doing.try?.attempt ?? ''}` : '';
        once(line.children[2], sign, () => (doing ? [doing.try && doing.try.attempt > 1 ? h('b', {}, `×${doing.try.attempt}`) : null, this.app.mark(doing.order)] : []));
      });
    const more = list.length - shown.length;
    let rest = node.querySelector('.seat.rest');
    if (more > 0) {
      if (!rest) { rest = h('div', { class: 'seat rest' }); }
      seats.after(rest);
      text(rest, `and ${more} more`);
    } else rest?.remove();
    if (!list.length) {
      if (!node.querySelector('.seat.none')) seats.after(h('div', { class: 'seat none', 'data-state': 'stuck', id: `service-${name}` }, h('span', { class: 'what' }, 'NO SEATS')));
    } else node.querySelector('.seat.none')?.remove();
  }

  /** @param {Board} board @param {string} topic */
  drawTopic(board, topic) {
    const node = this.nodes[`t:${topic}`];
    const partitions = board.topics[topic]?.partitions ?? [];
    const total = partitions.reduce((sum, p) => sum + p.end, 0);
    const rate = PHONE.matches && this.motion.mode !== 'tokens' ? this.app.store.pace.rate(topic) : 0; // without lines there is no other place for it
    text(node.querySelector('small'), `${count(total, 'record')}${rate ? ` · ${rate}/s` : ''}`);
    set(node, 'data-picked', this.app.picked.has(`topic/${topic}`));
    const svg = node.querySelector('svg');
    const width = this.at[`t:${topic}`]?.w ?? 54;
    const cells = Math.floor(width / 9);
    const rowH = Math.max(2, Math.floor(MINI / Math.max(partitions.length, 1)) - 2);
    const sign = `${width} ${partitions.map((p) => p.end)} ${this.app.follow.list.map((one) => one.id + one.hue)}`;
    if (svg.signature === sign) return;
    svg.signature = sign;
    set(svg, 'width', width);
    svg.replaceChildren(...partitions.flatMap((p, i) => {
      const y = i * (rowH + 2);
      const from = Math.max(p.start, p.end - cells);
      const out = [s('rect', { class: 'mini b', x: 0.5, y, width: width - 1, height: rowH })];
      for (let n = from; n < p.end; n++) {
        const record = board.tapes[topic]?.[p.id]?.records?.[n];
        out.push(s('rect', { class: 'mini', 'data-hue': this.app.follow.of(record?.order)?.hue, x: (n - from) * 9 + 0.75, y: y + 0.75, width: 7.5, height: rowH - 1.5 }));
      }
      return out;
    }));
  }

  /** @param {Board} board */
  drawReadModel(board) {
    const rebuild = board.read_model?.rebuild;
    const again = rebuild?.state === 'running' || rebuild?.state === 'waiting';
    set(this.nodes.readmodel, 'data-state', rebuild?.state === 'waiting' ? 'stuck' : null);
    const front = this.app.follow.of(this.app.follow.front);
    const row = front && board.read_model?.orders?.[front.id];
    const small = this.nodes.readmodel.querySelector('small');
    const behind = board.read_model?.lag ?? 0;
    text(small, again ? `a new one: ${rebuild.total - rebuild.left} of ${rebuild.total} read` : front ? `${front.letter}: ${row?.status ?? 'not there yet'}${behind > 0 ? ` · ${behind} behind` : ''}` : behind > 0 ? `${behind} behind` : 'up to date');
    const order = front && board.orders[front.id];
    this.charge.hidden = !order?.charged;
    set(this.charge, 'class', (order?.charges ?? 0) > 1 ? 'mapnote' : 'mapnote late');
    if (!order?.charged || !front) return;
    const twice = order.charges > 1;
    once(this.charge, `${order.charged} ${order.refunded} ${front.letter} ${twice}`, () => [
      twice ? h('b', {}, `charged ${money(order.charged)} for ${front.letter}, ${order.charges} times`) : h('span', { class: 'mut' }, `charged ${money(order.charged)} for ${front.letter}${order.refunded ? `, refunded ${money(order.refunded)}` : ''}`)]);
  }

  /** The tokens at the last three hops, and how busy the lines are. @param {Board} board */
  drawFlow(board) {
    const follow = this.app.follow;
    const front = follow.of(follow.front);
    /** @type {{key: string, edge: string, hue: string, letter: string, number: number, again: boolean}[]} */
    const tokens = [];
    const hot = new Map();
    for (const one of [...follow.list].sort((a, b) => Number(b === front) - Number(a === front))) {
      const order = board.orders[one.id];
      if (!order || (one !== front && /COMPLETED|CANCELLED/.test(order.status))) continue;
      const way = legs(order).filter((leg) => !leg.edge.endsWith('s:projector')).slice(one === front ? -3 : -1);
      way.forEach((leg, i) => {
        tokens.push({ key: `${one.id} ${leg.edge} ${leg.hop.offset} ${i}`, edge: leg.edge, hue: one.hue, letter: one.letter, number: one === front ? i + 1 : 0, again: leg.again });
        if (one === front || !hot.has(leg.edge)) hot.set(leg.edge, one.hue);
      });
    }
    const sub = front ? 'the last three hops of ' : '';
    once(this.sub, `${front?.id}${front?.hue}${front?.letter}`, () => (front ? [sub, this.app.mark(front.id), ' are numbered'] : ['one box a service, one tape a topic']));
    for (const [name, path] of Object.entries(this.paths)) {
      const hue = hot.get(name);
      const load = this.motion.load(name);
      const cut = name.split('>').some((end) => board.services[end.replace('s:', '')]?.cut?.includes('kafka') && end.startsWith('s:')) && name.includes('t:');
      set(path, 'class', `edge${cut ? ' cut' : ''}${hue ? ' pass' : name.endsWith('>s:projector') ? ' read' : ''}${load ? ' flow' : ''}`);
      set(path, 'data-hue', hue ?? null);
      set(path, 'data-load', load || null);
      set(path, 'marker-end', hue ? `url(#arr-${hue})` : 'url(#arr)');
      if (name === 't:inventory>s:payment') set(path, 'visibility', hue ? null : 'hidden');
    }
    /** @type {Map<string, number>} */
    const stacked = new Map();
    const shown = tokens.filter((token) => this.paths[token.edge] && !this.motion.moving(token.letter, token.edge));
    keyed(this.tokens, shown, (token) => token.key, (token) => s('g', { 'data-kind': 'event', 'data-order': token.letter, 'data-hue': token.hue },
      s('rect', { class: 'tok', x: -10, y: -10, width: 20, height: 20, rx: 5 }), s('text', { class: 'tk', y: 4.5 }, token.letter)),
    (g, token) => {
      const bent = /^t:(payments|inventory)>s:(order|payment)$/.test(token.edge);
      const way = this.motion.ways[token.edge];
      const point = way.at(bent ? 1 - 24 / way.length : 0.46);
      const level = stacked.get(token.edge) ?? 0;
      stacked.set(token.edge, level + 1);
      set(g, 'transform', `translate(${point.x} ${point.y + level * 26})`);
      set(g, 'data-hue', token.hue);
      const second = g.querySelector('.tok2');
      if (token.again && !second) g.prepend(s('rect', { class: 'tok2', x: -13.5, y: -13.5, width: 27, height: 27, rx: 7 }));
      if (!token.again) second?.remove();
      let number = g.querySelector('.num');
      if (!number && token.number) { number = s('text', { class: 'num', 'text-anchor': 'middle' }); g.append(number); }
      if (!number) return;
      text(number, token.number || '');
      set(number, 'x', bent || level ? -18 : 0);
      set(number, 'y', bent || level ? 5 : -15);
    });
    keyed(this.lines, this.motion.labels().filter((label) => this.paths[label.edge] && (this.width >= 1000 || !stacked.has(label.edge))), (label) => label.edge, () => s('text', { class: 't12 ratelabel', 'text-anchor': 'middle' }), (node, label) => {
      const point = this.motion.ways[label.edge].at(0.5);
      set(node, 'x', point.x); set(node, 'y', point.y + (stacked.has(label.edge) ? 23 : -7)); // below a token
      text(node, label.words);
    });
  }

  /** Why something does not run, under the thing itself. @param {Board} board */
  drawNotes(board) {
    const list = troubles(board).filter((trouble) => trouble.state !== 'armed').slice(0, 4);
    keyed(this.notes, list, (trouble) => trouble.id, (trouble) => h('p', { class: 'mapnote', 'data-cause-for': trouble.id }), (node, trouble, i) => {
      set(node, 'class', trouble.state === 'failed' ? 'mapnote' : 'mapnote late');
      const { head, tail } = becauseOf(trouble.what, this.app.say(trouble.because));
      once(node, `${head} ${tail} ${trouble.seq} ${trouble.since}`, () => [h('b', {}, `${head} `), `${tail}${trouble.seq ? ', ' : ''}`, trouble.seq ? this.app.moment(trouble.seq, clock(trouble.since)) : null]);
      const box = this.at[`s:${trouble.service}`] ?? { x: 0 }; // a broker has no place on the map
      css(node, 'top', `${(this.noteTop) + i * 20}px`);
      const sign = `${node.signature} ${this.width}`;
      if (node.measured !== sign) {
        node.wide = node.scrollWidth;
        if (node.wide) node.measured = sign;
        else this.app.store.invalidate(); // not on the page yet: once more when it is
      }
      css(node, 'left', `${Math.max(0, Math.min(box.x, this.width - node.wide - 4))}px`);
    });
  }

  /** @param {Board} board */
  drawLetters(board) {
    const waiting = TOPICS.map((topic) => ({ topic, n: (board.dead_letters ?? []).filter((letter) => letter.original_topic === topic && letter.state === 'waiting').length })).filter((one) => one.n > 0);
    keyed(this.letters, waiting, (one) => one.topic, (one) => {
      const node = h('button', { type: 'button', class: 'chip dead dlq', 'data-kind': 'dead_letter', onclick: () => this.app.inspect({ type: 'topic', name: `${one.topic}.dlq` }, node) }, icon('octagon'), h('span'));
      return node;
    }, (node, one) => {
      const box = this.at[`t:${one.topic}`];
      text(node.lastChild, `${one.n} dead`);
      set(node, 'aria-label', `${one.topic}.dlq: ${count(one.n, 'dead letter')}`);
      if (box) { css(node, 'left', `${box.x + box.w / 2}px`); css(node, 'top', `${box.y - 26}px`); }
    });
  }

  /** One sentence or two for who cannot see the figure. @param {Board} board */
  describe(board) {
    const bad = troubles(board).map((trouble) => `${trouble.what}.`);
    text(this.summary, `Map. ${count(SERVICES.filter((name) => board.services[name]?.state === 'running').length, 'service')} running. ${TOPICS.map((topic) => `${topic} has ${count((board.topics[topic]?.partitions ?? []).reduce((sum, p) => sum + p.end, 0), 'record')}`).join(', ')}. ${bad.join(' ') || 'Nothing is broken.'}`);
  }
}

/** What a service box is made of. @param {string} name */
function inside(name) {
  return [h('header', {}, h('span', {}, NAMES[name]), h('span', { class: 'count' })), h('div', { class: 'seats' }), h('div', { class: 'lagb' }, h('span'))];
}

/** @param {string} id @param {string} className @param {string} [hue] */
function marker(id, className, hue) {
  return s('marker', { id, viewBox: '0 0 8 8', refX: 7, refY: 4, markerWidth: 7.5, markerHeight: 7.5, markerUnits: 'userSpaceOnUse', orient: 'auto-start-reverse', 'data-hue': hue }, s('path', { class: className, d: 'M0 0l8 4-8 4z' }));
}

/** @param {import('./types.js').Service | undefined} service */
function boxHeight(service) {
  const n = service?.seats?.length ?? 0;
  const lines = n > SEATS_SHOWN + 1 ? SEATS_SHOWN + 1 : Math.max(n, 1);
  return HEAD + SEAT * lines + FOOT;
}

