package scenarios

import (
	"context"
	"time"

	"eddy/lab"
)

// World is a lab as a player needs it; *lab.Lab is one.
type World interface {
	Do(ctx context.Context, a lab.Action) (lab.Result, error)
	Eval(ctx context.Context, expr string) (any, error)
	Judge(ctx context.Context, goal string) (lab.Judgement, error)
	Until(ctx context.Context, expr string, within time.Duration) (bool, error)
	Goal(text string, hold bool) int64
	Release(cause int64)
	Mark(text string) int64
	Head() int64
	Wait(ctx context.Context, seq int64) error
	Entries(from, to int64, limit int) (entries []lab.Entry, first int64)
	Recording(seq int64) (lab.Recording, error)
	Close()
}

// OpenFunc opens a lab. Whoever called it closes the lab.
type OpenFunc func(ctx context.Context, s lab.Settings) (World, error)

// OpenLab is the OpenFunc of real labs.
func OpenLab(ctx context.Context, s lab.Settings) (World, error) {
	l, err := lab.Open(ctx, s, lab.Options{})
	if err != nil {
		return nil, err // not l: a nil *lab.Lab in a World is not nil
	}
	return l, nil
}
