package quiz

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// Remembering is a judge that asks another one for the value of a predict
// question once for each variant: it is the same for everybody who has it. It
// is safe for concurrent use where the other one is.
func Remembering(j Judge) Judge { return remembering{j, &sync.Map{}} }

type remembering struct {
	Judge
	values *sync.Map // *remembered, by question and variant
}

// remembered is a value that is known, or that is being found out by whoever
// has the turn. The others wait for it: a class that submits at once would open
// a lab for every learner.
type remembered struct {
	turn  chan struct{} // holds one; what follows belongs to whoever put it there
	known bool
	value any
}

// Value implements Judge.
func (r remembering) Value(ctx context.Context, q *Question, v Variant) (any, error) {
	key, err := json.Marshal([]any{q.ID, q.Lab, q.Lab.Do.raw, q.Lab.Lab.raw, v})
	if err != nil {
		return nil, fmt.Errorf("name a variant: %w", err)
	}
	found, _ := r.values.LoadOrStore(string(key), &remembered{turn: make(chan struct{}, 1)})
	m := found.(*remembered)
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	defer func() { <-m.turn }()
	if m.known {
		return m.value, nil
	}
	// An error is nobody's but this caller's: it may be that it has gone.
	if m.value, err = r.Judge.Value(ctx, q, v); err != nil {
		return nil, err
	}
	m.known = true
	return m.value, nil
}
