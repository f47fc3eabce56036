package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"eddy/lab"
)

// Trials does jobs in virtual time; *trial.Pool does.
type Trials interface {
	Do(ctx context.Context, job string, in, out any) error
}

// RehearseJob is the name of the job that tries a record's goals.
const RehearseJob = "rehearse"

// rehearsal is a record as it is tried.
type rehearsal struct {
	Settings lab.Settings    `json:"settings"`
	Steps    []rehearsalStep `json:"steps"`
}

type rehearsalStep struct {
	Actions []lab.Action  `json:"actions"`
	Goals   []string      `json:"goals"`
	Within  time.Duration `json:"within"`
}

// rehearsed says of each goal of each step why it falls, "" where it stands.
type rehearsed [][]string

// rehearsals is how often a record is done again, each time with another seed.
const rehearsals = 3

// Rehearse does what was recorded again, with its seed and with others, and
// keeps the goals that are not met before their step, are met after it, stay
// met, and do not come true by themselves. A step in which none is left becomes
// a part of the next one. An error says that nothing could be tried, or that
// what was done cannot be done again; the record is then as it was.
func (r *Record) Rehearse(ctx context.Context, trials Trials) error {
	var job rehearsal
	var all []lab.Action
	for _, s := range r.Steps {
		all = append(all, s.Actions...)
		st := rehearsalStep{Actions: s.Actions, Within: s.within()}
		for _, g := range s.Goals {
			st.Goals = append(st.Goals, g.Goal)
		}
		job.Steps = append(job.Steps, st)
	}
	job.Settings = ForVirtualTime(r.Settings, all)
	for n := range rehearsals {
		var falls rehearsed
		again := job
		again.Settings.Seed = job.Settings.Seed + uint64(n)
		if err := trials.Do(ctx, RehearseJob, again, &falls); err != nil {
			return err
		}
		for i := range r.Steps {
			r.Steps[i].fall(falls[i])
			again.Steps[i].Goals = nil
			for _, g := range r.Steps[i].Goals {
				again.Steps[i].Goals = append(again.Steps[i].Goals, g.Goal)
			}
		}
	}
	r.merge()
	return nil
}

func (s *RecordStep) within() time.Duration {
	if s.Within > 0 {
		return s.Within
	}
	return (&Step{}).within()
}

// fall takes the goals away that do not stand.
func (s *RecordStep) fall(why []string) {
	var stand []Suggestion
	for i, g := range s.Goals {
		if i < len(why) && why[i] == "" {
			stand = append(stand, g)
		}
	}
	s.Goals = stand
}

// merge makes steps without a goal a part of the next one, or at the end of the
// one before.
func (r *Record) merge() {
	var kept []RecordStep
	for i, s := range r.Steps {
		switch last := i == len(r.Steps)-1; {
		case len(s.Goals) > 0:
			kept = append(kept, s)
		case !last:
			next := &r.Steps[i+1]
			next.Actions = slices.Concat(s.Actions, next.Actions)
			if s.Title != "" && next.Title != "" {
				next.Title = s.Title + "; " + next.Title
			} else if next.Title == "" {
				next.Title = s.Title
			}
		case len(kept) > 0:
			before := &kept[len(kept)-1]
			before.Actions = slices.Concat(before.Actions, s.Actions)
		default:
			kept = append(kept, s)
		}
	}
	r.Steps = kept
}

// Rehearsed is the job that Rehearse asks for.
func Rehearsed(ctx context.Context, in json.RawMessage) (any, error) {
	var r rehearsal
	if err := json.Unmarshal(in, &r); err != nil {
		return nil, fmt.Errorf("read a rehearsal: %w", err)
	}
	return r.run(ctx, OpenLab)
}

func (r *rehearsal) run(ctx context.Context, open OpenFunc) (rehearsed, error) {
	falls := make(rehearsed, len(r.Steps))
	for i := range r.Steps {
		falls[i] = make([]string, len(r.Steps[i].Goals))
	}
	err := r.inLab(ctx, open, func(w World) error {
		for i := range r.Steps {
			if err := r.try(ctx, w, i, falls[i]); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range r.Steps {
		if err == nil {
			err = r.inLab(ctx, open, func(w World) error { return r.leave(ctx, w, i, falls) })
		}
	}
	return falls, err
}

func (r *rehearsal) inLab(ctx context.Context, open OpenFunc, use func(World) error) error {
	w, err := open(ctx, r.Settings)
	if err != nil {
		return fmt.Errorf("open a lab: %w", err)
	}
	defer w.Close()
	return use(w)
}

func (r *rehearsal) do(ctx context.Context, w World, i int) error {
	for n, a := range r.Steps[i].Actions {
		if _, err := w.Do(ctx, a); err != nil {
			return fmt.Errorf("done again, action %d of step %d (%s) was refused: %w", n+1, i+1, a.Name, err)
		}
	}
	return nil
}

// rest is how long a lab has to come to rest after a step.
const rest = 10 * time.Second

// try does a step and looks which goals it meets.
func (r *rehearsal) try(ctx context.Context, w World, i int, falls []string) error {
	st := &r.Steps[i]
	for n, goal := range st.Goals {
		if met, err := w.Eval(ctx, goal); err != nil || met == true {
			falls[n] = "it is met before the step"
		}
	}
	if err := r.do(ctx, w, i); err != nil {
		return err
	}
	for n, goal := range st.Goals {
		if met, err := w.Until(ctx, goal, st.Within); err != nil || !met {
			falls[n] = "it is not met every time"
		}
	}
	if _, err := w.Until(ctx, "settled", rest); err != nil {
		return err
	}
	for n, goal := range st.Goals {
		if met, err := w.Eval(ctx, goal); err != nil || met != true {
			falls[n] = "it does not stay met"
		}
	}
	return ctx.Err()
}

// leave does the steps before one and then nothing: what comes true all the same
// is no goal.
func (r *rehearsal) leave(ctx context.Context, w World, i int, falls rehearsed) error {
	for j := range i {
		if err := r.do(ctx, w, j); err != nil {
			return err
		}
		for n, goal := range r.Steps[j].Goals {
			if falls[j][n] == "" {
				if _, err := w.Until(ctx, goal, r.Steps[j].Within); err != nil {
					return err
				}
			}
		}
	}
	var all []error
	for n, goal := range r.Steps[i].Goals {
		met, err := comesTrue(ctx, w, goal, r.Steps[i].Within)
		if met {
			falls[i][n] = "it comes true by itself"
		}
		all = append(all, err)
	}
	return errors.Join(all...)
}
