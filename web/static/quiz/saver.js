// Answers on their way to the server. Each is kept in the browser until the
// server has it on its disk, so that a lost network, a reload or a second tab
// loses nothing; the same answer sent twice is one.

const AGAIN_MS = 2000; // between two tries while the server cannot be reached

export class Saver {
  /**
   * @param {string} attempt
   * @param {number} patience ms after which a server that says nothing cannot be reached
   * @param {{saved: (question: string, at: string, feedback: any) => void, waiting: (n: number) => void, refused: (question: string, why: string) => void}} on
   */
  constructor(attempt, patience, on) {
    this.attempt = attempt;
    this.key = `eddy.answers.${attempt}.`; // one entry for each question: tabs do not write over one another's
    this.url = `/api/attempts/${encodeURIComponent(attempt)}/answers/`;
    this.patience = patience;
    this.on = on;
    /** @type {Set<string>} questions whose answers this tab sends: its own, and what it found */
    this.mine = new Set(this.kept().keys());
    /** @type {Promise<boolean> | null} */
    this.round = null;
    addEventListener('online', () => this.send());
    this.send();
  }

  /** What has not arrived yet, by question, of all tabs. @returns {Map<string, any>} */
  kept() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(this.key));
    return new Map(keys.map((key) => [key.slice(this.key.length), JSON.parse(localStorage.getItem(key) ?? 'null')]));
  }

  /** Keeps an answer and sends it. @param {string} question @param {any} body */
  put(question, body) {
    localStorage.setItem(this.key + question, JSON.stringify(body));
    this.mine.add(question);
    return this.send();
  }

  /** Sends what is left. Resolves to whether all of it has arrived; what has not is tried again. */
  send() {
    this.round ??= this.deliver();
    return this.round;
  }

  async deliver() {
    await null; // round is set before this can end
    clearTimeout(this.timer);
    try {
      for (let [question] = this.mine; question !== undefined; [question] = this.mine) await this.alone(() => this.one(question));
      this.on.waiting(0);
      return true;
    } catch {
      this.on.waiting(this.mine.size);
      this.timer = window.setTimeout(() => this.send(), AGAIN_MS);
      return false;
    } finally {
      this.round = null;
    }
  }

  /** One tab sends at a time, where the browser can see to it: no older answer overtakes a newer one. @param {() => Promise<void>} act */
  alone(act) { return navigator.locks ? navigator.locks.request(this.key, act) : act(); }

  /** @param {string} question */
  async one(question) {
    const body = localStorage.getItem(this.key + question);
    if (body === null) { // another tab has sent it
      this.mine.delete(question);
      this.on.saved(question, new Date().toISOString(), null);
      return;
    }
    const response = await fetch(this.url + encodeURIComponent(question), { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body, signal: AbortSignal.timeout(this.patience) });
    if (response.status >= 500 || response.status === 429) throw new Error('later');
    const answer = await response.json();
    if (localStorage.getItem(this.key + question) === body) { // nothing newer came meanwhile
      localStorage.removeItem(this.key + question);
      this.mine.delete(question);
    }
    if (response.ok) this.on.saved(question, answer.saved, answer.feedback);
    else this.on.refused(question, answer.error?.message ?? 'The server refused this answer.');
  }
}
