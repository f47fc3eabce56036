// Package soak does random things to labs for a long time and looks whether
// they keep their promises.
//
// Guarantees:
//
//   - A Plan is decided by its seed and length alone, and holds all that is done.
//   - Play runs a plan in virtual time, inside a testing/synctest bubble: an hour
//     takes the seconds that its work takes. It finds a deadlock, an action that
//     never answers, an internal error, a board that is not the fold of its
//     journal, a cause that is no earlier entry, an invariant that is broken
//     without evidence, and a lab that does not settle once everything is healed.
//     A goroutine that outlives its lab ends the bubble with a panic.
//   - Run plays every plan in a process of its own, so that one that hangs or
//     panics is a failure like any other, and shrinks what failed to the fewest
//     moves that still fail. A plan hangs when its virtual time stands still for a
//     minute or two of the wall; then the goroutines are told that keep it from
//     going on. It hangs, too, when a day of virtual time after its length has not
//     brought its end. A machine on which a process gets nothing done for minutes
//     makes one hang that would not.
//
// Virtual time is not determinism: a failure that depends on who of two was
// first may need more than one run to show again.
package soak
