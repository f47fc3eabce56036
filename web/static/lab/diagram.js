// A story drawn: as a time-space diagram where there is room for it, as a list
// with a rail of life lines where there is not, or as a table. Lines are SVG;
// whatever can be read or pressed is HTML, in the order of time.

import { css, h, icon, s, set } from './dom.js';
import { lay, more } from './tale.js';
import { money, seatName } from './words.js';

/** @typedef {import('./tale.js').Story} Story */
/** @typedef {import('./tale.js').Message} Message */
/** @typedef {import('./tale.js').Delivery} Delivery */

const NARROW = 600; // px below which it is a list
const RAIL = 30; // px of a life line's field in the list

/** @type {Record<string, string>} what became of a delivery, in words */
const CAME = {
  waiting: 'is on its way', delivered: 'has arrived', handling: 'is in hand', handled: 'is handled', skipped: 'was seen before and is skipped', retrying: 'failed and is tried again',
  failed: 'failed', dead_lettered: 'was given up', crashed: 'was in hand at the crash', passed: 'is not needed', dropped: 'was dropped', lost: 'is lost',
};

/** @type {Record<string, string>} the shapes of the kinds of message */
const SHAPES = { event: 'M4 1.5h12a3 3 0 0 1 3 3v7a3 3 0 0 1-3 3H4a3 3 0 0 1-3-3v-7a3 3 0 0 1 3-3z', command: 'M1 1.5h12l6 6.5-6 6.5H1z', compensation: 'M19 1.5H7L1 8l6 6.5h12z', query: 'M10 1.5a6.5 6.5 0 1 1 0 13a6.5 6.5 0 1 1 0-13z' };

let hatches = 0;

/** The shape of a message. @param {string} kind @param {boolean} [twice] drawn double: it came again */
export function glyph(kind, twice = false) {
  const id = `tale-hatch-${hatches++}`;
  const hatched = kind === 'compensation';
  return s('svg', { class: 'glyph', viewBox: '-2 -2 24 20', 'aria-hidden': 'true', 'data-kind': kind },
    hatched ? s('defs', {}, s('pattern', { id, width: 5, height: 5, patternUnits: 'userSpaceOnUse', patternTransform: 'rotate(45)' }, s('rect', { width: 2, height: 5, fill: 'var(--o)' }))) : null,
    s('path', { d: SHAPES[kind] ?? SHAPES.event, fill: hatched ? `url(#${id})` : 'var(--f)', stroke: 'var(--o)', 'stroke-width': 1.5 }),
    twice ? s('path', { d: SHAPES[kind] ?? SHAPES.event, fill: 'none', stroke: 'var(--o)', 'stroke-width': 1.2, transform: 'translate(-2 -1.8) scale(1.2 1.22)' }) : null);
}

export class Diagram {
  /**
   * @param {HTMLElement} root
   * @param {{open: (message: Message, to: Delivery | undefined, from: HTMLElement) => void, moment: (seq: number, from: HTMLElement) => void, redraw: () => void, calm: () => boolean}} on
   *   open: an arrow was pressed; moment: a mark was; redraw: a gap was opened or closed
   */
  constructor(root, on) {
    this.root = root;
    this.on = on;
    /** @type {Set<number>} gaps that are shown in full */
    this.gaps = new Set();
    this.seen = -1; // the newest seq that was drawn
    this.signature = '';
    this.told = '';
  }

