package web

import (
	"context"
	"encoding/json"

	"eddy/quiz"
)

// judging is how many labs may judge answers at the same time.
const judging = 8

// atOnce is a judge that keeps others waiting while it has enough to do.
type atOnce struct {
	quiz.Judge
	places chan struct{}
}

func (j atOnce) Value(ctx context.Context, q *quiz.Question, v quiz.Variant) (any, error) {
	if err := j.enter(ctx); err != nil {
		return nil, err
	}
	defer j.leave()
	return j.Judge.Value(ctx, q, v)
}

func (j atOnce) True(ctx context.Context, q *quiz.Question, v quiz.Variant, actions json.RawMessage) (bool, error) {
	if err := j.enter(ctx); err != nil {
		return false, err
	}
	defer j.leave()
	return j.Judge.True(ctx, q, v, actions)
}

func (j atOnce) enter(ctx context.Context) error {
	select {
	case j.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (j atOnce) leave() { <-j.places }
