package web

import (
	"net/http"

	"eddy/lab"
)

// story tells what happened to an order: GET …/story?order=A; with at=SEQ as
// far as it had happened then.
func (s *Server) story(find finder) handlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		p, err := find(r)
		if err != nil {
			return err
		}
		order := r.URL.Query().Get("order")
		switch {
		case order == "":
			return lab.Errorf(lab.Invalid, "A story is told of one order: name it by its handle or its id, like story?order=A.")
		case len(order) > maxAsked:
			return lab.Errorf(lab.Invalid, "order has %d bytes: at most %d bytes name an order.", len(order), maxAsked)
		}
		at, err := seqParam(r, "at", 0)
		if err != nil {
			return err
		}
		told, err := p.Story(order, at)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, http.StatusOK, told)
		return nil
	}
}
