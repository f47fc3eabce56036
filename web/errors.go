package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"eddy/lab"
	"eddy/web/view"
)

// statuses is the only table from a code to an HTTP status.
var statuses = map[lab.Code]int{
	lab.Invalid:     http.StatusBadRequest,
	lab.NotFound:    http.StatusNotFound,
	lab.Conflict:    http.StatusConflict,
	lab.Forbidden:   http.StatusForbidden,
	lab.TooMany:     http.StatusTooManyRequests,
	lab.Unavailable: http.StatusServiceUnavailable,
	lab.Internal:    http.StatusInternalServerError,
}

// titles head the error pages.
var titles = map[lab.Code]string{
	lab.Invalid:     "That request cannot work",
	lab.NotFound:    "There is nothing here",
	lab.Conflict:    "Not possible now",
	lab.Forbidden:   "Not allowed",
	lab.TooMany:     "Too much at once",
	lab.Unavailable: "Not available now",
	lab.Internal:    "Something broke in Eddy",
}

// tooLarge is an Invalid whose status says more than 400.
type tooLarge struct{ reason *lab.Error }

func (e *tooLarge) Error() string { return e.reason.Message }
func (e *tooLarge) Unwrap() error { return e.reason }

// wrongMethod is an Invalid that knows which methods the path takes.
type wrongMethod struct {
	reason *lab.Error
	allow  string
}

func (e *wrongMethod) Error() string { return e.reason.Message }
func (e *wrongMethod) Unwrap() error { return e.reason }

// tooFast is a TooMany that knows when it is over.
type tooFast struct {
	reason *lab.Error
	after  time.Duration
}

func (e *tooFast) Error() string { return e.reason.Message }
func (e *tooFast) Unwrap() error { return e.reason }

// handlerFunc is a handler that leaves its errors to one place.
type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// handle runs h. An error becomes an answer, and so does a panic: one broken
// request must not end the server.
func (s *Server) handle(h handlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler: // net/http's own way to break off an answer
				panic(p)
			default:
				s.cfg.Log.Error("panic", "method", r.Method, "route", r.Pattern, "panic", p, "stack", string(debug.Stack()))
				s.fail(w, r, broken)
			}
		}()
		if err := h(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// broken is all that a client is told of a fault of Eddy itself.
var broken = lab.Errorf(lab.Internal, "Something broke in Eddy itself. Whoever runs the server finds the details in its log.")

// refusal is err as a client may see it. The text of an unexpected error may
// name files and addresses, so it goes to the log only.
func (s *Server) refusal(err error) *lab.Error {
	var known *lab.Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, context.DeadlineExceeded):
		return lab.Errorf(lab.Unavailable, "It took too long and was broken off.")
	case errors.Is(err, context.Canceled):
		return lab.Errorf(lab.Unavailable, "It was broken off: the connection or the server is closing.")
	}
	s.cfg.Log.Error("unexpected error", "error", err)
	return broken
}

// fail answers with an error: JSON for programs, a page for people.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	reason := s.refusal(err)
	status, ok := statuses[reason.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	var large *tooLarge
	if errors.As(err, &large) {
		status = http.StatusRequestEntityTooLarge
	}
	var method *wrongMethod
	if errors.As(err, &method) {
		status = http.StatusMethodNotAllowed
		w.Header().Set("Allow", method.allow)
	}
	if status == http.StatusTooManyRequests {
		after := 5 * time.Second
		var fast *tooFast
		if errors.As(err, &fast) {
			after = fast.after
		}
		w.Header().Set("Retry-After", strconv.Itoa(int(after/time.Second)+1))
	}
	w.Header().Set("Cache-Control", "no-store")
	if forPrograms(r.URL.Path) {
		writeJSON(w, status, map[string]*lab.Error{"error": reason})
		return
	}
	page := view.ErrorPage{Status: status, Title: titles[reason.Code], Message: reason.Message, ActionText: "Open a new lab", ActionHref: "/lab/free?new=1"}
	if status == http.StatusTooManyRequests {
		page.ActionText, page.ActionHref = "Back to the start", "/"
	}
	s.render(w, r, status, view.Error(page))
}

func forPrograms(path string) bool {
	return strings.HasPrefix(path, "/api/") || path == "/api" || path == "/healthz" || path == "/metrics"
}

// writeJSON answers with a value that always can be encoded.
func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) // an error here means that the client is gone
}
