package web

import (
	"net/http"

	"eddy/lab"
)

// schemas lists the schemas of every event type, the oldest version first.
func (s *Server) schemas(w http.ResponseWriter, r *http.Request) error {
	writeJSON(w, http.StatusOK, lab.Schemas())
	return nil
}

// checkSchema says what the schema in the body would break if it became the
// next one of ?event=TYPE. It changes nothing.
func (s *Server) checkSchema(w http.ResponseWriter, r *http.Request) error {
	world, err := s.world(r)
	if err != nil {
		return err
	}
	if err := s.allowActions(r, 1); err != nil {
		return err
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	check, err := world.CheckSchema(r.URL.Query().Get("event"), body)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, check)
	return nil
}
