// Terms of the glossary open in place: in the margin where there is one, else
// below the paragraph. Without this module they lead to the glossary's page.

import { h, icon } from '../lab/dom.js';

export class Terms {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    /** @type {HTMLElement | undefined} */
    this.open = undefined;
    /** @type {HTMLElement | undefined} */
    this.note = undefined;
    for (const link of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll('a.term'))) {
      if (!this.means(link.dataset.term)) continue;
      link.setAttribute('role', 'button');
      link.setAttribute('aria-expanded', 'false');
      link.addEventListener('click', (e) => { if (e.ctrlKey || e.metaKey || e.shiftKey) return; e.preventDefault(); this.toggle(link); });
      link.addEventListener('keydown', (e) => { if (e.key === ' ') { e.preventDefault(); this.toggle(link); } });
    }
    addEventListener('keydown', (e) => { if (e.key === 'Escape' && this.open) { const link = this.open; this.close(); link.focus(); } });
  }

  /** @param {string | undefined} id @returns {HTMLTemplateElement | null} */
  means(id) { return this.root.querySelector(`template[data-means="${CSS.escape(id ?? '')}"]`); }

  /** @param {HTMLElement} link */
  toggle(link) {
    const same = this.open === link;
    this.close();
    if (same) return;
    const means = /** @type {HTMLTemplateElement} */ (this.means(link.dataset.term));
    const shut = h('button', { type: 'button', class: 'tb', 'aria-label': 'Close', onclick: () => { this.close(); link.focus(); } }, icon('x'));
    const note = /** @type {HTMLElement} */ (h('aside', { class: 'means', id: 'means', role: 'note', 'aria-label': means.dataset.name }, h('b', {}, means.dataset.name), shut, means.content.cloneNode(true)));
    this.note = note;
    this.open = link;
    link.setAttribute('aria-expanded', 'true');
    link.setAttribute('aria-controls', 'means');
    const prose = link.closest('.prose');
    let block = /** @type {Element} */ (link);
    while (block.parentElement && block.parentElement !== prose) block = block.parentElement;
    block.before(note);
    if (getComputedStyle(note).float === 'none') block.after(note);
  }

  close() {
    this.note?.remove();
    this.note = undefined;
    this.open?.setAttribute('aria-expanded', 'false');
    this.open?.removeAttribute('aria-controls');
    this.open = undefined;
  }
}
