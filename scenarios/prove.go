package scenarios

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"eddy/lab/form"
)

// Proof is a scenario played all ways.
type Proof struct {
	Scenario string    `json:"scenario"`
	Passed   bool      `json:"passed"`
	Clock    string    `json:"clock"`             // virtual, wall
	Because  string    `json:"because,omitempty"` // why on the wall clock
	Ways     []Way     `json:"ways"`
	Warnings []Finding `json:"warnings"` // what playing showed, each at its place in the file
	TookMS   int64     `json:"took_ms"`
}

// Way is one way of playing a scenario and what came of it.
type Way struct {
	Way    string       `json:"way"` // solved, untouched, wrong, seeds
	Passed bool         `json:"passed"`
	Steps  []StepResult `json:"steps"`
	Seeds  []SeedResult `json:"seeds,omitempty"` // of the way seeds
	Error  string       `json:"error,omitempty"` // what kept it from being played to its end
	TookMS int64        `json:"took_ms"`
}

// SeedResult says where a play with another seed ended.
type SeedResult struct {
	Seed   uint64      `json:"seed"`
	Passed bool        `json:"passed"`
	Failed *StepResult `json:"failed,omitempty"` // the step that it did not get over
}

// ProofLine is the progress of a proof: exactly one of its fields besides Way and Seed is set.
type ProofLine struct {
	Way   string      `json:"way,omitempty"`
	Seed  uint64      `json:"seed,omitempty"`
	Plan  *Plan       `json:"plan,omitempty"` // the first line
	Began *Beginning  `json:"began,omitempty"`
	Ended *StepResult `json:"ended,omitempty"`
	Done  *Way        `json:"done,omitempty"`
	Proof *Proof      `json:"proof,omitempty"` // the last line
}

// Plan says how a scenario will be proven.
type Plan struct {
	Scenario string   `json:"scenario"`
	Clock    string   `json:"clock"`
	Because  string   `json:"because,omitempty"`
	Ways     []string `json:"ways"`
	Plays    int      `json:"plays"` // results of steps to come, at most
}

// MaxSeeds bounds how often a scenario is played with other seeds.
const MaxSeeds = 50

// Prove plays a scenario with its solutions, untouched, with each list of wrong
// moves, and with its solutions under so many other seeds. It tells of every
// step, one call at a time, and may be given nil. The error is ctx's: then the
// proof is what there was until then.
func (p *Prover) Prove(ctx context.Context, s *Scenario, seeds int, tell func(ProofLine)) (Proof, error) {
	var mu sync.Mutex
	say := func(l ProofLine) {
		mu.Lock()
		defer mu.Unlock()
		if tell != nil {
			tell(l)
		}
	}
	began := time.Now()
	proof := Proof{Scenario: s.ID, Passed: true, Clock: "virtual", Because: NeedsWallClock(s), Warnings: []Finding{}}
	wall := proof.Because != ""
	if wall {
		proof.Clock = "wall"
	}
	ways := p.ways(s, min(seeds, MaxSeeds), wall)
	plan := Plan{Scenario: s.ID, Clock: proof.Clock, Because: proof.Because, Plays: plays(s, min(seeds, MaxSeeds))}
	for _, w := range ways {
		plan.Ways = append(plan.Ways, w.name)
	}
	say(ProofLine{Plan: &plan})

	proof.Ways = make([]Way, len(ways))
	var proving sync.WaitGroup
	for i, w := range ways {
		proving.Go(func() {
			proof.Ways[i] = p.way(ctx, w, say)
			say(ProofLine{Way: w.name, Done: &proof.Ways[i]})
		})
	}
	proving.Wait()
	for _, w := range proof.Ways {
		proof.Passed = proof.Passed && w.Passed
	}
	proof.Warnings = append(append(proof.Warnings, notProven(s, &proof)...), append(playedFindings(s, &proof), nearFindings(s, &proof)...)...)
	proof.TookMS = time.Since(began).Milliseconds()
	if ctx.Err() == nil {
		say(ProofLine{Proof: &proof})
	}
	return proof, ctx.Err()
}

