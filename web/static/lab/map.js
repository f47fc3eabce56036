// The Map lens: who writes to which topic and who reads it. The places are
// fixed, so that a learner can learn them. Boxes are HTML, lines SVG, and one
// unit is one pixel: on a small screen the boxes move closer, type keeps its size.

import { css, h, icon, keyed, once, s, set, text } from './dom.js';
import { legs } from './hops.js';
import { COMMAND_TOPICS, isLed, isUnled, ledLines, placeLed } from './led.js';
import { NAMES, SERVICES, TOPICS, becauseOf, byCalls, clock, count, leads, look, money, reads, readsShort, seatName, stateWord, troubles } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {{x: number, y: number, w: number, h: number}} Box */

const PHONE = matchMedia('(max-width: 760px)');
const SEATS_SHOWN = 3;
const HEAD = 27; // of a service box
const SEAT = 24;
const FOOT = 20; // the line with the lag, always there: a number that comes and goes moves no box
const TOP = 42; // room for the card gateway
const MINI = 39; // height of a small tape
const LANE = 15; // between the lines of calls
const BOXES = 8; // slots that are drawn one by one
const END = 30; // the name of the last topic is wider than its tape
const CLUSTER = 200; // width of the box with the brokers

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
    this.lanes = 0; // where the first line of calls runs
    this.summary = h('p', { class: 'vh' });
    this.sub = h('span', { class: 'sub hops' });
    this.rate = h('div', { class: 'rateview', hidden: true });
    this.lines = s('g');
    this.called = s('g', { class: 'calls' });
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
      this.lines, this.called, this.tokens, this.motion.layer));
    this.root.append(this.summary, h('div', { class: 'figh mapfigh' }, h('span', { class: 'l' }, 'a'), h('h2', {}, 'Map'), this.sub, this.rate), this.figure);
    this.nodes.shop = h('div', { class: 'svc ext plainbox' }, 'Shop');
    this.nodes.gateway = h('div', { class: 'svc ext plainbox gateway' }, h('small', {}, 'card gateway'));
    this.nodes.readmodel = h('div', { class: 'svc ext plainbox', 'data-place': 'read model' }, 'Read model', h('small'));
    this.brokers = h('div', { class: 'brokers', role: 'group', 'aria-label': 'Kafka brokers' });
    this.nodes.cluster = h('div', { class: 'svc ext cluster' }, h('header', {}, 'Kafka'), this.brokers);
    for (const name of SERVICES) this.nodes[`s:${name}`] = this.service(name);
    for (const topic of [...TOPICS, ...COMMAND_TOPICS]) this.nodes[`t:${topic}`] = this.topic(topic);
    const order = ['shop', 's:order', 't:orders', 'gateway', 's:payment', 't:payments', 's:inventory', 't:inventory', 's:notification', 't:notifications', 's:projector', 'readmodel', 's:orchestrator', ...COMMAND_TOPICS.map((topic) => `t:${topic}`), 'cluster'];
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
    heights.cluster = 6 + 22 * Math.max(2, board.brokers?.length ?? 0);
    if (!this.width) this.width = this.figure.clientWidth;
    const led = isLed(board);
    const shape = `${this.width} ${led} ${byCalls(board)} ${JSON.stringify(heights)} ${stacked} ${troubles(board).filter((t) => t.state !== 'armed').length}`;
    if (shape !== this.shape) { this.shape = shape; this.place(board, heights, stacked); }
    for (const name of SERVICES) this.drawService(board, name);
    for (const topic of TOPICS) this.drawTopic(board, topic);
    for (const topic of COMMAND_TOPICS) {
      this.nodes[`t:${topic}`].hidden = !led;
      if (led) this.drawTopic(board, topic);
    }
    this.drawReadModel(board);
    this.drawBrokers(board);
    this.drawFlow(board);
    this.drawCalls(board);
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
    const lanes = rowEnd + 14; // of calls, where there are any
    const noteLines = Math.max(1, troubles(board).filter((t) => t.state !== 'armed').length);
    const sync = byCalls(board);
    this.noteTop = sync ? lanes + 3 * LANE + 20 : rowEnd + 4;
    const bus = this.noteTop + Math.min(noteLines, 4) * 20 + 8;
    const tapeH = 18 + MINI + 17;
    const led = isLed(board) ? placeLed(at, bus + 16, tapeH, heights) : null;
    const readBus = led ? led.readBus : sync ? bus - 8 : bus + 20;
    const below = led ? led.below : readBus + 14;
    at['s:orchestrator'] ??= { x: at['s:order'].x, y: below, w: svcW, h: heights.orchestrator };
    const flat = led !== null; // the row is taken: the brokers stand side by side below it
    set(this.nodes.cluster, 'data-flat', flat);
    at.cluster = flat ? { x: at['s:order'].x, y: below + Math.max(tapeH, heights.orchestrator) + 12, w: 3 * CLUSTER, h: 28 } : { x: at['t:orders'].x, y: below, w: CLUSTER, h: heights.cluster };
    at['s:projector'] = { x: at['s:inventory'].x, y: below, w: svcW, h: heights.projector };
    at.readmodel = { x: at['s:notification'].x, y: below, w: svcW + gap + tapeW, h: Math.max(51, heights.projector) };
    this.at = at;
    this.mid = mid;
    css(this.figure, 'height', `${flat ? at.cluster.y + 32 : below + Math.max(heights.projector, heights.cluster, 51) + 4}px`);
    for (const [name, box] of Object.entries(at)) {
      const node = this.nodes[name];
      css(node, 'left', `${box.x}px`); css(node, 'top', `${box.y}px`); css(node, 'width', `${box.w}px`);
      if (!name.startsWith('t:')) css(node, 'height', `${box.h}px`);
    }
    css(this.charge, 'left', `${pay.x + pay.w + 12}px`);
    this.lanes = lanes;
    if (sync) this.lineUpCalls(at, mid, lanes);
    else this.lineUp(at, mid, rowEnd, bus, readBus, led);
  }

  /** @param {Record<string, Box>} at @param {number} mid @param {number} rowEnd @param {number} bus @param {number} readBus @param {ReturnType<typeof placeLed> | null} led */
  lineUp(at, mid, rowEnd, bus, readBus, led) {
    this.called.replaceChildren();
    const chain = ['shop', 's:order', 't:orders', 's:payment', 't:payments', 's:inventory', 't:inventory', 's:notification', 't:notifications'];
    /** @type {[string, string, string][]} */
    const lines = [];
    for (let i = 0; i + 1 < chain.length; i++) {
      const [a, b] = [at[chain[i]], at[chain[i + 1]]];
      const name = i === 0 ? 's:shop>s:order' : `${chain[i]}>${chain[i + 1]}`;
      lines.push([name, `M${a.x + a.w + 2} ${mid}H${b.x - 2}`, 'edge']);
    }
    const center = (/** @type {string} */ name) => at[name].x + at[name].w / 2;
    const under = (/** @type {string} */ name) => at[name].y + at[name].h + 2;
    const order = at['s:order'];
    const back = order.x + order.w / 2 - 12;
    const orderEnd = order.y + order.h + 2;
    if (led) lines.push(...ledLines(at, mid, rowEnd, led));
    for (const topic of led ? [] : ['payments', 'inventory']) {
      lines.push([`t:${topic}>s:order`, `M${center(`t:${topic}`) - 5} ${under(`t:${topic}`)}V${bus}H${back}V${orderEnd}`, 'edge']);
    }
    const pay = at['s:payment'];
    if (!led) lines.push(['t:inventory>s:payment', `M${center('t:inventory') - 5} ${under('t:inventory')}V${bus}H${pay.x + pay.w / 2}V${pay.y + pay.h + 2}`, 'edge sometimes']);
    const project = at['s:projector'];
    for (const topic of TOPICS) {
      lines.push([`t:${topic}>s:projector`, `M${center(`t:${topic}`) + 5} ${under(`t:${topic}`)}V${readBus}H${project.x + project.w / 2}V${project.y - 2}`, 'edge read']);
    }
    lines.push(['projector>readmodel', `M${project.x + project.w + 2} ${project.y + project.h / 2}H${at.readmodel.x - 2}`, 'edge']);
    lines.push(['gateway', `M${pay.x + pay.w / 2} 26V${pay.y - 2}`, 'edge']);
    this.paths = {};
    this.lines.replaceChildren(...lines.map(([name, d, className]) => {
      const path = s('path', { d, class: className, 'data-edge': name, 'marker-end': 'url(#arr)', 'marker-start': name === 'gateway' ? 'url(#arr)' : null });
      this.paths[name] = path;
      return path;
    }), s('text', { x: back + 8, y: bus + 14 }, led ? '' : 'Order reads both'), s('text', { x: project.x + project.w / 2 + 8, y: readBus - 5, class: 'readlabel' }, ''));
    this.motion.paths = this.paths;
    this.motion.measureWays();
  }

  /**
   * The lines of the sync style: a double line is a call, with an arrow each way
   * because whoever calls waits for the answer.
   * @param {Record<string, Box>} at @param {number} mid @param {number} lanes where the first of them is
   */
  lineUpCalls(at, mid, lanes) {
    const order = at['s:order'];
    const down = order.y + order.h + 2;
    /** @type {[string, {x: number, y: number}[]][]} */
    const calls = [['s:shop>s:order', [{ x: at.shop.x + at.shop.w + 2, y: mid }, { x: order.x - 2, y: mid }]]];
    ['payment', 'inventory', 'notification'].forEach((name, i) => {
      const box = at[`s:${name}`];
      const from = order.x + order.w / 2 + 30 - i * 20;
      const lane = lanes + i * LANE;
      calls.push([`call:${name}`, [{ x: from, y: down }, { x: from, y: lane }, { x: box.x + box.w / 2, y: lane }, { x: box.x + box.w / 2, y: box.y + box.h + 2 }]]);
    });
    const pay = at['s:payment'];
    const writes = order.x + order.w / 2 - 30;
    const lane = lanes + 3 * LANE;
    const read = at.readmodel;
    this.paths = {};
    const single = [['order>readmodel', `M${writes} ${down}V${lane}H${read.x + read.w / 2}V${read.y - 2}`, 'url(#arr)', null], ['gateway', `M${pay.x + pay.w / 2} 26V${pay.y - 2}`, 'url(#arr)', 'url(#arr)']]
      .map(([name, d, end, start]) => (this.paths[/** @type {string} */ (name)] = /** @type {SVGPathElement} */ (s('path', { d, class: 'edge', 'data-edge': name, 'marker-end': end, 'marker-start': start }))));
    const double = calls.flatMap(([name, points]) => {
      const outer = /** @type {SVGPathElement} */ (s('path', { d: route(points), class: 'edge call', 'data-edge': name, 'marker-end': 'url(#arr)', 'marker-start': 'url(#arr)' }));
      this.paths[name] = outer;
      return [outer, s('path', { d: route(shorter(points, 7)), class: 'callgap' })];
    });
    this.lines.replaceChildren(...single, ...double, s('text', { x: writes + 8, y: lane + 14 }, 'Order writes it'));
    this.motion.paths = this.paths;
    this.motion.measureWays();
  }

  /** How many calls are under way on each line, beside whoever is called. @param {Board} board */
  drawCalls(board) {
    const sync = byCalls(board);
    const list = sync ? ['payment', 'inventory', 'notification'].map((name) => ({ name, n: Object.values(board.calls ?? {}).filter((call) => call.service === name && call.waits).length })).filter((one) => one.n > 0 && this.at[`s:${one.name}`]) : [];
    keyed(this.called, list, (one) => one.name, () => s('text', { class: 't12 callcount', 'text-anchor': 'end' }), (node, one) => {
      const end = this.motion.ways[`call:${one.name}`]?.at(1);
      if (!end) return;
      set(node, 'x', end.x - 9); set(node, 'y', this.lanes - 4);
      text(node, one.n === 1 ? '1 waits' : `${one.n} wait`);
    });
    for (const [name, path] of Object.entries(this.paths)) {
      if (!name.startsWith('call:') && !(sync && name === 's:shop>s:order')) continue;
      const service = name.startsWith('call:') ? name.slice(5) : 'order';
      const busy = Object.values(board.calls ?? {}).some((call) => call.service === service && call.waits);
      set(path, 'class', `${path.getAttribute('class')?.replace(/ (call|busy|cut)\b/g, '')} call${busy ? ' busy' : ''}${board.services[service]?.cut?.includes('kafka') || board.services[service]?.state === 'crashed' ? ' cut' : ''}`);
      set(path, 'marker-start', path.getAttribute('marker-end'));
    }
  }

  /** The slots of a seat, one box each: taken, or free. @param {Element} place @param {Board} board @param {string} name @param {import('./types.js').Seat} seat */
  drawSlots(place, board, name, seat) {
    const { total = 0, used = 0 } = seat.slots ?? {};
    const taken = Object.values(board.calls ?? {}).filter((call) => call.service === name && call.instance === seat.instance && call.state === 'serving').sort((a, b) => a.seq - b.seq);
    const hue = (/** @type {import('./types.js').Call} */ call) => this.app.follow.of(call?.order)?.hue ?? '';
    once(place, `slots ${total} ${used} ${taken.map((call) => `${hue(call)}${call.waits}`)}`, () => {
      if (total > BOXES) return [`${used}/${total}`];
      return [h('span', { class: 'slots', role: 'img', 'aria-label': `${used} of ${total} slots taken` }, ...Array.from({ length: total }, (_, i) => {
        const call = taken[i];
        return h('i', { 'data-hue': call ? hue(call) || null : null, 'data-state': !call ? 'free' : call.waits ? 'taken' : 'left', title: call ? `${call.type}, for ${call.caller}${call.waits ? '' : ', who gave up'}` : 'a free slot' });
      }))];
    });
  }

  /** @param {Board} board @param {string} name */
  drawService(board, name) {
    const node = this.nodes[`s:${name}`];
    const service = board.services[name];
    const idle = name === 'orchestrator' && !isLed(board); // the events lead the saga: there is no such seat
    node.hidden = !service || idle;
    set(node, 'class', `svc${(service?.seats?.length ?? 0) > 1 ? ' many' : ''}`);
    set(node, 'data-picked', this.app.picked.has(`service/${name}`));
    const seats = node.querySelector('.seats') ?? node;
    if (!service || idle) return;
    const list = service.seats ?? [];
    const bad = list.filter((seat) => look(seat.state) !== 'ok');
    const state = list.length && bad.length === list.length ? look(bad[0].state) : list.length ? 'ok' : 'stuck';
    set(node, 'data-state', state);
    const badge = node.querySelector('.lagb');
    const slots = byCalls(board) && name !== 'projector' ? service.slots : undefined;
    text(badge.firstChild, slots && !service.lag ? slotWords(slots) : `lag ${service.lag}`);
    set(badge, 'data-lag', service.lag > 0 || Boolean(slots?.because));
    set(node, 'data-full', Boolean(slots?.because));
    text(node.querySelector('.count'), list.length > 1 ? `${list.length} seats` : '');
    set(badge, 'data-late', service.lag > 0 && bad.length > 0);
    const shown = list.slice(0, list.length > SEATS_SHOWN + 1 ? SEATS_SHOWN : list.length);
    keyed(seats, shown, (seat) => seat.instance,
      () => h('div', { class: 'seat' }, h('span', { class: 'nm' }), h('span', { class: 'what' }), h('span', { class: 'in' })),
      (line, seat) => {
        set(line, 'id', `seat-${name}-${seat.instance}`);
        set(line, 'data-state', look(seat.state));
        text(line.children[0], seatName(name, seat.instance));
        const what = look(seat.state) === 'ok' ? (seat.state === 'starting' ? 'starting' : readsShort(seat.partitions, service.group, Boolean(seat.doing))) : stateWord(seat.state);
        set(line.children[1], 'title', look(seat.state) === 'ok' ? reads(seat.partitions) : null);
        if (slots && look(seat.state) !== 'failed') this.drawSlots(line.children[1], board, name, seat);
        else once(line.children[1], `${seat.state} ${what}`, () => (look(seat.state) === 'failed' ? [icon('x'), ' ', what] : [what]));
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
    set(node, 'class', byCalls(board) ? 'topicnode off' : 'topicnode');
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

  /** Which brokers there are and how much each leads. @param {Board} board */
  drawBrokers(board) {
    keyed(this.brokers, board.brokers ?? [], (broker) => broker.id, (broker) => {
      const node = h('button', { type: 'button', class: 'brokerchip', 'data-broker': broker.id, onclick: () => this.app.inspect({ type: 'broker', id: broker.id }, node) }, h('b', {}, `broker ${broker.id}`), h('span'));
      return node;
    }, (node, broker) => {
      const down = broker.state === 'down';
      set(node, 'data-state', down ? 'failed' : broker.slow ? 'stuck' : 'ok');
      set(node, 'data-picked', this.app.picked.has(`broker/${broker.id}`));
      const n = leads(board, broker.id);
      set(node, 'title', `leads ${count(n, 'partition')} of the shop's topics`);
      once(node.lastChild, `${broker.state} ${broker.slow} ${n}`, () => (down ? [icon('x'), ' DOWN'] : broker.slow ? [icon('pause'), ` ${broker.slow.replace(/(\d)([a-z])/g, '$1 $2')} late`] : [`leads ${n}`]));
    });
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
    once(this.sub, `${front?.id}${front?.hue}${front?.letter}${byCalls(board)}`, () => (front ? [sub, this.app.mark(front.id), ' are numbered'] : [byCalls(board) ? 'a double line is a call: who calls waits for the answer' : 'one box a service, one tape a topic']));
    const led = isLed(board);
    for (const [name, path] of Object.entries(this.paths)) {
      const hue = hot.get(name);
      const load = this.motion.load(name);
      const cut = name.split('>').some((end) => board.services[end.replace('s:', '')]?.cut?.includes('kafka') && end.startsWith('s:')) && name.includes('t:');
      set(path, 'class', `edge${cut ? ' cut' : ''}${hue ? ' pass' : name.endsWith('>s:projector') ? ' read' : ''}${load ? ' flow' : led && !hue && isUnled(name) ? ' off' : ''}`);
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
      const bent = /^t:(payments|inventory)>s:(order|payment)$|-commands|>t:saga-replies|t:orders>s:orchestrator/.test(token.edge);
      const way = this.motion.ways[token.edge];
      const aside = token.edge.includes('-commands>'); // a short way up, past the notes: what stacks there stands side by side
      const point = way.at(aside ? 11 / way.length : bent ? 1 - 24 / way.length : 0.46);
      const level = stacked.get(token.edge) ?? 0;
      stacked.set(token.edge, level + 1);
      set(g, 'transform', `translate(${point.x + (aside ? level * 46 : 0)} ${point.y + (aside ? 0 : level * 26)})`);
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
      const { head, tail } = becauseOf(this.app.say(trouble.what), this.app.say(trouble.because));
      once(node, `${head} ${tail} ${trouble.seq} ${trouble.since}`, () => [h('b', {}, `${head} `), `${tail}${trouble.seq ? ', ' : ''}`, trouble.seq ? this.app.moment(trouble.seq, clock(trouble.since)) : null]);
      const box = this.at[`s:${trouble.service}`] ?? (trouble.broker === undefined ? { x: 0 } : this.at.cluster);
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
    const waiting = [...TOPICS, ...(isLed(board) ? COMMAND_TOPICS : [])].map((topic) => ({ topic, n: (board.dead_letters ?? []).filter((letter) => letter.original_topic === topic && letter.state === 'waiting').length })).filter((one) => one.n > 0);
    css(this.charge, 'top', waiting.some((one) => one.topic === 'payments') ? '-7px' : '2px'); // both stand beside the gateway
    keyed(this.letters, waiting, (one) => one.topic, (one) => {
      const node = h('button', { type: 'button', class: 'chip dead dlq', 'data-kind': 'dead_letter', onclick: () => this.app.inspect({ type: 'topic', name: `${one.topic}.dlq` }, node) }, icon('octagon'), h('span'));
      return node;
    }, (node, one) => {
      const box = this.at[`t:${one.topic}`];
      text(node.lastChild, `${one.n} dead`);
      set(node, 'aria-label', `${one.topic}.dlq: ${count(one.n, 'dead letter')}`);
      const beside = COMMAND_TOPICS.includes(one.topic); // the ways into the services run above
      if (box) { css(node, 'left', `${beside ? box.x + box.w + 36 : box.x + box.w / 2}px`); css(node, 'top', `${beside ? box.y + 18 + MINI / 2 - 12 : box.y - 26}px`); }
    });
  }

  /** One sentence or two for who cannot see the figure. @param {Board} board */
  describe(board) {
    const bad = troubles(board).map((trouble) => `${trouble.what}.`);
    text(this.summary, `Map. ${count(SERVICES.filter((name) => board.services[name]?.state === 'running').length, 'service')} running. ${TOPICS.map((topic) => `${topic} has ${count((board.topics[topic]?.partitions ?? []).reduce((sum, p) => sum + p.end, 0), 'record')}`).join(', ')}. ${bad.join(' ') || 'Nothing is broken.'}`);
  }
}

/** The slots of a service in a few words. @param {import('./types.js').Slots} slots */
function slotWords(slots) {
  if (!slots.total) return 'nobody answers';
  const line = slots.waiting > 0 ? `, ${slots.waiting} in line` : '';
  return slots.because ? `no slot${line || ' is free'}` : `${slots.used} of ${slots.total} slots`;
}

/** @param {{x: number, y: number}[]} points */
const route = (points) => points.map((p, i) => `${i ? 'L' : 'M'}${p.x} ${p.y}`).join('');

/** The same way without so many pixels at each end. @param {{x: number, y: number}[]} points @param {number} by */
function shorter(points, by) {
  const toward = (/** @type {{x: number, y: number}} */ a, /** @type {{x: number, y: number}} */ b) => ({ x: a.x + Math.sign(b.x - a.x) * by, y: a.y + Math.sign(b.y - a.y) * by });
  return [toward(points[0], points[1]), ...points.slice(1, -1), toward(points[points.length - 1], points[points.length - 2])];
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

