// A figure of a lesson: the running lab, seen through one lens, in a frame of
// its own. Nothing runs before somebody presses a button or scrolls to it.

import { h } from '../lab/dom.js';

const SLOW = 400; // ms before a figure says that it waits
const LEAST = 120; // px that a figure is high

export class Figure {
  /** @param {HTMLElement} node @param {import('./lab.js').LessonLab} lab */
  constructor(node, lab) {
    this.node = node;
    this.lab = lab;
    this.glass = /** @type {HTMLElement} */ (node.querySelector('.glass'));
    this.empty = /** @type {Element} */ (this.glass.firstElementChild);
    this.refused = /** @type {HTMLElement} */ (node.querySelector('[data-refused]'));
    this.state = /** @type {HTMLElement} */ (node.querySelector('[data-state]'));
    this.tools = /** @type {HTMLElement} */ (node.querySelector('[data-tools]'));
    /** @type {HTMLIFrameElement | undefined} */
    this.frame = undefined;
    this.near = false; // somebody came to it
    this.busy = false;
    for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (node.querySelectorAll('[data-do]'))) button.addEventListener('click', () => this.press(button));
    /** @type {HTMLElement} */ (node.querySelector('[data-anew]')).addEventListener('click', () => this.during(() => this.lab.anew()));
    lab.readers.add((gone) => {
      if (gone) this.close();
      else if (this.near) this.during(() => this.show());
    });
    // A figure that happens to be in view when the page opens is not yet one
    // that somebody came to.
    let inView = false;
    const come = () => {
      if (!inView || !(scrollY > 0 || lab.id)) return;
      this.near = true;
      this.during(() => this.show());
    };
    new IntersectionObserver((entries) => { inView = entries[entries.length - 1].isIntersecting; come(); }, { threshold: 0.25 }).observe(node);
    addEventListener('scroll', () => { if (!this.near) come(); }, { passive: true });
  }

  /** Does something that may fail, and says so. @param {() => Promise<any>} what */
  async during(what) {
    this.say('');
    try { await what(); } catch (problem) { this.say(/** @type {Error} */ (problem).message); }
  }

  /** @param {string} words */
  say(words) {
    this.refused.hidden = words === '';
    this.refused.textContent = words;
  }

  /** @param {HTMLButtonElement} button */
  async press(button) {
    if (this.busy) return;
    this.busy = true;
    this.near = true;
    button.setAttribute('aria-busy', 'true');
    const slow = setTimeout(() => { this.state.textContent = this.lab.id ? 'at work …' : 'the lab starts …'; }, SLOW);
    await this.during(async () => {
      await this.show();
      await this.lab.act(JSON.parse(button.dataset.do ?? '[]'));
    });
    clearTimeout(slow);
    this.state.textContent = this.state.dataset.rest ?? '';
    button.removeAttribute('aria-busy');
    this.busy = false;
  }

  async show() {
    const id = await this.lab.open();
    if (this.frame) return;
    const caption = this.node.querySelector('figcaption span')?.textContent?.trim() ?? '';
    const frame = /** @type {HTMLIFrameElement} */ (h('iframe', { title: `Figure ${this.node.dataset.figure}: ${caption}`, src: `/lab/~${encodeURIComponent(id)}${this.node.dataset.src}` }));
    this.frame = frame;
    frame.addEventListener('load', () => this.fit(frame));
    this.glass.removeAttribute('data-empty');
    this.glass.replaceChildren(frame);
    this.tools.hidden = false;
    /** @type {HTMLAnchorElement} */ (this.tools.querySelector('[data-open]')).href = `/lab/~${encodeURIComponent(id)}`;
  }

  /** A frame is as high as what it shows. @param {HTMLIFrameElement} frame */
  fit(frame) {
    const inside = frame.contentDocument?.getElementById('lab');
    if (!inside) return;
    let last = 0;
    const measure = () => {
      const height = Math.max(LEAST, Math.ceil(inside.getBoundingClientRect().height));
      if (height !== last) frame.style.height = `${last = height}px`;
    };
    new ResizeObserver(measure).observe(inside);
    measure();
  }

  close() {
    this.frame = undefined;
    this.glass.setAttribute('data-empty', '');
    this.glass.replaceChildren(this.empty);
    this.tools.hidden = true;
  }
}
