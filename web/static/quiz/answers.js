// One question's answer as something to fill in: a control for each kind. Each
// returns the node, what it holds, and puts an answer back.

import { h, icon } from '../lab/dom.js';

/** @typedef {{id: string, text: string}} Choice */
/** @typedef {{id: string, kind: string, ask: string, html: string, points: number, options?: Choice[], left?: Choice[], right?: Choice[], in_lab?: boolean}} Asked */
/** @typedef {{node: any, value: () => any, given: () => boolean}} Control */

/** @param {Asked} asked @param {any} answer @param {() => void} changed @returns {Control} */
export function control(asked, answer, changed) {
  switch (asked.kind) {
    case 'multiple': return choose(asked, answer, changed, 'checkbox');
    case 'order': return order(asked, answer, changed);
    case 'match': return match(asked, answer, changed);
    case 'text': return prose(answer, changed);
    case 'single': return choose(asked, answer, changed, 'radio');
    case 'predict': return asked.options ? choose(asked, answer, changed, 'radio') : line(answer, changed, 'What will the lab show?');
    case 'number': return line(answer, changed, 'A number');
    default: return { node: h('p', {}), value: () => answer, given: () => answer !== undefined };
  }
}

/** @param {Asked} asked @param {any} answer @param {() => void} changed @param {'radio'|'checkbox'} type @returns {Control} */
function choose(asked, answer, changed, type) {
  const held = new Set(type === 'radio' ? [answer] : answer ?? []);
  const node = h('fieldset', { class: 'answers' }, h('legend', { class: 'vh' }, type === 'radio' ? 'Choose one' : 'Choose all that are right'),
    ...(asked.options ?? []).map((o) => h('label', { class: 'opt' }, h('input', { type, name: `q-${asked.id}`, value: o.id, checked: held.has(o.id), onchange: changed }), h('span', {}, o.text))));
  const chosen = () => [...node.querySelectorAll('input:checked')].map((/** @type {any} */ input) => input.value);
  return { node, value: () => (type === 'radio' ? chosen()[0] ?? null : chosen()), given: () => chosen().length > 0 };
}

/** @param {any} answer @param {() => void} changed @returns {Control} */
function prose(answer, changed) {
  const area = h('textarea', { 'aria-label': 'Your answer', rows: 5, maxlength: 10000, oninput: changed });
  area.value = answer ?? '';
  return { node: h('div', { class: 'answers' }, area), value: () => area.value, given: () => area.value.trim() !== '' };
}

/** @param {any} answer @param {() => void} changed @param {string} label @returns {Control} */
function line(answer, changed, label) {
  const input = h('input', { type: 'text', 'aria-label': label, placeholder: label, autocomplete: 'off', oninput: changed });
  input.value = answer ?? '';
  const value = () => {
    const typed = input.value.trim();
    const number = Number(typed.replace(',', '.'));
    return typed !== '' && !Number.isNaN(number) ? number : typed;
  };
  return { node: h('div', { class: 'answers' }, input), value: () => (input.value.trim() === '' ? null : value()), given: () => input.value.trim() !== '' };
}

/** Put in order by buttons, so that keys and single presses are enough. @param {Asked} asked @param {any} answer @param {() => void} changed @returns {Control} */
function order(asked, answer, changed) {
  const options = asked.options ?? [];
  const known = new Map(options.map((o) => [o.id, o]));
  let ids = Array.isArray(answer) && answer.length === options.length ? answer : options.map((o) => o.id);
  let touched = Array.isArray(answer);
  const node = h('ol', { class: 'order', 'aria-label': 'Put these in order' });
  const move = (/** @type {number} */ from, /** @type {number} */ to, /** @type {string} */ side) => {
    if (to < 0 || to >= ids.length) return;
    ids = ids.slice();
    ids.splice(to, 0, ids.splice(from, 1)[0]);
    touched = true;
    draw();
    node.children[to].querySelector(side).focus();
    changed();
  };
  const draw = () => node.replaceChildren(...ids.map((id, i) => h('li', {}, h('b', {}, String(i + 1)), h('span', {}, known.get(id)?.text ?? ''),
    h('span', { class: 'moves' },
      h('button', { type: 'button', class: 'btn sm up', 'aria-label': `${known.get(id)?.text}: earlier`, onclick: () => move(i, i - 1, '.up') }, icon('left')),
      h('button', { type: 'button', class: 'btn sm down', 'aria-label': `${known.get(id)?.text}: later`, onclick: () => move(i, i + 1, '.down') }, icon('right'))))));
  draw();
  return { node, value: () => ids, given: () => touched };
}

/** @param {Asked} asked @param {any} answer @param {() => void} changed @returns {Control} */
function match(asked, answer, changed) {
  const node = h('div', { class: 'pairs' }, ...(asked.left ?? []).flatMap((l) => {
    const select = h('select', { 'data-left': l.id, 'aria-label': l.text, onchange: changed }, h('option', { value: '' }, 'Choose'), ...(asked.right ?? []).map((r) => h('option', { value: r.id }, r.text)));
    select.value = answer?.[l.id] ?? '';
    return [h('span', {}, l.text), select];
  }));
  const value = () => Object.fromEntries([...node.querySelectorAll('select')].filter((/** @type {any} */ s) => s.value).map((/** @type {any} */ s) => [s.dataset.left, s.value]));
  return { node, value, given: () => Object.keys(value()).length > 0 };
}
