package scenarios

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"eddy/lab"
)

// Mode is what of a scenario is played.
type Mode int

// The three ways to play. Solved does every step with its solution, in one
// lab. Untouched leaves each step's solution out, Wrong does its wrong moves
// instead: each in a fresh lab in which the earlier steps were solved, and each
// passes where the step's goal stays unmet.
const (
	Solved Mode = iota
	Untouched
	Wrong
)

// String is the mode as it is said.
func (m Mode) String() string { return [...]string{"solved", "untouched", "wrong"}[m] }

// Config says how a scenario is played without a browser.
type Config struct {
	Mode    Mode
	Open    OpenFunc                    // OpenLab where nil
	Seed    uint64                      // instead of the scenario's, 0: the scenario's
	Speed   float64                     // of lab time, 0: 1
	Step    string                      // this step alone is proven (Untouched, Wrong); "" all
	Began   func(step int, what string) // is told of every step as it begins; may be nil
	Ended   func(StepResult)            // is told of every step as it ends; may be nil
	Journal io.Writer                   // takes the journal of every lab, JSON lines; may be nil
}

// Result is how the play of a scenario ended.
type Result struct {
	Scenario string       `json:"scenario"`
	Passed   bool         `json:"passed"`
	Steps    []StepResult `json:"steps"`
	TookMS   int64        `json:"took_ms"`
	Error    string       `json:"error,omitempty"` // what kept it from being played to its end
}

// StepResult is how one step ended. In the modes Untouched and Wrong there is
// one for every lab, and Passed says that the goal stayed unmet.
type StepResult struct {
	Scenario string        `json:"scenario"`
	Step     string        `json:"step"`
	Title    string        `json:"title"`
	Wrong    int           `json:"wrong,omitempty"` // which list of wrong moves, from 1
	Passed   bool          `json:"passed"`
	AtStart  bool          `json:"at_start,omitempty"` // the goal was met before anybody did anything
	Near     int           `json:"near,omitempty"`     // which near miss it came to, from 1; Untouched and Wrong
	Goal     string        `json:"goal"`
	Verdict  lab.Judgement `json:"verdict"`
	Error    string        `json:"error,omitempty"`
	Score    []Points      `json:"score,omitempty"`
	TookMS   int64         `json:"took_ms"`
}

// Run plays a scenario. Its result says how it ended; the error is ctx's.
func Run(ctx context.Context, s *Scenario, c Config) (Result, error) {
	if c.Open == nil {
		c.Open = OpenLab
	}
	r := Result{Scenario: s.ID, Passed: true, Steps: []StepResult{}}
	began := time.Now()
	p := player{s: s, c: c, result: &r}
	switch c.Mode {
	case Solved:
		p.solved(ctx)
	default:
		p.unsolved(ctx)
	}
	r.TookMS = time.Since(began).Milliseconds()
	return r, ctx.Err()
}

// player plays one scenario.
type player struct {
	s       *Scenario
	c       Config
	result  *Result
	atStart bool // the goal of the step that was solved last was met as it opened
}

func (p *player) began(i int, what string) {
	if p.c.Began != nil {
		p.c.Began(i, what)
	}
}

func (p *player) ended(r StepResult) {
	p.result.Steps = append(p.result.Steps, r)
	p.result.Passed = p.result.Passed && r.Passed
	if p.c.Ended != nil {
		p.c.Ended(r)
	}
}

// inLab opens a lab of the scenario, and closes it at the end.
func (p *player) inLab(ctx context.Context, use func(World) error) error {
	w, err := p.c.Open(ctx, p.s.settings(p.c.Seed))
	if err != nil {
		return fmt.Errorf("open a lab of %s: %w", p.s.ID, err)
	}
	defer w.Close()
	if p.c.Speed != 0 && p.c.Speed != 1 {
		a, err := lab.DecodeAction(fmt.Appendf(nil, `{"speed": %g}`, p.c.Speed))
		if err != nil {
			return err
		}
		if _, err := w.Do(ctx, a); err != nil {
			return err
		}
	}
	err = use(w)
	if p.c.Journal != nil {
		err = errors.Join(err, writeJournal(p.c.Journal, w))
	}
	return err
}

func writeJournal(out io.Writer, w World) error {
	enc := json.NewEncoder(out)
	entries, _ := w.Entries(1, w.Head(), int(w.Head()))
	for _, e := range entries {
		if err := enc.Encode(e); err != nil {
			return fmt.Errorf("write the journal: %w", err)
		}
	}
	return nil
}

// solved plays every step with its solution in one lab. A step that fails ends
// it: what comes after stands on it.
func (p *player) solved(ctx context.Context) {
	err := p.inLab(ctx, func(w World) error {
		for i := range p.s.Steps {
			st := &p.s.Steps[i]
			p.began(i, "")
			began := time.Now()
			r := p.report(st)
			met, score, err := p.solve(ctx, w, st)
			r.Passed, r.Score, r.AtStart = met && err == nil, score, p.atStart
			r.Verdict, _ = w.Judge(answering(ctx, st), st.Goal)
			if err != nil {
				r.Error = err.Error()
			}
			r.TookMS = time.Since(began).Milliseconds()
			p.ended(r)
			if !r.Passed {
				break
			}
		}
		return nil
	})
	p.failed(err)
}

func (p *player) failed(err error) {
	if err != nil {
		p.result.Passed, p.result.Error = false, err.Error()
	}
}

