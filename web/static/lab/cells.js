// What the cell of a record looks like, for the group whose carets are shown.

/** @typedef {import('./types.js').Rec} Rec */
/** @typedef {{committed: number, position: number, lag: number}} Offset */

const DONE = new Set(['handled', 'skipped', 'passed', 'dead_lettered']);

/** @type {Record<string, string>} states in the words of the cell's name */
export const STATE_WORDS = {
  ok: 'handled and saved', waiting: 'waiting', now: 'being handled now', unsaved: 'done, not saved, comes again after a crash',
  duplicate: 'a copy of an earlier record', failed: 'failed, another try is due', dead: 'given up, in the dead letters', lost: 'lost: saved as done, but never handled',
  missing: 'no record can be read here', skipped: 'seen before, skipped',
};

/**
 * @param {Rec | undefined} record @param {number} n its offset @param {string} group @param {Offset | undefined} offset of the group; none: a topic that nobody of the shop reads
 * @param {boolean} outside the group is not one of the shop's: what it did with a record is not known
 * @param {boolean} inHand a seat of the group is busy with it
 * @returns {{state: string, done: string}} done is the group's own word for it
 */
export function stateOf(record, n, group, offset, outside, inHand) {
  if (!record || record.missing) return { state: 'missing', done: '' };
  const done = record.done?.[group] ?? '';
  const copy = record.duplicate || record.copy_of !== undefined;
  if (done === 'dead_lettered') return { state: 'dead', done };
  if (offset) {
    const saved = offset.committed >= 0 && n < offset.committed;
    if (!saved) {
      if (DONE.has(done) || (outside && offset.position >= 0 && n < offset.position)) return { state: 'unsaved', done };
      if (inHand) return { state: 'now', done };
      if (done === 'failed' || done === 'retrying') return { state: 'failed', done };
      return { state: 'waiting', done };
    }
    if (saved && !inHand && (done === 'dropped' || done === 'handling' || done === 'failed' || done === 'retrying')) return { state: 'lost', done };
  }
  if (done === 'skipped' && !copy) return { state: 'skipped', done };
  return { state: copy ? 'duplicate' : 'ok', done };
}

/** Whether a record is a copy of an earlier one. @param {Rec | undefined} record */
export const isCopy = (record) => Boolean(record && (record.duplicate || record.copy_of !== undefined));
