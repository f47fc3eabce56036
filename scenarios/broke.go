package scenarios

import "regexp"

// Breakage is an invariant that a learner saw broken.
type Breakage struct {
	Invariant string
	Step      string // title of the step that was met by it
}

var brokenIn = regexp.MustCompile(`invariant\(\s*["']([a-z-]+)["']\s*\)\s*==\s*["']broken["']`)

// Broke lists the invariants that had to be broken for the goals that a learner
// has met.
func (s *Scenario) Broke(p Progress) (all []Breakage) {
	for _, did := range p.Steps {
		i := s.index(did.ID)
		if i < 0 || did.Met == 0 && !did.Done {
			continue
		}
		for _, m := range brokenIn.FindAllStringSubmatch(s.Steps[i].Goal, -1) {
			all = append(all, Breakage{Invariant: m[1], Step: s.Steps[i].Title})
		}
	}
	return all
}
