// A proof: every way of playing the scenario, as it goes on, and what came of
// each step.

import { h, icon } from '../lab/dom.js';
import { lines } from '../lab/lines.js';

const words = /** @type {Record<string, {name: string, asks: string, good: string, bad: string}>} */ ({
  solved: { name: 'Solved', asks: 'each solution reaches its goal', good: 'met', bad: 'not met' },
  untouched: { name: 'Untouched', asks: 'without the solution no goal comes true', good: 'unmet, as it should be', bad: 'met by itself' },
  wrong: { name: 'Wrong moves', asks: 'they leave the goal unmet', good: 'unmet, as it should be', bad: 'met, and should not be' },
  seeds: { name: 'Other seeds', asks: 'the solutions do not depend on chance', good: 'met', bad: 'not met' },
});

const clocks = /** @type {Record<string, string>} */ ({ virtual: 'in virtual time', wall: 'on the wall clock' });

/** What playing showed besides what the tables say. @param {any} proof */
const notes = (proof) => proof.warnings.filter((/** @type {any} */ w) => w.rule !== 'not-proven');

/**
 * @param {HTMLElement} at
 * @param {{goTo: (step: string, key: string) => void, running: (on: boolean) => void, warned: (list: any[]) => void}} on
 */
export function proofPanel(at, on) {
  /** @type {AbortController | null} */ let running = null;
  /** @type {Record<string, {steps: any[], seeds: any[], now: string, done: any}>} */ let ways = {};
  /** @type {any} */ let plan = null;
  /** @type {any} */ let proof = null;
  let trouble = '';
  let count = 0;
  let began = 0;
  let stale = false;
  let seeds = false;
  let may = true;

  const draw = () => {
    const focused = /** @type {HTMLElement | null} */ (at.contains(document.activeElement) ? document.activeElement : null)?.id;
    const idle = !running;
    at.replaceChildren(...[
      h('div', { class: 'proofbar' },
        h('label', { class: 'choice' }, h('input', { type: 'checkbox', id: 'seeds', checked: seeds, disabled: !idle, onchange: (/** @type {any} */ e) => { seeds = e.target.checked; } }), 'also with 20 other seeds'),
        running ? h('button', { type: 'button', class: 'btn sm', id: 'cancel', onclick: cancel }, icon('stop'), 'Stop') : null),
      verdict(),
      plan && h('div', { class: 'ways' }, plan.ways.map(wayTable)),
      proof && notes(proof).length ? h('section', { class: 'played' }, h('h3', {}, 'Found by playing'), h('ul', {}, notes(proof).map((/** @type {any} */ w) => h('li', {}, h('p', { class: 'because stale' }, w.message, ' ', h('span', { class: 'mut' }, w.rule)))))) : null,
    ].filter(Boolean));
    if (focused) document.getElementById(focused)?.focus();
  };

  const verdict = () => {
    if (running && !plan) return h('p', { class: 'verdict', role: 'status' }, 'Starting …');
    if (running) {
      const share = Math.min(count / Math.max(plan.plays, 1), 1);
      const bar = h('progress', { max: '1', value: String(share), 'aria-label': 'Progress of the proof' });
      return h('div', { class: 'verdict' }, h('p', {}, `${count} of ${plan.plays} plays, ${clocks[plan.clock]}`, plan.because && `, because ${plan.because}`), bar);
    }
    if (trouble) return h('p', { class: 'because', role: 'alert' }, h('b', {}, 'Not proven. '), trouble);
    if (!proof) return h('p', { class: 'mut empty' }, may ? 'Prove plays the scenario with its solutions, untouched, and with its wrong moves, and shows what each comes to.' : 'A proof needs this machine or the teacher key.');
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    return h('div', { class: 'verdict', role: 'status' },
      proof.passed ? h('span', { class: 'chip met' }, icon('ok'), 'PROVEN') : h('span', { class: 'chip failed' }, icon('x'), 'NOT PROVEN'),
      h('p', {}, `${proof.ways.filter((/** @type {any} */ w) => w.passed).length} of ${proof.ways.length} ways pass, ${clocks[proof.clock]}${proof.because ? ` (${proof.because})` : ''}, ${proof.seconds ?? seconds} s.`),
      stale && h('p', { class: 'mut' }, 'The file has changed since.'));
  };

  /** @param {string} name */
  const wayTable = (name) => {
    const way = ways[name] ?? { steps: [], seeds: [], now: '', done: null };
    const state = way.done ? (way.done.passed ? 'met' : 'failed') : 'waiting';
    return h('section', { class: 'proofway', 'data-way': name, 'data-state': state },
      h('h3', {}, way.done ? h('span', { class: `chip ${state}` }, icon(way.done.passed ? 'ok' : 'x'), way.done.passed ? 'PASSED' : 'FAILED') : h('span', { class: 'chip waiting' }, icon('dots'), running ? 'RUNNING' : 'STOPPED'),
        words[name].name, h('small', {}, words[name].asks)),
      way.done?.error && !way.steps.some((s) => s.error) ? h('p', { class: 'because' }, h('b', {}, 'Broken off: '), way.done.error) : null,
      name === 'seeds' ? seedRow(way) : h('ul', { class: 'plays' }, way.steps.map((r) => play(name, r)), way.now && !way.done && running ? h('li', { class: 'mut' }, icon('dots'), way.now) : null));
  };

  /** @param {any} way */
  const seedRow = (way) => h('div', {}, h('ol', { class: 'dice' }, way.seeds.map((/** @type {any} */ s) => h('li', { class: s.passed ? 'ok' : 'no', title: `seed ${s.seed}: ${s.passed ? 'all goals met' : `step ${s.failed?.step} not met`}` }, icon(s.passed ? 'ok' : 'x'), h('span', { class: 'vh' }, `seed ${s.seed} ${s.passed ? 'passed' : 'failed'}`)))),
    way.seeds.filter((/** @type {any} */ s) => !s.passed && s.failed).slice(0, 1).map((/** @type {any} */ s) => h('ul', { class: 'plays' }, play('seeds', s.failed))));

  /** @param {string} way @param {any} r */
  const play = (way, r) => {
    const key = way === 'wrong' ? 'wrong' : way === 'untouched' ? 'goal' : 'solution';
    return h('li', { 'data-passed': String(r.passed) },
      icon(r.passed ? 'ok' : 'x', r.passed ? 'ic okay' : 'ic no'),
      h('div', {},
        h('p', { class: 'what' }, h('button', { type: 'button', class: 'link', onclick: () => on.goTo(r.step, r.wrong ? `${key}[${r.wrong - 1}]` : key) }, r.title || r.step), r.wrong ? h('span', { class: 'mut' }, ` list ${r.wrong}`) : '',
          h('span', { class: r.passed ? 'mut' : 'fail' }, ` ${r.passed ? words[way].good : words[way].bad}`), h('span', { class: 'mut t', title: 'on the clock of the lab' }, seconds(r.took_ms))),
        r.error ? h('p', { class: 'because' }, r.error) : null,
        !r.passed && r.verdict?.parts?.length ? h('table', { class: 'conds' }, h('thead', {}, h('tr', {}, ['', 'Goal', 'Now', 'Difference'].map((t) => h('th', { scope: 'col' }, t)))),
          h('tbody', {}, r.verdict.parts.map((/** @type {any} */ c) => h('tr', { class: c.met ? 'met' : 'unmet' }, h('th', { scope: 'row' }, c.what), h('td', {}, c.goal), h('td', {}, c.now), h('td', {}, c.off ?? ''))))) : null));
  };

  /** @param {number} ms of the clock that the play ran on */
  const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

  const cancel = () => { running?.abort(); };

  /** @param {any} l a line of the proof */
  const hear = (l) => {
    if (l.plan) { plan = l.plan; for (const w of plan.ways) ways[w] = { steps: [], seeds: [], now: '', done: null }; }
    const way = ways[l.way];
    if (l.began && way) way.now = `step ${l.began.step + 1}, ${l.began.id}${l.began.what ? `, ${l.began.what}` : ''}`;
    if (l.ended && way) {
      count++;
      if (l.way !== 'seeds') way.steps.push(l.ended);
    }
    if (l.done && way) { way.done = l.done; way.seeds = l.done.seeds ?? []; if (l.way !== 'seeds') way.steps = l.done.steps; }
    if (l.proof) proof = l.proof;
  };

  /** @param {string} text */
  const run = async (text) => {
    if (running) return;
    running = new AbortController();
    [ways, plan, proof, trouble, count, stale, began] = [{}, null, null, '', 0, false, performance.now()];
    on.running(true);
    draw();
    try {
      const response = await fetch(`/api/scenarios/prove?seeds=${seeds ? 20 : 0}`, { method: 'POST', headers: { 'Content-Type': 'application/yaml' }, body: text, signal: running.signal });
      if (!response.ok || !response.body) throw new Error((await response.json()).error?.message ?? `The server answered ${response.status}.`);
      for await (const line of lines(response.body)) {
        hear(line);
        draw();
      }
      if (!proof) throw new Error('The server broke it off.');
      proof.seconds = ((performance.now() - began) / 1000).toFixed(1);
      if (!stale) on.warned(proof.warnings);
    } catch (error) {
      const e = /** @type {Error} */ (error);
      trouble = e.name === 'AbortError' ? 'It was stopped.' : e.message;
    }
    running = null;
    on.running(false);
    draw();
  };

  draw();
  return {
    run,
    /** The file has changed: what was proven is of the one before. */
    outdated: () => { if ((proof || running) && !stale) { stale = true; draw(); } },
    /** @param {boolean} can */
    allow: (can) => { may = can; draw(); },
  };
}
