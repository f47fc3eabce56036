package web

import (
	"fmt"
	"net/http"
	"slices"
	"time"

	markdown "eddy/content"
	"eddy/lab"
	"eddy/quiz"
	"eddy/scenarios"
	"eddy/web/view"
)

// mine is everything that is kept of a learner.
type mine struct {
	Scenarios map[string]scenarios.Progress `json:"scenarios"`
	Finished  map[string]scenarios.Progress `json:"finished"`
	Attempts  []attemptView                 `json:"attempts"`
	Lessons   map[string]time.Time          `json:"lessons"` // when they were marked as read
}

func (s *Server) mine(r *http.Request) (m mine, attempts []quiz.Attempt, err error) {
	learner := knownLearner(r)
	m.Attempts = []attemptView{}
	if learner == "" {
		return m, nil, nil
	}
	if m.Scenarios, err = s.cfg.Keep.Runs(r.Context(), learner); err != nil {
		return m, nil, err
	}
	if m.Finished, err = s.cfg.Keep.Finished(r.Context(), learner); err != nil {
		return m, nil, err
	}
	if m.Lessons, err = s.cfg.Keep.Lessons(r.Context(), learner); err != nil {
		return m, nil, err
	}
	if attempts, err = s.cfg.Keep.AttemptsOf(r.Context(), learner); err != nil {
		return m, nil, err
	}
	return m, attempts, nil
}

// myData is GET /api/me: a learner's data, to take away.
func (s *Server) myData(w http.ResponseWriter, r *http.Request) error {
	m, attempts, err := s.mine(r)
	if err != nil {
		return err
	}
	for _, a := range attempts {
		if v, err := s.attemptView(a); err == nil { // a quiz that is gone has nothing to show
			m.Attempts = append(m.Attempts, v)
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Disposition", `attachment; filename="my-eddy.json"`)
	writeJSON(w, http.StatusOK, m)
	return nil
}

// forgetMe is DELETE /api/me, and the form of the page.
func (s *Server) forgetMe(w http.ResponseWriter, r *http.Request) error {
	learner := knownLearner(r)
	if r.Method == http.MethodPost && formValue(w, r, "sure") != "yes" {
		return lab.Errorf(lab.Invalid, "Nothing was deleted: tick the box first, to say that you mean it.")
	}
	if learner != "" {
		for _, one := range s.guides.ledBy(learner) { // or they would go on to keep what is done in them
			one.retire(true)
			one.close()
		}
		if err := s.cfg.Keep.Forget(r.Context(), learner); err != nil {
			return err
		}
	}
	s.setCookie(w, r, learnerCookie, "", -time.Second)
	if r.Method == http.MethodPost {
		http.Redirect(w, r, "/me?deleted=1", http.StatusSeeOther)
		return nil
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// mePage shows a learner what is kept.
func (s *Server) mePage(w http.ResponseWriter, r *http.Request) error {
	m, attempts, err := s.mine(r)
	if err != nil {
		return err
	}
	page := view.MePage{Deleted: r.URL.Query().Has("deleted")}
	for _, one := range s.cfg.Scenarios.All() {
		run, done := pick(m.Scenarios, one.ID), pick(m.Finished, one.ID)
		state := one.Learning(run, done)
		page.All++
		if state == scenarios.Fresh {
			continue
		}
		page.Scenarios = append(page.Scenarios, view.Standing{Title: one.Title, Href: "/lab/" + one.ID, State: string(state)})
		if state == scenarios.Learned || state == scenarios.Due {
			page.Done++
		}
		if done == nil {
			continue
		}
		for _, review := range one.Reviews(*done) {
			page.Reviews = append(page.Reviews, view.Review{Where: one.Title + ": " + review.Step, Href: "/lab/" + one.ID, Ask: markdown.Plain(review.Ask), Said: markdown.Plain(review.Said), Right: markdown.Plain(review.Answer)})
		}
	}
	for _, a := range slices.Backward(attempts) {
		q, err := s.desk.Quiz(a)
		if err != nil {
			continue // the quiz is gone, or another one by now
		}
		page.Quizzes = append(page.Quizzes, view.Standing{Title: q.Title, Href: "/quiz/" + q.ID + "?attempt=" + a.ID, State: standing(a, q)})
		page.Reviews = append(page.Reviews, sureAndWrong(a, q)...)
	}
	page.Quizzes = page.Quizzes[:min(len(page.Quizzes), attemptsShown)]
	page.Reviews = page.Reviews[:min(len(page.Reviews), reviewsShown)]
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, r, http.StatusOK, view.Me(page))
	return nil
}

// What the page shows at most; the export has everything.
const (
	attemptsShown = 20
	reviewsShown  = 20
)

// standing says how an attempt stands, in words.
func standing(a quiz.Attempt, q *quiz.Quiz) string {
	switch {
	case a.Result != nil && a.Released:
		return fmt.Sprintf("%g of %g points, %g %%", a.Result.Score, a.Result.Max, a.Result.Percent)
	case !a.Submitted.IsZero():
		return "submitted, the result comes later"
	case a.Mode == quiz.Graded:
		return fmt.Sprintf("graded, %d of %d answered", len(a.Given), len(q.Questions))
	}
	right := 0
	for _, given := range a.Given {
		if given.Mark != nil && given.Mark.Correct {
			right++
		}
	}
	return fmt.Sprintf("practised, %d of %d right", right, len(q.Questions))
}

// sureAndWrong lists what a learner was sure of and wrong about in an attempt
// whose feedback is out.
func sureAndWrong(a quiz.Attempt, q *quiz.Quiz) (list []view.Review) {
	for i := range q.Questions {
		question := &q.Questions[i]
		given, ok := a.Given[question.ID]
		if !ok || given.Confidence != "sure" {
			continue
		}
		mark := given.Mark
		if a.Mode == quiz.Graded {
			mark = nil
			if a.Released && a.Result != nil {
				if n := slices.IndexFunc(a.Result.Questions, func(m quiz.Mark) bool { return m.ID == question.ID }); n >= 0 {
					mark = &a.Result.Questions[n]
				}
			}
		}
		if mark == nil || mark.Correct {
			continue
		}
		v := a.Key.Variant(question, given.Try)
		review := view.Review{Where: q.Title, Href: "/quiz/" + q.ID, Ask: markdown.Plain(v.Fill(question.Ask))}
		if question.Lab != nil {
			review.Why = markdown.Plain(mark.Why)
		} else {
			review.Right = markdown.Plain(question.Right(v))
		}
		list = append(list, review)
	}
	return list
}
