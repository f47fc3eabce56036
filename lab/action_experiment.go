package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"eddy/lab/beyond"
)

type experiment struct {
	Name string `json:"name" is:"experiment"`
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
	seq, r, err := l.try(ctx, c, e, a.With, fmt.Sprintf("you tried %s %s %s", e.Title, how, e.Switch))
	switch {
	case errors.Is(err, errClosed):
		return Result{}, errClosed
	case err != nil:
		l.record(Entry{Kind: KindNote, Cause: seq, Text: fmt.Sprintf("the experiment failed: %v", err)})
		return Result{}, Errorf(Unavailable, "the experiment failed, which is no part of the exercise: %v", err)
	}
	l.record(Entry{Kind: KindNote, Cause: seq, Text: fmt.Sprintf("%s %s %s: %s", e.Title, how, e.Switch, r.Because), Data: &Data{Experiment: &r}})
	return Result{Seq: seq, Text: r.Because}, nil
}

// try runs an experiment as work of the lab, which ends before Close returns.
func (l *Lab) try(ctx context.Context, c call, e beyond.Experiment, with bool, text string) (seq int64, r beyond.Result, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(l.ctx, func() { cancel(errClosed) })()
	l.acting.Lock()
	if l.ctx.Err() != nil {
		l.acting.Unlock()
		return 0, r, errClosed
	}
	seq = c.accept(l, "", text)
	over := make(chan struct{})
	l.work.Go(func() {
		defer close(over)
		r, err = e.Run(ctx, with)
	})
	l.acting.Unlock()
	<-over
	return seq, r, err
}

// applyExperiment keeps the newest result of a name, with and without.
func (b *Board) applyExperiment(r beyond.Result) {
	all := slices.DeleteFunc(slices.Clone(b.Experiments), func(o beyond.Result) bool { return o.Name == r.Name && o.On == r.On })
	b.Experiments = append(all, r)
	b.touch("experiments")
}
