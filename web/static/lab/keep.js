// Keep: what was done in this lab becomes a scenario that others can do. The
// server makes the file and suggests goals; the person names it and chooses.

import { h, icon, set } from './dom.js';
import { close } from './keys.js';
import { openInStudio } from '../author/handover.js';

/** @typedef {{goal: string, words: string}} Suggestion */
/** @typedef {{title: string, actions: string[], suggestions: Suggestion[], goal: string}} Step */
/** @typedef {{at: number, id: string, title: string, steps: Step[], proof: string, yaml: string}} Draft */

/** The part of the dialog that offers it. @param {import('./app.js').App} app @param {number} at @param {HTMLDialogElement} dialog */
export function keep(app, at, dialog) {
  const said = h('p', { class: 'refused', role: 'alert', hidden: true });
  const button = h('button', { type: 'button', class: 'btn', id: 'keep', onclick: async () => {
    set(button, 'aria-busy', 'true');
    button.disabled = true;
    said.hidden = true;
    try {
      choose(dialog, app.id, await ask(app.id, new URLSearchParams(at ? { at: String(at) } : {})));
    } catch (error) {
      complain(said, error);
    } finally {
      set(button, 'aria-busy', null);
      button.disabled = false;
    }
  } }, 'Save as scenario …');
  const name = h('input', { name: 'step', maxlength: 120, placeholder: 'such as: Payment comes back', 'aria-label': 'what the next step is called' });
  const noted = h('span', { class: 'mut', role: 'status' });
  const note = h('form', { class: 'row2', onsubmit: async (/** @type {Event} */ event) => {
    event.preventDefault();
    if (!name.value.trim()) return;
    try {
      await app.act({ note: { text: name.value.trim() } });
      noted.textContent = 'What you do from now on belongs to that step.';
      name.value = '';
    } catch (error) {
      noted.textContent = /** @type {Error} */ (error).message;
    }
  } }, name, h('button', { class: 'btn' }, 'Begin a step'), noted);
  return h('section', { class: 'keep' }, h('h3', {}, 'Save as scenario'),
    h('p', { class: 'mut' }, 'What was done here becomes a file that others can play: your actions with their pauses, and goals from what changed. Each goal is tried again with other seeds before it is suggested.'),
    button, said,
    at ? null : h('details', {}, h('summary', {}, 'In more than one step'), h('p', { class: 'mut' }, 'A note begins a step and names it. Write one before you go on.'), note));
}

/** @param {HTMLElement} said @param {unknown} error */
function complain(said, error) {
  said.hidden = false;
  said.replaceChildren(icon('x'), ' ', /** @type {Error} */ (error).message);
}

/** @param {string} id @param {URLSearchParams} query @returns {Promise<Draft>} */
async function ask(id, query) {
  query.set('format', 'json');
  const response = await fetch(`${path(id)}?${query}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error?.message ?? 'The server refused.');
  return answer;
}

/** @param {string} id */
function path(id) { return `/api/labs/${encodeURIComponent(id)}/scenario`; }

/** Lets a person name the scenario and choose its goals. @param {HTMLDialogElement} dialog @param {string} lab @param {Draft} draft */
function choose(dialog, lab, draft) {
  const said = h('p', { class: 'refused', role: 'alert', hidden: true });
  const title = h('input', { name: 'title', maxlength: 120, required: true, value: draft.title });
  const id = h('input', { name: 'id', maxlength: 60, required: true, pattern: '[a-z0-9]+(-[a-z0-9]+)*', value: draft.id, class: 'mono', spellcheck: 'false', title: 'small letters, digits and single dashes' });
  let named = false;
  id.addEventListener('input', () => { named = id.value !== ''; });
  title.addEventListener('input', () => { if (!named) id.value = slug(title.value); });
  const steps = draft.steps.map((step, i) => h('fieldset', {}, h('legend', {}, draft.steps.length > 1 ? `Step ${i + 1}: ${step.title}` : 'The goal'),
    ...step.suggestions.map((one, j) => h('label', { class: 'choice' }, h('input', { type: 'checkbox', name: 'goal', value: `${i}:${one.goal}`, checked: j === 0 }), h('span', {}, one.words, ' ', h('code', {}, one.goal)))),
    h('details', {}, h('summary', {}, step.actions.length === 1 ? 'One action' : `${step.actions.length} actions`), h('pre', { tabindex: 0 }, step.actions.map((line) => `- ${line}`).join('\n')))));
  const form = h('form', { id: 'keep-form' },
    h('label', { class: 'named' }, h('span', {}, 'Title'), title), h('label', { class: 'named' }, h('span', {}, 'Id, and the name of the file'), id),
    ...steps, h('p', { class: 'mut' }, draft.proof),
    h('div', { class: 'row2' }, h('button', { class: 'btn go', name: 'what', value: 'file' }, 'Download'), h('button', { class: 'btn', name: 'what', value: 'author' }, 'Open in the studio')), said);
  form.addEventListener('submit', async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const data = new FormData(form);
    const query = new URLSearchParams({ at: String(draft.at), id: String(data.get('id')), title: String(data.get('title')) });
    for (const goal of data.getAll('goal')) query.append('goal', String(goal));
    said.hidden = true;
    try {
      const made = await ask(lab, query);
      if (/** @type {HTMLButtonElement | null} */ (event.submitter)?.value === 'author') {
        openInStudio(made.yaml, window.top ?? window);
        return;
      }
      query.delete('format');
      h('a', { href: `${path(lab)}?${query}`, download: `${made.id}.yaml` }).click();
      next(form, made);
    } catch (error) {
      complain(said, error);
    }
  });
  dialog.replaceChildren(close(dialog), h('h2', {}, 'Save as scenario'), h('p', {}, 'Name it, and choose what somebody has reached who has done it. Several goals must all be met.'), form);
  title.focus();
  title.select();
}

/** @param {string} text */
function slug(text) { return text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 50).replace(/-+$/, ''); }

/** Says what to do with the file. @param {HTMLElement} form @param {Draft} made */
function next(form, made) {
  form.querySelector('.after')?.remove();
  const box = h('section', { class: 'after', tabindex: -1 }, h('h3', {}, `${made.id}.yaml is saved. What next?`),
    h('ol', {}, h('li', {}, h('code', {}, `eddy check ${made.id}.yaml`), ' says whether the file is sound.'),
      h('li', {}, h('code', {}, `eddy play ${made.id}.yaml`), ' plays it.'),
      h('li', {}, 'Add what a learner reads, predicts and is hinted at, in an editor or ', h('a', { href: '/author' }, 'in the studio'), '.')));
  form.append(box);
  box.focus();
}
