// The author studio: a file on the left, what it is to a learner on the right.

import { el, h, icon, text as put } from '../lab/dom.js';
import { checker, findings } from './check.js';
import { openEditor } from './editor.js';
import { handedOver } from './handover.js';
import { previewPanel } from './preview.js';
import { proofPanel } from './proof.js';
import { templates } from './templates.js';

const KEPT = 'eddy.author';
const studio = el('studio');
const may = studio.hasAttribute('data-may');

/** @returns {string} what was written before, or a template */
function kept() {
  try { return localStorage.getItem(KEPT) || templates.crash; } catch { return templates.crash; }
}

let said = 0;
/** Says something in passing. @param {string} what @param {boolean} [bad] */
function say(what, bad = false) {
  const line = el('said');
  put(line, what);
  line.classList.toggle('fail', bad);
  clearTimeout(said);
  said = setTimeout(() => { put(line, 'Kept in this browser as you type.'); line.classList.remove('fail'); }, bad ? 15000 : 5000);
}

let outline = /** @type {any} */ (null);
let previewed = /** @type {any[]} */ ([]);
let clean = false; // the text that was checked last has no errors
let checking = true; // what is there now was not checked yet
/** @type {(() => void) | null} */ let next = null; // is waiting for the check
let proving = false;

// --- the sides
const wide = matchMedia('(min-width: 760.1px)');
/** @param {string} side */
function showSide(side) {
  studio.dataset.side = side;
  for (const b of document.querySelectorAll('.sides button')) b.setAttribute('aria-pressed', String(/** @type {HTMLElement} */ (b).dataset.side === side));
  el('preview').hidden = side === 'proof';
  el('proof').hidden = side !== 'proof';
}
for (const b of document.querySelectorAll('.sides button')) b.addEventListener('click', () => showSide(/** @type {HTMLElement} */ (b).dataset.side ?? 'preview'));
const start = () => showSide(wide.matches ? 'preview' : 'file');
wide.addEventListener('change', start);
start();

// --- the editor and its check
let saving = 0;
/** @param {string} text */
function keep(text) {
  try { localStorage.setItem(KEPT, text); } catch { say('This browser keeps nothing: export the file before you leave.', true); }
}

const editor = openEditor(el('editor'), {
  text: kept(), nonce: studio.dataset.nonce ?? '',
  changed: (text) => {
    clearTimeout(saving);
    saving = setTimeout(() => keep(text), 200);
    checking = true;
    played = [];
    check(text);
    proof.outdated();
    buttons();
  },
  moved: (line) => preview.follow(line),
  prove: () => prove(), play: () => play(),
  save: () => { keep(editor.text()); say('Kept in this browser. Export writes a file.'); },
});
addEventListener('pagehide', () => keep(editor.text()));

const preview = previewPanel(el('preview'), { goTo: (line) => { if (!wide.matches) showSide('file'); editor.goTo({ line, column: 1 }); } });

let answered = /** @type {any} */ ({ problems: [], warnings: [], preview: [] });
let played = /** @type {any[]} */ ([]); // what a proof of this very text warned of

/** Lists and marks what is known of the text. */
function report() {
  const list = findings({ ...answered, warnings: [...answered.warnings, ...played] });
  editor.mark(list);
  drawFound(list, answered);
}

const check = checker((answer) => {
  answered = answer;
  clean = answer.problems.length === 0;
  checking = false;
  outline = answer.outline ?? outline;
  previewed = answer.preview;
  report();
  if (answer.outline) put(el('heading'), answer.outline.title);
  preview.show(answer.preview, outline?.title ?? '');
  buttons();
  const then = next;
  next = null;
  then?.();
}, (message) => { put(el('found-title'), message); el('found').replaceChildren(); });

/** @param {number} n @param {string} one */
const many = (n, one) => `${n} ${one}${n === 1 ? '' : 's'}`;

/** @param {import('./check.js').Finding[]} list @param {any} [answer] */
function drawFound(list, answer) {
  const errors = list.filter((f) => f.severity === 'error').length;
  const title = el('found-title');
  title.dataset.state = errors ? 'failed' : list.length ? 'waiting' : 'met';
  if (!list.length) put(title, `No errors, no warnings. ${many(answer?.outline?.steps?.length ?? 0, 'step')}.`);
  else put(title, [errors && many(errors, 'error'), list.length - errors && many(list.length - errors, 'warning')].filter(Boolean).join(', '));
  el('found').replaceChildren(...list.map((f) => h('li', { 'data-severity': f.severity },
    h('button', { type: 'button', onclick: () => { if (!wide.matches) showSide('file'); editor.goTo(f); } },
      icon(f.severity === 'error' ? 'octagon' : 'dots'), h('span', { class: 'where' }, `${f.line}:${f.column}`), h('span', { class: 'what' }, f.message), f.rule && h('span', { class: 'rule' }, f.rule)))));
}

// --- proof
const proof = proofPanel(el('proof'), {
  goTo: (step, key) => {
    if (!wide.matches) showSide('file');
    editor.goTo(placeOf(step, key));
  },
  running: (on) => { proving = on; buttons(); },
  warned: (list) => { played = list; report(); },
});
proof.allow(may);

