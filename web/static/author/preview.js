// The step panel as a learner sees it, all phases of a step at once. The texts
// are HTML that the server made safe.

import { h, icon } from '../lab/dom.js';

/** @param {string} safe HTML from the server @param {string} tag @param {string} [className] */
function html(safe, tag, className) {
  const node = h(tag, { class: className });
  node.innerHTML = safe;
  return node;
}

const lenses = /** @type {Record<string, string>} */ ({ map: 'Map', topics: 'Topics', story: 'Story', aggregate: 'Aggregate', read: 'Read side', code: 'Code' });

/**
 * @param {HTMLElement} at
 * @param {{goTo: (line: number) => void}} on
 */
export function previewPanel(at, on) {
  /** @type {any[]} */ let steps = [];
  let step = 0;
  let answers = true;
  let title = '';

  /** @param {any} q @param {string} name */
  const question = (q, name) => [
    html(q.ask, 'p', 'q'),
    q.options ? h('ul', { class: 'opts' }, q.options.map((/** @type {string} */ o, /** @type {number} */ i) => {
      const right = answers && i === q.answer;
      return h('li', { class: right ? 'right' : '' },
        h('label', { class: 'choice' }, h('input', { type: 'radio', name, checked: right }), html(o, 'span')),
        right && h('span', { class: 'mark' }, icon('ok'), 'right'));
    })) : h('p', { class: 'mut' }, 'A value is asked for', answers && q.expr ? [': ', h('code', {}, q.expr)] : '.'),
  ];

  /** @param {string} name @param {string} glyph @param {string} note @param {...any} kids */
  const phase = (name, glyph, note, ...kids) => h('section', { class: 'phase', 'data-phase': name.toLowerCase() }, icon(glyph), h('div', {}, h('h3', {}, name, note && h('small', {}, note)), ...kids));

  /** @param {any} s */
  const because = (s) => h('p', { class: 'built' }, s.because.flatMap((/** @type {any} */ p) => [
    p.choices ? h('select', { 'aria-label': 'part of the sentence' }, !answers && h('option', {}, 'choose …'), p.choices.map((/** @type {string} */ c, /** @type {number} */ i) => h('option', { selected: answers && i === (p.right ?? 0) }, c))) : html(p.text, 'span'), ' ',
  ]));

  const draw = () => {
    step = Math.min(step, Math.max(steps.length - 1, 0));
    const s = steps[step];
    if (!s) {
      at.replaceChildren(h('p', { class: 'mut empty' }, 'What the learner sees appears here once the file has a step.'));
      return;
    }
    const tab = h('div', { class: 'prog', role: 'group', 'aria-label': 'Steps' }, steps.map((one, i) => h('button', {
      type: 'button', 'aria-pressed': String(i === step), 'aria-label': `Step ${i + 1}: ${one.title}`, title: one.title, onclick: () => { step = i; draw(); at.querySelectorAll('.prog button')[i]?.focus(); },
    }, String(i + 1))));
    const show = h('label', { class: 'choice answers' }, h('input', { type: 'checkbox', checked: answers, onchange: (/** @type {any} */ e) => { answers = e.target.checked; draw(); at.querySelector('.answers input')?.focus(); } }), 'Show answers');
    at.replaceChildren(...[
      h('div', { class: 'steptop' }, tab, h('span', { class: 'mut' }, `Step ${step + 1} of ${steps.length}`), h('button', { type: 'button', class: 'btn bare sm', onclick: () => on.goTo(s.line) }, `Line ${s.line}`), show),
      h('h2', {}, s.title || 'A step without a title'),
      s.say && html(s.say, 'div', 'say'),
      s.predict ? phase('Predict', 'eye', ' before anything is done', ...question(s.predict, 'predict'), h('p', { class: 'sure mut' }, 'How sure: guess, think so, sure')) : phase('Predict', 'eye', ' nothing is asked'),
      phase('Do', 'wrench', s.allow ? ` offered: ${s.allow.join(', ')}` : ' everything is offered',
        s.tasks && h('ul', { class: 'ticks' }, s.tasks.map((/** @type {string} */ t) => h('li', {}, h('i', { class: 'box', 'aria-hidden': 'true' }), html(t, 'span')))),
        h('p', { class: 'goalline' }, h('b', {}, 'Goal'), h('code', {}, s.goal || 'none yet')),
        s.score && h('ul', { class: 'score' }, s.score.map((/** @type {any} */ l) => h('li', {}, html(l.text, 'span'), h('b', {}, `${l.points}`)))),
        h('p', { class: 'mut' }, [s.lens && `Opens with ${lenses[s.lens] ?? s.lens}`, s.follow && `follows order ${s.follow}`, s.during && `${s.during} things happen by themselves`, `${s.solution ? 'can be shown' : 'cannot be shown: no solution'}`].filter(Boolean).join(' · '))),
      s.observe ? phase('Observe', 'eye', ' the lab stands still', ...question(s.observe, 'observe')) : phase('Observe', 'eye', ' nothing is asked, the lab goes on'),
      phase('Explain', 'ok', s.because || s.explain ? '' : ' nothing is explained',
        s.because && because(s), s.explain && html(s.explain, 'div', 'text'),
        s.in_production && h('div', { class: 'real' }, h('h4', {}, 'In production'), html(s.in_production, 'div', 'text')),
        s.switch && h('p', { class: 'switch' }, h('span', { class: 'btn sm', 'aria-disabled': 'true' }, 'Same again, but with ', html(s.switch, 'span')))),
      s.hints && h('section', { class: 'hints' }, h('h3', {}, 'Hints'), h('ol', {}, s.hints.map((/** @type {string} */ t, /** @type {number} */ i) => h('li', {}, h('b', {}, ['Look', 'Think', 'Do'][s.hints.length - i === 1 ? 2 : i] ?? 'Hint'), html(t, 'span'))))),
    ].filter(Boolean));
  };

  return {
    /** @param {any[]} list @param {string} name */
    show: (list, name) => { steps = list; title = name; draw(); },
    /** The cursor moved: the step it stands in is shown. @param {number} line */
    follow: (line) => {
      const i = steps.findLastIndex((s) => s.line <= line);
      if (i >= 0 && i !== step) { step = i; draw(); }
    },
  };
}
