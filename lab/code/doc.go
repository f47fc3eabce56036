// Package code shows the source of what runs: the patterns and the services as
// they were compiled, with the place at which each instance of a service stands.
//
// What it guarantees:
//
//   - A file is the very text that this program was compiled from.
//   - A position is read off the stack of the goroutine that does an instance's
//     work, by its labels. Nothing is guessed and no timer moves it.
//   - Positions are at most freshFor old. One look serves every lab of the
//     process, so that many who ask cost no more than one.
package code
