// The message before which a breakpoint stopped the lab: what it says, why the
// lab stands still, and what is to become of it.

import { h, icon, once, set } from './dom.js';
import { NAMES, seatName } from './words.js';

/** @typedef {import('./types.js').Board} Board */
/** @typedef {import('./types.js').Held} Held */

export class HeldPanel {
  /** @param {import('./app.js').App} app @param {any} root */
  constructor(app, root) {
    this.app = app;
    this.root = root;
  }

  /** @param {Board} board */
  draw(board) {
    const held = board.held?.[0];
    const appears = held && this.root.hidden;
    this.root.hidden = !held;
    // What somebody types stays: the panel is drawn anew only for another message.
    once(this.root, held ? JSON.stringify([held, board.breakpoints, this.app.follow.letter(board, held.order), this.app.past()]) : '', () => (held ? this.parts(board, held) : []));
    if (appears && matchMedia('(max-width: 760px)').matches) this.root.scrollIntoView({ block: 'start' });
  }

  /** @param {Board} board @param {Held} held */
  parts(board, held) {
    const breakpoint = board.breakpoints?.find((one) => one.id === held.breakpoint);
    const value = pretty(held.value);
    const editor = h('textarea', { class: 'payload edit', rows: 11, spellcheck: 'false', 'aria-label': 'The value of the message', 'aria-describedby': 'held-wrong', readonly: Boolean(held.cut) || this.app.past() });
    editor.value = value;
    const wrong = h('p', { class: 'refused', id: 'held-wrong', role: 'alert', hidden: true });
    const change = this.button('Change', (/** @type {any} */ button) => {
      const reason = held.cut ? 'The value is longer than what is shown, so it cannot be changed here.' : editor.value === value ? 'It says what it said before: change the text first.' : notJSON(editor.value);
      set(editor, 'aria-invalid', reason ? 'true' : null);
      wrong.hidden = reason === '';
      wrong.replaceChildren(...(reason ? [icon('x'), ' ', reason] : []));
      if (reason) editor.focus();
      else this.app.press(button, { held: { do: 'change', value: editor.value } });
    });
    return [
      h('div', { class: 'insph' }, h('div', {}, h('span', { class: 'sc' }, 'a breakpoint holds'), h('h1', {}, held.event_type || 'A record without a type'))),
      h('div', { class: 'inspb' },
        h('p', { class: 'because stale' }, h('b', {}, 'The lab stands still, '), `because ${seatName(held.service, held.instance)} is about to handle it, and a breakpoint waits for ${breakpoint?.text ?? 'it'}.`),
        h('dl', { class: 'kv' },
          ...pair('order', held.order ? h('span', {}, this.app.mark(held.order), ' ', board.orders[held.order]?.user ?? held.order) : 'of no order'),
          ...pair('reader', NAMES[held.service] ?? held.service),
          ...pair('record', h('button', { type: 'button', class: 'link', onclick: (/** @type {any} */ e) => this.app.inspect({ type: 'record', topic: held.topic, partition: held.partition, offset: held.offset }, e.currentTarget) }, `${held.topic} p${held.partition} #${held.offset}`)),
          ...pair('key', held.key || 'none'),
          ...(held.attempt > 1 ? pair('try', held.attempt) : []),
          ...Object.entries(held.headers ?? {}).flatMap(([name, text]) => pair(name, h('span', { class: 'mono' }, text)))),
        h('h2', {}, 'Value'), editor, wrong,
        h('div', { class: 'inspa' }, this.button('Let it go', (button) => this.app.press(button, { held: 'go' }), 'btn sm go'), change,
          this.button('Drop', (button) => this.app.press(button, { held: 'drop' })), this.button('Twice', (button) => this.app.press(button, { held: 'duplicate' }))),
        h('p', { class: 'mut' }, 'A change is seen by this reader only; the log keeps what it has. What is dropped counts as handled. Twice puts a copy on the log.'),
        h('p', { class: 'refused', hidden: true })),
    ];
  }

  /** @param {string} words @param {(button: HTMLElement) => void} press @param {string} [className] */
  button(words, press, className = 'btn sm') {
    return h('button', { type: 'button', class: className, 'data-held': words, onclick: (/** @type {any} */ e) => press(e.currentTarget) }, words);
  }
}

/** What is wrong with a text as JSON, "" for nothing. @param {string} text */
export function notJSON(text) {
  try { JSON.parse(text); return ''; } catch (error) {
    const said = /** @type {Error} */ (error).message;
    const place = /line (\d+) column (\d+)/.exec(said);
    return `This is not JSON${place ? `, at line ${place[1]}, column ${place[2]}` : ''}: ${said.replace(/ in JSON.*$/, '').replace(/^JSON\.parse: /, '')}.`;
  }
}

/** @param {string} value */
export function pretty(value) {
  try { return JSON.stringify(JSON.parse(value), null, 2); } catch { return value; }
}

/** @param {string} name @param {any} value */
function pair(name, value) { return [h('dt', {}, name), h('dd', {}, typeof value === 'number' ? String(value) : value)]; }
