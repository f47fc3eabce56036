// The smallest fault: asks for a search, shows how far it is, and what was
// found. Text goes in as text.

import { el, h, icon } from '../lab/dom.js';
import { lines } from '../lab/lines.js';
import { openInStudio } from './handover.js';

/** @typedef {{at: number, text: string}} Evidence */
/** @typedef {{setting: string, tries: number, broke: number, words: string}} Reverse */
/** @typedef {{invariant: string, found: boolean, sure: boolean, actions?: string[], because?: string, evidence?: Evidence[], also?: string[], solution?: string, scenario?: string, tries: number, ended?: string, reverse?: Reverse[], words: string, took_ms: number}} Answer */

const form = /** @type {HTMLFormElement} */ (el('ask'));
const start = /** @type {HTMLButtonElement} */ (el('search'));
const cancel = /** @type {HTMLButtonElement} */ (el('cancel'));
const running = el('running');
const bar = /** @type {HTMLProgressElement} */ (running.querySelector('progress'));
const refused = el('refused');
const answerBox = el('answer');

/** @type {AbortController | null} */
let search = null;

/** Lays one object of settings over another. @param {any} into @param {any} from */
function lay(into, from) {
  for (const [name, value] of Object.entries(from)) {
    if (value && typeof value === 'object') lay((into[name] ??= {}), value);
    else into[name] = value;
  }
  return into;
}

function question() {
  const data = new FormData(form);
  /** @type {any} */
  const lab = {};
  if (data.get('saga') !== 'choreography') lab.saga = data.get('saga');
  for (const set of data.getAll('set')) lay(lab, JSON.parse(String(set)));
  return { invariant: data.get('invariant'), lab, tries: Number(data.get('tries')), seed: Number(data.get('seed')) };
}

form.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (search) return;
  search = new AbortController();
  busy(true);
  refused.hidden = true;
  answerBox.hidden = true;
  progress({ tries: 0, of: 1, text: 'beginning' });
  try {
    const response = await fetch('/api/smallest', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(question()), signal: search.signal });
    if (!response.ok) throw new Error((await response.json()).error?.message ?? 'The server refused.');
    let ended = false;
    for await (const line of lines(/** @type {ReadableStream<Uint8Array>} */ (response.body))) {
      if (line.progress) progress(line.progress);
      if (line.error) throw new Error(line.error.message);
      if (line.answer) {
        ended = true;
        show(line.answer);
      }
    }
    if (!ended) throw new Error('The server ended the search.');
  } catch (error) {
    const gone = /** @type {Error} */ (error).name === 'AbortError';
    refused.hidden = false;
    refused.replaceChildren(...(gone ? ['The search was cancelled: nothing was found up to then.'] : [icon('x'), ' ', /** @type {Error} */ (error).message]));
  } finally {
    search = null;
    busy(false);
    const found = answerBox.querySelector('h2');
    if (!answerBox.hidden && found) {
      found.tabIndex = -1;
      found.focus();
    }
  }
});

cancel.addEventListener('click', () => search?.abort());

/** @param {boolean} on */
function busy(on) {
  start.hidden = on;
  cancel.hidden = !on;
  running.hidden = !on;
  (on ? cancel : start).focus();
}

/** @param {{tries: number, of: number, text: string}} p */
function progress(p) {
  bar.max = p.of;
  bar.value = p.tries;
  el('count').textContent = `${p.tries} of ${p.of} tries`;
  el('now').textContent = p.text;
}

/** @param {Answer} a */
function show(a) {
  el('said').textContent = a.words;
  answerBox.hidden = false;
  const kept = (a.reverse ?? []).map((r) => h('li', { 'data-kept': r.broke === 0 }, icon(r.broke ? 'x' : 'ok'), h('span', {}, r.words)));
  if (!a.found) {
    answerBox.replaceChildren(h('h2', {}, a.words), h('p', { class: 'mut' }, a.ended === 'tries' ? 'That is no proof, but it is what the patterns are for. Switch one off, or allow more tries.' : 'Ask again with more tries, or with another seed.'));
    return;
  }
  const actions = a.actions ?? [];
  const copied = h('span', { class: 'mut', role: 'status' });
  answerBox.replaceChildren(
    h('h2', {}, actions.length === 1 ? 'One action breaks ' : `${words(actions.length)} actions break `, h('b', {}, a.invariant)),
    h('ol', { class: 'actions' }, ...actions.map((line) => h('li', {}, h('code', {}, line)))),
    h('p', { class: 'because' }, icon('octagon'), h('span', {}, `${a.because}.`), a.sure ? '' : h('span', { class: 'mut' }, ' It depends on who of two is first, so it is not broken every time.')),
    h('ol', { class: 'evidence', 'aria-label': 'The evidence' }, ...(a.evidence ?? []).map((e) => h('li', {}, h('time', {}, `${(e.at / 1000).toFixed(2)} s`), h('span', {}, e.text)))),
    kept.length ? h('ul', { class: 'reverse', 'aria-label': 'With the pattern' }, ...kept) : '',
    a.also?.length ? h('details', {}, h('summary', {}, `${a.also.length} more ${a.also.length === 1 ? 'try breaks' : 'tries break'} it every time`), h('ul', {}, ...a.also.map((line) => h('li', {}, h('code', {}, line))))) : '',
    h('h3', {}, 'To paste into a step'),
    h('pre', { tabindex: 0, 'aria-label': 'goal and solution in YAML' }, a.solution ?? ''),
    h('div', { class: 'go' },
      h('button', { type: 'button', class: 'btn go', onclick: () => openInStudio(a.scenario ?? '') }, 'Open this as a scenario'),
      h('button', { type: 'button', class: 'btn', onclick: async () => {
        await navigator.clipboard.writeText(a.solution ?? '');
        copied.textContent = 'Copied.';
      } }, 'Copy'), copied),
    h('p', { class: 'mut' }, `${a.tries} tries, ${(a.took_ms / 1000).toFixed(0)} s.`),
  );
}

/** @param {number} n */
function words(n) { return ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six'][n] ?? String(n); }
