// Where the parts of a story stand: a time-space diagram is laid out so that
// time runs down, no two labels overlap, and what is crowded makes room for
// itself by pushing everything later further down.

/** @typedef {{service: string, instance: number, seq: number, at: number, state: string, tries: number, of: number, error: string, again: boolean, useful: boolean, end_seq: number, end_at: number}} Delivery */
/** @typedef {{seq: number, at: number, type: string, kind: 'event'|'command'|'compensation'|'query', from: string, call: boolean, topic: string, partition: number, offset: number, where: string, copy: boolean, state: string, text: string, to: Delivery[]}} Message */
/** @typedef {{service: string, instance: number, seq: number, at: number, end_seq: number, end_at: number, state: string, type: string, message: number}} Bar */
/** @typedef {{kind: string, bad: boolean, service: string, instance: number, seq: number, at: number, text: string, sentence: string, where: string}} Mark */
/** @typedef {{from_seq: number, from: number, to_seq: number, to: number, open: boolean}} Gap */
/** @typedef {{order: string, handle: string, user: string, items: {sku: string, name?: string, qty: number}[], total: number, style: string, rule: string, seq: number, at: number, note: string,
 *   status: string, ended: boolean, because: string, because_seq: number, because_at: number, columns: {name: string, title: string}[], messages: Message[], bars: Bar[], marks: Mark[], gaps: Gap[],
 *   totals: {messages: number, events: number, commands: number, calls: number, copies: number, letters: number, knows: {count: number, unit: string, who: string[]}, charged: number, refunded: number, net: number}}} Story */
/** @typedef {{x: number, y: number, w: number, h: number}} Box */
/** @typedef {{message: Message, to?: Delivery, x1: number, y1: number, x2: number, y2: number, way: 'whole'|'stub'|'under'|'again'|'answer'}} Arrow */
/** @typedef {{key: string, seq: number, box: Box, align: 'left'|'right'|'center', what: 'message'|'again'|'where'|'mark', message?: Message, to?: Delivery, mark?: Mark, text: string}} Label */
/** @typedef {{bar: Bar, x: number, y: number, h: number, open: boolean, useful: boolean}} Block */
/** @typedef {{height: number, xs: Record<string, number>, arrows: Arrow[], labels: Label[], blocks: Block[], ticks: {y: number, at: number}[], breaks: {gap: Gap, y: number, h: number}[], crosses: {x: number, y: number, kind: string}[], last: number}} Layout */

const GUTTER = 58; // px for the times
const STEP = 40; // px for the usual time that somebody works
const MOST = 84; // px for the longest time in which something happens
const LEAST = 20; // px of a bar
const SLOPE = 14; // px that an arrow falls at least
const BREAK = 38; // px of idle time that is left out
const GLYPH = 26; // px of a shape and the space after it
const ROW = 18;
const FAR = 11; // px between a life line and a label

/** What a label says after the name of its message. @param {Message} message @param {Delivery} [to] */
export const more = (message, to) => (to?.again ? 'again' : '') + (to && to.tries > 1 ? ` ×${to.tries}` : '') + (message.state === 'lost' && !message.call ? 'lost' : '');

/**
 * @param {Story} story @param {number} width px
 * @param {{name: (text: string) => number, small: (text: string) => number, mark: (text: string) => number}} measure widths of texts in px
 * @param {Set<number>} open gaps that are shown in full, by the seq at which they begin
 * @returns {Layout}
 */
