// Answers on their way to the server. Each is kept in the browser until the
// server has it on its disk, so that a lost network, a reload or a second tab
// loses nothing; the same answer sent twice is one.

const AGAIN_MS = 2000; // between two tries while the server cannot be reached

export class Saver {
  /**
   * @param {string} attempt
   * @param {{saved: (question: string, at: string, feedback: any) => void, waiting: (n: number) => void, refused: (question: string, why: string) => void}} on
   */
  constructor(attempt, on) {
    this.key = `eddy.answers.${attempt}`;
    this.url = `/api/attempts/${encodeURIComponent(attempt)}/answers/`;
    this.on = on;
    /** @type {Record<string, any>} what has not arrived yet, by question */
    this.left = JSON.parse(localStorage.getItem(this.key) ?? '{}');
    this.sending = false;
    addEventListener('online', () => this.send());
    this.send();
  }

  /** Keeps an answer and sends it. @param {string} question @param {any} body */
  put(question, body) {
    this.left[question] = body;
    this.store();
    return this.send();
  }

  store() {
    if (Object.keys(this.left).length) localStorage.setItem(this.key, JSON.stringify(this.left));
    else localStorage.removeItem(this.key);
  }

  /** Sends what is left, one answer after the other. */
  async send() {
    if (this.sending) return;
    this.sending = true;
    clearTimeout(this.timer);
    try {
      for (let question = Object.keys(this.left)[0]; question; question = Object.keys(this.left)[0]) {
        const body = JSON.stringify(this.left[question]);
        const response = await fetch(this.url + encodeURIComponent(question), { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body });
        if (response.status >= 500 || response.status === 429) throw new Error('later');
        const answer = await response.json();
        if (JSON.stringify(this.left[question]) === body) delete this.left[question]; // nothing newer came meanwhile
        this.store();
        if (response.ok) this.on.saved(question, answer.saved, answer.feedback);
        else this.on.refused(question, answer.error?.message ?? 'The server refused this answer.');
      }
      this.on.waiting(0);
    } catch {
      this.on.waiting(Object.keys(this.left).length);
      this.timer = window.setTimeout(() => this.send(), AGAIN_MS);
    }
    this.sending = false;
  }
}
