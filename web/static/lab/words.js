// What things are called on screen. The same word for the same thing
// everywhere; plain words first.

/** @typedef {import('./types.js').Board} Board */

export const SERVICES = ['order', 'payment', 'inventory', 'notification', 'projector', 'orchestrator'];
export const TOPICS = ['orders', 'payments', 'inventory', 'notifications'];

/** @type {Record<string, string>} */
export const NAMES = {
  order: 'Order', payment: 'Payment', inventory: 'Inventory', notification: 'Notification', projector: 'Projector', orchestrator: 'Orchestrator',
};

/** @type {Record<string, string[]>} what each service can be asked to do by a call */
export const CALLS = { payment: ['ChargePayment', 'RefundPayment'], inventory: ['ReserveStock', 'ReleaseStock'], notification: ['SendNotification'] };

/** Whether orders are fulfilled by calls. @param {Board} board */
export const byCalls = (board) => board.settings?.saga === 'sync';

const EVENTS = ['OrderCreated', 'OrderCancelled', 'OrderCompleted', 'PaymentCompleted', 'PaymentFailed', 'PaymentRefunded', 'StockReserved', 'StockReservationFailed', 'StockReleased', 'NotificationSent'];

/** @type {Record<string, string[]>} the events, and the call, that a service does something about */
export const HANDLES = {
  order: ['PlaceOrder', 'OrderCreated', 'PaymentCompleted', 'PaymentFailed', 'PaymentRefunded', 'StockReserved', 'CompleteOrder', 'CancelOrder'],
  payment: ['OrderCreated', 'OrderCancelled', 'StockReservationFailed', 'ChargePayment', 'RefundPayment'],
  inventory: ['PaymentCompleted', 'PaymentRefunded', 'ReserveStock', 'ReleaseStock'],
  notification: ['StockReserved', 'SendNotification'],
  projector: EVENTS,
  orchestrator: EVENTS,
};

/** @type {Record<string, string>} the short names of seats */
const SHORT = { order: 'ord', payment: 'pay', inventory: 'inv', notification: 'not', projector: 'proj', orchestrator: 'orch' };

/** @param {string} service @param {number|string} instance */
export const seatName = (service, instance) => `${SHORT[service] ?? service}-${instance}`;

/** @type {Record<string, string>} */
export const PROMISES = {
  'no-double-charge': 'no double charge', 'no-oversell': 'no oversell', 'no-paid-cancelled': 'no paid order cancelled',
  'every-order-ends': 'every order ends', 'nothing-lost': 'nothing lost', 'per-key-order': 'order kept per key',
  'per-user-order': 'order kept per user', 'read-model-agrees': 'read side agrees',
};

/** @type {Record<string, string>} */
export const PROMISE_MEANING = {
  'no-double-charge': 'No order is charged more than once: captures minus refunds are at most one.',
  'no-oversell': 'The shop never reserves more pieces than it has.',
  'no-paid-cancelled': 'A cancelled order ends with no money taken.',
  'every-order-ends': 'When the lab is settled, no order is left half done.',
  'nothing-lost': 'Every order that the shop accepted can be found in its database, and its event is or will be on the log.',
  'per-key-order': 'Each group handles the events of an order in the order in which they were produced.',
  'per-user-order': 'Each group handles the events of a user in the order in which they were produced.',
  'read-model-agrees': 'Once it has read everything, the read side says the same as the write side.',
};

/** @type {Record<string, string>} the group whose carets a topic shows at first */
export const DEFAULT_GROUP = { orders: 'payment-service', payments: 'inventory-service', inventory: 'notification-service', notifications: 'projector',
  'order-commands': 'order-service', 'payment-commands': 'payment-service', 'inventory-commands': 'inventory-service', 'notification-commands': 'notification-service', 'saga-replies': 'saga-orchestrator' };

/** @type {Record<string, string[]>} what each group of the shop reads; a client from outside shows up by itself */
export const READS = {
  'order-service': ['payments', 'inventory', 'order-commands'], 'payment-service': ['orders', 'inventory', 'payment-commands'], 'inventory-service': ['payments', 'inventory-commands'],
  'notification-service': ['inventory', 'notification-commands'], projector: ['orders', 'payments', 'inventory', 'notifications', 'saga-replies'], 'saga-orchestrator': ['orders', 'saga-replies'],
};

/** @type {Record<string, string>} what a seat that does not run is called */
const STATE_WORDS = { crashed: 'FAILED', blocked: 'BLOCKED', paused: 'PAUSED', stopped: 'STOPPED', starting: 'STARTING' };

/** @param {string} state */
export const stateWord = (state) => STATE_WORDS[state] ?? state.toUpperCase();

/** failed, stuck or ok: what a seat's or service's state looks like. @param {string} state */
export const look = (state) => (state === 'crashed' ? 'failed' : state === 'paused' || state === 'stopped' || state === 'blocked' ? 'stuck' : 'ok');

