// Package labtest runs a whole lab, cluster and services included, inside a
// bubble of virtual time, for tests.
//
// Guarantees:
//
//   - Nothing in a bubble waits for the wall clock: an hour of lab time takes
//     milliseconds.
//   - The lab is closed when the test function returns. A goroutine that it
//     left behind fails the test, because the bubble cannot end.
//   - A failing helper prints the newest journal entries, which say more than
//     a stack trace.
//
// Wall is the exception, and says why.
//
// Virtual time is not determinism: which member gets which partition, and who
// of two is first, may differ from run to run.
package labtest
