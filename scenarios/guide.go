package scenarios

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"eddy/lab"
)

// Phase is where a learner is within a step.
type Phase string

// The phases of a step, in their order. A step without a question has no phase
// for it.
const (
	Predicting Phase = "predict"
	Doing      Phase = "do"
	Observing  Phase = "observe"
	Explaining Phase = "explain"
	Finished   Phase = "finished" // the whole scenario
)

// Confidences are how sure a learner may be of a prediction.
var Confidences = []string{"guess", "think", "sure"}

// Guide leads one learner through a scenario in a lab. Its methods may be
// called concurrently. It starts nothing by itself: Watch judges as long as
// somebody looks. The lab is not the guide's to close.
type Guide struct {
	s     *Scenario
	world World

	opening sync.Mutex // one step is opened, or shown, at a time

	mu      sync.Mutex
	p       Progress
	opened  int // how many of the things that open the current step were done in this lab
	verdict lab.Judgement
	near    int     // the near miss that is true, from 1; 0 none
	showing string  // what Show is doing, "" nothing
	shown   func()  // breaks off what Show waits for, nil while it does not run
	history history // what the journal says about the step
	events  events  // what happens by itself
	changed chan struct{}
	changes int64
	keep    func(Progress) // is told of every change; may be nil
}

// NewGuide begins a scenario in a lab. With an earlier Progress it goes on
// there, in a lab in which the earlier steps were done: whoever calls sees to
// that. Keep is told of every change of the progress, in order, and may be nil.
func NewGuide(s *Scenario, w World, p *Progress, keep func(Progress)) *Guide {
	g := &Guide{s: s, world: w, keep: keep, changed: make(chan struct{}), history: since(0)}
	if p != nil && s.Fits(*p) {
		g.p = p.clone()
		g.history = since(g.p.Steps[g.p.Step].Start)
		return g
	}
	g.p = Progress{Scenario: s.ID, Began: time.Now().UTC(), Steps: make([]StepProgress, len(s.Steps))}
	for i := range g.p.Steps {
		st := &s.Steps[i]
		g.p.Steps[i] = StepProgress{ID: st.ID, Predicted: -1, Observed: -1, Tasks: make([]bool, len(st.Tasks))}
	}
	return g
}

// Scenario is what the guide leads through.
func (g *Guide) Scenario() *Scenario { return g.s }

// Progress is how far the learner is.
func (g *Guide) Progress() Progress {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.p.clone()
}

// Changes counts the changes so far, and returns a channel that is closed at
// the next one.
func (g *Guide) Changes() (int64, <-chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.changes, g.changed
}

// change runs a change of the progress and tells everybody who waits for one.
func (g *Guide) change(do func() error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if err := do(); err != nil {
		return err
	}
	g.toldLocked()
	return nil
}

func (g *Guide) toldLocked() {
	g.changes++
	close(g.changed)
	g.changed = make(chan struct{})
	if g.keep != nil {
		g.keep(g.p.clone())
	}
}

func (g *Guide) step() (*Step, *StepProgress) { return &g.s.Steps[g.p.Step], &g.p.Steps[g.p.Step] }

// Open does what the current step does for the learner, if it has not been
// done yet. After an error it may be called again: it goes on with the action
// that failed, as those before it have had their effect.
func (g *Guide) Open(ctx context.Context) error {
	g.opening.Lock()
	defer g.opening.Unlock()
	g.mu.Lock()
	st, sp := g.step()
	number, open, opened := g.p.Step, sp.Start > 0, g.opened
	g.mu.Unlock()
	if open {
		return nil
	}
	if opened == 0 {
		g.world.Mark(fmt.Sprintf("step %d of %s begins: %s", number+1, g.s.ID, st.Title))
	}
	for i := opened; i < len(st.Do); i++ {
		if err := do(answering(ctx, st), g.world, st.Do[i:i+1], false); err != nil {
			return fmt.Errorf("open the step %s: %w", st.ID, err)
		}
		g.mu.Lock()
		g.opened++
		g.mu.Unlock()
	}
	return g.change(func() error {
		sp.Start = g.world.Head()
		g.history = since(sp.Start)
		g.p.Phase = Doing
		if st.Predict != nil && sp.Predicted < 0 && !g.p.Challenge {
			g.p.Phase = Predicting
		}
		return nil
	})
}