// way is what is to be played for one way: its jobs run side by side.
type way struct {
	s    *Scenario
	name string
	jobs []job
}

// ways splits a proof. On the wall clock each step and each seed has a process
// of its own: they wait most of the time.
func (p *Prover) ways(s *Scenario, seeds int, wall bool) []way {
	base := job{Text: string(s.text), Seeds: []uint64{0}, Wall: wall}
	solved := base
	solved.Mode = Solved
	ways := []way{{s, Solved.String(), []job{solved}}}
	for _, mode := range []Mode{Untouched, Wrong} {
		w := way{s: s, name: mode.String()}
		for _, st := range s.Steps {
			if len(st.Solution) == 0 || mode == Wrong && len(st.Wrong) == 0 {
				continue
			}
			j := base
			j.Mode = mode
			if wall {
				j.Step = st.ID
			}
			w.jobs = append(w.jobs, j)
			if !wall {
				break // one process plays them all
			}
		}
		if len(w.jobs) > 0 {
			ways = append(ways, w)
		}
	}
	if seeds < 1 {
		return ways
	}
	w := way{s: s, name: "seeds"}
	if !wall {
		w.jobs = []job{base}
		w.jobs[0].Seeds = nil
	}
	for seed := uint64(1001); seed < uint64(1001+seeds); seed++ {
		if !wall {
			w.jobs[0].Seeds = append(w.jobs[0].Seeds, seed)
			continue
		}
		j := base
		j.Seeds = []uint64{seed}
		w.jobs = append(w.jobs, j)
	}
	return append(ways, w)
}

// plays counts the results of steps that a proof comes to.
func plays(s *Scenario, seeds int) (n int) {
	n = len(s.Steps) * (1 + seeds)
	for _, st := range s.Steps {
		if len(st.Solution) > 0 {
			n += 1 + len(st.Wrong)
		}
	}
	return n
}

// way plays one way. It passes where every play passed.
func (p *Prover) way(ctx context.Context, w way, say func(ProofLine)) Way {
	result := Way{Way: w.name, Passed: true, Steps: []StepResult{}}
	began := time.Now()
	var mu sync.Mutex
	failed := func(format string, args ...any) {
		result.Passed = false
		if result.Error == "" {
			result.Error = fmt.Sprintf(format, args...)
		}
	}
	hear := func(l line) {
		if l.Began != nil || l.Ended != nil {
			say(ProofLine{Way: w.name, Seed: l.Seed, Began: l.Began, Ended: l.Ended})
		}
		mu.Lock()
		defer mu.Unlock()
		if l.Ended != nil && w.name != "seeds" {
			result.Steps = append(result.Steps, *l.Ended)
		}
		if l.Result == nil {
			return
		}
		if w.name == "seeds" {
			result.Seeds = append(result.Seeds, seedResult(l.Seed, l.Result))
		}
		result.Passed = result.Passed && l.Result.Passed
		if l.Result.Error != "" {
			failed("%s", l.Result.Error)
		}
	}
	var playing sync.WaitGroup
	for _, j := range w.jobs {
		playing.Go(func() {
			if err := p.play(ctx, j, hear); err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed("%v", err)
			}
		})
	}
	playing.Wait()
	result.TookMS = time.Since(began).Milliseconds()
	slices.SortFunc(result.Seeds, func(a, b SeedResult) int { return cmp.Compare(a.Seed, b.Seed) })
	slices.SortFunc(result.Steps, func(a, b StepResult) int {
		return cmp.Or(cmp.Compare(w.s.index(a.Step), w.s.index(b.Step)), cmp.Compare(a.Wrong, b.Wrong))
	})
	return result
}

