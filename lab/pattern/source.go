package pattern

import "embed"

// Source is this package as it was compiled, and the same patterns in Python:
// learners read it beside the system that runs it.
//
//go:embed *.go python/*.py
var Source embed.FS
