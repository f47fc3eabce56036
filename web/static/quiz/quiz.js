// The page of a quiz. The server has the questions, the answers and the clock;
// the page asks, sends what is answered, and says what it hears.

import { el, h, icon } from '../lab/dom.js';
import { control } from './answers.js';
import { Saver } from './saver.js';

const SETTLE_MS = 400; // after the last key before an answer is sent
const SAVED_MS = 15_000; // a graded answer is saved long before
const JUDGED_MS = 90_000; // in practice a lab may have to judge it

const quiz = el('quiz').dataset.quiz ?? '';
const place = el('question');
const aside = el('feedback');
/** @type {any} */
let attempt = null;
/** @type {Saver} */
let saver;
let at = 0;
/** @type {any} the Control of the question on the page, null where there is none */
let shown = null;
let skew = 0; // ms that the server's clock is ahead
let timer = 0;
/** @type {Record<string, any>} */
let heard = {}; // feedback, by question
/** @type {string[]} */
let back = []; // questions that come back

/** @param {string} id */
const kind = (id) => attempt.questions.find((/** @type {any} */ q) => q.id === id)?.kind;

/** @param {string} url @param {any} [body] */
async function post(url, body) {
  const response = await fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: body === undefined ? '' : JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error?.message ?? 'The server did not answer.');
  return answer;
}

/** @param {any} error */
function refuse(error) {
  const node = document.getElementById('refused');
  if (!node) return;
  node.hidden = false;
  node.textContent = (!(error instanceof TypeError) && error.message) || 'The server cannot be reached just now. Nothing is lost; try again.';
}

for (const button of document.querySelectorAll('[data-begin]')) {
  button.addEventListener('click', async () => {
    try {
      take(await post(`/api/quizzes/${encodeURIComponent(quiz)}/attempts`, { mode: /** @type {HTMLElement} */ (button).dataset.begin }));
    } catch (error) { refuse(error); }
  });
}

/** Goes on with an attempt. @param {any} a */
function take(a) {
  attempt = a;
  skew = Date.parse(a.now) - Date.now();
  heard = a.feedback ?? {};
  history.replaceState(null, '', `?attempt=${encodeURIComponent(a.id)}`);
  localStorage.setItem(`eddy.attempt.${quiz}`, a.id);
  if (saver?.attempt !== a.id) saver = new Saver(a.id, a.mode === 'graded' ? SAVED_MS : JUDGED_MS, {
    saved: (question, when, feedback) => {
      say(`Saved ${new Date(when).toLocaleTimeString('en-GB')}`);
      if (kind(question) === 'lab') attempt.answers[question] = true;
      if (feedback) hear(question, feedback);
      nav();
    },
    waiting: (n) => { if (n) say(`${n === 1 ? 'An answer is' : `${n} answers are`} kept here and will be sent: the server cannot be reached.`); },
    refused: (question, why) => { if (attempt.mode === 'practice' && !heard[question]) delete attempt.answers[question]; nav(); refuse(new Error(why)); if (/time is over|submitted/.test(why)) load(); },
  });
  if (a.submitted) {
    results();
    // The grading may have been cut short; to submit twice is to submit once.
    if (!a.result && !graded) { graded = true; submit(); }
    return;
  }
  for (const [question, body] of saver.kept()) { // given, and not arrived yet
    const answer = body.lab ? true : body.answer;
    if (answer === null) delete a.answers[question];
    else a.answers[question] = answer;
    a.sure[question] = body.sure ?? '';
  }
  at = Math.max(0, a.questions.findIndex((/** @type {any} */ q) => a.answers[q.id] === undefined));
  clock();
  draw();
}

function clock() {
  clearInterval(timer);
  if (!attempt.deadline) return;
  timer = window.setInterval(tick, 1000);
  tick();
}