  /** @param {Story} story @param {string} hue of the order @param {boolean} asTable */
  draw(story, hue, asTable) {
    const style = getComputedStyle(this.root);
    const width = Math.floor(this.root.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight));
    if (!width) return;
    const sign = JSON.stringify([story, hue, width, asTable, [...this.gaps]]);
    if (sign === this.signature) return;
    this.signature = sign;
    const told = `${story.order} ${story.style}`;
    if (told !== this.told || asTable) this.seen = -1;
    this.told = told;
    const fresh = this.seen;
    this.seen = Math.max(0, ...story.messages.map((one) => one.seq), ...story.marks.map((one) => one.seq));
    const focus = this.root.contains(document.activeElement) ? document.activeElement?.getAttribute('data-do') : null;
    set(this.root, 'data-hue', hue || null);
    set(this.root, 'data-form', asTable ? 'table' : width < NARROW ? 'list' : 'figure');
    this.root.replaceChildren(...(asTable ? this.table(story) : width < NARROW ? this.list(story, fresh) : this.figure(story, width, fresh)));
    if (focus) /** @type {HTMLElement | null} */ (this.root.querySelector(`[data-do="${CSS.escape(focus)}"]`))?.focus({ preventScroll: true });
  }

  /** @param {Story} story @param {number} width @param {number} fresh */
  figure(story, width, fresh) {
    const plan = lay(story, width, widths(this.root), this.gaps);
    const isNew = (/** @type {number} */ seq) => (fresh >= 0 && seq > fresh && !this.on.calm() ? '' : null);
    const svg = s('svg', { class: 'tale-lines', width, height: plan.height, 'aria-hidden': 'true' });
    for (const column of story.columns) {
      const x = plan.xs[column.name];
      let y = 4;
      for (const { y: top, h: tall } of plan.breaks) {
        svg.append(s('path', { class: 'life', d: `M${x} ${y}V${top}` }), s('path', { class: 'life idle', d: `M${x} ${top}V${top + tall}` }));
        y = top + tall;
      }
      svg.append(s('path', { class: 'life', d: `M${x} ${y}V${plan.last + 14}` }));
    }
    for (const block of plan.blocks) svg.append(s('rect', { class: 'work', x: block.x, y: block.y, width: 10, height: block.h, rx: 1.5, 'data-state': block.bar.state, 'data-idle': block.useful ? null : '' }));
    for (const arrow of plan.arrows) svg.append(...this.arrow(arrow, isNew(arrow.to?.seq ?? arrow.message.seq)));
    for (const { x, y, kind } of plan.crosses) svg.append(...(kind === 'dead_letter' ? [s('path', { class: 'stop', d: `M${x - 3.5} ${y - 8}h7l5 5v7l-5 5h-7l-5-5v-7z` })] : []), s('path', { class: 'cross', 'data-kind': kind, d: kind === 'dead_letter' ? `M${x - 3} ${y - 2.5}l6 6m0-6l-6 6` : `M${x - 6} ${y - 6}l12 12m0-12l-12 12` }));
    const digits = precision(story);
    const parts = [
      ...plan.ticks.filter((one, i, all) => i === 0 || stamp(one.at, digits) !== stamp(all[i - 1].at, digits)).map(({ y, at }) => h('span', { class: 'tick', 'data-y': y - 9 }, stamp(at, digits))),
      ...plan.breaks.map((one) => this.gap(one.gap, one.y + one.h / 2)),
      ...plan.labels.map((label) => {
        const node = label.what === 'where' ? h('span', { class: 'where' }, label.text) : label.mark ? this.mark(label.mark) : this.button(story, label.message, label.to, label.what === 'again');
        css(node, 'left', `${label.box.x}px`);
        css(node, 'top', `${label.box.y}px`);
        css(node, 'width', `${Math.ceil(label.box.w) + 2}px`);
        set(node, 'data-align', label.align);
        set(node, 'data-seq', label.seq);
        set(node, 'data-new', isNew(label.seq));
        return node;
      }),
      this.end(story, plan.xs.order ?? 60, plan.last + 14),
    ];
    for (const part of parts) if (part.dataset.y) css(part, 'top', `${part.dataset.y}px`);
    const figure = h('div', { class: 'tale-fig' }, svg, ...parts);
    css(figure, 'height', `${plan.height}px`);
    const heads = h('div', { class: 'tale-heads' }, ...story.columns.map((column) => {
      const head = h('b', { 'data-service': column.name }, column.title);
      css(head, 'left', `${plan.xs[column.name]}px`);
      return head;
    }));
    return [heads, figure];
  }

  /** @param {import('./tale.js').Arrow} arrow @param {string | null} isNew */
  arrow({ message, to, x1, y1, x2, y2, way }, isNew) {
    const idle = Boolean(to && !to.useful && ['handled', 'skipped', 'passed'].includes(to.state));
    const kind = way === 'answer' ? 'answer' : message.kind;
    const failed = Boolean(to && ['lost', 'dead_lettered'].includes(to.state)) || message.state === 'lost' || (way === 'answer' && to?.state === 'failed');
    const attrs = { class: 'msg', 'data-kind': kind, 'data-way': way, 'data-idle': idle ? '' : null, 'data-failed': failed ? '' : null, 'data-new': isNew };
    const d = x1 === x2 ? `M${x1} ${y1}h26V${y2}h-24` : `M${x1} ${y1}L${x2} ${y2}`;
    const angle = Math.atan2(x1 === x2 ? 0 : y2 - y1, x1 === x2 ? -1 : x2 - x1);
    const wing = (/** @type {number} */ turn) => `${(x2 + 9 * Math.cos(angle + Math.PI + turn)).toFixed(1)} ${(y2 + 9 * Math.sin(angle + Math.PI + turn)).toFixed(1)}`;
    const hit = s('path', { class: 'hit', d, onclick: (/** @type {any} */ e) => this.on.open(message, to, e.currentTarget) });
    if (way === 'under') return [s('path', { ...attrs, d }), s('circle', { class: 'dotend', cx: x2, cy: y2, r: 3.5, 'data-failed': failed ? '' : null })];
    return [s('path', { ...attrs, d }), s('path', { class: 'head', d: `M${x2} ${y2}L${wing(0.42)}L${wing(-0.42)}z`, 'data-kind': kind, 'data-idle': idle ? '' : null, 'data-failed': failed ? '' : null, 'data-new': isNew }), hit];
  }

  /** The name of a message, to press. @param {Story} story @param {Message | undefined} message @param {Delivery | undefined} to @param {boolean} again */
  button(story, message, to, again) {
    if (!message) return h('span');
    const mine = again ? to : undefined;
    const main = mine ?? message.to.find((one) => !one.again);
    const extra = more(message, main);
    const skipped = main?.state === 'skipped';
    return h('button', { type: 'button', class: 'tale-msg', 'data-do': `${message.seq} ${mine?.seq ?? 0}`, 'data-kind': message.kind, 'data-type': message.type, 'data-state': skipped ? 'ignored' : message.copy || again ? 'duplicate' : message.state || null,
      'data-record': message.call ? null : `${message.topic}/${message.partition}/${message.offset}`, 'aria-label': sentence(story, message, mine), title: sentence(story, message, mine),
      onclick: (/** @type {any} */ e) => this.on.open(message, mine, e.currentTarget) },
    glyph(message.kind, message.copy || again), h('span', { class: skipped ? 'struck' : null }, message.type), extra ? h('i', {}, extra) : '');
  }

  /** @param {import('./tale.js').Mark} mark */
  mark(mark) {
    return h('button', { type: 'button', class: 'tale-mark', 'data-do': `mark ${mark.seq}`, 'data-kind': mark.kind, 'data-bad': mark.bad ? '' : null, title: mark.sentence, 'aria-label': `${mark.text}${mark.where ? `, ${mark.where}` : ''}. ${mark.sentence}`, onclick: (/** @type {any} */ e) => this.on.moment(mark.seq, e.currentTarget) }, mark.text);
  }

  /** @param {import('./tale.js').Gap} gap @param {number} [y] its middle */
  gap(gap, y) {
    const open = this.gaps.has(gap.from_seq);
    const words = `${((gap.to - gap.from) / 1000).toFixed(1)} s`;
    const zigzag = s('svg', { class: 'zigzag', viewBox: '0 0 10 26', 'aria-hidden': 'true' }, s('path', { d: 'M5 1l4 4-8 5 8 6-8 5 4 4' }));
    const node = gap.open
      ? h('span', { class: 'gap' }, zigzag, words)
      : h('button', { type: 'button', class: 'gap', 'data-do': `gap ${gap.from_seq}`, 'aria-expanded': String(open), title: open ? 'Leave the idle time out' : 'Show the idle time', 'aria-label': `${words} in which nobody had the order in hand: ${open ? 'leave it out' : 'show it'}`, onclick: () => { if (!this.gaps.delete(gap.from_seq)) this.gaps.add(gap.from_seq); this.on.redraw(); } }, zigzag, words);
    if (y !== undefined) node.dataset.y = String(y - 14);
    return node;
  }

  /** Where the order stands at the bottom of its life line. @param {Story} story @param {number} [x] @param {number} [y] */
  end(story, x, y) {
    const node = h('span', { class: 'tale-end', 'data-ended': story.ended ? '' : null, 'data-status': story.status }, story.status || 'NOT KNOWN YET', story.ended ? '' : h('small', {}, ' so far'));
    if (x !== undefined) { css(node, 'left', `${x}px`); css(node, 'top', `${y}px`); }
    return node;
  }

  /** The same from top to bottom, beside a rail of life lines. @param {Story} story @param {number} fresh */
  list(story, fresh) {
    const at = Object.fromEntries(story.columns.map((column, i) => [column.name, RAIL / 2 + i * RAIL]));
    const wide = story.columns.length * RAIL;
    const digits = precision(story);
    const names = Object.fromEntries(story.columns.map((column) => [column.name, column.title]));
    /** @param {any[]} lines */
    const rail = (...lines) => s('svg', { class: 'rail', width: wide, height: 52, viewBox: `0 0 ${wide} 52`, preserveAspectRatio: 'none', 'aria-hidden': 'true' }, ...story.columns.map((column) => s('path', { class: 'life', d: `M${at[column.name]} 0V52` })), ...lines);
    const rows = rowsOf(story).map((row) => {
      const isNew = fresh >= 0 && row.seq > fresh && !this.on.calm() ? '' : null;
      if (row.gap) return h('li', { 'data-seq': row.seq, class: 'pause' }, rail(), this.gap(row.gap), h('span', { class: 'mut' }, row.gap.open ? 'and nobody has it in hand' : 'nobody had it in hand'));
      if (row.mark) {
        const x = at[row.mark.service];
        return h('li', { 'data-seq': row.seq, 'data-new': isNew }, rail(row.mark.bad ? s('path', { class: 'cross', d: `M${x - 5} 21l10 10m0-10l-10 10` }) : s('circle', { class: 'bead', cx: x, cy: 26, r: 3 })), h('div', {}, this.mark(row.mark), h('small', {}, `${names[row.mark.service] ?? row.mark.service}, ${stamp(row.mark.at, digits)}${row.mark.where ? `, ${row.mark.where}` : ''}`)));
      }
      const { message, to } = row;
      if (!message) return h('li');
      const others = to?.again ? [to] : message.to.filter((one) => !one.again);
      const lines = others.filter((one) => one.service !== message.from && at[one.service] !== undefined).flatMap((one) => {
        const from = to?.again ? at[one.service] - 12 : at[message.from];
        const right = at[one.service] > from;
        return this.arrow({ message, to: one, x1: from + (right ? 2 : -2), y1: 26, x2: at[one.service] + (right ? -3 : 3), y2: 26, way: one.seq ? 'whole' : 'under' }, null);
      });
      if (!lines.length) lines.push(...this.arrow({ message, x1: at[message.from], y1: 26, x2: at[message.from] + 13, y2: 26, way: 'stub' }, null));
      const whom = others.map((one) => names[one.service] ?? one.service).join(', ') || 'the log';
      return h('li', { 'data-seq': row.seq, 'data-new': isNew }, rail(...lines), h('div', {}, this.button(story, message, to, Boolean(to?.again)), h('small', {}, `${names[message.from] ?? message.from} → ${whom}`), h('small', {}, `${stamp(to?.again ? to.at : message.at, digits)}${message.where ? `, ${message.where}` : ''}${message.state === 'on_its_way' ? ', on its way' : ''}`)));
    });
    const heads = h('div', { class: 'tale-heads', 'aria-hidden': 'true' }, ...story.columns.map((column) => { const head = h('b', {}, seatName(column.name, 1).replace('-1', '').slice(0, 4)); css(head, 'left', `${at[column.name]}px`); return head; }));
    const list = h('ol', { class: 'tale-list' }, ...rows, h('li', { class: 'last' }, rail(), this.end(story)));
    css(list, '--rail', `${wide}px`);
    return [heads, list];
  }

  /** @param {Story} story */
  table(story) {
    const names = Object.fromEntries(story.columns.map((column) => [column.name, column.title]));
    const digits = precision(story);
    const named = (/** @type {string} */ service) => names[service] ?? service;
    const lines = rowsOf(story).map((row) => {
      if (row.gap) return ['', `${((row.gap.to - row.gap.from) / 1000).toFixed(1)} s`, 'idle', '', '', '', 'nobody has the order in hand'];
      if (row.mark) return [row.seq, stamp(row.mark.at, digits), row.mark.bad ? 'failure' : 'at work', named(row.mark.service), '', row.mark.where, row.mark.text];
      const { message, to } = row;
      if (!message) return [];
      const deliveries = to?.again ? [to] : message.to.filter((one) => !one.again);
      return [row.seq, stamp(to?.again ? to.at : message.at, digits), `${message.type}${message.copy ? ', a copy' : to?.again ? ', again' : ''} (${message.kind})`, named(message.from), deliveries.map((one) => named(one.service)).join(', ') || 'nobody', message.where, deliveries.map((one) => `${named(one.service)}: ${CAME[one.state] ?? one.state}${one.tries > 1 ? `, ${one.tries} tries` : ''}`).join('; ')];
    });
    return [h('div', { class: 'tscroll', tabindex: 0, role: 'region', 'aria-label': 'The story as a table' }, h('table', { class: 't' }, h('caption', {}, `Story, ${story.style}: ${story.status}`),
      h('thead', {}, h('tr', {}, ...['entry', 'at, s', 'what', 'from', 'to', 'where', 'what came of it'].map((word) => h('th', { scope: 'col' }, word)))), h('tbody', {}, ...lines.map((line) => h('tr', {}, ...line.map((cell) => h('td', {}, cell)))))))];
  }

  /** Marks the record that is looked at. @param {Set<string>} picked */
  pick(picked) {
    for (const node of /** @type {NodeListOf<HTMLElement>} */ (this.root.querySelectorAll('[data-record]'))) set(node, 'data-picked', picked.has(node.dataset.record ?? '') || null);
  }
}