/** @param {number} minor minor units */
export const money = (minor) => `${minor < 0 ? '-' : ''}${Math.floor(Math.abs(minor) / 100)}.${String(Math.abs(minor) % 100).padStart(2, '0')}`;

/** mm:ss.t @param {number} ms of lab time */
export function clock(ms) {
  const tenths = Math.max(0, Math.floor(ms / 100));
  const minutes = Math.floor(tenths / 600);
  return `${String(minutes).padStart(2, '0')}:${String(Math.floor((tenths % 600) / 10)).padStart(2, '0')}.${tenths % 10}`;
}

/** Seconds with a tenth, for the narrow column of a story. @param {number} ms */
export const seconds = (ms) => (ms < 600_000 ? (ms / 1000).toFixed(1) : clock(ms));

/** @param {number} n @param {string} one @param {string} [many] */
export const count = (n, one, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

/** @param {{items: {sku: string, name?: string, qty: number}[]}} order */
export const goods = (order) => order.items.map((item) => `${item.qty} ${(item.name || item.sku).toLowerCase()}`).join(', ');

/** @param {string} sentence */
export const lower = (sentence) => (/^[A-Z][a-z]/.test(sentence) ? sentence[0].toLowerCase() + sentence.slice(1) : sentence);

/** @param {number[]|null|undefined} list */
const named = (list) => [...(list ?? [])].sort((a, b) => a - b).map((p) => `p${p}`).join(' ');

/** The partitions of a seat, in words: "reads p0 p2", or by topic where they differ. @param {Record<string, number[]|null>|null} partitions */
export function reads(partitions) {
  const list = Object.entries(partitions ?? {}).filter(([, ps]) => ps?.length);
  if (list.length === 0) return 'reads nothing';
  if (new Set(list.map(([, ps]) => named(ps))).size === 1) return `reads ${named(list[0][1])}`;
  return `reads ${list.filter(([topic]) => TOPICS.includes(topic)).map(([topic, ps]) => `${topic} ${named(ps)}`).join(', ') || 'commands'}`;
}

/** The same in a few characters, for a seat on the map: what it has of the topic that its service is about. Of another topic only with its name: two seats never share a partition. @param {Record<string, number[]|null>|null} partitions @param {string} group @param {boolean} [busy] a message takes the room */
export function readsShort(partitions, group, busy = false) {
  const [main = '', ...others] = READS[group] ?? [];
  const read = [...(partitions?.[main] ?? [])].sort((a, b) => a - b);
  if (read.length > 3 && read.at(-1) - read[0] === read.length - 1) return `p${read[0]} to p${read.at(-1)}`; // a seat has room for three
  const other = others.find((topic) => partitions?.[topic]?.length);
  if (!read.length && other) return busy ? '' : `${other.replace(/^.*-(?=commands$)/, '')} ${named(partitions?.[other])}`; // its own commands are all it reads of commands
  return named(read) || (busy ? '' : 'idle');
}

/** @param {Board} board @param {string} group */
export const serviceOf = (board, group) => SERVICES.find((name) => board.services[name]?.group === group) ?? '';

/** Who reads a partition for a group, as a seat or client name. @param {Board} board @param {string} group @param {string} topic @param {number} partition */
export function reader(board, group, topic, partition) {
  for (const m of board.groups[group]?.members ?? []) {
    if (m.partitions?.[topic]?.includes(partition)) return m.service ? seatName(m.service, m.instance ?? 1) : m.client || m.id;
  }
  return '';
}

/**
 * The sentences of the journal with the names of the page: seats by their short
 * names, orders by their letters.
 * @param {string} sentence @param {(id: string) => string} letter
 */
export function plain(sentence, letter) {
  return sentence
    .replace(/ \(pay-\d+\)/, '')
    .replace(/\b(order|payment|inventory|notification|projector|orchestrator)-(\d+)\b/g, (_, service, n) => seatName(service, n))
    .replace(/(\b(?:order|of|about) )?\bo-(\d+)\b/g, (_, before, n) => {
      const called = letter(`o-${n}`);
      const word = before === 'order ' ? '' : before ?? '';
      return called ? `${before ?? ''}${called}` : `${word}order ${n}`; // "of B", "order B", "of order 7"
    });
}

/** @param {string} what the thing that is in a bad state @param {string} because */
export function becauseOf(what, because) {
  let reason = (because || '').trim().replace(/\.$/, '');
  const self = `${what.split(' ')[0]} `;
  if (!/\bbecause\b/i.test(reason) && reason.startsWith(self)) reason = `it ${reason.slice(self.length)}`;
  if (!reason) return { head: `${what},`, tail: 'because of something that the lab has not found out yet' };
  const at = reason.search(/\bbecause\b/i);
  if (at > 0) return { head: reason.slice(0, at).trim().replace(/,$/, '') + ',', tail: reason.slice(at) };
  return { head: `${what},`, tail: at === 0 ? lower(reason) : `because ${lower(reason)}` };
}

/** How many of the business topics' partitions a broker leads. @param {Board} board @param {number} id */
export const leads = (board, id) => TOPICS.flatMap((topic) => board.topics[topic]?.partitions ?? []).filter((p) => p.leader === id).length;

/** All there is to say about what is wrong now, worst first. @param {Board} board */
export function troubles(board) {
  /** @type {{id: string, state: 'failed'|'stuck'|'armed', chip: string, what: string, because: string, seq: number, since: number, service: string, broker?: number, repair: string, heal?: string}[]} */
  const list = [];
  for (const name of SERVICES) {
    const service = board.services[name];
    if (!service) continue;
    const bad = (service.seats ?? []).filter((seat) => look(seat.state) !== 'ok');
    for (const seat of bad) {
      list.push({
        id: `seat-${name}-${seat.instance}`, state: look(seat.state) === 'failed' ? 'failed' : 'stuck', chip: stateWord(seat.state),
        what: `${seatName(name, seat.instance)} is ${seat.state === 'crashed' ? 'down' : seat.state}`,
        because: seat.because || service.because || '', seq: seat.because_seq || service.because_seq || 0, since: seat.since, service: name,
        repair: seat.state === 'paused' ? 'Resume' : 'Repair',
      });
    }
    if (!bad.length && look(service.state) !== 'ok' && !(name === 'orchestrator' && board.settings?.saga !== 'orchestration')) {
      list.push({
        id: `service-${name}`, state: look(service.state) === 'failed' ? 'failed' : 'stuck', chip: stateWord(service.state), what: `${NAMES[name]} is ${service.state}`,
        because: service.because || (service.instances === 0 ? 'it has no seats' : ''), seq: service.because_seq || 0, since: 0, service: name,
        repair: service.instances === 0 ? 'Start' : 'Repair',
      });
    }
  }
  for (const name of SERVICES) {
    const slots = board.services[name]?.slots;
    if (!slots?.because) continue;
    const since = Math.min(...Object.values(board.calls ?? {}).filter((call) => call.service === name).map((call) => call.since));
    list.push({ id: `slots-${name}`, state: 'stuck', chip: 'NO SLOT', what: `${NAMES[name]} is full`, because: slots.because, seq: slots.because_seq, since, service: name, repair: 'Repair', heal: slots.root });
  }
  for (const broker of board.brokers ?? []) {
    if (broker.state !== 'down' && !broker.slow) continue;
    const fault = (board.faults ?? []).find((one) => one.broker === broker.id);
    list.push({
      id: `broker-${broker.id}`, state: broker.state === 'down' ? 'failed' : 'stuck', chip: broker.state === 'down' ? 'DOWN' : 'SLOW', what: `broker ${broker.id} is ${broker.state === 'down' ? 'down' : 'slow'}`,
      because: broker.because, seq: broker.because_seq, since: fault?.since ?? 0, service: '', broker: broker.id, repair: 'Repair',
    });
  }
  const down = new Set(list.map((t) => t.service));
  for (const saga of Object.values(board.sagas ?? {})) {
    if (saga.state !== 'needs_person') continue;
    const step = saga.steps.find((one) => one.name === saga.step);
    list.push({ id: `saga-${saga.id}`, state: 'failed', chip: 'NEEDS YOU', what: `the saga of ${saga.id} needs a person`, because: saga.because, seq: saga.because_seq, since: step?.at ?? 0, service: step?.service ?? '', repair: 'Resend' });
  }
  for (const fault of board.faults ?? []) {
    if (fault.broker !== undefined) continue;
    if (fault.kind === 'cut' && !down.has(fault.service ?? '')) {
      list.push({ id: `cut-${fault.id}`, state: 'stuck', chip: 'CUT OFF', what: `${NAMES[fault.service ?? '']} is cut off from ${fault.from === 'kafka' ? 'Kafka' : 'its database'}`, because: 'you cut the connection', seq: fault.id, since: fault.since, service: fault.service ?? '', repair: 'Mend' });
      continue;
    }
    if (fault.over || (fault.service && down.has(fault.service) && /crash|pause|stop/.test(fault.kind))) continue;
    list.push({ id: `fault-${fault.id}`, state: 'armed', chip: 'ARMED', what: fault.text, because: '', seq: fault.id, since: fault.since, service: fault.service ?? '', repair: 'Repair' });
  }
  for (const one of board.breakpoints ?? []) list.push({ id: `break-${one.id}`, state: 'armed', chip: 'BREAKPOINT', what: `stops before ${one.text}`, because: '', seq: one.id, since: 0, service: '', repair: 'Remove' });
  return list.sort((a, b) => 'fsa'.indexOf(a.state[0]) - 'fsa'.indexOf(b.state[0]));
}
