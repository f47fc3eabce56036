// Package view renders the pages of Eddy. It knows what a page looks like and
// nothing of how a lab works.
//
// Guarantees: what a page is given is escaped, the board of a lab included; no
// page needs an inline script, and none but the author studio, whose editor
// writes one with a nonce, an inline style, so a strict content security policy
// holds; a page works without anything from outside.
//
// The Go files that end in _templ.go are written by `go tool templ generate`
// from the .templ files beside them. Both are kept, and a test holds them
// together.
package view
