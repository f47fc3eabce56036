// The one websocket of the page. It resumes where it was cut: the next
// connection asks from the last seq it saw, so nothing is missed or repeated.
// A quiet lab sends nothing, and a dead line neither: in silence the page asks
// the server whether it is there.

const FIRST_WAIT = 250; // ms; doubles up to LONGEST_WAIT
const LONGEST_WAIT = 5000;
const SILENCE = 1400; // ms without a word after which the page asks
const ANSWER = 1200; // ms that the answer may take
const OPENING = 4000; // ms that a connection may take to open

export class Socket {
  /**
   * @param {string} url
   * @param {{seq: () => number, frame: (frame: any) => void, up: () => void, down: (gone: boolean, silence: number) => void}} on
   *   seq: the newest seq known. down: the link is lost; gone says that the lab itself has ended, silence for how many ms nothing was heard.
   */
  constructor(url, on) {
    this.url = url;
    this.on = on;
    this.wait = FIRST_WAIT;
    this.next = 1;
    this.stopped = false;
    this.heardAt = performance.now();
    /** @type {Map<number, {resolve: (r: any) => void, reject: (e: Error) => void}>} */
    this.asked = new Map();
    /** @type {WebSocket | undefined} */
    this.ws = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.again = undefined;
    this.connect();
    const listen = () => { this.listen().finally(() => { if (!this.stopped) setTimeout(listen, 200); }); };
    listen();
    addEventListener('offline', () => this.lose());
    addEventListener('online', () => { if (!this.ws && !this.stopped) this.connect(); });
  }

  connect() {
    clearTimeout(this.again);
    const seq = this.on.seq();
    const ws = new WebSocket(seq > 0 ? `${this.url}?from=${seq}` : this.url);
    this.ws = ws;
    const opening = setTimeout(() => { if (this.ws === ws && ws.readyState === WebSocket.CONNECTING) this.lose(); }, OPENING);
    ws.addEventListener('open', () => { clearTimeout(opening); if (this.ws !== ws) return; this.wait = FIRST_WAIT; this.heardAt = performance.now(); this.on.up(); });
    ws.addEventListener('message', (event) => { if (this.ws === ws) this.heard(JSON.parse(event.data)); });
    ws.addEventListener('close', (event) => { clearTimeout(opening); if (this.ws === ws) this.down(event.code === 1001 && /clos|lab/.test(event.reason)); });
  }

  /** @param {boolean} gone whether the lab itself has ended */
  down(gone) {
    this.ws = undefined;
    for (const { reject } of this.asked.values()) reject(new Error('The connection was lost before the lab answered. Look whether it happened before you try again.'));
    this.asked.clear();
    this.on.down(gone, performance.now() - this.heardAt);
    if (this.stopped) return;
    this.again = setTimeout(() => { if (!this.stopped && !this.ws) this.connect(); }, this.wait);
    this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
  }

  /** Gives up a connection that no longer answers: the browser itself may take minutes to notice. */
  lose() {
    const ws = this.ws;
    if (!ws) return;
    this.down(false);
    ws.close();
  }

  /** Asks in silence whether the server is there. */
  async listen() {
    const ws = this.ws;
    if (document.hidden || ws?.readyState !== WebSocket.OPEN || performance.now() - this.heardAt < SILENCE) return;
    const asked = performance.now();
    try {
      await fetch('/healthz', { cache: 'no-store', signal: AbortSignal.timeout(ANSWER) });
      this.heardAt = Math.max(this.heardAt, asked);
    } catch {
      if (this.ws === ws && this.heardAt <= asked) this.lose();
    }
  }

  /** No further attempts to connect. */
  stop() { this.stopped = true; }

  /** @param {any} message */
  heard(message) {
    this.heardAt = performance.now();
    if (message.id === undefined) { this.on.frame(message); return; }
    const waiting = this.asked.get(message.id);
    this.asked.delete(message.id);
    if (message.error || message.ok === false) waiting?.reject(new Error(message.error?.message ?? String(message.error ?? 'The lab refused this.')));
    else waiting?.resolve(message);
  }

  /** Sends an action; the promise fails with the server's own sentence. @param {any} action @returns {Promise<any>} */
  act(action) {
    const ws = this.ws;
    if (!ws || ws.readyState !== WebSocket.OPEN) return Promise.reject(new Error('Not connected to the lab just now. Nothing was sent.'));
    const id = this.next++;
    ws.send(JSON.stringify({ id, action }));
    return new Promise((resolve, reject) => this.asked.set(id, { resolve, reject }));
  }
}
