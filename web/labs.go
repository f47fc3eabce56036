package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"eddy/lab"
	"eddy/lab/fleet"
)

const (
	maxBody     = 256 << 10 // bytes of a request body
	maxDrain    = 8 << 20   // bytes read and thrown away beyond it
	maxExpr     = 4096      // bytes of an expression
	maxExprs    = 40        // expressions of one request
	evalTimeout = 2 * time.Second
)

// createLab makes a lab: POST /api/labs.
func (s *Server) createLab(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	scenario, given, err := labBody(body)
	if err != nil {
		return err
	}
	var id string
	if scenario == "" {
		var settings lab.Settings
		if settings, err = lab.ParseSettings(given); err == nil {
			id, err = s.newLab(r, settings, lab.Options{})
		}
	} else {
		id, err = s.createGuided(w, r, scenario, given)
	}
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/labs/"+id)
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, map[string]string{"id": id})
	return nil
}

// labBody reads lab settings with a "scenario" among them; "" is the free lab.
func labBody(body []byte) (scenario string, settings json.RawMessage, err error) {
	if len(body) == 0 {
		return "", nil, nil
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(body, &given); err != nil {
		return "", nil, lab.Errorf(lab.Invalid, "The body is not a JSON object of lab settings: %v", err)
	}
	if raw, ok := given["scenario"]; ok {
		if err := json.Unmarshal(raw, &scenario); err != nil {
			return "", nil, lab.Errorf(lab.Invalid, "scenario must be the id of a scenario, as text.")
		}
		delete(given, "scenario")
	}
	if scenario == "free" {
		scenario = ""
	}
	rest, err := json.Marshal(given)
	if err != nil {
		return "", nil, lab.Errorf(lab.Invalid, "The lab settings cannot be read: %v", err)
	}
	return scenario, rest, nil
}

// createGuided makes a lab of a scenario, from its first step on. What else is
// given takes the place of the scenario's own settings.
func (s *Server) createGuided(w http.ResponseWriter, r *http.Request, scenario string, given json.RawMessage) (id string, err error) {
	one, err := s.scenario(scenario)
	if err != nil {
		return "", err
	}
	settings := map[string]json.RawMessage{}
	for _, raw := range []json.RawMessage{one.Lab.JSON, given} {
		if len(raw) == 0 {
			continue
		}
		if err := json.Unmarshal(raw, &settings); err != nil {
			return "", lab.Errorf(lab.Invalid, "The lab settings cannot be read: %v", err)
		}
	}
	both, err := json.Marshal(settings)
	if err != nil {
		return "", lab.Errorf(lab.Invalid, "The lab settings cannot be read: %v", err)
	}
	b := beginning{learner: s.learner(w, r), scenario: one}
	if b.settings, err = lab.ParseSettings(both); err != nil {
		return "", err
	}
	g, err := s.begin(r, b)
	if err != nil {
		return "", err
	}
	return g.id, nil
}

// newLab opens a lab within the caller's share. Whoever sits at this machine
// may have as many as the server has room for.
func (s *Server) newLab(r *http.Request, settings lab.Settings, o lab.Options) (string, error) {
	if err := s.allowLab(r); err != nil {
		return "", err
	}
	return s.cfg.Labs.Create(r.Context(), labClient(r), settings, o)
}

// labClient is whose share of open labs a request counts to; "" has no bound.
func labClient(r *http.Request) string {
	if fromThisMachine(r) {
		return ""
	}
	return clientAddr(r)
}

// deleteLab closes a lab: DELETE /api/labs/{id}.
func (s *Server) deleteLab(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.world(r); err != nil {
		return err
	}
	if err := s.cfg.Labs.Delete(r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// eval answers with the value of ?expr= over the board. Where there are several
// it answers with a list of {"value"} or {"error"}, in their order: "values".
func (s *Server) eval(w http.ResponseWriter, r *http.Request) error {
	world, err := s.world(r)
	if err != nil {
		return err
	}
	exprs := r.URL.Query()["expr"]
	if len(exprs) == 0 {
		exprs = []string{""}
	}
	if len(exprs) > maxExprs {
		return lab.Errorf(lab.Invalid, "%d expressions at once are too many: at most %d.", len(exprs), maxExprs)
	}
	ctx, cancel := context.WithTimeout(r.Context(), evalTimeout)
	defer cancel()
	var values []any
	for _, expr := range exprs {
		value, err := evalOne(ctx, world, expr)
		if err != nil && len(exprs) == 1 {
			return err
		}
		if err != nil {
			values = append(values, map[string]string{"error": lab.AsError(err).Message})
			continue
		}
		values = append(values, map[string]json.RawMessage{"value": value})
	}
	w.Header().Set("Cache-Control", "no-store")
	if len(values) == 1 {
		writeJSON(w, http.StatusOK, values[0])
		return nil
	}
	writeJSON(w, http.StatusOK, map[string]any{"values": values})
	return nil
}

// evalOne is the value of an expression, as JSON.
func evalOne(ctx context.Context, world fleet.World, expr string) (json.RawMessage, error) {
	if expr == "" || len(expr) > maxExpr {
		return nil, lab.Errorf(lab.Invalid, `expr must be an expression of 1 to %d bytes, like expr=order("A").status`, maxExpr)
	}
	value, err := world.Eval(ctx, expr)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(value)
	if err != nil {
		return nil, lab.Errorf(lab.Invalid, "The value of this expression cannot be written as JSON: %v", err)
	}
	return text, nil
}

// seqParam reads a number of a journal entry from the query.
func seqParam(r *http.Request, name string, absent int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return absent, nil
	}
	seq, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seq < 0 {
		return 0, lab.Errorf(lab.Invalid, "%s must be the number of a journal entry, 0 or more, not %q.", name, text)
	}
	return seq, nil
}

// readBody reads a whole body of at most maxBody bytes.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	return readUpTo(w, r, maxBody, "The body")
}

// readUpTo reads a whole body of at most n bytes. A larger one is refused, but
// read to its end first if that is not far: many clients look for the answer
// only once everything is sent.
func readUpTo(w http.ResponseWriter, r *http.Request, n int64, what string) ([]byte, error) {
	whole := r.Body
	body, err := io.ReadAll(http.MaxBytesReader(w, whole, n))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		io.Copy(io.Discard, io.LimitReader(whole, maxDrain))
		return nil, &tooLarge{lab.Errorf(lab.Invalid, "%s is larger than %d KiB, which is the most that is read.", what, n>>10)}
	case err != nil:
		return nil, lab.Errorf(lab.Invalid, "%s could not be read to its end: %v", what, err)
	}
	return body, nil
}

// formValue is a value of a small form that is the body; "" where it has none.
func formValue(w http.ResponseWriter, r *http.Request, name string) string {
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	return r.PostFormValue(name)
}
