// Package web is Eddy in a browser: the routes, the pages and the live socket.
//
// Guarantees:
//
//   - Every refusal is one sentence, as JSON under /api and as a page
//     elsewhere. One table turns a code into a status (errors.go).
//   - A request with a foreign Host or a foreign Origin reaches no handler
//     (guard.go). The id of a lab is the right to it (rights.go).
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
