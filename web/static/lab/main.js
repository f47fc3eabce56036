// The page of a lab: it puts the parts together. The server decides, the page
// draws; every change of the lab goes through an action over the one socket.

import { AggregateLens } from './aggregate.js';
import { Again } from './again.js';
import { App } from './app.js';
import { Voice } from './a11y.js';
import { CodeLens } from './code.js';
import { el, h, icon, set } from './dom.js';
import { Faults } from './faults.js';
import { Follow } from './follow.js';
import { Guide } from './guide.js';
import { HeldPanel } from './held.js';
import { Inspector } from './inspector.js';
import { Keys, legend } from './keys.js';
import { Lenses } from './lenses.js';
import { MapLens } from './map.js';
import { Motion } from './motion.js';
import { Notices } from './notices.js';
import { Orders } from './orders.js';
import { Palette } from './palette.js';
import { Past, READ_ONLY } from './past.js';
import { Promises } from './promises.js';
import { ReadLens } from './read.js';
import { Socket } from './socket.js';
import { Store } from './store.js';
import { StoryLens } from './story.js';
import { TopicsLens } from './tapes.js';
import { Timeline } from './timeline.js';
import { PROMISES, troubles } from './words.js';
import { Transport } from './transport.js';

const LOST_MS = 2500; // how long silence is not worth a word
const CALM_MS = 400; // without a frame that only counts, before the page asks what it counted
const HISTORY = 500; // journal entries fetched at the start

const root = document.documentElement;
const id = el('lab').dataset.lab ?? '';
const first = document.getElementById('board');
const store = new Store(first ? JSON.parse(first.textContent || 'null') : null);
const isRun = el('lab').dataset.run !== undefined; // opened from a file: past for good
const app = new App(id, `/api/${isRun ? 'runs' : 'labs'}/${encodeURIComponent(id)}`, store);
app.follow = new Follow(id, () => store.invalidate());

const motion = new Motion(app);
const map = new MapLens(el('lens-map'), app, motion);
const topics = new TopicsLens(el('lens-topics'), app);
/** @type {Record<string, {draw: (board: any) => void, describe: (board: any) => void}>} */
const figures = { map, topics, story: new StoryLens(el('lens-story'), app), aggregate: new AggregateLens(el('lens-aggregate'), app), read: new ReadLens(el('lens-read'), app), code: new CodeLens(el('lens-code'), app) };
const NAMED = Object.keys(figures);
app.showCode = (file) => { /** @type {CodeLens} */ (figures.code).choose(file); lenses.choose('code'); };
const lenses = new Lenses(app, { list: el('lenses'), table: el('table'), ...Object.fromEntries(NAMED.map((name) => [name, el(`lens-${name}`)])) });
const promises = new Promises(el('promises'), app);
const notices = new Notices(el('notices'), app);
const orders = new Orders(app, { form: document.getElementById('order-form'), story: el('story'), list: el('orders'), place: el('place') });
const palette = new Palette(app, { root: el('palette'), button: el('break') });
const faults = new Faults(app, { bar: el('faults'), bad: el('bad'), following: el('following'), palette });
const transport = new Transport(app, { run: el('run'), step: el('step'), state: el('state'), clock: el('clock'), moment: el('moment'), speeds: el('speeds') });
app.lookBack = new Past(app, { bar: el('pastbar'), why: el('readonly'), live: !isRun });
const timeline = new Timeline(el('lanes'), app);
const inspector = new Inspector(app, { root: el('inspector'), panel: el('panel') });
const again = new Again(app, { dialog: /** @type {HTMLDialogElement} */ (el('again')), button: el('again-open'), banner: el('rerun') });
const held = new HeldPanel(app, el('held'));
const voice = new Voice(el('status'), app);
const guideView = document.getElementById('guide-view');
const guide = guideView ? new Guide(app, { root: el('guide'), foot: el('stepfoot'), ghost: el('ghost'), gate: el('gate'), dialog: /** @type {HTMLDialogElement} */ (el('again')), view: JSON.parse(guideView.textContent || ''), lenses, palette }) : null;

// A page that shows the lab as its figure names an order to follow, by its handle.
const wanted = new URLSearchParams(location.search).get('follow');
let wantedIs = '';

