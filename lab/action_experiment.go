package lab

import (
	"context"
	"fmt"
	"slices"

	"eddy/lab/beyond"
)

type experiment struct {
	Name string `json:"name"`
	With bool   `json:"with,omitempty"` // its switch: on or off
}

// do runs an experiment on a cluster of its own. It is answered when the result
// is on the board; the lab goes on meanwhile.
func (a *experiment) do(ctx context.Context, l *Lab, c call) (Result, error) {
	e, err := beyond.Find(a.Name)
	if err != nil {
		return Result{}, Errorf(Invalid, "%v", err)
	}
	if !l.trying.TryLock() {
		return Result{}, Errorf(Conflict, "an experiment is under way: wait until it has ended")
	}
	defer l.trying.Unlock()
	l.calls.Add(1)
	defer l.calls.Add(-1)
	how := "without"
	if a.With {
		how = "with"
	}
	seq := c.accept(l, "", fmt.Sprintf("you tried %s %s %s", e.Title, how, e.Switch))
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(l.ctx, func() { cancel(errClosed) })()
	r, err := e.Run(ctx, a.With)
	if err != nil {
		l.record(Entry{Kind: KindNote, Cause: seq, Text: fmt.Sprintf("the experiment failed: %v", err)})
		return Result{}, Errorf(Unavailable, "the experiment failed, which is no part of the exercise: %v", err)
	}
	l.record(Entry{Kind: KindNote, Cause: seq, Text: fmt.Sprintf("%s %s %s: %s", e.Title, how, e.Switch, r.Because), Data: &Data{Experiment: &r}})
	return Result{Seq: seq, Text: r.Because}, nil
}

// applyExperiment keeps the newest result of a name, with and without.
func (b *Board) applyExperiment(r beyond.Result) {
	all := slices.DeleteFunc(slices.Clone(b.Experiments), func(o beyond.Result) bool { return o.Name == r.Name && o.On == r.On })
	b.Experiments = append(all, r)
	b.touch("experiments")
}
