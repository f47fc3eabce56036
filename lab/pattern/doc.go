// Package pattern holds the patterns of event-driven architecture that Eddy
// teaches, one a file: consume, retry, deadletter, idempotent, outbox, saga, call,
// eventstore, upcast. This is the code that the services run, and the code that
// lessons show.
//
// Guarantees, each with its reasons in its file:
//
//   - A record is handled at least once (CommitAfter) or at most once
//     (CommitBefore). Records of one partition are handled in offset order.
//   - A record that fails holds up its own partition and no other. After its
//     last try it becomes a dead letter, or blocks the partition for good.
//   - With the inbox, work is done once for each event id and consumer.
//   - With the outbox, an event is published if and only if the transaction
//     that caused it is committed: later, and at least once.
//   - With the saga, a transaction across services ends: completed, taken back in
//     reverse, or in the hands of a person. A crash of its leader loses nothing.
//   - Two writers that append to one stream at the same version: one of them
//     gets ErrConflict, and nothing of its transaction is kept.
//
// Nothing here starts a goroutine that outlives the call that started it,
// except timers of a back-off, which are stopped when Run returns.
package pattern
