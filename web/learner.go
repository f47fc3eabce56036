package web

import (
	"net/http"
	"time"

	"eddy/web/keep"
)

// learnerCookie holds the secret that a learner's progress is kept under.
const learnerCookie = "eddy_learner"

// learnerAge is longer than a course.
const learnerAge = 400 * 24 * time.Hour

// learnerMin is how long a learner's secret is at least.
const learnerMin = 26

// knownLearner is the learner who sent a request, "" where it is nobody yet.
func knownLearner(r *http.Request) string {
	c, err := r.Cookie(learnerCookie)
	if err != nil || len(c.Value) < learnerMin || len(c.Value) > 64 {
		return ""
	}
	return c.Value
}

// learner is the learner who sent a request; somebody new gets a cookie. It is
// set anew each time, so that it lasts from the last visit on.
func (s *Server) learner(w http.ResponseWriter, r *http.Request) string {
	learner := knownLearner(r)
	if learner == "" {
		learner = keep.NewLearner()
	}
	s.setCookie(w, r, learnerCookie, learner, learnerAge)
	return learner
}
