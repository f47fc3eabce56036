package web

import (
	"encoding/json"
	"net/http"
	"runtime"
	"time"

	"eddy/lab"
	"eddy/scenarios/smallest"
	"eddy/web/view"
)

// searchTime bounds a search that was asked for over the network.
const searchTime = 3 * time.Minute

// smallestPage is where the smallest fault is searched for: /author/smallest.
func (s *Server) smallestPage(w http.ResponseWriter, r *http.Request) error {
	if s.tookKey(w, r) {
		return nil
	}
	if err := s.teacherOnly(r, "The search for the smallest fault", "/author/smallest"); err != nil {
		return err
	}
	page := view.SmallestPage{}
	for _, id := range smallest.Invariants() {
		page.Promises = append(page.Promises, view.Promise{ID: id, Means: smallest.Means(id)})
	}
	s.render(w, r, http.StatusOK, view.Smallest(page))
	return nil
}

// smallestFault searches, and tells how far it is: POST smallest. The answer is
// JSON lines: {"progress": …} as often as there is something to tell, and last
// {"answer": …} or {"error": …}. Whoever goes away ends the search.
func (s *Server) smallestFault(w http.ResponseWriter, r *http.Request) error {
	if err := s.teacherOnly(r, "The search for the smallest fault", "/author/smallest"); err != nil {
		return err
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	var ask struct {
		Invariant string          `json:"invariant"`
		Lab       json.RawMessage `json:"lab"`
		Tries     int             `json:"tries"`
		Seed      uint64          `json:"seed"`
	}
	if err := json.Unmarshal(body, &ask); err != nil {
		return lab.Errorf(lab.Invalid, `The body must be like {"invariant": "no-double-charge", "lab": {"services": {"payment": {"idempotent": false}}}, "tries": 200, "seed": 1}: %v`, err)
	}
	q := smallest.Question{Invariant: ask.Invariant, Tries: ask.Tries, Seed: ask.Seed, Time: searchTime, Jobs: max(1, runtime.NumCPU()/2)}
	if q.Lab, err = lab.ParseSettings(ask.Lab); err != nil {
		return err
	}
	if err := q.Check(); err != nil {
		return err
	}
	pool, err := s.pool()
	if err != nil {
		return err
	}
	defer pool.Close()
	if !s.trials.searching.TryLock() {
		return lab.Errorf(lab.TooMany, "A search is under way already, and one at a time is enough for this machine. Try again when it has ended.")
	}
	defer s.trials.searching.Unlock()

	w.Header().Set("Content-Type", "application/x-ndjson")
	w.Header().Set("Cache-Control", "no-store")
	control := http.NewResponseController(w)
	control.SetReadDeadline(time.Time{}) // else a search would end with the time that a body may take
	say := func(v any) {
		control.SetWriteDeadline(time.Now().Add(streamTimeout))
		json.NewEncoder(w).Encode(v) // an error here means that the client is gone, which ends the search
		control.Flush()
	}
	answer, err := smallest.Search(r.Context(), q, pool, func(p smallest.Progress) { say(map[string]any{"progress": p}) })
	if err != nil {
		say(map[string]any{"error": lab.AsError(err)})
		return nil
	}
	say(map[string]any{"answer": answer})
	return nil
}
