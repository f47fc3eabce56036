// Package smallest searches for the fewest actions that break a promise of the
// shop: why is this pattern needed?
//
// Guarantees:
//
//   - What is tried is decided by the question, its seed among it, and not by
//     what came of earlier tries: first nothing but an order, then every single
//     fault of the registry around one order and around two, then several at once.
//   - Each try is a lab of its own in virtual time, in another process. After the
//     faults everything is healed, and the lab comes to rest: what is broken then is
//     broken for good.
//   - What is found was seen to break the promise again under another seed, and
//     no action can be left out of it.
//   - The search ends after a number of tries and a time, and when its context
//     ends.
package smallest