export function lay(story, width, measure, open) {
  const n = story.columns.length;
  const left = GUTTER + 42;
  const gap = n > 1 ? Math.min(380, (width - left - 58) / (n - 1)) : 0;
  /** @type {Record<string, number>} */
  const xs = Object.fromEntries(story.columns.map((column, i) => [column.name, left + i * gap]));
  const end = left + (n - 1) * gap;
  /** @type {Layout} */
  const out = { height: 0, xs, arrows: [], labels: [], blocks: [], ticks: [], breaks: [], crosses: [], last: 0 };
  /** @type {Box[]} */
  const taken = [];
  /** @type {Map<number, number>} */
  const ys = new Map();
  const steps = happenings(story);
  const scale = STEP / usual(story);
  let y = 26;
  let before = steps[0];

  /** How far a box must go down to be free. @param {Box} box */
  const blocked = (box) => taken.reduce((down, other) => (box.x < other.x + other.w + 4 && other.x < box.x + box.w + 4 && box.y < other.y + other.h && other.y < box.y + box.h ? Math.max(down, other.y + other.h - box.y) : down), 0);
  /** Pushes the moment down until its boxes are free, and takes their place. @param {(y: number) => Box[]} at */
  const push = (at) => {
    for (let tries = 0; tries < 40; tries++) {
      const down = Math.max(0, ...at(y).map(blocked));
      if (!down) break;
      y += down + 1;
    }
    taken.push(...at(y));
    return at(y);
  };
  /** Which of several places needs the least room. @param {((y: number) => Box)[]} places */
  const best = (places) => places.map((place) => ({ place, down: blocked(place(y)) })).sort((a, b) => a.down - b.down)[0].place;
  /** @type {Record<string, Block[]>} */
  const standing = {};
  /** @type {Map<number, Block>} */
  const begun = new Map();

  for (const step of steps) {
    const idle = story.gaps.find((one) => one.to_seq === step.seq && !one.open);
    const since = step.at - before.at;
    if (idle) {
      const room = open.has(idle.from_seq) ? Math.min(Math.max(since * scale, BREAK), 640) : BREAK;
      out.breaks.push({ gap: idle, y, h: room });
      y += room;
    } else if (since > 0) y += Math.min(Math.max(since * scale, 3), MOST);
    before = step;

    for (const bar of step.ends) { // a bar needs its height
      const block = begun.get(bar.seq);
      if (block) y = Math.max(y, block.y + LEAST);
    }
    for (const { message, to } of step.arrives) {
      if (to.again) {
        const x = xs[to.service];
        const back = (xs[message.from] ?? 0) > x;
        const w = GLYPH + measure.name(`${message.type} ${more(message, to)}`);
        const [box] = push((at) => [{ x: back ? x + FAR : x - FAR - w, y: at - ROW - 4, w, h: ROW }]);
        out.labels.push({ key: `again ${to.seq}`, seq: to.seq, box, align: back ? 'left' : 'right', what: 'again', message, to, text: message.type });
        out.arrows.push({ message, to, x1: back ? x + 70 : x - 70, y1: y, x2: x + (back ? 6 : -6), y2: y, way: 'again' });
        continue;
      }
      const from = ys.get(message.seq) ?? y;
      y = Math.max(y, from + SLOPE);
      const right = xs[to.service] > xs[message.from];
      if (message.from === to.service) { out.arrows.push({ message, to, x1: xs[message.from] + 7, y1: from, x2: xs[to.service] + 7, y2: y, way: 'whole' }); continue; }
      if (to === message.to[0] && message.where) {
        const w = measure.small(message.where);
        const x = xs[to.service];
        const [box] = push((at) => [{ x: right ? x - FAR - w : x + FAR, y: at + 3, w, h: 16 }]);
        out.labels.push({ key: `where ${message.seq}`, seq: message.seq, box, align: right ? 'right' : 'left', what: 'where', message, to, text: message.where });
      }
      out.arrows.push({ message, to, x1: xs[message.from] + (right ? 6 : -6), y1: from, x2: xs[to.service] + (right ? -7 : 7), y2: y, way: 'whole' });
    }
    for (const bar of step.begins) {
      const others = (standing[bar.service] ??= []);
      const busy = others.filter((block) => block.bar.end_seq === 0 || block.bar.end_seq > bar.seq);
      for (const block of others) if (!busy.includes(block)) y = Math.max(y, block.y + block.h + 4);
      const to = story.messages.find((one) => one.seq === bar.message)?.to.filter((one) => one.service === bar.service);
      const block = { bar, x: xs[bar.service] - 5 + busy.length * 8, y: y + 1, h: LEAST, open: bar.end_seq === 0, useful: !to?.length || bar.state !== 'handled' || to.some((one) => one.useful) };
      others.push(block);
      begun.set(bar.seq, block);
      out.blocks.push(block);
      taken.push({ x: block.x - 2, y: block.y, w: 14, h: 6 });
    }
    for (const mark of step.marks) {
      const x = xs[mark.service] ?? left;
      const w = (mark.bad ? measure.mark : measure.small)(mark.text) + (mark.kind === 'dead_letter' ? 20 : 0);
      const off = mark.bad ? 14 : 10;
      const places = [(/** @type {number} */ at) => ({ x: x + off, y: at - 9, w, h: ROW }), (/** @type {number} */ at) => ({ x: x - off - w, y: at - 9, w, h: ROW })].filter((place) => place(0).x > GUTTER - 6 && place(0).x + w < Math.max(width, end + 58));
      if (mark.bad) y += 6;
      const place = best(places.length ? places : [(at) => ({ x: Math.max(GUTTER, Math.min(x + off, width - w)), y: at - 9, w, h: ROW })]);
      const [box] = push((at) => [place(at)]);
      out.labels.push({ key: `mark ${mark.seq} ${mark.kind}`, seq: mark.seq, box, align: box.x > x ? 'left' : 'right', what: 'mark', mark, text: mark.text });
      if (mark.bad) out.crosses.push({ x, y, kind: mark.kind });
      if (mark.bad) y += 4;
    }
    if (step.message) {
      const message = step.message;
      const x = xs[message.from] ?? left;
      const main = message.to.find((to) => !to.again) ?? message.to[0];
      const target = main && main.service !== message.from ? xs[main.service] : undefined;
      const extra = more(message, main);
      const w = GLYPH + measure.name(message.type + (extra ? ` ${extra}` : ''));
      if (target === undefined) { // nobody but the read side needs it
        const right = x + 46 + w < width || x < left + gap;
        const under = measure.small(message.where);
        const boxes = push((at) => [
          { x: right ? x + 46 : x - 46 - w, y: at - 9, w, h: ROW },
          { x: right ? x + 46 + GLYPH : x - 46 - under, y: at + 9, w: under, h: 16 },
          { x: right ? x + 5 : x - 46, y: at - 5, w: 40, h: 10 }]);
        out.arrows.push({ message, x1: x + (right ? 6 : -6), y1: y, x2: x + (right ? 40 : -40), y2: y, way: message.state === 'lost' ? 'under' : 'stub' });
        out.labels.push({ key: `message ${message.seq}`, seq: message.seq, box: boxes[0], align: right ? 'left' : 'right', what: 'message', message, text: message.type });
        if (message.where) out.labels.push({ key: `where ${message.seq}`, seq: message.seq, box: boxes[1], align: right ? 'left' : 'right', what: 'where', message, text: message.where });
      } else {
        const right = target > x;
        const span = Math.min(Math.abs(target - x), gap || Infinity);
        const middle = Math.max((span - w) / 2, FAR); // in the field next to the sender
        const lx = Math.max(GUTTER - 8, Math.min(right ? x + middle : x - middle - w, width - w));
        const waits = main.seq === 0;
        const place = (/** @type {number} */ at) => ({ x: lx, y: at - ROW - (waits ? 2 : 3), w, h: ROW });
        const words = !waits ? '' : message.state === 'lost' ? 'never arrived' : `on its way${message.where ? `, ${message.where}` : ''}`;
        const below = (/** @type {number} */ at) => ({ x: right ? x + FAR + 4 : x - FAR - 4 - measure.small(words), y: at + 12, w: measure.small(words), h: 16 });
        const sides = new Set(message.to.filter((one) => !one.again && one.service !== message.from).map((one) => xs[one.service] > x));
        const lines = (/** @type {number} */ at) => [...sides].map((side) => ({ x: side ? x + 8 : x - 72, y: at - 2, w: 64, h: 8 })); // the arrows' beginnings
        const boxes = push((at) => (waits ? [place(at), below(at), ...lines(at)] : [place(at), ...lines(at)]));
        out.labels.push({ key: `message ${message.seq}`, seq: message.seq, box: boxes[0], align: 'left', what: 'message', message, to: main, text: message.type });
        if (waits) {
          out.labels.push({ key: `where ${message.seq}`, seq: message.seq, box: boxes[1], align: right ? 'left' : 'right', what: 'where', message, text: words });
          out.arrows.push({ message, to: main, x1: x + (right ? 6 : -6), y1: y, x2: x + (target - x) * 0.62, y2: y + 9, way: 'under' });
        }
      }
      tick(out, y, message.at);
    } else if (step.begins.length) tick(out, y, step.at);
    for (const bar of step.ends) {
      const block = begun.get(bar.seq);
      if (block) block.h = Math.max(LEAST, y - block.y + (step.message ? 4 : 0));
    }
    for (const { message, to } of step.answers) {
      const right = xs[to.service] > xs[message.from];
      out.arrows.push({ message, to, x1: xs[to.service] + (right ? -6 : 6), y1: y, x2: xs[message.from] + (right ? 7 : -7), y2: y + 6, way: 'answer' });
      taken.push({ x: Math.min(xs[to.service], xs[message.from]) + 6, y: y - 1, w: Math.abs(xs[to.service] - xs[message.from]) - 12, h: 9 });
      y += 8;
    }
    ys.set(step.seq, y);
  }
  settle(out, taken, Math.max(width, end + 58));
  const lasts = story.gaps.find((one) => one.open);
  for (const block of out.blocks) if (block.open) block.h = Math.max(LEAST + 6, y - block.y + 14);
  y = Math.max(y, ...out.blocks.map((block) => block.y + block.h), ...taken.map((box) => box.y + box.h));
  if (lasts) { out.breaks.push({ gap: lasts, y: y + 6, h: BREAK }); y += BREAK + 6; }
  out.last = y;
  out.height = y + 52;
  return out;
}

