// The lower half of the map while an orchestrator leads the orders: a topic of
// commands under each service, the orchestrator that writes to all of them, and
// the one topic on which they answer.

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./map.js').Box} Box */

const LED = ['order', 'payment', 'inventory', 'notification'];
export const REPLIES = 'saga-replies';

/** The topics that only an orchestrated order uses. */
export const COMMAND_TOPICS = [...LED.map((name) => `${name}-commands`), REPLIES];

/** Whether anybody leads: the lab is set to it, or the orchestrator still has sagas to end. @param {Board} board */
export const isLed = (board) => board.settings?.saga === 'orchestration' || (board.services.orchestrator?.seats?.length ?? 0) > 0;

/** The ways that only an order without a leader takes. @param {string} edge */
export const isUnled = (edge) => /^(t:orders>s:payment|[st]:.*>[st]:(payments|inventory|notification|notifications))$/.test(edge) && !edge.includes('-commands');

/**
 * Places the topics of commands below top and the answers beside the
 * orchestrator, and returns where the lines between them run.
 * @param {Record<string, Box>} at @param {number} top @param {number} tapeH a topic with its name and its count @param {Record<string, number>} heights
 */
export function placeLed(at, top, tapeH, heights) {
  for (const name of LED) {
    const box = at[`s:${name}`];
    at[`t:${name}-commands`] = { x: box.x - 4, y: top, w: box.w - 40, h: tapeH }; // left of the way that the answers take
  }
  const commands = top + tapeH + 8;
  const replies = commands + 10;
  const below = replies + 27; // what the projector reads runs between
  const order = at['s:order'];
  at['s:orchestrator'] = { x: order.x, y: below, w: Math.max(order.w, 176), h: heights.orchestrator };
  const pay = at['s:payment'];
  const x = Math.max(pay.x, order.x + at['s:orchestrator'].w + 40);
  at[`t:${REPLIES}`] = { x, y: below, w: pay.x + pay.w - x, h: tapeH };
  return { commands, replies, readBus: replies + 10, below, tapeMid: below + 18 + (tapeH - 35) / 2 };
}

/**
 * The lines of an orchestrated order, as [edge, path, class].
 * @param {Record<string, Box>} at @param {number} mid of the upper row @param {number} rowEnd @param {{commands: number, replies: number, tapeMid: number}} bus
 * @returns {[string, string, string][]}
 */
export function ledLines(at, mid, rowEnd, bus) {
  /** @type {[string, string, string][]} */
  const lines = [];
  const leader = at['s:orchestrator'];
  const answers = at[`t:${REPLIES}`];
  const out = leader.x + 16;
  for (const name of LED) {
    const box = at[`s:${name}`];
    const tape = at[`t:${name}-commands`];
    const center = tape.x + tape.w / 2;
    lines.push([`s:orchestrator>t:${name}-commands`, `M${out} ${leader.y - 2}V${bus.commands}H${center}V${tape.y + tape.h + 1}`, 'edge']);
    lines.push([`t:${name}-commands>s:${name}`, `M${center} ${tape.y - 1}V${box.y + box.h + 2}`, 'edge']);
    lines.push([`s:${name}>t:${REPLIES}`, `M${box.x + box.w + 2} ${mid + 14}h9V${bus.replies}H${answers.x + answers.w / 2}V${answers.y - 2}`, 'edge']);
  }
  const orders = at['t:orders'];
  const into = Math.min(orders.x + orders.w / 2 - 5, leader.x + leader.w - 10);
  lines.push(['t:orders>s:orchestrator', `M${into} ${rowEnd + 1}V${leader.y - 2}`, 'edge']);
  lines.push([`t:${REPLIES}>s:orchestrator`, `M${answers.x - 2} ${bus.tapeMid}H${leader.x + leader.w + 2}`, 'edge']);
  const project = at['s:projector'];
  lines.push([`t:${REPLIES}>s:projector`, `M${answers.x + answers.w + 2} ${bus.tapeMid}H${project.x - 2}`, 'edge read']);
  return lines;
}
