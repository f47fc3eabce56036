package quiz

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"eddy/lab"
)

// Labs is the Judge that opens a lab for every question that it is asked.
type Labs struct {
	// Open opens a lab; the judge closes it. lab.Open where nil.
	Open func(ctx context.Context, s lab.Settings) (World, error)
	// Scenario returns the settings of a scenario's lab. Questions that name a
	// scenario are refused where it is nil.
	Scenario func(id string) (lab.Settings, error)
}

// World is a lab as the judge needs it; *lab.Lab is one.
type World interface {
	Do(ctx context.Context, a lab.Action) (lab.Result, error)
	Eval(ctx context.Context, expr string) (any, error)
	Head() int64
	Until(ctx context.Context, expr string, within time.Duration) (bool, error)
	Close()
}

// How long, in lab time, a lab may take to settle, and the learner's actions to
// make something true.
const (
	settleWithin = 15 * time.Second
	quietAfter   = 3 * time.Second // without an entry nothing more is to be expected
	trueWithin   = 20 * time.Second
)

// PausesMax is how long the pauses of a learner's actions may be together: a lab
// that judges plays them as they are given, while others wait for their turn.
const PausesMax = 2 * time.Minute

// pauses is how long actions pause at most, in seconds on the wall.
func pauses(actions []lab.Action) (sum float64, err error) {
	speed := 1.0
	for _, a := range actions {
		raw, err := json.Marshal(a.Args)
		if err != nil {
			return 0, fmt.Errorf("write the action %s: %w", a.Name, err)
		}
		args := struct {
			For, Within lab.Duration
			Factor      float64
		}{}
		switch a.Name {
		case "wait", "wait_until", "speed":
			if err := json.Unmarshal(raw, &args); err != nil {
				return 0, fmt.Errorf("read the action %s: %w", a.Name, err)
			}
		}
		if a.Name == "wait_until" && args.Within == 0 {
			args.Within = untilWithin
		}
		if args.Factor > 0 {
			speed = min(speed, max(0.1, args.Factor)) // by the slowest: it is a bound
		}
		sum += args.For.D().Seconds() + args.Within.D().Seconds()
	}
	return sum / speed, nil
}

// untilWithin is what a wait_until has that says nothing.
const untilWithin = lab.Duration(10 * time.Second)

// Settings are those of a question's lab.
func (j Labs) Settings(q *Question, v Variant) (lab.Settings, error) {
	if q.Lab.Scenario == "" {
		return q.Lab.Lab.Of(v)
	}
	if j.Scenario == nil {
		return lab.Settings{}, fmt.Errorf("the question needs the scenario %s, and there are none here", q.Lab.Scenario)
	}
	return j.Scenario(q.Lab.Scenario)
}

func (j Labs) open(ctx context.Context, q *Question, v Variant) (World, error) {
	settings, err := j.Settings(q, v)
	if err != nil {
		return nil, fmt.Errorf("settings of the question's lab: %w", err)
	}
	if j.Open != nil {
		return j.Open(ctx, settings)
	}
	l, err := lab.Open(ctx, settings, lab.Options{})
	if err != nil {
		return nil, fmt.Errorf("open the question's lab: %w", err)
	}
	return l, nil
}

// begin opens the question's lab and does what is done first.
func (j Labs) begin(ctx context.Context, q *Question, v Variant) (World, error) {
	actions, err := q.Lab.Do.Of(v)
	if err != nil {
		return nil, err
	}
	w, err := j.open(ctx, q, v)
	if err != nil {
		return nil, err
	}
	for _, a := range actions {
		if _, err := w.Do(ctx, a); err != nil {
			w.Close()
			return nil, fmt.Errorf("%s: %w", a.Name, err)
		}
	}
	return w, nil
}

// Value implements Judge. It waits until the lab is settled; what never
// settles in time, such as a service that stays down, is looked at all the same.
func (j Labs) Value(ctx context.Context, q *Question, v Variant) (any, error) {
	w, err := j.begin(ctx, q, v)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	for waited, head := time.Duration(0), int64(-1); waited < settleWithin && head != w.Head(); waited += quietAfter {
		head = w.Head()
		if done, err := w.Until(ctx, "settled", quietAfter); err != nil {
			return nil, err
		} else if done {
			break
		}
	}
	return w.Eval(ctx, v.Fill(q.Lab.Answer))
}

// True implements Judge. A refused action is passed over: in a lab, too, the
// learner would go on.
func (j Labs) True(ctx context.Context, q *Question, v Variant, given json.RawMessage) (bool, error) {
	actions, err := lab.DecodeActions(given)
	if err != nil {
		return false, unreadable(err.Error())
	}
	if sum, err := pauses(actions); err != nil {
		return false, err
	} else if sum > PausesMax.Seconds() {
		return false, unreadable("its pauses are longer than 2 minutes")
	}
	w, err := j.begin(ctx, q, v)
	if err != nil {
		return false, err
	}
	defer w.Close()
	for _, a := range actions {
		if _, err := w.Do(ctx, a); err != nil && ctx.Err() != nil {
			return false, context.Cause(ctx)
		}
	}
	return w.Until(ctx, v.Fill(q.Lab.Answer), trueWithin)
}
