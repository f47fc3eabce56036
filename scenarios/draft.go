package scenarios

import "slices"

// As is the scenario under another id: a draft may be called like a scenario
// of the library, and must not be taken for it.
func (s *Scenario) As(id string) *Scenario {
	other := *s
	other.ID = id
	return &other
}

// BecauseOf is the sentence of a step with the right choices made, its choices
// in the order in which a learner sees them.
func (s *Scenario) BecauseOf(step int) []PartView {
	st := &s.Steps[step]
	var right StepProgress
	for _, p := range st.Because {
		if len(p) > 1 {
			right.Because = append(right.Because, p[0])
		}
	}
	return (&Guide{s: s}).because(st, &right)
}

// Text is the file of the scenario, as it was read.
func (s *Scenario) Text() []byte { return slices.Clone(s.text) }
