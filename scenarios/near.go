package scenarios

import (
	"context"
	"fmt"
)

// Near is a near miss: a state that a learner reaches who almost does what the
// step is about, and what is said then. It is about what was reached, as the
// goal is, and not about what was done.
type Near struct {
	When string `yaml:"when" form:"required" doc:"true in the near miss: an expression over the board"`
	Say  string `yaml:"say" form:"required" doc:"what the learner reads while it is true and the goal is not met; markdown"`
}

// nearMiss finds the first near miss of a step that is true, from 1; 0 where
// none is.
func nearMiss(ctx context.Context, w World, st *Step) int {
	for i, n := range st.Near {
		if now, err := w.Eval(ctx, n.When); err == nil && now == true {
			return i + 1
		}
	}
	return 0
}

// nearFindings are the near misses that are said to who has done nothing, and
// those that no list of wrong moves comes to.
func nearFindings(s *Scenario, p *Proof) (found []Finding) {
	seen, early := map[string]map[int]bool{}, map[string]int{}
	for _, w := range p.Ways {
		for _, r := range w.Steps {
			switch {
			case w.Way == Untouched.String() && r.Near > 0:
				early[r.Step] = r.Near
			case w.Way == Wrong.String():
				if seen[r.Step] == nil {
					seen[r.Step] = map[int]bool{}
				}
				seen[r.Step][r.Near] = true
			}
		}
	}
	for i, st := range s.Steps {
		for n := range st.Near {
			switch at := s.file.At(fmt.Sprintf("steps[%d].near[%d].when", i, n)); {
			case early[st.ID] == n+1:
				found = append(found, Finding{at, "near-at-start", "the near miss is true before anybody has done anything: what it says would be said to everybody"})
			case seen[st.ID] != nil && !seen[st.ID][n+1]:
				found = append(found, Finding{at, "near-unseen", "no list of wrong moves comes to this near miss: nobody has tried whether it is ever said"})
			}
		}
	}
	return found
}