store.subscribe((board, news) => {
  const named = wanted && !app.past() ? Object.values(board.orders).findLast((order) => order.handle === wanted) : undefined;
  if (named && named.id !== wantedIs) { wantedIs = named.id; app.follow.add(board, named.id, true); }
  if (!app.past()) app.follow.refresh(board);
  motion.see(board, news);
  voice.hear(news);
  orders.draw(board);
  promises.draw(board);
  notices.draw(board);
  lenses.draw(board);
  for (const name of NAMED) if (lenses.visible(name)) figures[name].draw(board);
  faults.draw(board, lenses.visible('map'));
  transport.draw(board);
  timeline.draw(board);
  inspector.draw(board);
  held.draw(board);
  again.draw(board);
  guide?.draw(board);
  app.lookBack.draw();
  root.dataset.seq = String(board.seq);
  root.dataset.state = board.state;
  set(el('stage'), 'data-t', board.lab_time);
  for (const name of NAMED) set(el(`lens-${name}`), 'data-t', board.lab_time);
  const state = app.past() ? `past ${board.seq}` : board.state;
  if (state !== shownState) { shownState = state; describe(); }
});
let shownState = '';

function describe() {
  for (const name of NAMED) figures[name].describe(app.board);
}
for (const name of NAMED) {
  const lens = el(`lens-${name}`);
  lens.addEventListener('focusin', (e) => { if (!lens.contains(/** @type {Node} */ (e.relatedTarget))) describe(); });
}

// The connection: a short break is not worth a word, a longer one is said, and
// whatever needs the lab is switched off with the reason.
let lostTimer = 0;
let mendLater = 0;
let gone = false;

/** @param {string} reason "" when the lab can be reached */
function controls(reason) {
  app.lost = reason;
  app.lookBack.rest();
  store.invalidate(); // a lab that cannot be reached is not live
}

/** @param {string} words @param {boolean} ours */
function banner(words, ours) {
  const node = el('banner');
  node.hidden = words === '';
  node.classList.toggle('ours', ours);
  if (words && node.textContent !== words) node.replaceChildren(ours ? icon('wrench') : '', ours ? ' ' : '', words, ours ? h('span', {}, ' ', h('a', { href: '/lab/free?new=1' }, 'Start a new lab')) : '');
}

const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
const connect = () => new Socket(`${scheme}://${location.host}/api/labs/${encodeURIComponent(id)}/live`, {
  seq: () => store.seq,
  frame: (frame) => {
    store.apply(frame);
    if (frame.guide) guide?.heard(frame.guide);
    if (!frame.happened || Array.isArray(frame.happened)) return;
    clearTimeout(mendLater);
    mendLater = window.setTimeout(() => mend().catch(() => { /* the lanes keep their counts */ }), CALM_MS);
  },
  up: () => {
    clearTimeout(lostTimer);
    lostTimer = 0;
    store.linked = true;
    store.pace.reset();
    root.dataset.link = 'up';
    controls('');
    banner('', false);
    store.invalidate();
  },
  down: (closed, silence) => {
    gone ||= closed;
    if (store.linked) store.lostAt = new Date(Date.now() - silence);
    else isThere();
    store.linked = false;
    root.dataset.link = 'down';
    if (gone) { over(); return; }
    if (!lostTimer) lostTimer = window.setTimeout(() => {
      controls('Not connected to the lab just now.');
      banner(store.lostAt ? `Reconnecting. Showing the lab as of ${store.lostAt.toLocaleTimeString('en-GB')}.` : 'Connecting to the lab.', false);
    }, Math.max(0, LOST_MS - silence));
  },
});

if (isRun) {
  app.socket = /** @type {any} */ ({ act: () => Promise.reject(new Error(READ_ONLY)), stop: () => {} });
  store.past = store.board;
  app.follow.refresh(app.board);
} else app.socket = connect();

/** Asks whether the lab still exists: a socket that cannot be opened does not say why. */
async function isThere() {
  const answer = await fetch(`${app.base}/eval?expr=1`).catch(() => undefined);
  if (answer?.status === 404 && /** @type {any} */ (await answer.json().catch(() => ({}))).error?.code === 'not_found') over();
}

/** The lab itself has ended: that is ours to say, and no part of an exercise. */
function over() {
  gone = true;
  clearTimeout(lostTimer);
  app.socket.stop();
  if (guide) { if (!guide.leaving) location.reload(); return; } // the server knows where the learner goes on
  controls('This lab was closed.');
  banner('This lab was closed. That is a matter of the server, not part of the exercise.', true);
}

/** Fills the lanes with what happened before the page was opened. */
async function history() {
  const from = Math.max(1, store.seq - HISTORY);
  const response = await fetch(`${app.base}/journal?from=${from}`);
  if (!response.ok) return;
  const there = Date.parse(response.headers.get('Date') ?? '');
  if (Math.abs(there - Date.now()) > 2000) store.skew = there - Date.now();
  if (store.news.length === 0 && store.journal.length === 0) store.resume();
  store.prepend((await entries(response)).filter((entry) => entry.seq <= store.seq));
}

/** @param {Response} response @returns {Promise<import('./types.js').Entry[]>} */
async function entries(response) { return (await response.text()).split('\n').filter(Boolean).map((line) => JSON.parse(line)); }

