// The reader's own system, question by question. Answers stay in this browser.

const KEPT = 'eddy.checklist';

/** @typedef {{option?: number, note?: string}} Answer */

export class Checklist {
  /** @param {HTMLElement} root @param {string} title */
  constructor(root, title) {
    this.title = title;
    /** @type {Record<string, Answer>} */
    this.answers = {};
    try { this.answers = JSON.parse(localStorage.getItem(KEPT) ?? '{}') ?? {}; } catch { /* nothing kept */ }
    this.questions = /** @type {HTMLElement[]} */ ([...root.querySelectorAll('[data-question]')]);
    for (const question of this.questions) {
      const id = question.dataset.question ?? '';
      question.addEventListener('change', (e) => {
        const input = /** @type {HTMLInputElement} */ (e.target);
        if (input.type === 'radio') this.keep(id, { option: Number(input.value) });
      });
      note(question).addEventListener('input', () => this.keep(id, { note: note(question).value }));
    }
    const clear = () => { this.answers = {}; this.store(); this.draw(); };
    for (const [id, does] of Object.entries({ 'save-list': () => this.save(), 'print-list': () => print(), 'clear-list': clear })) document.getElementById(id)?.addEventListener('click', does);
    this.draw();
  }

  /** @param {string} id @param {Answer} answer */
  keep(id, answer) {
    this.answers[id] = { ...this.answers[id], ...answer };
    this.store();
    this.draw();
  }

  store() { try { localStorage.setItem(KEPT, JSON.stringify(this.answers)); } catch { /* for this page only */ } }

  draw() {
    let answered = 0;
    for (const question of this.questions) {
      const answer = this.answers[question.dataset.question ?? ''] ?? {};
      for (const input of /** @type {NodeListOf<HTMLInputElement>} */ (question.querySelectorAll('input[type=radio]'))) input.checked = Number(input.value) === answer.option;
      for (const says of /** @type {NodeListOf<HTMLElement>} */ (question.querySelectorAll('[data-suggests]'))) says.hidden = Number(says.dataset.suggests) !== answer.option;
      const known = question.querySelector('[data-suggests]:not([hidden])') !== null;
      /** @type {HTMLElement} */ (question.querySelector('[data-unanswered]')).hidden = known;
      if (known) answered++;
      if (note(question).value !== (answer.note ?? '')) note(question).value = answer.note ?? '';
      note(question).toggleAttribute('data-empty', !note(question).value);
    }
    const count = document.getElementById('answered');
    if (count) count.textContent = String(answered);
  }

  /** What was answered, as Markdown. */
  markdown() {
    const lines = [`# ${this.title}`, '', `Answered on ${new Date().toISOString().slice(0, 10)}.`];
    this.questions.forEach((question, i) => {
      const said = question.querySelector('input:checked')?.parentElement ?? null;
      lines.push('', `## ${i + 1}. ${plain(question.querySelector('legend span'))}`, '', said ? `**Answer:** ${plain(said)}` : '**Answer:** not answered yet');
      const suggests = question.querySelector('[data-suggests]:not([hidden]) span');
      if (suggests) lines.push('', `**Suggests:** ${plain(suggests)}`);
      const evidence = question.querySelector('.evidence');
      if (evidence) {
        const found = [...evidence.querySelectorAll('li')].map((line) => `- ${plain(line)}`);
        lines.push('', ...(found.length ? ['**Evidence from my own runs:**', '', ...found] : ['**Evidence from my own runs:** no evidence yet']));
      }
      const own = note(question).value.trim();
      if (own) lines.push('', `**Note:** ${own.replace(/\s+/g, ' ')}`);
    });
    return `${lines.join('\n')}\n`;
  }

  save() {
    const url = URL.createObjectURL(new Blob([this.markdown()], { type: 'text/markdown' }));
    const a = document.createElement('a');
    a.href = url;
    a.download = 'adoption-checklist.md';
    a.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  }
}

/** @param {Element} question @returns {HTMLTextAreaElement} */
function note(question) { return /** @type {HTMLTextAreaElement} */ (question.querySelector('[data-note]')); }

/** @param {Element | null} node */
function plain(node) { return (node?.textContent ?? '').replace(/\s+/g, ' ').trim(); }