/** Messages, what came again, marks and gaps, in the order of time. @param {Story} story */
export function rowsOf(story) {
  /** @type {{seq: number, message?: Message, to?: Delivery, mark?: import('./tale.js').Mark, gap?: import('./tale.js').Gap}[]} */
  const rows = [];
  for (const message of story.messages) {
    rows.push({ seq: message.seq, message });
    for (const to of message.to) if (to.again) rows.push({ seq: to.seq, message, to });
  }
  for (const mark of story.marks) rows.push({ seq: mark.seq, mark });
  for (const gap of story.gaps) rows.push({ seq: gap.from_seq + 0.9, gap });
  return rows.sort((a, b) => a.seq - b.seq);
}

/** A message in one sentence. @param {Story} story @param {Message} message @param {Delivery} [to] */
function sentence(story, message, to) {
  const names = Object.fromEntries(story.columns.map((column) => [column.name, column.title]));
  const deliveries = to ? [to] : message.to.filter((one) => !one.again);
  const came = deliveries.map((one) => `${names[one.service] ?? one.service}: ${CAME[one.state] ?? one.state}${one.tries > 1 ? ` after ${one.tries} tries` : ''}`).join('; ');
  return `${message.type}, ${message.kind}${message.copy ? ', a copy' : ''}${to?.again ? ', again' : ''}, from ${names[message.from] ?? message.from}${message.where ? `, ${message.where}` : ''}, at ${(message.at / 1000).toFixed(2)} s. ${came || 'Nobody but the read side needs it'}.`;
}

