package scenarios

import (
	"slices"

	"eddy/lab"
)

// Review is a prediction that was sure and wrong: what most needs a second
// look, and what sticks best once it has had one.
type Review struct {
	Step   string `json:"step"` // its title
	Ask    string `json:"ask"`
	Said   string `json:"said"`
	Answer string `json:"answer"`
}

// Reviews lists what a learner was sure of and wrong about, in the steps that
// are done.
func (s *Scenario) Reviews(p Progress) (list []Review) {
	if !s.Fits(p) {
		return nil
	}
	for i := range s.Steps {
		q, sp := s.Steps[i].Predict, p.Steps[i]
		if !sp.Done || q == nil || sp.Confidence != "sure" || sp.Predicted == q.Answer || sp.Predicted < 0 || sp.Predicted >= len(q.Options) {
			continue
		}
		list = append(list, Review{Step: s.Steps[i].Title, Ask: q.Ask, Said: q.Options[sp.Predicted], Answer: q.Options[q.Answer]})
	}
	return list
}

// Fits tells whether a learner can go on in this scenario where an earlier
// progress stands: a file that was changed meanwhile may have other steps.
func (s *Scenario) Fits(p Progress) bool {
	if p.Scenario != s.ID || len(p.Steps) != len(s.Steps) || p.Step < 0 || p.Step >= len(s.Steps) {
		return false
	}
	for i := range s.Steps {
		if !s.Steps[i].fits(p.Steps[i]) {
			return false
		}
	}
	return true
}

// fits tells whether the step still has what a learner opened and answered.
func (s *Step) fits(p StepProgress) bool {
	among := func(answer int, options []string) bool { return -1 <= answer && answer < len(options) }
	switch {
	case p.ID != s.ID, len(p.Tasks) != len(s.Tasks), p.Hints < 0, p.Hints > len(s.Hints):
		return false
	case s.Predict != nil && !among(p.Predicted, s.Predict.Options):
		return false
	}
	// Where a value is asked for, none of the options was chosen.
	return s.Observe == nil || s.Observe.Expr != "" || among(p.Observed, s.Observe.Options)
}

// Learning is how a scenario stands with one learner.
type Learning string

// The ways it can stand. Due: it is done, and a prediction in it was sure and
// wrong, so it is worth a second look.
const (
	Fresh   Learning = "new"
	Started Learning = "started"
	Learned Learning = "done"
	Due     Learning = "review due"
)

// Learning tells how the scenario stands with a learner: run is the run that is
// under way or was last, done the last that was finished; nil where there is
// none.
func (s *Scenario) Learning(run, done *Progress) Learning {
	switch {
	case run != nil && run.Phase != Finished && s.Fits(*run):
		return Started
	case done == nil:
		return Fresh
	case len(s.Reviews(*done)) > 0:
		return Due
	}
	return Learned
}

// NextAfter picks what to do after a scenario: what it leads to, then what is
// next in the order of learning; none that was done.
func NextAfter(id string, all []*Scenario, done func(id string) bool, most int) (next []*Scenario) {
	take := func(fits func(*Scenario) bool) {
		for _, s := range all {
			if len(next) < most && s.ID != id && !done(s.ID) && fits(s) && !slices.Contains(next, s) {
				next = append(next, s)
			}
		}
	}
	ready := func(s *Scenario) bool {
		for _, need := range s.Needs {
			if need != id && !done(need) {
				return false
			}
		}
		return true
	}
	take(func(s *Scenario) bool { return slices.Contains(s.Needs, id) && ready(s) })
	take(ready)
	return next
}

// Fresh is the settings of a lab for the scenario. They are the caller's.
func (s *Scenario) Fresh() lab.Settings { return s.settings(0) }
