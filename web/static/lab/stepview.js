// The step panel: predict, do, observe, explain; the goal next to how it is
// now; hints; and the end. What is done folds to one line with the learner's
// own answer.

import { css, h, icon, once, s, set } from './dom.js';
import { clock } from './words.js';

/** @typedef {import('./guide.js').View} View */

const SURE = [['guess', 'Guess'], ['think', 'Think so'], ['sure', 'Sure']];
/** @type {Record<string, string>} */
const SURE_WORDS = { guess: 'a guess', think: 'think so', sure: 'sure' };
const RUNGS = ['Look', 'Think', 'Do'];

export class StepView {
  /** @param {import('./app.js').App} app @param {import('./guide.js').Guide} guide @param {HTMLElement} root */
  constructor(app, guide, root) {
    this.app = app;
    this.guide = guide;
    this.root = root;
    const part = (/** @type {string} */ name) => h('div', { class: 'part', 'data-part': name });
    this.parts = { head: part('head'), predict: part('predict'), do: part('do'), hints: part('hints'), goal: part('goal'), observe: part('observe'), explain: part('explain'), finish: part('finish') };
    root.append(...Object.values(this.parts));
    const more = () => { root.toggleAttribute('data-more', root.scrollHeight - root.scrollTop - root.clientHeight > 40); };
    root.addEventListener('scroll', more, { passive: true });
    const size = new ResizeObserver(more);
    for (const one of [root, ...Object.values(this.parts)]) size.observe(one);
  }

  /** The part that asks for something now. */
  get now() { return /** @type {HTMLElement} */ (this.root.querySelector('.phase.now') ?? this.root.querySelector('h1')); }

  focus() {
    const { now } = this;
    const first = /** @type {HTMLElement | null} */ (now.querySelector('input, button, select')) ?? now;
    first.focus();
    now.scrollIntoView({ block: 'nearest' });
  }

  /** @param {import('./types.js').Board} board @param {View} view */
  draw(board, view) {
    const had = this.root.contains(document.activeElement);
    const { phase } = view;
    const finished = phase === 'finished';
    const p = this.parts;
    once(p.head, JSON.stringify([view.step, view.steps, view.heading, view.say, phase === 'observe' || phase === 'explain', finished, view.trouble]), () => this.head(view));
    once(p.predict, finished ? '' : JSON.stringify([view.step, view.predict, view.outcome, phase === 'predict']), () => (finished || !view.predict ? [] : this.predict(view)));
    once(p.do, finished ? '' : JSON.stringify([view.step, view.tasks, view.opening, view.trouble, phase, view.caption, view.helped]), () => (finished || phase === 'predict' && !view.opening ? [this.later('Do', 'once your prediction is locked in', finished)] : this.do(view)));
    once(p.observe, finished ? '' : JSON.stringify([view.step, view.observe, view.note, phase, view.challenge]), () => (finished || view.challenge ? [] : this.observe(board, view)));
    once(p.explain, finished ? '' : JSON.stringify([view.step, view.because, view.explain, view.in_production, view.switch, phase]), () => (finished ? [] : this.explain(view)));
    once(p.goal, finished ? '' : JSON.stringify([view.step, view.verdict.parts, view.met, view.near, phase]), () => (finished || view.opening || phase === 'predict' ? [] : this.goal(view)));
    once(p.hints, finished ? '' : JSON.stringify([view.step, view.hints, phase]), () => (finished || phase !== 'do' ? [] : this.hints(view)));
    once(p.finish, JSON.stringify(view.finish ?? null), () => (view.finish ? this.finish(view) : []));
    const hints = view.hints?.length ?? 0;
    if (hints > this.hintsShown && phase === 'do') p.hints.scrollIntoView({ block: 'nearest' });
    this.hintsShown = hints;
    // Whoever was in a part that is gone stands at the one that came next.
    if (had && !this.root.contains(document.activeElement)) this.focus();
    const key = `${view.step} ${phase}`;
    if (key !== this.key) {
      if (this.told && document.activeElement === document.body) this.focus();
      this.told = false;
      // A new step is read from its heading on; within it, the part that asks comes into sight.
      if (this.key.split(' ')[0] !== String(view.step)) this.root.scrollTop = 0;
      else if (this.shown !== 'opening') this.now.scrollIntoView({ block: 'nearest' });
      this.key = key;
      this.shown = view.opening ? 'opening' : phase;
    }
  }

