// Package store holds the databases of a shop.
//
// Guarantees:
//
//   - Write and Read are separate databases. Nothing is shared between them,
//     so that whoever wants read data has to project it.
//   - A database lives in memory, on one connection, and needs no file
//     descriptor. It is gone when it is closed. Closing is up to the caller.
//   - One connection means that transactions run one after the other: what a
//     transaction reads is still true when it commits. It also means that a
//     transaction must not wait for a second one: use the *sql.Tx in hand.
//   - Rows of the event store can be inserted and read, never changed or
//     deleted. The database itself refuses.
//   - A statement that was run once is kept prepared, so plain SQL text on
//     *sql.DB and *sql.Tx is as fast as a prepared statement.
//
// A database weighs about 180 kB (BenchmarkMemory) and opens in one to two
// milliseconds, so that hundreds fit into one process.
package store