/** @param {string} words */
function say(words) {
  const mode = attempt?.mode === 'graded' ? 'Graded' : 'Practice';
  el('qstate').textContent = `${mode} · ${words}`;
}

function tick() {
  const left = Date.parse(attempt.deadline) - (Date.now() + skew);
  const s = Math.max(0, Math.floor(left / 1000));
  el('qfoot').textContent = `Time left ${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`;
  if (left <= 0) { clearInterval(timer); submit(); }
}

function nav() {
  const list = attempt.questions;
  el('qnav').replaceChildren(...list.map((/** @type {any} */ q, /** @type {number} */ i) => {
    const state = heard[q.id] ? (heard[q.id].correct ? 'right' : 'wrong') : attempt.answers[q.id] !== undefined ? 'answered' : 'open';
    const words = { right: 'right', wrong: 'comes back', answered: 'answered', open: 'open' }[state];
    const mark = { right: 'ok', wrong: 'x', answered: 'dots', open: '' }[state];
    return h('button', { type: 'button', 'data-state': state, 'aria-current': i === at && !attempt.submitted ? 'true' : null, 'aria-label': `Question ${i + 1}, ${words}`, onclick: () => { keep(); at = i; draw(); } }, String(i + 1), mark ? icon(/** @type {string} */ (mark)) : null);
  }));
}

let later = 0;
/** Sends what is filled in, in a graded attempt. */
function keep() {
  clearTimeout(later);
  const q = attempt?.questions[at];
  if (!q || attempt.mode !== 'graded' || attempt.submitted || q.kind === 'lab' || !shown) return;
  const value = shown.given() ? shown.value() : null;
  // What was not changed here is not sent: another tab may have changed it.
  if (JSON.stringify(value ?? undefined) === JSON.stringify(attempt.answers[q.id]) && (attempt.sure?.[q.id] ?? '') === sure()) return;
  if (value === null && attempt.answers[q.id] === undefined) return;
  if (value === null) delete attempt.answers[q.id];
  else attempt.answers[q.id] = value;
  attempt.sure[q.id] = sure();
  say('Saving');
  saver.put(q.id, { answer: value, sure: sure() || undefined });
  nav();
}

addEventListener('pagehide', keep); // what was typed last

function sure() { return /** @type {any} */ (place.querySelector('[name=sure]:checked'))?.value ?? ''; }

function changed() {
  clearTimeout(later);
  if (attempt.mode === 'graded') later = window.setTimeout(keep, SETTLE_MS);
  const check = /** @type {any} */ (place.querySelector('#check'));
  if (check) check.disabled = !shown.given();
}

/** @param {any} q */
function draw() {
  const q = attempt.questions[at];
  el('qbody').classList.toggle('alone', attempt.mode === 'graded');
  shown = control(q, attempt.answers[q.id], changed);
  const practice = attempt.mode === 'practice';
  const ask = h('div', { class: 'ask', id: 'ask', role: 'heading', 'aria-level': '1' });
  ask.innerHTML = q.html; // rendered by the server from the question file, without raw HTML
  place.replaceChildren(
    h('p', { class: 'mut' }, `Question ${at + 1} of ${attempt.questions.length}, ${q.points} ${q.points === 1 ? 'point' : 'points'}`),
    ask,
    q.kind === 'lab' ? inLab(q) : shown.node,
    h('fieldset', { class: 'sure' }, h('legend', { class: 'vh' }, 'How sure are you?'), h('span', { class: 'mut', 'aria-hidden': 'true' }, 'How sure?'),
      ...[['guess', 'Guess'], ['think', 'Think so'], ['sure', 'Sure']].map(([value, label]) => h('label', { class: 'choice' }, h('input', { type: 'radio', name: 'sure', value, checked: attempt.sure?.[q.id] === value, onchange: changed }), label))),
    h('div', { class: 'acts' },
      practice && q.kind !== 'lab' ? h('button', { type: 'button', class: `btn ${heard[q.id]?.correct ? '' : 'go'}`, id: 'check', disabled: !shown.given(), onclick: () => check() }, 'Check answer') : null,
      h('button', { type: 'button', class: `btn ${practice && !heard[q.id]?.correct ? '' : 'go'}`, id: 'next', onclick: () => next() }, at === attempt.questions.length - 1 && !practice ? 'To the end' : 'Next question'),
      practice && heard[q.id] ? h('button', { type: 'button', class: 'btn', id: 'again', onclick: () => again(q) }, 'Another like this') : null,
      practice ? null : h('button', { type: 'button', class: 'btn', id: 'submit', onclick: () => confirmSubmit() }, 'Submit …')),
    h('p', { class: 'refused', id: 'refused', role: 'alert', hidden: true }));
  feedback(q);
  nav();
  if (practice) el('qfoot').replaceChildren(h('button', { type: 'button', class: 'btn bare sm', id: 'leave', onclick: leave }, 'End the practice'));
  if (!el('qstate').textContent) say(practice ? 'nothing is graded' : 'every answer is saved as you give it');
}

