package web

import (
	"net/http"

	"eddy/lab"
)

// maxAsked bounds the name of what is asked about, in bytes.
const maxAsked = 200

// why answers with the shortest chain from a thing back to whoever set it in
// motion: GET …/why?seq=, order=, service=, invariant= or record=; with at=SEQ
// as it was then.
func (s *Server) why(find finder) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := find(r)
		if err != nil {
			return err
		}
		q, err := question(r)
		if err != nil {
			return err
		}
		answer, err := p.Why(q)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, http.StatusOK, answer)
		return nil
	}
}

// question reads what is asked.
func question(r *http.Request) (q lab.Question, err error) {
	query := r.URL.Query()
	asked := 0
	for _, name := range []string{"seq", "order", "service", "invariant", "record"} {
		value := query.Get(name)
		if len(value) > maxAsked {
			return q, lab.Errorf(lab.Invalid, "%s has %d bytes: at most %d bytes name a thing.", name, len(value), maxAsked)
		}
		if value != "" {
			asked++
		}
	}
	if asked != 1 {
		return q, lab.Errorf(lab.Invalid, "why is asked about one thing: one of seq, order, service, invariant or record, like why?order=A")
	}
	q = lab.Question{Order: query.Get("order"), Service: query.Get("service"), Invariant: query.Get("invariant"), Record: query.Get("record")}
	if q.Seq, err = seqParam(r, "seq", 0); err != nil {
		return q, err
	}
	if q == (lab.Question{}) {
		return q, lab.Errorf(lab.Invalid, "seq must be the number of a journal entry, from 1 on.")
	}
	q.At, err = seqParam(r, "at", 0)
	return q, err
}