func (p *player) report(st *Step) StepResult {
	return StepResult{Scenario: p.s.ID, Step: st.ID, Title: st.Title, Goal: st.Goal}
}

// answering gives a step's expressions the right answers to its questions.
func answering(ctx context.Context, st *Step) context.Context {
	a := lab.Answers{Predicted: -1, Observed: -1}
	if st.Predict != nil {
		a.Predicted = st.Predict.Answer
	}
	if st.Observe != nil && st.Observe.Expr == "" {
		a.Observed = st.Observe.Answer
	}
	return lab.Answering(ctx, a)
}

// solve does a step with its solution, waits for its goal, and gives its score
// once that is met.
func (p *player) solve(ctx context.Context, w World, st *Step) (met bool, score []Points, err error) {
	ctx = answering(ctx, st)
	if err := do(ctx, w, st.Do, false); err != nil {
		return false, nil, fmt.Errorf("do: %w", err)
	}
	now, err := w.Eval(ctx, st.Goal)
	if err != nil {
		return false, nil, fmt.Errorf("goal: %w", err)
	}
	p.atStart = now == true
	tale := since(w.Head())
	if err := beside(ctx, w, st, st.Solution, false); err != nil {
		return false, nil, fmt.Errorf("solution: %w", err)
	}
	met, err = w.Until(ctx, st.Goal, st.within())
	if met && err == nil {
		tale.look(w)
		score, err = tale.score(ctx, w, st.Score)
	}
	return met, score, err
}

// do does actions in turn. Leniently, a refused one is passed over, and a command
// that came too late always is.
func do(ctx context.Context, w World, actions Actions, lenient bool) error {
	for _, a := range actions {
		if _, err := w.Do(ctx, a.Action); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if !lenient && !tooLate(a.Action, err) {
				return fmt.Errorf("%s (line %d): %w", a.Name, a.Pos.Line, err)
			}
		}
	}
	return nil
}

// tooLate tells whether a command was refused because its order is no longer at
// the version that it names. Whoever names a version wants it so, and what came
// of it is on the board: a solution may have such a conflict in it.
func tooLate(a lab.Action, err error) bool {
	var args struct {
		IfVersion int `json:"if_version"`
	}
	return err != nil && lab.AsError(err).Code == lab.Conflict && argsOf(a, &args) == nil && args.IfVersion > 0
}

// unsolved proves of every step that has a solution that its goal stays unmet.
func (p *player) unsolved(ctx context.Context) {
	for i := range p.s.Steps {
		st := &p.s.Steps[i]
		if len(st.Solution) == 0 || p.c.Step != "" && p.c.Step != st.ID {
			continue
		}
		tries := st.Wrong
		if p.c.Mode == Untouched {
			tries = []Actions{nil}
		}
		for n, moves := range tries {
			if ctx.Err() != nil {
				return
			}
			p.began(i, what(p.c.Mode, n))
			began := time.Now()
			r := p.report(st)
			if p.c.Mode == Wrong {
				r.Wrong = n + 1
			}
			err := p.inLab(ctx, func(w World) (err error) {
				r.Passed, r.Verdict, err = p.prove(ctx, w, i, moves)
				r.Near = nearMiss(answering(ctx, st), w, st)
				return err
			})
			if err != nil {
				r.Passed, r.Error = false, err.Error()
			}
			r.TookMS = time.Since(began).Milliseconds()
			p.ended(r)
		}
	}
}

func what(m Mode, n int) string {
	if m == Untouched {
		return "untouched"
	}
	return fmt.Sprintf("wrong moves %d", n+1)
}

// prove does the earlier steps with their solutions, then the moves, and tells
// whether the step's goal stays unmet.
func (p *player) prove(ctx context.Context, w World, i int, moves Actions) (unmet bool, v lab.Judgement, err error) {
	for j := range i {
		before := &p.s.Steps[j]
		met, _, err := p.solve(ctx, w, before)
		if err != nil {
			return false, v, fmt.Errorf("step %s before it: %w", before.ID, err)
		}
		if !met {
			return false, v, fmt.Errorf("step %s before it: its goal is not met: %s", before.ID, before.Goal)
		}
	}
	st := &p.s.Steps[i]
	ctx = answering(ctx, st)
	if err := do(ctx, w, st.Do, false); err != nil {
		return false, v, fmt.Errorf("do: %w", err)
	}
	met, err := meanwhile(ctx, w, st, moves)
	if err == nil && !met {
		met, err = comesTrue(ctx, w, st.Goal, st.within())
	}
	if err != nil {
		return false, v, err
	}
	v, err = w.Judge(ctx, st.Goal)
	v.Met = met
	return !met, v, err
}

// calm is how long a lab must be settled before nothing more will come true.
const calm = time.Second

// comesTrue waits whether a goal comes true. It has not once the lab is settled
// for a second, or within has passed.
func comesTrue(ctx context.Context, w World, goal string, within time.Duration) (bool, error) {
	either := "(" + goal + ") || settled"
	for left := within; left > 0; {
		began := time.Now()
		some, err := w.Until(ctx, either, left)
		if err != nil || !some {
			return false, err
		}
		left -= time.Since(began)
		// Within a second nothing happens, or the wait for it begins anew.
		head := w.Head()
		met, err := w.Until(ctx, goal, min(calm, max(left, time.Millisecond)))
		if err != nil || met {
			return met, err
		}
		left -= calm
		if now, err := w.Eval(ctx, "settled"); err != nil || now == true && w.Head() == head {
			return false, err
		}
	}
	return false, nil
}