  key = '';
  shown = '';
  hintsShown = 0;
  /** Somebody in this panel waits for an answer: the button that rests meanwhile loses the focus. */
  told = false;

  /** HTML that the server made safe. @param {string} tag @param {string} className @param {string | undefined} html */
  html(tag, className, html) {
    const node = h(tag, { class: className });
    node.innerHTML = html ?? '';
    return node;
  }

  /** @param {string} sign @param {'now'|'fold'|'next'} look @param {string} name @param {string} aside @param {any[]} kids */
  phase(sign, look, name, aside, kids) {
    return h('section', { class: `phase ${look}`, tabindex: look === 'now' ? -1 : null, 'aria-label': name }, icon(sign),
      h('div', {}, h('h2', {}, name, aside ? h('small', {}, aside) : ''), ...kids));
  }

  /** @param {string} name @param {string} when @param {boolean} [none] */
  later(name, when, none) { return none ? '' : this.phase('lock', 'next', name, when, []); }

  /** @param {View} view */
  head(view) {
    const states = { done: 'done', helped: 'done with help', now: 'now', later: 'to come' };
    const finished = view.phase === 'finished';
    const dots = h('div', { class: 'prog', 'aria-hidden': 'true' }, ...view.steps.map((step, i) => h('i', { class: ['done', 'helped'].includes(step.state) ? step.state : null, title: `${step.title}, ${states[step.state]}` }, i + 1)), s('svg', {}, s('use', { href: '#caret' })));
    css(dots, '--n', finished ? view.steps.length : view.step);
    const names = h('details', { class: 'stepnames' }, h('summary', {}, finished ? `${view.steps.length} steps done` : `Step ${view.step + 1} of ${view.steps.length}`),
      h('ol', {}, ...view.steps.map((step) => h('li', { 'data-state': step.state, 'aria-current': step.state === 'now' ? 'step' : null }, step.title, step.state === 'later' ? '' : h('span', { class: 'mut' }, ` ${states[step.state]}`)))));
    const said = view.say && !finished ? this.html('div', 'prose', view.say) : '';
    return [h('div', { class: 'steptop' }, dots, names), h('h1', { tabindex: -1 }, finished ? `${view.title}: done` : view.heading),
      said && ['observe', 'explain'].includes(view.phase) ? h('details', { class: 'about' }, h('summary', {}, 'What this step is about'), said) : said,
      view.trouble ? h('p', { class: 'trouble', role: 'alert' }, icon('wrench'), ' ', view.trouble) : ''];
  }

  /** @param {string} name @param {import('./guide.js').Ask} ask @param {number} chosen */
  options(name, ask, chosen) {
    return h('fieldset', { class: 'choices', 'aria-label': 'Answers' }, ...(ask.options ?? []).map((option, i) => {
      const words = this.html('span', '', ask.options_html?.[i]);
      return h('label', { class: 'choice' }, h('input', { type: 'radio', name, value: i, checked: i === chosen }), words);
    }));
  }

  /** The number of what is chosen, −1 nothing. @param {Element} form @param {string} name */
  chosen(form, name) { return Number(/** @type {HTMLInputElement | null} */ (form.querySelector(`input[name=${name}]:checked`))?.value ?? -1); }

  /** @param {any} form @param {string} sentence */
  refuse(form, sentence) {
    const said = form.querySelector('.refused');
    said.hidden = sentence === '';
    said.replaceChildren(...(sentence ? [h('span', {}, sentence[0].toUpperCase() + sentence.slice(1))] : []));
    if (sentence) said.scrollIntoView({ block: 'nearest' });
  }

  /** A form of the panel; what it answers is told to the server. @param {any[]} kids @param {(form: any) => any} body a sentence where something is missing */
  form(kids, body) {
    const form = h('form', { onsubmit: async (/** @type {any} */ e) => {
      e.preventDefault();
      const told = body(form);
      if (typeof told === 'string') { this.refuse(form, told); return; }
      this.refuse(form, '');
      const button = form.querySelector('[type=submit]');
      this.told = form.contains(document.activeElement);
      try { await this.guide.tell(told, button); } catch (error) {
        this.refuse(form, /** @type {Error} */ (error).message);
        if (this.told) button.focus();
        this.told = false;
      }
    }, onchange: () => form.querySelector('.acts')?.scrollIntoView({ block: 'nearest' }) }, ...kids, h('p', { class: 'refused', role: 'alert', hidden: true }));
    return form;
  }

