// What the server says about the file, as it is typed.

/**
 * @typedef {{line: number, column: number, message: string, rule?: string, severity: 'error'|'warning'}} Finding
 * @typedef {{problems: any[], warnings: any[], outline?: any, preview: any[]}} Checked
 */

const PAUSE = 250; // ms after the last key

/**
 * Checks texts, the newest only.
 * @param {(answer: Checked) => void} done @param {(message: string) => void} failed
 */
export function checker(done, failed) {
  let turn = 0;
  let timer = 0;
  /** @type {AbortController | null} */ let running = null;
  /** @param {string} text */
  const ask = async (text) => {
    const own = ++turn;
    running?.abort();
    running = new AbortController();
    try {
      const response = await fetch('/api/scenarios/check', { method: 'POST', headers: { 'Content-Type': 'application/yaml' }, body: text, signal: running.signal });
      const answer = await response.json();
      if (own !== turn) return;
      if (response.ok) done(answer);
      else {
        failed(answer.error?.message ?? `The server answered ${response.status}.`);
        if (response.status === 429) timer = setTimeout(() => ask(text), 1000 * Number(response.headers.get('Retry-After') ?? 1));
      }
    } catch (error) {
      if (own !== turn || /** @type {Error} */ (error).name === 'AbortError') return;
      failed('The server does not answer. What you write is kept in this browser; it is checked again in a moment.');
      timer = setTimeout(() => ask(text), 3000);
    }
  };
  return (/** @type {string} */ text, soon = false) => {
    clearTimeout(timer);
    timer = setTimeout(() => ask(text), soon ? 0 : PAUSE);
  };
}

/** Both lists as one, in the order of the file, errors first on a line. @param {Checked} answer @returns {Finding[]} */
export function findings(answer) {
  return [
    ...answer.problems.map((p) => ({ ...p, severity: /** @type {const} */ ('error') })),
    ...answer.warnings.map((p) => ({ ...p, severity: /** @type {const} */ ('warning') })),
  ].sort((a, b) => a.line - b.line || a.column - b.column);
}
