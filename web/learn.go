package web

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	"eddy/scenarios"
	"eddy/web/view"
)

// learnPage is the learner's door: the way through the scenarios, and how far
// the visitor is on it.
func (s *Server) learnPage(w http.ResponseWriter, r *http.Request) error {
	learner := knownLearner(r)
	runs, err := s.cfg.Keep.Runs(r.Context(), learner)
	if err != nil {
		return err
	}
	done, err := s.cfg.Keep.Finished(r.Context(), learner)
	if err != nil {
		return err
	}
	page := view.LearnPage{}
	if page.Course, err = s.coursePath(r, done); err != nil {
		return err
	}
	all := s.cfg.Scenarios.All()
	states := map[string]scenarios.Learning{}
	for _, one := range all {
		states[one.ID] = one.Learning(pick(runs, one.ID), pick(done, one.ID))
	}
	for _, one := range all {
		lesson := view.Lesson{
			ID: one.ID, Title: one.Title, Pattern: patternNames[one.Pattern], Level: one.Level, Minutes: one.Minutes, Summary: one.Summary,
			State: string(states[one.ID]), Steps: len(one.Steps), Needs: one.Needs,
		}
		for _, need := range one.Needs {
			if states[need] == scenarios.Fresh || states[need] == scenarios.Started {
				lesson.Before = append(lesson.Before, titleOf(all, need))
			}
		}
		if run := pick(runs, one.ID); states[one.ID] == scenarios.Started {
			lesson.At = run.Step + 1
		}
		if states[one.ID] == scenarios.Learned || states[one.ID] == scenarios.Due {
			page.Done++
		}
		page.Lessons = append(page.Lessons, lesson)
	}
	page.Suggest(func(l view.Lesson) bool { return len(l.Before) == 0 })
	page.Lay()
	s.render(w, r, http.StatusOK, view.Learn(page))
	return nil
}

func pick(all map[string]scenarios.Progress, id string) *scenarios.Progress {
	if p, ok := all[id]; ok {
		return &p
	}
	return nil
}

func titleOf(all []*scenarios.Scenario, id string) string {
	if i := slices.IndexFunc(all, func(s *scenarios.Scenario) bool { return s.ID == id }); i >= 0 {
		return all[i].Title
	}
	return id
}

// patternNames are what the patterns are called.
var patternNames = map[string]string{
	"sync-async": "Sync and async", "kafka": "Kafka", "cqrs": "CQRS", "event-sourcing": "Event sourcing", "saga": "Saga",
	"idempotency": "Idempotency", "dead-letter": "Dead letters", "schema": "Schema evolution", "outbox": "Outbox", "capstone": "Capstone",
}

// inTheMiddle finds the scenario that a visitor is in the middle of: the one
// that was begun last.
func (s *Server) inTheMiddle(r *http.Request) (found *scenarios.Scenario, at string, err error) {
	learner := knownLearner(r)
	if learner == "" {
		return nil, "", nil
	}
	runs, err := s.cfg.Keep.Runs(r.Context(), learner)
	if err != nil {
		return nil, "", err
	}
	var newest time.Time
	for _, one := range s.cfg.Scenarios.All() {
		run := pick(runs, one.ID)
		if run == nil || one.Learning(run, nil) != scenarios.Started || run.Began.Before(newest) {
			continue
		}
		found, newest = one, run.Began
		at = fmt.Sprintf("%s, step %d of %d", one.Title, run.Step+1, len(one.Steps))
	}
	return found, at, nil
}