  /** @param {View} view */
  predict(view) {
    const ask = /** @type {import('./guide.js').Ask} */ (view.predict);
    if (view.phase !== 'predict') {
      if (!ask.locked) return [];
      return [this.phase('lock', 'fold', 'Predict', `locked, ${SURE_WORDS[ask.confidence ?? ''] ?? ''}`, [
        this.html('p', 'said', `“${ask.options_html?.[ask.chosen] ?? ''}”`), view.outcome ? h('p', { class: 'came' }, view.outcome) : ''])];
    }
    return [this.phase('eye', 'now', 'Predict', 'before anything happens', [this.html('p', 'q', ask.ask), this.form([
      this.options('predict', ask, ask.chosen),
      h('fieldset', { class: 'sure' }, h('legend', {}, 'How sure?'), ...SURE.map(([value, words]) => h('label', {}, h('input', { type: 'radio', name: 'sure', value }), h('span', {}, words)))),
      h('div', { class: 'acts' }, h('button', { type: 'submit', class: 'btn go' }, 'Lock in'))],
    (form) => {
      const option = this.chosen(form, 'predict');
      const confidence = form.querySelector('input[name=sure]:checked')?.value;
      if (option < 0) return 'Choose what you expect. A guess is fine.';
      return confidence ? { do: 'predict', option, confidence } : 'Say how sure you are: it shows what is worth a second look.';
    })])];
  }

  /** @param {View} view */
  do(view) {
    const doing = view.phase === 'do' || view.phase === '';
    const tasks = h('ul', { class: 'ticks' }, ...(view.tasks ?? []).map((task) => {
      const words = this.html('span', '', task.text);
      const where = task.where && !task.done && doing ? h('button', { type: 'button', class: 'where', onclick: () => this.guide.where.show(task.where ?? '') }, 'Show me where') : '';
      return h('li', { 'data-done': task.done }, icon(task.done ? 'ok' : 'ring'), h('span', {}, words, ' ', where), task.done ? h('span', { class: 'vh' }, ' done') : '');
    }));
    if (!doing && !view.tasks?.length && !view.helped && !view.caption) return [];
    if (view.opening && view.trouble) return [this.phase('wrench', 'now', 'Do', 'not begun yet', [this.button('Try again', { do: 'next' }, 'btn go')])];
    if (view.opening) return [this.phase('dots', 'now', 'Do', '', [h('p', { class: 'mut', role: 'status' }, 'The lab is being prepared for this step.')])];
    return [this.phase(doing ? 'play' : 'ok', doing ? 'now' : 'fold', 'Do', view.helped && !doing ? 'with help' : '', [
      view.tasks?.length ? tasks : doing ? h('p', { class: 'mut' }, 'Reach the goal, whichever way you like.') : '',
      view.caption ? h('p', { class: 'caption', role: 'status' }, h('b', {}, 'The lab does: '), view.caption) : '',
      view.helped && !view.caption ? h('p', { class: 'nowyou' }, h('b', {}, 'Now you: '), this.button('Restart step', { do: 'restart_step' })) : ''])];
  }

  /** @param {string} words @param {any} body */
  button(words, body, className = 'btn sm') {
    const button = h('button', { type: 'button', class: className, onclick: async () => {
      try { await this.guide.tell(body, button); } catch (error) { this.guide.foot.say(/** @type {Error} */ (error).message); }
    } }, words);
    return button;
  }