/** Fetches what the socket counted and did not name, once it is calm again. */
async function mend() {
  for (let hole = store.hole(), tries = 0; hole && tries < 4; hole = store.hole(), tries++) {
    const response = await fetch(`${app.base}/journal?from=${hole.from}&to=${hole.to}`);
    if (!response.ok) return;
    store.fill(await entries(response));
  }
}

const help = /** @type {HTMLDialogElement} */ (el('help'));
const legendDialog = /** @type {HTMLDialogElement} */ (el('legend'));
const keys = new Keys([
  { key: 'o', does: 'place the order', run: () => { if (!(/** @type {any} */ (el('place')).disabled)) orders.place(); } },
  { key: 'f', does: 'break something', run: () => palette.toggle() },
  { key: 'k', does: 'freeze, run', run: () => transport.toggle() },
  { key: '.', does: 'one step: a message is handled; in the past, one entry on', run: () => (app.past() ? app.lookBack.step(1) : transport.step()) },
  { key: ',', does: 'look back: one entry', run: () => app.lookBack.step(-1) },
  { key: 'l', does: 'back to live', run: () => app.lookBack.live() },
  { key: '1', does: 'Map', run: () => lenses.choose('map') },
  { key: '2', does: 'Topics', run: () => lenses.choose('topics') },
  { key: '3', does: 'Story', run: () => lenses.choose('story') },
  { key: '4', does: 'Aggregate', run: () => lenses.choose('aggregate') },
  { key: '5', does: 'Read side', run: () => lenses.choose('read') },
  { key: '6', does: 'Code', run: () => lenses.choose('code') },
  { key: 'g', does: 'tell the story of the next followed order', run: () => nextStory() },
  { key: 'y', does: 'why: what is wrong, and because of what', run: () => why() },
  ...(guide ? [{ key: 'p', does: 'to the step: what it asks for now', run: () => guide.focus() }] : []),
  { key: '?', does: 'this help', run: () => keys.help(help) },
], { escape: () => inspector.close() });
el('look-back').addEventListener('click', () => { app.lookBack.step(-1); el('moment-slider').focus({ preventScroll: true }); });
el('help-open').addEventListener('click', () => keys.help(help));
el('legend-open').addEventListener('click', () => legend(legendDialog));
for (const dialog of [help, legendDialog, /** @type {HTMLDialogElement} */ (el('again'))]) dialog.addEventListener('click', (e) => { if (e.target === dialog) dialog.close(); });

function nextStory() {
  const list = app.follow.list;
  if (!list.length) return;
  const at = list.findIndex((one) => one.id === app.follow.front);
  app.follow.front = list[(at + 1) % list.length].id;
  app.follow.changed();
}

/** Asks why of the worst thing there is; without one, of the order whose story is told. */
function why() {
  const board = app.board;
  const ask = (/** @type {string} */ what, /** @type {string|number} */ id, /** @type {string} */ name) => app.inspect({ type: 'why', about: `${what}=${encodeURIComponent(id)}`, name }, /** @type {HTMLElement} */ (document.activeElement));
  const broken = Object.entries(board.invariants ?? {}).find(([, verdict]) => verdict.state === 'broken');
  const bad = troubles(board).find((trouble) => trouble.state !== 'armed');
  const letter = (board.dead_letters ?? []).find((one) => one.state === 'waiting');
  if (bad?.broker !== undefined) ask('seq', bad.seq, bad.what);
  else if (bad) ask('service', bad.service, bad.what);
  else if (broken) ask('invariant', broken[0], PROMISES[broken[0]] ?? broken[0]);
  else if (letter) ask('seq', letter.seq, `${letter.topic} #${letter.offset}`);
  else if (app.follow.front) ask('order', app.follow.front, `order ${app.follow.of(app.follow.front)?.letter}`);
}

const at = Number(new URLSearchParams(location.search).get('at'));
const asked = /^([\w.-]+)\/(\d+)\/(\d+)$/.exec(new URLSearchParams(location.search).get('record') ?? '');
if (asked && store.board) requestAnimationFrame(() => app.inspect({ type: 'record', topic: asked[1], partition: Number(asked[2]), offset: Number(asked[3]) }));
if (isRun || (at > 0 && Number.isInteger(at))) app.lookBack.look().then(() => app.lookBack.go(at > 0 && Number.isInteger(at) ? at : store.seq));

Object.assign(window, { __lab: { journal: () => store.journal, board: () => store.board, shown: () => store.shown, act: (/** @type {any} */ action) => app.act(action), drop: () => app.socket.ws?.close() } });
if (store.board) { store.resume(); store.flush(); }
history().catch(() => { /* the lanes start empty */ });
