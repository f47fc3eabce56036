package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	lessons "eddy/content"
	"eddy/scenarios"
	"eddy/web/view"
)

// evidence is what a reader's own runs say about the questions of a checklist:
// scenarios that were finished, invariants that the reader broke on the way,
// and the free lab that is open. A question without any has none.
func (s *Server) evidence(r *http.Request, c *lessons.Checklist) (map[string][]view.EvidenceLine, error) {
	runs, err := s.cfg.Keep.Runs(r.Context(), knownLearner(r))
	if err != nil {
		return nil, err
	}
	finished, err := s.cfg.Keep.Finished(r.Context(), knownLearner(r))
	if err != nil {
		return nil, err
	}
	found := map[string][]view.EvidenceLine{}
	for _, q := range c.Questions {
		add := func(href, format string, args ...any) {
			found[q.ID] = append(found[q.ID], view.EvidenceLine{Text: fmt.Sprintf(format, args...), Href: href})
		}
		for _, id := range q.Evidence.Scenarios {
			one, ok := s.cfg.Scenarios.Find(id)
			if p, done := finished[id]; ok && done {
				add("/lab/"+id, "You finished “%s” on %s.", one.Title, p.Finished.Format("2 January 2006"))
			}
		}
		for _, one := range s.cfg.Scenarios.All() {
			for _, all := range []map[string]scenarios.Progress{runs, finished} {
				p, ok := all[one.ID]
				if !ok {
					continue
				}
				for _, b := range one.Broke(p) {
					if slices.Contains(q.Evidence.Invariants, b.Invariant) {
						add("/lab/"+one.ID, "You saw %s broken in “%s”: %s.", b.Invariant, one.Title, b.Step)
					}
				}
			}
		}
		if text := s.freeEvidence(r, q.Evidence); text != "" {
			id, _ := s.ownFreeLab(r)
			add("/lab/~"+id, "%s", text)
		}
		found[q.ID] = unique(found[q.ID])
	}
	return found, nil
}

// freeEvidence is what the reader's free lab says now, "" where it says nothing
// or is not open.
func (s *Server) freeEvidence(r *http.Request, e lessons.Evidence) string {
	id, ok := s.ownFreeLab(r)
	if !ok {
		return ""
	}
	world, err := s.cfg.Labs.Get(id)
	if err != nil {
		return "" // it was closed just now
	}
	ctx, cancel := context.WithTimeout(r.Context(), evalTimeout)
	defer cancel()
	var broken []string
	if value, err := evalOne(ctx, world, "broken"); err == nil && json.Unmarshal(value, &broken) == nil {
		broken = slices.DeleteFunc(broken, func(id string) bool { return !slices.Contains(e.Invariants, id) })
	}
	var said []string
	if len(broken) > 0 {
		said = append(said, strings.Join(broken, ", ")+" broken")
	}
	if e.Expr != "" {
		if value, err := evalOne(ctx, world, e.Expr); err == nil {
			said = append(said, e.Label+" "+strings.Trim(string(value), `"`))
		}
	}
	if len(said) == 0 {
		return ""
	}
	return "In your free lab now: " + strings.Join(said, "; ") + "."
}

func unique(lines []view.EvidenceLine) (all []view.EvidenceLine) {
	for _, l := range lines {
		if !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	return all
}
