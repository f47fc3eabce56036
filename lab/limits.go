package lab

import "eddy/lab/kafka"

// Limit is one thing that the simulation does not do as the real world does.
type Limit = kafka.Limit

// Limits lists what the simulation leaves out, most important first. A learner
// is shown it as it stands.
func Limits() []Limit { return kafka.Limits }
