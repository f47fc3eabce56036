package pattern

import "embed"

// Source is this package as it was compiled: learners read it beside the system
// that runs it.
//
//go:embed *.go
var Source embed.FS
