// The shapes of the board and the journal, as the server writes them. Types
// only: nothing here runs.

/**
 * @typedef {{seq: number, time: string, lab_time: number, state: 'live'|'frozen'|'stopped', speed: number,
 *   settings: any, brokers: Broker[],
 *   topics: Record<string, {partitions: Partition[]}>,
 *   tapes: Record<string, Record<string, {records: Record<string, Rec>}>>,
 *   groups: Record<string, Group>, services: Record<string, Service>, orders: Record<string, Order>,
 *   breakpoints: Breakpoint[], held: Held[], dead_letters: Letter[], read_model: ReadModel,
 *   experiments?: {name: string, on: boolean, facts: {name: string, value: number, unit?: string, bad?: boolean}[], because: string, steps: string[]}[],
 *   stock: Record<string, number>, invariants: Record<string, Verdict>, faults: Fault[],
 *   sagas: Record<string, Saga>, alerts: {id: string, text: string, seq: number}[],
 *   counts: {orders: number, open: number, completed: number, cancelled: number, records: number},
 *   calls?: Record<string, Call>,
 *   rerun: null | {of: string, but: string, steps: number, done: number, refused: number, until: number, over: boolean}}} Board
 * @typedef {{id: number, state: 'up'|'down', controller?: boolean, slow?: string, because: string, because_seq: number}} Broker
 * @typedef {{id: number, leader: number, start: number, end: number}} Partition
 * @typedef {{offset: number, seq: number, at: number, event_type?: string, event_id?: string, order?: string, key: string,
 *   value?: string, size: number, headers?: Record<string, string>, schema_version?: number, producer?: string,
 *   copy_of?: number, duplicate?: boolean, again?: string, missing?: boolean, done?: Record<string, string>}} Rec
 * @typedef {{state: string, generation: number, protocol?: string, outside?: boolean,
 *   members: {id: string, client?: string, service?: string, instance?: number, partitions: Record<string, number[]>}[],
 *   offsets: Record<string, Record<string, {committed: number, position: number, lag: number}>>}} Group
 * @typedef {{state: string, because?: string, because_seq?: number, cut: string[], group: string, instances: number, seats: Seat[], handled: number,
 *   failed: number, retried: number, skipped_duplicates: number, dead_lettered: number, crashes: number, lag: number, slots?: Slots}} Service
 * @typedef {{total: number, used: number, waiting: number, because: string, because_seq: number, root: string}} Slots
 * @typedef {{id: string, caller: string, service: string, instance: number, type: string, order: string, state: 'calling'|'waiting'|'serving'|'done', since: number, seq: number, waits: boolean}} Call
 * @typedef {{instance: number, state: string, because?: string, because_seq?: number, since: number,
 *   partitions: Record<string, number[]>, idle?: string, doing?: Doing, slots?: Slots,
 *   retries?: {topic: string, partition: number, offset: number, event_type?: string, order?: string, next: number, of?: number, due: number, error: string, seq: number}[]}} Seat
 * @typedef {{topic: string, partition: number, offset: number, event_type: string, order?: string, since: number,
 *   try?: {attempt: number, of?: number, next_ms?: number, error?: string}}} Doing
 * @typedef {{id: string, handle?: string, user: string, items: {sku: string, name?: string, qty: number, price?: number}[], method?: string,
 *   total: number, status: string, reason?: string, version: number, charges: number, charged: number, refunded: number, net: number,
 *   notifications: number, saga: string, source: string, placed: number, placed_seq: number, trail: Hop[], stream: {version: number, type: string, at: number, seq: number}[] | null, waiting?: string, address?: string,
 *   refused?: {seq: number, at: number, command: string, seen: number, found: number, text: string}[]}} Order
 * @typedef {{status: string, version: number, user: string, user_name: string, items: Order['items'] | null, total: number, reason: string, as_of: number}} Row
 * @typedef {{orders: Record<string, Row>, late: Record<string, {behind: number, since: number, seq: number}>, lag: number, lag_ms: number, because: string, because_seq: number,
 *   rebuild: {state: ''|'running'|'waiting'|'done', because: string, seq: number, total: number, left: number, left_out: number}}} ReadModel
 * @typedef {{seq: number, at: number, kind: string, service?: string, topic?: string, partition: number, offset: number,
 *   event_type?: string, text: string}} Hop
 * @typedef {{id: string, state: 'running'|'compensating'|'completed'|'compensated'|'needs_person', step: string,
 *   steps: {name: string, service: string, command: string, undo: string, state: string, seq: number, at: number}[], command: string, tries: number,
 *   deadline: number, reason: string, because: string, because_seq: number, started: number, ended: number, seq: number}} Saga
 * @typedef {{id: string, state: 'holds'|'pending'|'broken', because: string, evidence: number[]|null}} Verdict
 * @typedef {{id: number, text: string, event?: string, service?: string, order?: string, when?: string}} Breakpoint
 * @typedef {{breakpoint: number, service: string, instance: number, topic: string, partition: number, offset: number, seq: number, event_type?: string,
 *   event_id?: string, order?: string, key: string, value: string, cut?: boolean, headers: Record<string, string>, attempt: number}} Held
 * @typedef {{id: number, kind: string, service?: string, instance?: number, from?: string, by?: string, broker?: number, topic?: string, text: string, since: number, left?: number, fired: number, over?: boolean}} Fault
 * @typedef {{topic: string, partition: number, offset: number, seq: number, at: number, original_topic: string, original_partition: number,
 *   original_offset: number, group: string, attempts: number, error: string, event_type?: string, order?: string, state: string}} Letter
 * @typedef {{seq: number, at: number, kind: string, service?: string, instance?: number, order?: string, topic?: string, partition: number,
 *   offset: number, event_type?: string, event_id?: string, cause?: number, text?: string, data?: any}} Entry
 */
export {};
