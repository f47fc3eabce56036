// What is highlighted on the figures while something is looked at.

import { SERVICES } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./app.js').Thing} Thing */

/** What a thing is on the figures: for a moment and for evidence, the records it is about. @param {Board} board @param {Thing} thing @param {(seq: number) => import('./types.js').Entry | undefined} find */
export function keysOf(board, thing, find) {
  if (thing.type === 'record') return [`${thing.topic}/${thing.partition}/${thing.offset}`];
  if (thing.type === 'records') return Array.from({ length: thing.to - thing.from + 1 }, (_, i) => `${thing.topic}/${thing.partition}/${thing.from + i}`);
  if (thing.type === 'service') return [`service/${thing.name}`];
  if (thing.type === 'topic') return [`topic/${thing.name}`];
  if (thing.type === 'broker') return [`broker/${thing.id}`];
  if (thing.type === 'why') return [];
  const seqs = thing.type === 'promise' ? board.invariants?.[thing.id]?.evidence ?? [] : [thing.seq];
  const keys = [];
  for (const [topic, partitions] of Object.entries(board.tapes)) for (const [p, tape] of Object.entries(partitions)) for (const record of Object.values(tape.records)) if (seqs.includes(record.seq)) keys.push(`${topic}/${p}/${record.offset}`);
  for (const entry of seqs.map(find)) {
    if (entry?.topic) keys.push(`${entry.topic}/${entry.partition}/${entry.offset}`);
    else if (entry?.service && SERVICES.includes(entry.service)) keys.push(`service/${entry.service}`);
  }
  return keys;
}
