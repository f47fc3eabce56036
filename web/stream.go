package web

import (
	"net/http"
	"strconv"

	"eddy/lab"
)

// storeCost is what a question to the event store takes of the caller's share of
// actions: it may read all there is.
const storeCost = 5

// stream tells the stream of an order: GET …/stream?order=A, with at=SEQ as of
// then.
func (s *Server) stream(find finder) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := find(r)
		if err != nil {
			return err
		}
		order, err := orderParam(r)
		if err != nil {
			return err
		}
		at, err := seqParam(r, "at", 0)
		if err != nil {
			return err
		}
		stream, err := p.Stream(order, at)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, http.StatusOK, stream)
		return nil
	}
}

// loadStream measures what a snapshot saves: POST …/stream/load?order=A.
func (s *Server) loadStream(w http.ResponseWriter, r *http.Request) error {
	world, err := s.world(r)
	if err != nil {
		return err
	}
	order, err := s.storeRequest(r)
	if err != nil {
		return err
	}
	load, err := world.LoadStream(r.Context(), order)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, load)
	return nil
}

// tamper tries to change an event: POST …/stream/tamper?order=A&version=2.
func (s *Server) tamper(w http.ResponseWriter, r *http.Request) error {
	world, err := s.world(r)
	if err != nil {
		return err
	}
	order, err := s.storeRequest(r)
	if err != nil {
		return err
	}
	text := r.URL.Query().Get("version")
	version, err := strconv.Atoi(text)
	if err != nil || version < 1 {
		return lab.Errorf(lab.Invalid, "version must be the number of an event of the order, from 1 on, not %q.", text)
	}
	tampering, err := world.Tamper(r.Context(), order, version)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, tampering)
	return nil
}

// storeRequest reads the order that the event store is asked about, and takes
// the cost of it.
func (s *Server) storeRequest(r *http.Request) (string, error) {
	order, err := orderParam(r)
	if err != nil {
		return "", err
	}
	return order, s.onlyNow(r)
}

// onlyNow refuses what can be asked of the present only, and takes the cost of
// a question to the event store.
func (s *Server) onlyNow(r *http.Request) error {
	if r.URL.Query().Has("at") {
		return lab.Errorf(lab.Conflict, "The event store itself can be asked about now only, and not about a moment of the past: leave out at, or go back to live.")
	}
	return s.allowActions(r, storeCost)
}

// ask folds all events into the answer to a question: POST …/ask?question=ID.
func (s *Server) ask(w http.ResponseWriter, r *http.Request) error {
	world, err := s.world(r)
	if err != nil {
		return err
	}
	if err := s.onlyNow(r); err != nil {
		return err
	}
	question := r.URL.Query().Get("question")
	if len(question) > maxAsked {
		return lab.Errorf(lab.Invalid, "question has %d bytes: at most %d bytes name one.", len(question), maxAsked)
	}
	answer, err := world.Ask(r.Context(), question)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, answer)
	return nil
}

// noStore answers for a run, which was opened from a file.
func (s *Server) noStore(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.runs.get(r.PathValue("id")); err != nil {
		return err
	}
	return lab.Errorf(lab.Conflict, "A run is a journal from a file: it has no event store that could be asked.")
}

// foldCode is the source of the fold, and what the event store can be asked:
// GET /api/fold.
func (s *Server) foldCode(w http.ResponseWriter, r *http.Request) error {
	code, err := lab.Fold()
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		lab.FoldCode
		Questions []lab.StoreQuestion `json:"questions"`
	}{code, lab.StoreQuestions()})
	return nil
}

func orderParam(r *http.Request) (string, error) {
	order := r.URL.Query().Get("order")
	if order == "" || len(order) > maxAsked {
		return "", lab.Errorf(lab.Invalid, "order must name an order by its handle or id, in 1 to %d bytes, like order=A", maxAsked)
	}
	return order, nil
}