// Predict locks the learner's prediction in.
func (g *Guide) Predict(option int, confidence string) error {
	return g.change(func() error {
		st, sp := g.step()
		switch {
		case st.Predict == nil:
			return lab.Errorf(lab.Conflict, "this step asks for no prediction")
		case sp.Predicted >= 0:
			return lab.Errorf(lab.Conflict, "the prediction is locked in: it stands next to what happens")
		case option < 0 || option >= len(st.Predict.Options):
			return lab.Errorf(lab.Invalid, "there is no option %d: they count from 0 to %d", option, len(st.Predict.Options)-1)
		case !slices.Contains(Confidences, confidence):
			return lab.Errorf(lab.Invalid, "how sure are you? %s", strings.Join(Confidences, ", "))
		}
		sp.Predicted, sp.Confidence = option, confidence
		if g.p.Phase == Predicting {
			g.p.Phase = Doing
		}
		return nil
	})
}

// answers are what the learner answered in the current step. The observation
// is asked for once the goal is met, so a goal that asks for it too is judged
// as if it were right: until it is, the step does not go on.
func (g *Guide) answers(ctx context.Context) context.Context {
	g.mu.Lock()
	defer g.mu.Unlock()
	st, sp := g.step()
	a := lab.Answers{Predicted: sp.Predicted, Observed: sp.Observed}
	if st.Observe != nil && st.Observe.Expr == "" && !sp.Seen {
		a.Observed = st.Observe.Answer
	}
	return lab.Answering(ctx, a)
}

