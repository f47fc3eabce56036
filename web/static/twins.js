// What came out differently in two labs: the server compares their boards, the
// page asks again as long as one of them moves.

import { el, h, text } from './lab/dom.js';
import { PROMISES } from './lab/words.js';
import { Stories } from './twinstory.js';

const SHOWN = 6; // differences before "all of them"
const EVERY = 1000; // ms

const root = el('twins');
const { left, right } = root.dataset;
const body = /** @type {HTMLTableSectionElement} */ (el('diff').querySelector('tbody'));
let all = false;
let last = '';
const stories = new Stories(root);

/** @typedef {{what: string, left: string, right: string}} Difference */
/** @typedef {{steps: number, done: number, refused: number, over: boolean} | null} Rerun */

/** @param {Difference[]} outcome @param {boolean} over */
function draw(outcome, over) {
  const shown = all ? outcome : outcome.slice(0, SHOWN);
  body.replaceChildren(...shown.map((one) => h('tr', {}, h('th', { scope: 'row' }, named(one.what)), ...[one.left, one.right].map((value) => h('td', { 'data-broken': value === 'broken' }, value)))));
  if (!outcome.length) body.replaceChildren(h('tr', {}, h('td', { colspan: 3, class: 'mut' }, over ? 'Nothing: both came to the same end. The setting made no difference to what was done here.' : 'Nothing so far.')));
  if (outcome.length > SHOWN) body.append(h('tr', {}, h('td', { colspan: 3 }, h('button', { type: 'button', class: 'link', onclick: () => { all = !all; draw(outcome, over); } }, all ? 'only the first' : `all ${outcome.length} differences`))));
}

/** What differs, with the promises by the names that the lab gives them. @param {string} what */
const named = (what) => what.replace(/^promise (\S+)$/, (all, id) => `promise: ${PROMISES[id] ?? id}`);

/** @param {Rerun[]} reruns @returns {string} */
function progress(reruns) {
  const open = reruns.filter((one) => one && !one.over);
  if (open.length) return `Both are doing again what was done: ${reruns.map((one) => (one ? `${one.done} of ${one.steps}` : 'through')).join(', ')}.`;
  const refused = reruns.reduce((sum, one) => sum + (one?.refused ?? 0), 0);
  return `Both have done the same ${reruns[0]?.steps ?? ''} actions at the same lab times${refused ? `; ${refused} of them were refused this time` : ''}. Which member gets which partition is Kafka's choice in each run.`;
}

async function ask() {
  const response = await fetch(`/api/labs/${encodeURIComponent(left ?? '')}/compare?with=${encodeURIComponent(right ?? '')}`).catch(() => undefined);
  if (!response) { text(el('twins-state'), 'The server cannot be reached just now.'); return; }
  const answer = await response.json();
  if (!response.ok) { text(el('twins-state'), answer.error?.message ?? 'The labs cannot be compared.'); return; }
  const over = answer.reruns.every((/** @type {Rerun} */ one) => !one || one.over);
  text(el('twins-state'), progress(answer.reruns));
  root.dataset.over = String(over);
  stories.see(answer.orders, answer.seqs);
  const now = JSON.stringify([answer.outcome, over]);
  if (now === last) return;
  last = now;
  draw(answer.outcome, over);
}

(async () => {
  for (;;) {
    if (!document.hidden) await ask();
    await new Promise((done) => setTimeout(done, EVERY));
  }
})();