async function check() {
  const q = attempt.questions[at];
  attempt.answers[q.id] = shown.value();
  say(q.kind === 'predict' ? 'The lab is being asked' : 'Checking');
  await saver.put(q.id, { answer: shown.value(), sure: sure() || undefined });
}

/** @param {string} question @param {any} f */
function hear(question, f) {
  el('qbody').classList.remove('alone');
  heard[question] = f;
  if (!f.correct && !back.includes(question)) back.push(question);
  if (f.correct) back = back.filter((id) => id !== question);
  if (attempt.questions[at].id === question) {
    feedback(attempt.questions[at]);
    place.querySelector('#check')?.classList.toggle('go', !f.correct);
    place.querySelector('#next')?.classList.toggle('go', f.correct || attempt.mode === 'graded');
    if (!place.querySelector('#again')) place.querySelector('.acts')?.append(h('button', { type: 'button', class: 'btn', id: 'again', onclick: () => again(attempt.questions[at]) }, 'Another like this'));
  }
}

/** What is said about an answer. @param {any} q */
function feedback(q) {
  const f = heard[q.id];
  if (!f) {
    aside.replaceChildren(attempt.mode === 'practice' ? h('p', { class: 'idle' }, 'Answer, then check. You will read here what is right, and why.') : '');
    return;
  }
  const why = h('div', {});
  why.innerHTML = f.html; // rendered by the server from the question file, without raw HTML
  aside.replaceChildren(...[
    h('span', { class: `chip ${f.correct ? 'met' : 'failed'}` }, icon(f.correct ? 'ok' : 'x'), `${f.correct ? 'RIGHT' : f.points > 0 ? 'IN PART' : 'NOT YET'}, ${f.points} of ${f.max}`),
    h('h2', {}, f.correct ? 'That is it' : 'Look again'), why,
    f.ideas || f.missed ? h('ul', { class: 'ideas' }, ...(f.ideas ?? []).map((/** @type {string} */ i) => h('li', {}, icon('ok'), `said: ${i}`)), ...(f.missed ?? []).map((/** @type {string} */ i) => h('li', { class: 'mut' }, icon('x'), `not found: ${i}`))) : null,
    !f.correct && f.right ? h('h3', {}, 'Right is') : null, !f.correct && f.right ? h('p', {}, f.right) : null,
    q.kind === 'predict' ? h('button', { type: 'button', class: 'btn', onclick: () => openLab(q) }, icon('play'), 'See it in the lab') : null].filter(Boolean));
}

/** @param {any} q */
async function openLab(q) {
  try {
    const lab = await post(`/api/attempts/${attempt.id}/questions/${q.id}/lab`);
    open(lab.page, '_blank');
  } catch (error) { refuse(error); }
}

