// The way of an order over the map: its trail, as edges between the parts.

/** @typedef {import('./types.js').Order} Order */
/** @typedef {import('./types.js').Hop} Hop */
/** @typedef {{edge: string, seq: number, hop: Hop, again: boolean}} Leg again: the order went this way before, with the same event */

const IN = new Set(['delivered', 'handling', 'handled', 'written', 'projected', 'compensated', 'failed', 'retrying', 'skipped', 'dead_lettered', 'saga']);
/** @type {Record<string, string>} whom each synchronous call goes to */
const CALLED = { ChargePayment: 'payment', RefundPayment: 'payment', ReserveStock: 'inventory', ReleaseStock: 'inventory', SendNotification: 'notification' };
const COMMAND = 'PlaceOrder'; // the order service's own API: it comes from the shop, not from a topic

/** The edge of the map that a hop or a journal entry went along, "" for none. @param {{kind: string, service?: string, topic?: string, event_type?: string}} hop */
export function edgeOf(hop) {
  if (!hop.topic && hop.event_type === COMMAND) return 's:shop>s:order';
  if (!hop.topic) return CALLED[hop.event_type ?? ''] ? `call:${CALLED[hop.event_type ?? '']}` : '';
  if (hop.kind === 'produced') return `s:${hop.service || 'shop'}>t:${hop.topic}`;
  if (IN.has(hop.kind) && hop.service) return `t:${hop.topic}>s:${hop.service}`;
  return '';
}

/** @param {Order} order @returns {Leg[]} oldest first */
export function legs(order) {
  /** @type {Leg[]} */
  const found = [];
  const events = new Map(); // what was seen, by edge and event: where it stands
  for (const hop of order.trail ?? []) {
    const edge = edgeOf(hop);
    if (!edge) continue;
    if (edge === 's:shop>s:order' && found.some((leg) => leg.edge === edge)) continue; // it was placed once: what follows is the order service's own work
    const last = found.at(-1);
    if (last && last.edge === edge && (hop.topic || last.hop.event_type === hop.event_type) && last.hop.topic === hop.topic && last.hop.partition === hop.partition && last.hop.offset === hop.offset) {
      last.hop = hop; // one message, further on: handling, then handled
      last.seq = hop.seq;
      continue;
    }
    const name = `${edge} ${hop.event_type ?? ''}`;
    const again = events.has(name);
    events.set(name, hop.seq);
    found.push({ edge, seq: hop.seq, hop, again });
  }
  return found;
}