/**
 * Moves the words of marks off the arrows, to the other side or a little lower, where there is room. That can be
 * told only now that all arrows have an end.
 * @param {Layout} out @param {Box[]} taken @param {number} width
 */
function settle(out, taken, width) {
  const crossed = (/** @type {Box} */ box) => out.arrows.some(({ x1, y1, x2, y2 }) => {
    const from = Math.max(box.x - 2, Math.min(x1, x2));
    const to = Math.min(box.x + box.w + 2, Math.max(x1, x2));
    if (from > to || x1 === x2) return false;
    const at = (/** @type {number} */ x) => y1 + ((x - x1) * (y2 - y1)) / (x2 - x1);
    return Math.max(at(from), at(to)) > box.y + 2 && Math.min(at(from), at(to)) < box.y + box.h - 2;
  });
  for (const label of out.labels) {
    if (!label.mark || !crossed(label.box)) continue;
    const own = taken.findIndex((box) => box.x === label.box.x && box.y === label.box.y && box.w === label.box.w);
    const others = taken.filter((_, i) => i !== own);
    const x = out.xs[label.mark.service];
    const off = label.mark.bad ? 14 : 10;
    const free = [0, 6, 12, 18, 24].flatMap((down) => [x + off, x - off - label.box.w].map((left) => ({ ...label.box, x: left, y: label.box.y + down })))
      .find((box) => box.x > GUTTER - 6 && box.x + box.w < width && !crossed(box) && !others.some((other) => box.x < other.x + other.w && other.x < box.x + box.w && box.y < other.y + other.h && other.y < box.y + box.h));
    if (!free) continue;
    taken[own] = free;
    label.box = free;
    label.align = free.x > x ? 'left' : 'right';
  }
}

