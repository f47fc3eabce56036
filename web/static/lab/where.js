// Where on the page a task is to be done: the place is brought into sight and
// stands out for a while.

const LONG_MS = 5000;

export class Where {
  /** @param {import('./app.js').App} app @param {import('./lenses.js').Lenses} lenses */
  constructor(app, lenses) {
    this.app = app;
    this.lenses = lenses;
    /** @type {Element | null} */
    this.at = null;
    this.timer = 0;
  }

  /** @param {string} where "service/payment", "topic/orders", "lens/read" or "place" */
  show(where) {
    this.hide();
    const [kind, name] = where.split('/');
    const lens = { service: 'map', topic: 'topics' }[kind];
    if (lens && !this.lenses.isOpen(lens)) this.lenses.choose(lens);
    const selector = { service: `#lens-map .svc[data-service="${name}"]`, topic: `#lens-topics .topic[data-topic="${name}"]`, lens: `#tab-${name}`, place: '#place' }[kind];
    requestAnimationFrame(() => { // a lens that was just opened is drawn by then
      this.at = (selector ? document.querySelector(selector) : null) ?? document.querySelector(`#tab-${lens}`); // a topic without a tape
      if (!this.at) return;
      this.at.setAttribute('data-where', '');
      this.at.scrollIntoView({ block: 'nearest', inline: 'nearest' });
      this.app.announce(`It is ${this.at.getAttribute('aria-label') ?? this.at.textContent?.trim().split('\n')[0] ?? 'here'}.`);
      this.timer = window.setTimeout(() => this.hide(), LONG_MS);
    });
  }

  hide() {
    clearTimeout(this.timer);
    this.at?.removeAttribute('data-where');
    this.at = null;
  }
}