/** The line below a story: how many messages, who knows what is next, what it cost. @param {Story} story @param {string} letter */
export function verdict(story, letter) {
  const { totals } = story;
  const sorts = [[totals.events, 'event'], [totals.commands, 'command'], [totals.calls, 'call']].filter(([n]) => n);
  const kinds = sorts.map(([n, word]) => `${sorts.length > 1 ? `${n} ` : ''}${word}${n === 1 ? '' : 's'}`).join(', ');
  const who = totals.knows.who.map((name) => story.columns.find((column) => column.name === name)?.title.toLowerCase() ?? name).join(', ');
  const sum = `${money(totals.charged)} − ${money(totals.refunded)} = ${totals.net === 0 ? '0' : money(totals.net)}`;
  return h('dl', { class: 'verdict' },
    h('div', { 'data-total': 'messages' }, h('dt', {}, 'messages'), h('dd', {}, totals.messages, ' ', h('small', {}, kinds))),
    h('div', { 'data-total': 'knows' }, h('dt', {}, 'who knows the next step?'), h('dd', {}, totals.knows.count, ' ', h('small', {}, totals.knows.unit, h('span', { class: 'nw' }, who ? `: ${who}` : '')))),
    h('div', { 'data-total': 'money' }, h('dt', {}, `money of ${letter || 'the order'}`), h('dd', {}, totals.refunded ? sum : money(totals.charged))));
}

