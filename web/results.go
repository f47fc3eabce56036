package web

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	markdown "eddy/content"
	"eddy/lab"
	"eddy/lab/form"
	"eddy/quiz"
	"eddy/web/view"
)

// taught finds a quiz and everybody's attempts at it, for a teacher.
func (s *Server) taught(w http.ResponseWriter, r *http.Request) (*quiz.Quiz, []quiz.Attempt, error) {
	if !s.fromTeacher(r) {
		return nil, nil, errTeachersOnly
	}
	q, ok := s.quizzes.Find(r.PathValue("id"))
	if !ok {
		return nil, nil, lab.Errorf(lab.NotFound, "There is no quiz %q.", r.PathValue("id"))
	}
	attempts, err := s.cfg.Keep.AttemptsAt(r.Context(), q.ID)
	if err != nil {
		return nil, nil, err
	}
	s.gradeOverdue(w, r, attempts)
	return q, attempts, nil
}

// gradeOverdue grades the attempts of those who did not come back before their
// time was over: what was saved until then counts. One that cannot be graded is
// left as it is, and keeps no teacher from the others.
func (s *Server) gradeOverdue(w http.ResponseWriter, r *http.Request, attempts []quiz.Attempt) {
	var grading errgroup.Group
	grading.SetLimit(judging)
	for i, a := range attempts {
		if a.Overdue(time.Now()) {
			http.NewResponseController(w).SetWriteDeadline(time.Now().Add(actionTimeout)) // labs may have to judge
			grading.Go(func() error {
				graded, err := s.grade(r, a)
				if err != nil {
					s.cfg.Log.Error("grading an attempt whose time is over", "attempt", a.ID, "error", err)
					return nil
				}
				attempts[i] = graded
				return nil
			})
		}
	}
	_ = grading.Wait() // none of them returns an error
}

// quizResults is GET /api/quizzes/{id}/results: what the graded attempts say
// about the learners and about the questions.
func (s *Server) quizResults(w http.ResponseWriter, r *http.Request) error {
	q, attempts, err := s.taught(w, r)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, struct {
		ID    string      `json:"id"`
		Title string      `json:"title"`
		Items []quiz.Item `json:"items"`
		Rows  []quiz.Row  `json:"rows"`
	}{q.ID, q.Title, quiz.Analyse(q, attempts), quiz.Gradebook(attempts)})
	return nil
}

// quizGradebook is GET /api/quizzes/{id}/gradebook.csv?layout=.
func (s *Server) quizGradebook(w http.ResponseWriter, r *http.Request) error {
	q, attempts, err := s.taught(w, r)
	if err != nil {
		return err
	}
	layout := quiz.Layout(r.URL.Query().Get("layout"))
	if layout == "" {
		layout = quiz.Plain
	}
	var table bytes.Buffer
	if err := quiz.WriteGradebook(&table, q, quiz.Gradebook(attempts), layout); err != nil {
		return lab.Errorf(lab.Invalid, "%v", err)
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s.csv"`, q.ID, layout))
	w.Header().Set("Cache-Control", "no-store")
	w.Write(table.Bytes()) // an error here means that the client is gone
	return nil
}

// teachPage is the teacher's door. Who comes with the key in the address is
// sent on without it, with a cookie that stands for it.
func (s *Server) teachPage(w http.ResponseWriter, r *http.Request) error {
	if s.tookKey(w, r) {
		return nil
	}
	page := view.TeachPage{Teacher: s.fromTeacher(r)}
	if page.Teacher {
		graded, err := s.cfg.Keep.Graded(r.Context())
		if err != nil {
			return err
		}
		for _, q := range s.quizzes.All() {
			page.Quizzes = append(page.Quizzes, view.TaughtQuiz{ID: q.ID, Title: q.Title, Questions: len(q.Questions), Graded: graded[q.ID]})
		}
		for _, b := range s.quizzes.Broken() {
			page.Broken = append(page.Broken, brokenFile("quiz", b.Name, b.Problems))
		}
		for _, b := range s.cfg.Scenarios.Broken() {
			page.Broken = append(page.Broken, brokenFile("scenario", b.Name, b.Problems))
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, r, http.StatusOK, view.Teach(page))
	return nil
}

// brokenFile says what keeps a file of the teacher's from being used.
func brokenFile(kind, name string, problems []form.Problem) string {
	text := fmt.Sprintf("The %s file %s:%d: %s", kind, name, problems[0].Line, problems[0].Message)
	if more := len(problems) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more: eddy check %s)", more, name)
	}
	return text
}

// teachEnter takes the teacher key from the form of the page.
func (s *Server) teachEnter(w http.ResponseWriter, r *http.Request) error {
	key := formValue(w, r, "key")
	if err := s.tryKey(r, key); err != nil {
		return err
	}
	if !s.isTeacherKey(strings.TrimSpace(key)) {
		w.Header().Set("Cache-Control", "no-store")
		s.render(w, r, http.StatusForbidden, view.Teach(view.TeachPage{Wrong: true}))
		return nil
	}
	s.setCookie(w, r, teacherCookie, s.teacherToken(), cookieAge)
	http.Redirect(w, r, "/teach", http.StatusSeeOther)
	return nil
}

// resultsPage shows what the attempts at a quiz say.
func (s *Server) resultsPage(w http.ResponseWriter, r *http.Request) error {
	q, attempts, err := s.taught(w, r)
	if err != nil {
		return err
	}
	page := view.ResultsPage{ID: q.ID, Title: q.Title}
	for _, a := range attempts {
		if a.Mode == quiz.Graded && a.Submitted.IsZero() {
			page.Running = append(page.Running, view.RunningAttempt{ID: a.ID, Learner: a.Who(), Answered: len(a.Given), Of: len(q.Questions), Left: timeLeft(a, time.Now()), Timed: !a.Deadline.IsZero()})
		}
	}
	for _, row := range quiz.Gradebook(attempts) {
		page.Rows = append(page.Rows, view.ResultRow{Attempt: row.Attempt, Learner: row.Learner, Score: fmt.Sprintf("%g of %g", row.Score, row.Max), Percent: row.Percent, Passed: row.Passed})
	}
	for _, item := range quiz.Analyse(q, attempts) {
		one := view.ResultItem{ID: item.ID, Kind: string(item.Kind), Ask: markdown.Plain(item.Ask), Answered: item.Answered, Difficulty: item.Difficulty, SureAndWrong: item.SureAndWrong, Tells: "cannot be told yet"}
		if d := item.Discrimination; d != nil {
			one.Tells = strings.Replace(fmt.Sprintf("%.2f", *d), "-", "−", 1)
			one.Weak = *d < weakItem
		}
		if len(item.Wrong) > 0 {
			one.Wrong, one.WrongCount = markdown.Plain(item.Wrong[0].Text), item.Wrong[0].Count
		}
		page.Items = append(page.Items, one)
	}
	w.Header().Set("Cache-Control", "no-store")
	s.render(w, r, http.StatusOK, view.Results(page))
	return nil
}

// weakItem is the correlation below which a question does not tell who knows
// from who does not.
const weakItem = 0.2
