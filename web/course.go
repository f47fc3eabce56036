package web

import (
	"net/http"
	"slices"

	"eddy/scenarios"
	"eddy/web/view"
)

// coursePath is the way through the lessons, with what belongs to each: a
// scenario or a quiz stands at every lesson that leads to it.
func (s *Server) coursePath(r *http.Request, finished map[string]scenarios.Progress) (path view.CoursePath, err error) {
	read, err := s.cfg.Keep.Lessons(r.Context(), knownLearner(r))
	if err != nil {
		return path, err
	}
	asked := map[string]bool{}
	next := false
	for _, l := range s.cfg.Lessons.Lessons {
		_, done := read[l.ID]
		stop := view.PathStop{LessonLink: view.LessonLink{Href: "/learn/" + l.ID, Title: l.Title, Done: done}, Summary: l.Summary, Minutes: l.Minutes}
		waits := slices.ContainsFunc(l.Needs, func(need string) bool { return read[need].IsZero() })
		if stop.Next = !next && !done && !waits; stop.Next {
			next = true
		}
		if done {
			path.Read++
		}
		for _, id := range l.Scenarios {
			if one, ok := s.cfg.Scenarios.Find(id); ok {
				_, over := finished[id]
				stop.Scenarios = append(stop.Scenarios, view.LessonLink{Href: "/lab/" + id, Title: one.Title, Done: over})
			}
		}
		if q, ok := s.quizzes.Find(l.Quiz); ok {
			asked[q.ID] = true
			stop.Quiz = view.LessonLink{Href: "/quiz/" + q.ID, Title: "Quiz: " + q.Title}
		}
		path.Stops = append(path.Stops, stop)
	}
	for _, q := range s.quizzes.All() {
		if !asked[q.ID] {
			path.More = append(path.More, view.LessonLink{Href: "/quiz/" + q.ID, Title: q.Title})
		}
	}
	return path, nil
}
