package web

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"time"

	"eddy/lab"
	"eddy/lab/fleet"
)

const (
	maxActions    = 1000 // actions of one list
	waitTimeout   = 60 * time.Second
	actionTimeout = 5 * time.Minute // rebuilding a large read model takes its time
)

// actions carries out one action or a list of them: POST actions.
func (s *Server) actions(w http.ResponseWriter, r *http.Request) error {
	world, err := s.world(r)
	if err != nil {
		return err
	}
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	list, err := s.decode(body)
	if err != nil {
		return lab.Errorf(lab.Invalid, "%v", err)
	}
	if len(list) > maxActions {
		return lab.Errorf(lab.Invalid, "A list has at most %d actions; this one has %d.", maxActions, len(list))
	}
	if err := s.allowActions(r, len(list)); err != nil {
		return err
	}
	isList := bytes.HasPrefix(bytes.TrimSpace(body), []byte("["))
	control := http.NewResponseController(w)
	results := []lab.Result{}
	for _, a := range list {
		// The server's own write deadline is made for short requests.
		control.SetWriteDeadline(time.Now().Add(actionTimeout + writeTimeout))
		result, err := s.do(r.Context(), world, a)
		if err != nil && !isList {
			return err
		}
		if err != nil {
			result = lab.Result{Error: s.refusal(err)}
		}
		results = append(results, result)
		if err != nil {
			break
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, struct {
		Seq     int64        `json:"seq"`
		Results []lab.Result `json:"results"`
	}{world.Head(), results})
	return nil
}

// do carries out one action, bounded in time.
func (s *Server) do(ctx context.Context, world fleet.World, a lab.Action) (lab.Result, error) {
	limit := actionTimeout
	if strings.HasPrefix(a.Name, "wait") {
		limit = waitTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	result, err := world.Do(ctx, a)
	if err != nil {
		s.metrics.actions.WithLabelValues("refused").Inc()
		if limit == waitTimeout && ctx.Err() == context.DeadlineExceeded {
			return lab.Result{}, lab.Errorf(lab.Unavailable, "%s blocks at most %s over HTTP, and that is over.", a.Name, waitTimeout)
		}
		return lab.Result{}, err
	}
	s.metrics.actions.WithLabelValues("ok").Inc()
	result.OK = true
	return result, nil
}