  /** @param {import('./types.js').Board} board @param {View} view */
  observe(board, view) {
    const ask = view.observe;
    if (view.phase === 'predict' || view.phase === 'do' || view.phase === '') return [this.later('Observe', 'at the decisive moment')];
    if (!ask) return [];
    const watch = h('button', { type: 'button', class: 'btn', onclick: () => this.guide.watch.start() }, 'Watch again, ¼ speed');
    if (view.phase !== 'observe') {
      const answer = ask.options ? ask.options_html?.[ask.chosen] : undefined;
      return [this.phase('ok', 'fold', 'Observe', ask.misses ? 'seen at second sight' : 'seen', [answer === undefined ? h('p', { class: 'said' }, `“${ask.value ?? ''}”`) : this.html('p', 'said', `“${answer}”`)])];
    }
    const input = ask.options ? this.options('observe', ask, ask.misses ? -1 : ask.chosen) : h('label', { class: 'value' }, h('span', {}, 'The value'), h('input', { type: 'text', name: 'value', autocomplete: 'off', value: ask.value ?? '' }));
    return [this.phase('eye', 'now', 'Observe', `the lab stands still, ${clock(board.lab_time)}`, [this.html('p', 'q', ask.ask),
      view.note ? h('p', { class: 'note', role: 'status' }, view.note) : '',
      this.form([input, h('div', { class: 'acts' }, h('button', { type: 'submit', class: 'btn go' }, 'Check'), watch)], (form) => {
        if (!ask.options) { const value = form.querySelector('input[name=value]').value.trim(); return value ? { do: 'observe', value } : 'Write down what you read from the figures.'; }
        const option = this.chosen(form, 'observe');
        return option < 0 ? 'Choose what the figures show.' : { do: 'observe', option };
      })])];
  }

  /** @param {View} view */
  explain(view) {
    if (view.phase !== 'explain') return [this.later('Explain', view.observe && !view.challenge || view.phase === 'observe' ? 'once you have seen it' : 'once the goal is met')];
    const parts = view.because ?? [];
    if (view.explain === undefined && parts.length) {
      let n = 0;
      const sentence = parts.map((part) => {
        if (!part.choices) return this.html('p', 'piece', part.text);
        const name = `because-${n++}`;
        return h('fieldset', { class: 'slot', 'aria-label': `Part ${n} of the sentence`, 'data-right': part.right === undefined ? null : part.right },
          ...part.choices.map((choice, i) => h('label', { class: 'choice' }, h('input', { type: 'radio', name, value: choice, checked: choice === part.chosen && part.right === true }), h('span', {}, part.labels?.[i] ?? choice))),
          part.right === false ? h('p', { class: 'note' }, `Not so: “${part.labels?.[part.choices.indexOf(part.chosen ?? '')] ?? part.chosen}”. Look at the figures once more.`) : '');
      });
      return [this.phase('eye', 'now', 'Explain', 'put the sentence together', [this.form([...sentence, h('div', { class: 'acts' }, h('button', { type: 'submit', class: 'btn go' }, 'Check the sentence'))], (form) => {
        const chosen = [...form.querySelectorAll('.slot')].map((slot) => slot.querySelector('input:checked')?.value);
        return chosen.includes(undefined) ? 'Choose one part for each place of the sentence.' : { do: 'because', parts: chosen };
      })])];
    }
    const sentence = parts.map((part) => part.chosen ? part.labels?.[part.choices?.indexOf(part.chosen) ?? 0] ?? part.chosen : undefined);
    return [this.phase('ok', 'now', 'Explain', '', [
      parts.length ? h('p', { class: 'sentence' }, ...parts.flatMap((part, i) => [i ? ' ' : '', sentence[i] ? h('b', {}, sentence[i]) : this.html('span', '', part.text)]), '.') : '',
      view.explain ? this.html('div', 'prose', view.explain) : '',
      view.in_production ? h('div', { class: 'prod' }, h('h3', { class: 'sc' }, 'In production'), this.html('div', 'prose', view.in_production)) : '',
      view.switch ? this.what(view.switch) : ''])];
  }

