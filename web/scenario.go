package web

import (
	"net/http"
	"strconv"
	"strings"

	"eddy/lab"
	"eddy/scenarios"
)

// saveScenario makes a scenario of what was done in a lab: GET scenario. It is a
// file to download; with format=json it is what a page shows to choose from. at
// is the last entry that belongs to it (all of them), id and title are what it is
// called, and goal=STEP:EXPRESSION, as often as there are goals, is chosen from the
// suggestions.
func (s *Server) saveScenario(w http.ResponseWriter, r *http.Request) error {
	world, err := s.world(r)
	if err != nil {
		return err
	}
	wish, at, err := wished(r)
	if err != nil {
		return err
	}
	if at == 0 {
		at = world.Head()
	}
	one, err := s.record(r, r.PathValue("id"), world, at)
	if err != nil {
		return err
	}
	draft, err := one.record.Draft(wish, one.tried)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	if r.URL.Query().Get("format") == "json" {
		writeJSON(w, http.StatusOK, struct {
			At int64 `json:"at"`
			scenarios.Draft
		}{at, draft})
		return nil
	}
	w.Header().Set("Content-Type", "application/yaml; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+draft.ID+`.yaml"`)
	_, err = w.Write([]byte(draft.YAML))
	return err
}

// wished reads what somebody wants of a scenario.
func wished(r *http.Request) (wish scenarios.Wish, at int64, err error) {
	q := r.URL.Query()
	if text := q.Get("at"); text != "" {
		if at, err = strconv.ParseInt(text, 10, 64); err != nil || at < 1 {
			return wish, 0, lab.Errorf(lab.Invalid, "at must be the seq of an entry, not %q.", text)
		}
	}
	wish = scenarios.Wish{ID: q.Get("id"), Title: q.Get("title"), Goals: map[int][]string{}}
	for _, chosen := range q["goal"] {
		step, goal, ok := strings.Cut(chosen, ":")
		n, err := strconv.Atoi(step)
		if !ok || err != nil {
			return wish, 0, lab.Errorf(lab.Invalid, "goal must be like 0:order(\"A\").charges == 2: the step, counted from 0, and one of the goals suggested for it.")
		}
		wish.Goals[n] = append(wish.Goals[n], goal)
	}
	return wish, at, nil
}