/** Where a key of a step stands: the first such key below the step's line. @param {string} step @param {string} key */
function placeOf(step, key) {
  const line = previewed.find((s) => s.id === step)?.line ?? 1;
  const lines = editor.text().split('\n');
  const name = key.replace(/\[.*/, '');
  for (let i = line - 1; i < lines.length; i++) {
    const at = lines[i].search(new RegExp(`(^|[\\s-])${name}:`));
    if (at >= 0) return { line: i + 1, column: lines[i].indexOf(`${name}:`) + 1 };
  }
  return { line, column: 1 };
}

const why = () => (!may ? 'This needs the machine that Eddy runs on, or the teacher key.' : !checking && !clean ? 'The file has errors: mend them first.' : '');

function buttons() {
  const reason = why();
  for (const id of ['prove', 'play-draft']) {
    const b = /** @type {HTMLButtonElement} */ (el(id));
    b.disabled = !!reason || id === 'prove' && proving;
    b.title = reason;
  }
  const { undo, redo } = editor.depths();
  /** @type {HTMLButtonElement} */ (el('undo')).disabled = !undo;
  /** @type {HTMLButtonElement} */ (el('redo')).disabled = !redo;
}

/** Is the text ready to be played? Otherwise the check comes first. @param {() => void} then */
function ready(then) {
  if (why()) { say(why(), true); return false; }
  if (!checking) return true;
  next = then;
  check(editor.text(), true);
  return false;
}

function prove() {
  if (!ready(prove)) return;
  showSide('proof');
  proof.run(editor.text());
}

async function play() {
  if (!ready(play)) return;
  const text = editor.text();
  keep(text);
  say('A lab is opening …');
  // The window is opened now, while the browser knows that a person asked.
  const opened = window.open('', 'eddy-learner');
  try {
    const response = await fetch('/api/scenarios/play', { method: 'POST', headers: { 'Content-Type': 'application/yaml' }, body: text });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error?.message);
    const page = `/lab/~${encodeURIComponent(answer.id)}`;
    if (opened) opened.location.href = page;
    el('said').replaceChildren('The lab is open: ', h('a', { href: page, target: 'eddy-learner', id: 'opened' }, 'go to it'), '. It is the file as it is now.');
    clearTimeout(said);
  } catch (error) {
    opened?.close();
    say(/** @type {Error} */ (error).message || 'The lab could not be opened.', true);
  }
}

el('prove').addEventListener('click', prove);
el('play-draft').addEventListener('click', play);
el('undo').addEventListener('click', () => editor.undo());
el('redo').addEventListener('click', () => editor.redo());

// --- files
const begin = /** @type {HTMLDialogElement} */ (el('begin'));
el('new').addEventListener('click', () => begin.showModal());
begin.addEventListener('click', async (e) => {
  const b = /** @type {HTMLElement} */ (e.target).closest('button');
  const { template, bundled } = b?.dataset ?? {};
  if (!template && !bundled) return;
  begin.close();
  if (template) { take(templates[template], 'A new scenario. Undo brings the old one back.'); return; }
  try {
    const response = await fetch(`/api/scenarios/${encodeURIComponent(bundled ?? '')}/file`);
    if (!response.ok) throw new Error((await response.json()).error?.message);
    take(await response.text(), `${bundled} is there as it is in the library. Undo brings the old one back.`);
  } catch (error) { say(/** @type {Error} */ (error).message || 'It could not be fetched.', true); }
});

/** @param {string} text @param {string} what */
function take(text, what) {
  outline = null;
  if (!wide.matches) showSide('file');
  editor.replace(text);
  check(text, true);
  say(what);
}

const MOST = 64 << 10;
/** @param {File | undefined} file */
async function open(file) {
  if (!file) return;
  if (file.size > MOST) { say(`${file.name} has ${Math.ceil(file.size / 1024)} KiB: a scenario file has at most 64.`, true); return; }
  take(await file.text(), `${file.name} is open. Undo brings the old text back.`);
}
const input = /** @type {HTMLInputElement} */ (el('import').querySelector('input'));
input.addEventListener('change', async () => { await open(input.files?.[0]); input.value = ''; });
el('file').addEventListener('dragover', (e) => { if (e.dataTransfer?.types.includes('Files')) e.preventDefault(); });
el('file').addEventListener('drop', (e) => {
  const file = e.dataTransfer?.files[0];
  if (!file) return;
  e.preventDefault();
  e.stopPropagation();
  open(file);
}, true);

el('export').addEventListener('click', () => {
  const text = editor.text();
  const id = /^id:\s*["']?([a-z0-9-]+)/m.exec(text)?.[1] ?? 'scenario';
  const address = URL.createObjectURL(new Blob([text], { type: 'application/yaml' }));
  h('a', { href: address, download: `${id}.yaml` }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10000);
  say(`${id}.yaml is written. Put it into the folder of --scenarios, or play it with: eddy play ${id}.yaml`);
});

const given = handedOver();
if (given) take(given, 'It is here, as a file. Undo brings the old text back.');
else check(editor.text(), true);
buttons();
fetch('/api/schema/scenario').then((r) => r.json()).then(editor.schema).catch(() => say('There is no completion: the schema could not be fetched.', true));
studio.dataset.ready = '';
