package lab

import (
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Stage is a part of opening a lab, and how long it took on the wall clock.
type Stage struct {
	Name string // cluster databases services joins
	Took time.Duration
}

// Startup tells what Open spent its time on, in that order.
func (l *Lab) Startup() []Stage { return l.startup.stages }

// stopwatch divides a time into stages.
type stopwatch struct {
	stages []Stage
	last   time.Time
}

// lap ends a stage, which began where the one before ended.
func (s *stopwatch) lap(name string) {
	now := time.Now()
	s.stages = append(s.stages, Stage{name, now.Sub(s.last)})
	s.last = now
}

// ClientOptions are what a Kafka client in this process needs to reach the
// lab's cluster; it may add to them. The lab takes a client whose id begins
// with "eddy-" for one of its own and does not look out for what it does. The
// caller closes the client before the lab.
func (l *Lab) ClientOptions(clientID string) []kgo.Opt { return l.cluster.Options(nil, clientID) }