/** The shapes and what they mean. */
export function shapes() {
  return h('span', { class: 'shapes' }, ...[['event', 'event'], ['command', 'command'], ['compensation', 'compensation']].map(([kind, word]) => h('span', {}, glyph(kind), word)));
}

/** @param {string} style */
export const styleName = (style) => ({ choreography: 'Choreography', orchestration: 'Orchestration', sync: 'Synchronous calls' }[style] ?? style);

/** How many digits of a second tell the moments apart. @param {Story} story */
function precision(story) {
  const all = story.messages.map((one) => one.at);
  const span = Math.max(...all, 0) - Math.min(...all, Infinity);
  return all.length < 2 || span / all.length < 150 ? 2 : 1;
}

/** @param {number} at ms @param {number} digits */
const stamp = (at, digits) => (at < 600_000 ? (at / 1000).toFixed(digits).padStart(digits + 3, '0') : `${Math.floor(at / 60_000)}:${((at % 60_000) / 1000).toFixed(digits === 2 ? 1 : 0).padStart(digits === 2 ? 4 : 2, '0')}`);

/** Measures texts in the fonts of the labels. @param {HTMLElement} root */
function widths(root) {
  const pen = /** @type {CanvasRenderingContext2D} */ (document.createElement('canvas').getContext('2d'));
  const family = getComputedStyle(root).fontFamily;
  /** @param {string} font @returns {(text: string) => number} */
  const of = (font) => (text) => { pen.font = `${font} ${family}`; return Math.ceil(pen.measureText(text).width) + 2; };
  return { name: of('600 13px'), small: of('400 12px'), mark: of('650 14px') };
}