/** A time at the edge, unless there is one close by. @param {Layout} out @param {number} y @param {number} at */
function tick(out, y, at) {
  const last = out.ticks.at(-1);
  if (!last || (y - last.y >= 17 && at !== last.at)) out.ticks.push({ y, at });
}

/** How long somebody usually works, in ms: the middle one of the bars that take time. @param {Story} story */
function usual(story) {
  const took = story.bars.filter((bar) => bar.end_seq).map((bar) => bar.end_at - bar.at).filter((ms) => ms > 0).sort((a, b) => a - b);
  return Math.max(took[Math.floor(took.length / 2)] ?? 100, 1);
}

/** Everything that has a place in time, in order. @param {Story} story */
function happenings(story) {
  /** @type {Map<number, {seq: number, at: number, message?: Message, arrives: {message: Message, to: Delivery}[], answers: {message: Message, to: Delivery}[], begins: Bar[], ends: Bar[], marks: Mark[]}>} */
  const all = new Map();
  /** @param {number} seq @param {number} at */
  const step = (seq, at) => {
    const found = all.get(seq) ?? { seq, at, arrives: [], answers: [], begins: [], ends: [], marks: [] };
    all.set(seq, found);
    return found;
  };
  for (const message of story.messages) {
    step(message.seq, message.at).message = message;
    for (const to of message.to) {
      // A call arrives with the entry that says that it was made: just after it.
      if (to.seq) step(message.call ? to.seq + 0.25 : to.seq, to.at).arrives.push({ message, to });
      if (message.call && to.end_seq) step(to.end_seq, to.end_at).answers.push({ message, to });
    }
  }
  const calls = new Set(story.messages.filter((message) => message.call).map((message) => message.seq));
  for (const bar of story.bars) {
    step(calls.has(bar.seq) ? bar.seq + 0.5 : bar.seq, bar.at).begins.push(bar);
    if (bar.end_seq) step(bar.end_seq, bar.end_at).ends.push(bar);
  }
  for (const mark of story.marks) step(mark.seq, mark.at).marks.push(mark);
  return [...all.values()].sort((a, b) => a.seq - b.seq);
}
