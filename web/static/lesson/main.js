// The page of a lesson. The text is there without it; this brings the figures,
// the numbers in the prose and the comparisons to life. What a value is and
// whether an action is allowed, the server says.

import { Checklist } from './checklist.js';
import { Compare } from './compare.js';
import { Figure } from './figure.js';
import { LessonLab } from './lab.js';
import { Terms } from './terms.js';
import { el } from '../lab/dom.js';

const root = el('lesson');
const lesson = root.dataset.lesson ?? '';
const lab = new LessonLab(lesson, root);

for (const node of root.querySelectorAll('[data-figure]')) new Figure(/** @type {HTMLElement} */ (node), lab);
for (const node of root.querySelectorAll('[data-compare]')) new Compare(/** @type {HTMLElement} */ (node), lesson);
new Terms(root);
const list = document.getElementById('checklist');
if (list) new Checklist(list, document.title.replace(/ · Eddy$/, ''));

// Code in two languages: side by side, or one at a time where it is narrow.
for (const codes of root.querySelectorAll('.codes')) {
  const tabs = /** @type {HTMLElement[]} */ ([...codes.querySelectorAll('.ctabs [data-language]')]);
  for (const tab of tabs) tab.addEventListener('click', () => {
    for (const one of tabs) one.setAttribute('aria-pressed', String(one === tab));
    for (const side of codes.querySelectorAll('.side')) side.toggleAttribute('data-second', /** @type {HTMLElement} */ (side).dataset.language !== tab.dataset.language);
  });
}

const done = el('done');
done.addEventListener('click', async () => {
  const on = done.getAttribute('aria-pressed') !== 'true';
  const said = el('done-said');
  const answer = await fetch(`/api/lessons/${encodeURIComponent(lesson)}/done`, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ done: on }) }).catch(() => undefined);
  said.hidden = answer?.ok === true;
  if (!answer?.ok) { said.textContent = 'This could not be saved just now. Try again in a moment.'; return; }
  done.setAttribute('aria-pressed', String(on));
  /** @type {HTMLElement} */ (done.querySelector('span')).textContent = on ? 'Read' : 'Mark as read';
});