// Judge looks at the lab: it ticks tasks and notices a goal that is met. At the
// decisive moment the lab stands still, where a question about it follows.
func (g *Guide) Judge(ctx context.Context) error {
	g.mu.Lock()
	st, sp := g.step()
	doing, number := g.p.Phase == Doing && sp.Start > 0, g.p.Step
	ticked := slices.Clone(sp.Tasks)
	g.mu.Unlock()
	if !doing {
		return nil
	}
	ctx = g.answers(ctx)
	v, err := g.world.Judge(ctx, st.Goal)
	if err != nil {
		return err
	}
	points, fresh, err := g.points(ctx, st, v.Met)
	if err != nil {
		return err
	}
	near := 0
	if !v.Met {
		near = nearMiss(ctx, g.world, st)
	}
	for i, t := range st.Tasks {
		if ticked[i] {
			continue
		}
		if now, err := g.world.Eval(ctx, t.When); err == nil && now == true {
			ticked[i], fresh = true, true
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.p.Phase != Doing || g.p.Step != number {
		return nil // somebody was faster
	}
	fresh = fresh || near != g.near || !sameVerdict(g.verdict, v)
	g.verdict, g.near, sp.Tasks = v, near, ticked
	if v.Met {
		asks := st.Observe != nil && !g.p.Challenge
		for _, halt := range []func(){g.events.halt, g.shown} {
			if halt != nil {
				halt()
			}
		}
		sp.Score = points
		sp.Met, sp.MetAt = g.world.Goal(fmt.Sprintf("the goal of step %d is met: %s", number+1, st.Title), asks), time.Now().UTC()
		for i := range sp.Tasks {
			sp.Tasks[i] = true
		}
		g.p.Phase = Explaining
		if asks {
			g.p.Phase = Observing
		}
		fresh = true
	}
	if fresh {
		g.toldLocked()
	}
	return nil
}

// sameVerdict tells whether two judgements say the same.
func sameVerdict(a, b lab.Judgement) bool {
	return a.Met == b.Met && slices.EqualFunc(a.Parts, b.Parts, func(x, y lab.Condition) bool {
		return x.Now == y.Now && x.Met == y.Met && slices.Equal(x.Evidence, y.Evidence)
	})
}

// How often a guide looks: not before judgeEvery after the last look, and
// after judgeAtMost even where nothing was written, because a lab that comes to
// rest writes nothing.
const (
	judgeEvery  = 100 * time.Millisecond
	judgeAtMost = 500 * time.Millisecond
)

// Watch judges whenever the journal has grown, until ctx ends or the lab is
// closed. What the step does by itself goes on as long as somebody watches.
// More than one may watch.
func (g *Guide) Watch(ctx context.Context) {
	var events sync.WaitGroup
	defer events.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for ctx.Err() == nil {
		g.goOn(ctx, &events)
		head := g.world.Head()
		if err := g.Judge(ctx); err != nil && lab.AsError(err).Code == lab.Unavailable {
			return
		}
		wait, cancel := context.WithTimeout(ctx, judgeAtMost)
		err := g.world.Wait(wait, head)
		cancel()
		if err != nil && ctx.Err() == nil && wait.Err() == nil {
			return // the lab is closed
		}
		select {
		case <-ctx.Done():
		case <-time.After(judgeEvery):
		}
	}
}

// Observe takes the answer to the question about the decisive moment: the
// index of an option, or a value where the question is about one. A wrong one
// may be followed by another.
func (g *Guide) Observe(ctx context.Context, option int, value string) (right bool, err error) {
	g.mu.Lock()
	st, _ := g.step()
	asked := g.p.Phase == Observing
	g.mu.Unlock()
	switch {
	case !asked || st.Observe == nil:
		return false, lab.Errorf(lab.Conflict, "nothing is asked just now")
	case st.Observe.Expr != "":
		is, err := g.world.Eval(ctx, st.Observe.Expr)
		if err != nil {
			return false, err
		}
		right = strings.EqualFold(strings.TrimSpace(value), plainText(is))
	case option < 0 || option >= len(st.Observe.Options):
		return false, lab.Errorf(lab.Invalid, "there is no option %d: they count from 0 to %d", option, len(st.Observe.Options)-1)
	default:
		right = option == st.Observe.Answer
	}
	err = g.change(func() error {
		_, sp := g.step()
		if g.p.Phase != Observing {
			return lab.Errorf(lab.Conflict, "nothing is asked just now")
		}
		sp.Observed, sp.Value = option, value
		if !right {
			sp.Misses++
			return nil
		}
		sp.Seen = true
		g.p.Phase = Explaining
		return nil
	})
	if err == nil && right {
		g.world.Release(0)
	}
	return right, err
}

func plainText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		if v {
			return "yes"
		}
		return "no"
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}

// Explain takes the because-sentence that the learner put together, one text
// for each part that is a choice, and tells which are right.
func (g *Guide) Explain(chosen []string) (right []bool, err error) {
	err = g.change(func() error {
		st, sp := g.step()
		if g.p.Phase != Explaining || len(st.Because) == 0 {
			return lab.Errorf(lab.Conflict, "there is no sentence to put together just now")
		}
		all := true
		for _, part := range st.Because {
			if len(part) < 2 {
				continue
			}
			if len(right) >= len(chosen) || !slices.Contains(part, chosen[len(right)]) {
				return lab.Errorf(lab.Invalid, "choose one of these for place %d of the sentence: %s", len(right)+1, strings.Join(sorted(part), "; "))
			}
			right = append(right, chosen[len(right)] == part[0])
			all = all && right[len(right)-1]
		}
		sp.Because, sp.Explained = slices.Clone(chosen[:len(right)]), sp.Explained || all
		return nil
	})
	return right, err
}

func sorted(p Part) []string { return slices.Sorted(slices.Values(p)) }

// Next goes on to the next step, or to the end. A step that could not be opened
// is opened now.
func (g *Guide) Next(ctx context.Context) error {
	g.mu.Lock()
	_, sp := g.step()
	open := sp.Start > 0
	g.mu.Unlock()
	if !open {
		return g.Open(ctx)
	}
	err := g.change(func() error {
		st, sp := g.step()
		switch {
		case g.p.Phase == Finished:
			return lab.Errorf(lab.Conflict, "this was the last step")
		case g.p.Phase == Explaining && len(st.Because) > 0 && !sp.Explained && !g.p.Challenge:
			return lab.Errorf(lab.Conflict, "put the sentence together first: it says why")
		case g.p.Phase != Explaining:
			return lab.Errorf(lab.Conflict, "the step is not done: %s", notDone[g.p.Phase])
		}
		sp.Done = true
		if g.p.Step == len(g.s.Steps)-1 {
			g.p.Phase, g.p.Finished = Finished, time.Now().UTC()
			return nil
		}
		g.p.Step++
		g.p.Phase, g.opened, g.verdict, g.near, g.history = Doing, 0, lab.Judgement{}, 0, since(0)
		return nil
	})
	if err != nil || g.Progress().Phase == Finished {
		return err
	}
	return g.Open(ctx)
}

var notDone = map[Phase]string{
	Predicting: "lock in a prediction first", Doing: "its goal is not met yet", Observing: "say what you saw first",
}

// Hint opens the next rung of the ladder.
func (g *Guide) Hint() error {
	return g.change(func() error {
		st, sp := g.step()
		if sp.Hints >= len(st.Hints) {
			return lab.Errorf(lab.Conflict, "there is no further hint")
		}
		sp.Hints++
		return nil
	})
}

// Show does the step's solution in the lab, one action after the other, until
// the goal is met. The step then counts as done with help.
func (g *Guide) Show(ctx context.Context) error {
	if !g.opening.TryLock() {
		return lab.Errorf(lab.Conflict, "the lab is busy with this step already")
	}
	defer g.opening.Unlock()
	g.mu.Lock()
	st, sp := g.step()
	ready := g.p.Phase == Doing && sp.Start > 0 && len(st.Solution) > 0
	g.mu.Unlock()
	if !ready {
		return lab.Errorf(lab.Conflict, "there is nothing to show just now")
	}
	ctx, halt := context.WithCancel(ctx)
	defer halt()
	say := func(what string, halt func()) (met bool) {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.showing, g.shown, sp.Helped = what, halt, true
		g.toldLocked()
		return sp.Met > 0
	}
	defer say("", nil)
	for _, a := range st.Solution {
		raw, err := json.Marshal(a.Action)
		if err != nil {
			return fmt.Errorf("write the action %s: %w", a.Name, err)
		}
		if say(string(raw), halt) {
			return nil // what is left would be done in a lab that stands still
		}
		if _, err := g.world.Do(ctx, a.Action); err != nil && !tooLate(a.Action, err) && !say("", halt) {
			return err
		}
	}
	return nil
}

// SetChallenge switches between the goals alone and the whole guidance.
func (g *Guide) SetChallenge(on bool) error {
	return g.change(func() error {
		st, sp := g.step()
		g.p.Challenge = on
		switch {
		case on && g.p.Phase == Predicting:
			g.p.Phase = Doing
		case on && g.p.Phase == Observing:
			g.p.Phase = Explaining
			g.world.Release(0)
		case !on && g.p.Phase == Doing && st.Predict != nil && sp.Predicted < 0:
			g.p.Phase = Predicting
		}
		return nil
	})
}

// Restarted is the progress of a learner who begins the current step again:
// predictions stay, what was done in the step does not. Seq is the moment that
// a lab must be brought to, which is where the learner began.
func (g *Guide) Restarted() (p Progress, seq int64, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	p = g.p.clone()
	sp := &p.Steps[p.Step]
	if sp.Start == 0 {
		return p, 0, lab.Errorf(lab.Conflict, "the step has not begun yet")
	}
	*sp = StepProgress{ID: sp.ID, Start: sp.Start, Predicted: sp.Predicted, Confidence: sp.Confidence, Tasks: make([]bool, len(sp.Tasks)),
		Observed: -1, Hints: sp.Hints, Helped: sp.Helped, Restarts: sp.Restarts + 1}
	p.Finished, p.Phase = time.Time{}, Doing
	if g.s.Steps[p.Step].Predict != nil && sp.Predicted < 0 && !p.Challenge {
		p.Phase = Predicting
	}
	return p, sp.Start, nil
}
