package web

import (
	"net/http"
)

// story tells what happened to an order: GET …/story?order=A; with at=SEQ as
// far as it had happened then.
func (s *Server) story(find finder) handlerFunc {
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
		told, err := p.Story(order, at)
		if err != nil {
			return err
		}
		w.Header().Set("Cache-Control", "no-store")
		writeJSON(w, http.StatusOK, told)
		return nil
	}
}