  /** The one switch that turns the outcome. @param {{label: string, set: any}} one */
  what(one) {
    const button = h('button', { type: 'button', class: 'btn sm', onclick: async () => {
      set(button, 'aria-busy', 'true');
      button.disabled = true;
      try {
        const response = await fetch(`${this.app.base}/twins`, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ but: { set: one.set } }) });
        const answer = await response.json();
        if (!response.ok) throw new Error(answer.error?.message ?? 'The server refused.');
        location.assign(answer.page);
      } catch (error) {
        this.guide.foot.say(/** @type {Error} */ (error).message);
      } finally {
        set(button, 'aria-busy', null);
        button.disabled = false;
      }
    } }, 'Run both');
    return h('div', { class: 'switch' }, h('h3', { class: 'sc' }, 'Same again, but with …'), h('p', {}, one.label), button);
  }

  /** @param {View} view */
  goal(view) {
    const parts = view.verdict.parts ?? [];
    if (!parts.length) return [];
    const open = parts.filter((part) => !part.met);
    const met = Boolean(view.met);
    const big = (/** @type {string} */ value) => value.length <= 4;
    return [h('section', { class: 'goals', 'aria-label': 'Goal', 'data-met': met }, h('h2', {}, 'Goal', met ? h('span', { class: 'chip met' }, icon('ok'), 'MET') : h('small', {}, open.length === parts.length ? '' : `${parts.length - open.length} of ${parts.length} hold`)),
      view.near ? h('p', { class: 'near', role: 'status' }, h('b', {}, 'Close. '), this.html('span', '', view.near)) : '',
      ...parts.map((part) => h('div', { class: 'cond', 'data-met': part.met || met },
        h('p', { class: /[("]/.test(part.what) ? 'mono' : '' }, icon(part.met || met ? 'ok' : 'ring'), h('span', {}, part.what)),
        h('dl', {}, h('dt', {}, 'Goal'), h('dd', { 'data-big': big(part.goal) }, part.goal), h('dt', {}, 'Now'), h('dd', { class: 'is', 'data-big': big(part.now) }, part.now)),
        ...this.proof(part))))];
  }

  /** How far it is off, and where that is seen: what is not there yet is seen nowhere. @param {import('./guide.js').Condition} part */
  proof(part) {
    const off = part.off && !part.met ? part.off : '';
    const seen = part.now === '0' ? [] : part.evidence ?? [];
    if (!off && !seen.length) return [];
    return [h('p', { class: 'proof' }, off ? h('b', {}, `${off}${seen.length ? ', ' : ''}`) : '', ...(seen.length ? ['seen at ', ...this.moments(seen)] : []))];
  }

  /** @param {number[]} seqs */
  moments(seqs) {
    return seqs.flatMap((seq, i) => {
      const entry = this.app.store.journal.find((one) => one.seq === seq);
      const words = entry?.topic && entry.kind === 'produced' ? `${entry.topic} p${entry.partition} #${entry.offset}` : entry ? clock(entry.at) : `entry ${seq}`;
      return [i ? (i === seqs.length - 1 ? ' and ' : ', ') : '', this.app.moment(seq, words)];
    });
  }

  /** @param {View} view */
  hints(view) {
    if (!view.hints?.length) return [];
    return [h('section', { class: 'hints', 'aria-label': 'Hints', 'aria-live': 'polite' }, h('dl', {}, ...view.hints.flatMap((hint, i) => [h('dt', {}, RUNGS[i] ?? 'Hint'), this.html('dd', '', hint)])))];
  }

  /** @param {View} view */
  finish(view) {
    const end = /** @type {NonNullable<View['finish']>} */ (view.finish);
    return [h('section', { class: 'finish' },
      h('h2', { class: 'sc' }, 'What you have seen'),
      h('ul', { class: 'ticks' }, ...end.learned.map((one) => h('li', { 'data-done': true }, icon('ok'), h('span', {}, one.title, one.helped ? h('span', { class: 'mut' }, ', with help') : '')))),
      end.review.length ? h('h2', { class: 'sc' }, 'Worth a second look') : '',
      ...end.review.map((one) => h('div', { class: 'review' }, this.html('p', 'q', one.ask), h('p', { class: 'mut' }, 'You were sure: ', this.html('i', '', one.said)), h('p', {}, 'It is: ', this.html('b', '', one.answer)))),
      end.next.length ? h('h2', { class: 'sc' }, 'Next') : '',
      ...end.next.map((one, i) => h('a', { class: 'nextone', href: `/lab/${encodeURIComponent(one.id)}`, 'data-first': i === 0 }, h('b', {}, one.title), h('span', { class: 'mut' }, `${one.minutes} min`), h('span', { class: 'what' }, one.summary))),
      h('p', { class: 'acts' }, h('a', { class: end.next.length ? 'btn' : 'btn go', href: '/learn' }, 'The whole way'), this.button('Once more', { do: 'restart' }, 'btn bare')))];
  }
}