func seedResult(seed uint64, r *Result) SeedResult {
	s := SeedResult{Seed: seed, Passed: r.Passed}
	for i := range r.Steps {
		if !r.Steps[i].Passed {
			s.Failed = &r.Steps[i]
		}
	}
	return s
}

// playedFindings are the warnings that playing gives rise to.
func playedFindings(s *Scenario, p *Proof) (found []Finding) {
	at := func(step, key string) form.Pos { return s.file.At(fmt.Sprintf("steps[%d].%s", s.index(step), key)) }
	early := map[string]bool{}
	for _, w := range p.Ways {
		switch w.Way {
		case "solved":
			for _, r := range w.Steps {
				if r.AtStart {
					early[r.Step] = true
					found = append(found, Finding{at(r.Step, "goal"), "goal-already-met", fmt.Sprintf("the goal of the step %q is met as it opens: there is nothing left to do", r.Step)})
				}
			}
		case "untouched":
			for _, r := range w.Steps {
				if r.Verdict.Met && !early[r.Step] {
					found = append(found, Finding{at(r.Step, "goal"), "goal-already-met", fmt.Sprintf("the goal of the step %q comes true by itself: nobody has to do anything", r.Step)})
				}
			}
		case "seeds":
			found = append(found, byLuck(s, w)...)
		}
	}
	return found
}

// byLuck finds the steps whose solution reaches the goal with some seeds only.
// Who gets which partition is the first thing that differs from one to another.
func byLuck(s *Scenario, w Way) (found []Finding) {
	missed, seeds := map[string]int{}, map[string]uint64{}
	for _, r := range w.Seeds {
		if r.Failed != nil {
			missed[r.Failed.Step]++
			seeds[r.Failed.Step] = r.Seed
		}
	}
	for i, st := range s.Steps {
		// Where every play fails there, chance has no part in it.
		if n := missed[st.ID]; n > 0 && n < len(w.Seeds) {
			found = append(found, Finding{s.file.At(fmt.Sprintf("steps[%d].goal", i)), "goal-by-luck", fmt.Sprintf(
				"with %d of %d seeds (%d is one) the solution of the step %q does not reach its goal: it depends on chance, such as which member got which partition", n, len(w.Seeds), seeds[st.ID], st.ID)})
		}
	}
	return found
}

// notProven lists what kept the scenario from being proven, each at its place.
// A goal that is met untouched is told of by playedFindings.
func notProven(s *Scenario, p *Proof) (found []Finding) {
	at := func(step, key string) form.Pos { return s.file.At(fmt.Sprintf("steps[%d].%s", s.index(step), key)) }
	note := func(pos form.Pos, format string, args ...any) {
		found = append(found, Finding{pos, "not-proven", fmt.Sprintf(format, args...)})
	}
	for _, w := range p.Ways {
		if w.Error != "" {
			note(form.Pos{Line: 1, Column: 1}, "%s: %s", w.Way, w.Error)
		}
		for _, r := range w.Steps {
			switch {
			case r.Passed:
			case r.Error != "":
				note(at(r.Step, "solution"), "%s, the step %q: %s", w.Way, r.Step, r.Error)
			case w.Way == "solved" && len(s.Steps[s.index(r.Step)].Solution) == 0:
				note(at(r.Step, "goal"), "the step %q has no solution, and its goal does not come true: %s", r.Step, unmet(r))
			case w.Way == "solved":
				note(at(r.Step, "solution"), "the solution of the step %q does not reach its goal: %s", r.Step, unmet(r))
			case w.Way == "wrong":
				note(at(r.Step, fmt.Sprintf("wrong[%d]", r.Wrong-1)), "these wrong moves reach the goal of the step %q", r.Step)
			}
		}
	}
	return found
}

// unmet says which conditions of a goal are not met.
func unmet(r StepResult) string {
	var parts []string
	for _, c := range r.Verdict.Parts {
		if !c.Met {
			parts = append(parts, ConditionText(c))
		}
	}
	return strings.Join(parts, "; ")
}