/** A question that is answered in a lab of its own. @param {any} q */
function inLab(q) {
  const node = h('div', { class: 'answers' });
  const begin = h('button', { type: 'button', class: 'btn go', id: 'open-lab', onclick: async () => {
    try {
      const lab = await post(`/api/attempts/${attempt.id}/questions/${q.id}/lab`);
      const done = h('button', { type: 'button', class: 'btn go', id: 'take-lab', onclick: async () => {
        say('Your actions are being done again in a fresh lab');
        await saver.put(q.id, { lab: lab.id, from: lab.from, sure: sure() || undefined });
      } }, 'This is my answer');
      node.style.maxWidth = 'none';
      el('qbody').classList.add('alone'); // a lab needs the whole width
      node.replaceChildren(h('p', { class: 'mut' }, 'What you do in this lab is your answer. It is done again in a fresh lab and looked at there.'), h('iframe', { class: 'qlab', title: 'The lab of this question', src: `${lab.page}?part` }), h('div', { class: 'acts' }, done));
    } catch (error) { refuse(error); }
  } }, 'Open the lab');
  node.append(h('p', {}, attempt.answers[q.id] !== undefined ? 'You have answered this one. Open the lab to answer it anew.' : 'This one is answered by doing it.'), begin);
  return node;
}

/** @param {any} q */
async function again(q) {
  try {
    const asked = await post(`/api/attempts/${attempt.id}/questions/${q.id}/again`);
    attempt.questions[attempt.questions.findIndex((/** @type {any} */ one) => one.id === q.id)] = asked;
    delete attempt.answers[q.id];
    delete attempt.sure[q.id];
    delete heard[q.id];
    draw();
    place.focus();
  } catch (error) { refuse(error); }
}

/** The next question that is open; in practice, after them, those that come back. */
async function next() {
  keep();
  const list = attempt.questions;
  const open = list.findIndex((/** @type {any} */ q, /** @type {number} */ i) => i > at && attempt.answers[q.id] === undefined);
  const first = list.findIndex((/** @type {any} */ q) => attempt.answers[q.id] === undefined);
  if (open >= 0) at = open;
  else if (attempt.mode === 'graded') { if (at < list.length - 1) at++; else { confirmSubmit(); return; } }
  else if (first >= 0 && first !== at) at = first;
  else if (back.length) {
    const id = /** @type {string} */ (back.shift());
    at = list.findIndex((/** @type {any} */ q) => q.id === id);
    await again(list[at]);
    return;
  } else { finished(); return; }
  draw();
  place.focus();
}

function finished() {
  const right = attempt.questions.filter((/** @type {any} */ q) => heard[q.id]?.correct).length;
  aside.replaceChildren();
  place.replaceChildren(h('h1', { class: 'ask', id: 'ask' }, right === attempt.questions.length ? 'You know all of these now.' : `You know ${right} of ${attempt.questions.length}.`),
    h('div', { class: 'acts' }, h('a', { class: 'btn go', href: '/learn' }, 'Back to the path'), h('button', { type: 'button', class: 'btn', onclick: leave }, 'Practise again')));
  place.focus();
}

function confirmSubmit() {
  keep();
  shown = null; // nothing is on the page that could be kept
  const open = attempt.questions.filter((/** @type {any} */ q) => attempt.answers[q.id] === undefined).length;
  place.replaceChildren(h('h1', { class: 'ask', id: 'ask' }, 'Submit your answers?'),
    h('p', {}, open ? `${open} ${open === 1 ? 'question is' : 'questions are'} not answered yet.` : 'Every question is answered.', ' After this nothing can be changed.'),
    h('div', { class: 'acts', style: null }, h('button', { type: 'button', class: 'btn go', id: 'really', onclick: () => submit() }, 'Submit'), h('button', { type: 'button', class: 'btn', onclick: () => draw() }, 'Back to the questions')),
    h('p', { class: 'refused', id: 'refused', role: 'alert', hidden: true }));
  place.focus();
}

