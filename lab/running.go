package lab

import (
	"fmt"

	"eddy/lab/code"
)

// Standing is where an instance stands in the code that it runs.
type Standing struct {
	Service  string       `json:"service"`
	Instance int          `json:"instance"`
	State    string       `json:"state"`
	Frames   []code.Frame `json:"frames"`          // outermost first; none while it does not run
	Doing    *Doing       `json:"doing,omitempty"` // what it has in hand
	Next     *code.Frame  `json:"next,omitempty"`  // the function that handles what it has in hand
}

// Running tells where every instance stands in the source of patterns and
// services: its own stack says so. It is about now; the past has no stacks. Who
// asks for several labs does so with one look.
func (l *Lab) Running(look *code.Look) ([]Standing, error) {
	l.heed.pay()
	positions, err := look.Running(l.token)
	if err != nil {
		return nil, fmt.Errorf("see where the instances stand: %w", err)
	}
	stacks := map[string][]code.Frame{}
	for _, p := range positions {
		stacks[p.Seat] = p.Frames
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	all := []Standing{}
	for _, name := range ServiceNames {
		svc, runs := l.board.Services[name], l.services[name]
		if svc == nil || runs == nil {
			continue
		}
		for _, s := range svc.Seats {
			at := Standing{Service: name, Instance: s.Instance, State: s.State, Frames: stacks[nameOf(seat{name, s.Instance})]}
			if at.Frames == nil {
				at.Frames = []code.Frame{}
			}
			if s.Doing != nil {
				doing := *s.Doing
				at.Doing = &doing
				if f, ok := code.Place(code.Name(runs.Handler(doing.EventType))); ok {
					at.Next = &f
				}
			}
			all = append(all, at)
		}
	}
	return all, nil
}
