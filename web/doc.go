// Package web is Eddy in a browser: the routes, the pages and the live socket.
//
// Guarantees:
//
//   - Every refusal is one sentence, as JSON under /api and as a page
//     elsewhere. One table turns a code into a status (errors.go).
//   - A request with a foreign Host or a foreign Origin reaches no handler
//     (guard.go). The id of a lab, or of an attempt at a quiz, is the right to it;
//     results, marks and the exchange of quizzes are for the teacher, proofs and
//     searches for the teacher and this machine (rights.go, author.go).
//   - No page and no answer tells a learner what is right in a question before it
//     was answered.
//   - Nothing that a client sends grows without bound: bodies, socket
//     messages, queues, the number of sockets and of rate limiters have limits.
//   - The live socket is a reader of the lab's journal with an offset of its
//     own. Each frame covers exactly the entries after the frame before it, or
//     is a snapshot. A slow client falls behind, loses nothing and holds up
//     nobody. History and live are one code path, so there is no gap between
//     them (live.go).
//   - Serve returns when every socket is closed and every goroutine of the
//     package has ended. The labs stay open: they belong to the fleet.
package web
