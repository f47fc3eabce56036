// Package trial does things to labs in virtual time outside of tests: an hour
// takes the seconds that its work takes.
//
// Virtual time is to be had inside a test alone. So a Pool starts the same
// program again, which becomes a test (Serve) and does jobs one after the other,
// each in a bubble of its own.
//
// Guarantees:
//
//   - A job that hangs or panics takes its process with it, and nothing else: Do
//     returns an error that says so, and the next job gets a new process.
//   - When Do's context ends, its job does.
//   - Close ends every process, and returns when they have ended: Do returns
//     ErrClosed.
//   - A process whose pool was killed ends too, and one that takes too much memory
//     ends with a sentence that says so.
package trial
