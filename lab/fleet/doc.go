// Package fleet keeps many labs in one process: it makes them, finds them by
// id, and closes those that nobody uses.
//
// Guarantees:
//
//   - An id is 130 random bits. Whoever knows it has the right to the lab, so
//     ids are never listed.
//   - There are never more labs than Max, and never more of one client than
//     PerClient; labs that are still opening count. What does not fit is
//     refused with a sentence, nothing is closed to make room.
//   - A lab that nobody watches and nobody asked for during Idle is closed. A
//     watched lab is never idle. An adopted lab is never closed for idleness.
//   - The fleet has one goroutine of its own, whatever the number of labs.
//   - A lab that left the fleet is closed by exactly one caller. Close returns
//     when every lab is closed and the fleet's goroutine has ended.
package fleet