let graded = false;
async function submit() {
  keep();
  clearInterval(timer);
  graded = true;
  const button = /** @type {HTMLButtonElement | null} */ (place.querySelector('#really'));
  if (button) { button.disabled = true; button.textContent = 'Submitting'; }
  try {
    // After it no answer is taken any more: they have to be there before.
    if (!await saver.send()) throw new Error('Not every answer has arrived: the server cannot be reached just now. They are kept here and will be sent. Submit again then.');
    say('Submitting');
    await post(`/api/attempts/${attempt.id}/submit`);
    await load();
  } catch (error) {
    if (button) { button.disabled = false; button.textContent = 'Submit'; }
    refuse(error);
    if (attempt.deadline) timer = window.setInterval(tick, 1000); // when the time is over it is tried again
  }
}

/** To the first page of the quiz, where it can be begun in either way. */
function leave() {
  forget();
  location.href = location.pathname;
}

function forget() { localStorage.removeItem(`eddy.attempt.${quiz}`); }

async function load() {
  const response = await fetch(`/api/attempts/${encodeURIComponent(attempt.id)}`, { cache: 'no-store' });
  if (response.ok) take(await response.json());
}

function results() {
  clearInterval(timer);
  el('qfoot').textContent = '';
  el('qbody').classList.add('alone');
  el('qnav').replaceChildren();
  say('submitted');
  const r = attempt.result;
  if (!r) {
    place.replaceChildren(h('h1', { class: 'ask', id: 'ask' }, 'Submitted.'), h('p', {}, 'Your answers are with the teacher. The result comes when the quiz is closed.'),
      h('div', { class: 'acts' }, h('a', { class: 'btn go', href: '/learn' }, 'Back to the path'), h('button', { type: 'button', class: 'btn', onclick: leave }, 'Practise')),
      h('p', { class: 'refused', id: 'refused', role: 'alert', hidden: true }));
    return;
  }
  place.replaceChildren(h('p', { class: 'mut' }, attempt.title), h('h1', { class: 'ask', id: 'ask' }, r.passed ? 'Passed.' : 'Not passed yet.'),
    h('p', { class: 'score' }, h('b', {}, `${r.percent} %`), h('span', {}, `${r.score} of ${r.max} points`)),
    h('div', { class: 'acts' }, h('a', { class: 'btn go', href: '/learn' }, 'Back to the path'), h('button', { type: 'button', class: 'btn', onclick: leave }, 'Take it again')),
    h('ol', { class: 'marks' }, ...attempt.questions.map((/** @type {any} */ q) => {
      const f = heard[q.id] ?? { points: 0, max: q.points, html: '', correct: false };
      const why = h('div', { class: 'why' });
      why.innerHTML = f.html; // rendered by the server from the question file, without raw HTML
      return h('li', {}, h('span', { class: `chip ${f.correct ? 'met' : f.points > 0 ? 'waiting' : 'failed'}` }, icon(f.correct ? 'ok' : 'x'), `${f.points} of ${f.max}`), h('h3', {}, q.ask.split('\n')[0]),
        !f.correct && f.right ? h('p', { class: 'right' }, `Right is: ${f.right}`) : null, why, f.note ? h('p', { class: 'right' }, `Your teacher: ${f.note}`) : null);
    })));
  place.focus({ preventScroll: true });
  scrollTo(0, 0);
}

// A reload, or another tab, goes on where it was left.
const known = new URLSearchParams(location.search).get('attempt') ?? localStorage.getItem(`eddy.attempt.${quiz}`);
if (known) {
  fetch(`/api/attempts/${encodeURIComponent(known)}`, { cache: 'no-store' }).then(async (response) => {
    if (response.ok) take(await response.json());
    else if (response.status === 404) forget();
  }).catch(() => refuse(new Error('')));
}
Object.assign(window, { __quiz: { attempt: () => attempt } });
