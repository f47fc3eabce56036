package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	markdown "eddy/content"
	"eddy/lab"
	"eddy/quiz"
	"eddy/web/view"
)

// attemptPage is one learner's attempt, for the teacher to read and to mark by
// hand: GET /teach/attempt/{id}.
func (s *Server) attemptPage(w http.ResponseWriter, r *http.Request) error {
	a, q, err := s.taughtAttempt(r)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, r, http.StatusOK, view.Attempt(attemptSheet(a, q, time.Now())))
	return nil
}

func (s *Server) taughtAttempt(r *http.Request) (quiz.Attempt, *quiz.Quiz, error) {
	if !s.fromTeacher(r) {
		return quiz.Attempt{}, nil, errTeachersOnly
	}
	a, err := s.cfg.Keep.Attempt(r.Context(), r.PathValue("id"))
	if err != nil {
		return a, nil, err
	}
	q, err := s.desk.Quiz(a)
	return a, q, err
}

func attemptSheet(a quiz.Attempt, q *quiz.Quiz, now time.Time) view.AttemptPage {
	page := view.AttemptPage{ID: a.ID, Quiz: q.ID, Title: q.Title, Learner: a.Who(), Waits: a.Result == nil, Left: timeLeft(a, now)}
	marks := map[string]quiz.Mark{}
	if a.Result != nil {
		page.Score = fmt.Sprintf("%g of %g points, %g %%", a.Result.Score, a.Result.Max, a.Result.Percent)
		for _, m := range a.Result.Questions {
			marks[m.ID] = m
		}
	}
	for i := range q.Questions {
		question := &q.Questions[i]
		given := a.Given[question.ID]
		v := a.Key.Variant(question, given.Try)
		one := view.Marked{ID: question.ID, Kind: string(question.Kind), Ask: markdown.Plain(v.Fill(question.Ask)), Said: question.Said(v, given.InFile), Sure: given.Confidence, Note: given.Note}
		if m, ok := marks[question.ID]; ok {
			one.Points, one.Max, one.Correct, one.Graded = m.Points, m.Max, m.Correct, true
			if one.Note == "" {
				why, _, _ := strings.Cut(m.Why, "\n") // the explanation is the same for everybody
				one.Why = markdown.Plain(why)
			}
		}
		page.Questions = append(page.Questions, one)
	}
	return page
}

// timeLeft is how long an attempt still runs, in words; "" where it does not.
func timeLeft(a quiz.Attempt, now time.Time) string {
	switch {
	case !a.Submitted.IsZero():
		return ""
	case a.Deadline.IsZero():
		return "no time limit"
	case now.After(a.Deadline):
		return "the time is over"
	}
	left := a.Deadline.Sub(now).Round(time.Second)
	return fmt.Sprintf("%d:%02d left", int(left.Minutes()), int(left.Seconds())%60)
}

// markOnPage marks one answer by hand: POST /teach/attempt/{id}/marks/{question}.
func (s *Server) markOnPage(w http.ResponseWriter, r *http.Request) error {
	if !s.fromTeacher(r) {
		return errTeachersOnly
	}
	points, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(formValue(w, r, "points")), ",", "."), 64)
	if err != nil {
		return lab.Errorf(lab.Invalid, "Points are a number, such as 1 or 0.5, not %q.", r.PostFormValue("points"))
	}
	question := r.PathValue("question")
	if _, err := s.desk.Override(r.Context(), r.PathValue("id"), question, points, r.PostFormValue("note")); err != nil {
		return err
	}
	to := url.URL{Path: "/teach/attempt/" + r.PathValue("id"), Fragment: question}
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
	return nil
}

// extraOnPage gives a learner more time: POST /teach/attempt/{id}/extra.
func (s *Server) extraOnPage(w http.ResponseWriter, r *http.Request) error {
	if !s.fromTeacher(r) {
		return errTeachersOnly
	}
	minutes, err := strconv.ParseFloat(formValue(w, r, "minutes"), 64)
	if err != nil {
		return lab.Errorf(lab.Invalid, "Minutes are a number, such as 10, not %q.", r.PostFormValue("minutes"))
	}
	a, err := s.giveTime(r, minutes)
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/teach/quiz/"+url.PathEscape(a.Quiz), http.StatusSeeOther)
	return nil
}
