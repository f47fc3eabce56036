package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	markdown "eddy/content"
	"eddy/lab"
	"eddy/quiz"
	"eddy/web/keep"
	"eddy/web/view"
)

// sheetView is a sheet as it travels: with its questions as HTML too.
type sheetView struct {
	ID        string      `json:"id"`
	Title     string      `json:"title"`
	Minutes   int         `json:"minutes,omitempty"`
	Questions []askedView `json:"questions"`
}

type askedView struct {
	quiz.Asked
	HTML string `json:"html"`
}

func askedHTML(a quiz.Asked) askedView { return askedView{a, markdown.HTML(a.Ask)} }

func sheetHTML(s quiz.Sheet) sheetView {
	v := sheetView{ID: s.ID, Title: s.Title, Minutes: s.Minutes, Questions: []askedView{}}
	for _, a := range s.Questions {
		v.Questions = append(v.Questions, askedHTML(a))
	}
	return v
}

// quizList is GET /api/quizzes.
func (s *Server) quizList(w http.ResponseWriter, r *http.Request) error {
	items := []quiz.Outline{}
	for _, q := range s.quizzes.All() {
		items = append(items, q.Outline())
	}
	writeJSON(w, http.StatusOK, items)
	return nil
}

// quizSheet is GET /api/quizzes/{id}: the questions, in an order and with ids
// that belong to no attempt.
func (s *Server) quizSheet(w http.ResponseWriter, r *http.Request) error {
	q, ok := s.quizzes.Find(r.PathValue("id"))
	if !ok {
		return lab.Errorf(lab.NotFound, "There is no quiz %q.", r.PathValue("id"))
	}
	var key quiz.Key
	if _, err := rand.Read(key[:]); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, sheetHTML(key.Sheet(q)))
	return nil
}

// beginAttempt is POST /api/quizzes/{id}/attempts.
func (s *Server) beginAttempt(w http.ResponseWriter, r *http.Request) error {
	var req struct {
		Mode quiz.Mode `json:"mode"`
	}
	if err := readJSON(w, r, &req, `{"mode": "practice"} or {"mode": "graded"}`); err != nil {
		return err
	}
	if err := s.allowActions(r, 2); err != nil {
		return err
	}
	learner := s.learner(w, r)
	a, err := s.desk.Begin(r.Context(), r.PathValue("id"), quiz.Attempt{Learner: keep.LearnerID(learner), Mode: req.Mode}, 0)
	if err != nil {
		return err
	}
	view, err := s.attemptView(a)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/attempts/"+a.ID)
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, view)
	return nil
}

// attemptView is what a learner sees of an attempt. What must not be told
// before its time is not in it.
type attemptView struct {
	ID        string                     `json:"id"`
	Quiz      string                     `json:"quiz"`
	Title     string                     `json:"title"`
	Mode      quiz.Mode                  `json:"mode"`
	Now       time.Time                  `json:"now"` // by the server's clock
	Deadline  time.Time                  `json:"deadline,omitzero"`
	Submitted bool                       `json:"submitted"`
	Answers   map[string]json.RawMessage `json:"answers"`
	Sure      map[string]string          `json:"sure"`
	Questions []askedView                `json:"questions"`
	Feedback  map[string]feedback        `json:"feedback,omitempty"`
	Result    *quiz.Result               `json:"result,omitempty"`
	File      *quiz.Answers              `json:"answers_file,omitempty"`
}

// feedback is what a learner hears about an answer.
type feedback struct {
	quiz.Mark
	HTML  string `json:"html"`            // of the reasons
	Right string `json:"right,omitempty"` // the right answer, in words
	Tries int    `json:"tries,omitempty"`
	Note  string `json:"note,omitempty"` // of a teacher
}

func (s *Server) attemptView(a quiz.Attempt) (attemptView, error) {
	q, err := s.desk.Quiz(a)
	if err != nil {
		return attemptView{}, err
	}
	sheet, err := s.desk.Sheet(a)
	if err != nil {
		return attemptView{}, err
	}
	v := attemptView{ID: a.ID, Quiz: a.Quiz, Title: q.Title, Mode: a.Mode, Now: time.Now().UTC(), Deadline: a.Deadline, Submitted: !a.Submitted.IsZero(),
		Answers: map[string]json.RawMessage{}, Sure: map[string]string{}, Questions: sheetHTML(sheet).Questions, Feedback: map[string]feedback{}}
	marks := map[string]quiz.Mark{}
	if a.Result != nil && a.Released {
		v.Result = a.Result
		file := s.desk.File(a, q)
		v.File = &file
		for _, m := range a.Result.Questions {
			marks[m.ID] = m
		}
	}
	for id, given := range a.Given {
		if len(given.Answer) > 0 && string(given.Answer) != "null" {
			v.Answers[id] = given.Answer
		}
		if given.Confidence != "" {
			v.Sure[id] = given.Confidence
		}
		if a.Mode == quiz.Practice && given.Mark != nil {
			marks[id] = *given.Mark
		}
	}
	for id, m := range marks {
		question, given := q.Find(id), a.Given[id]
		if question != nil {
			reason := reasonHTML(question, m)
			if given.Note != "" { // which stands by itself
				reason = markdown.HTML(question.Explain)
			}
			v.Feedback[id] = feedback{m, reason, question.Right(a.Key.Variant(question, given.Try)), given.Tries, given.Note}
		}
	}
	return v, nil
}

// reasonHTML words a mark. The ideas of a text are listed beside it.
func reasonHTML(q *quiz.Question, m quiz.Mark) string {
	if q.Kind == quiz.Text {
		return markdown.HTML(q.Explain)
	}
	return markdown.HTML(strings.ReplaceAll(m.Why, "\n", "\n\n"))
}

// attempt finds the attempt of a request. Its id is the right to it; one that
// is graded in a class needs its learner's cookie too.
func (s *Server) attempt(r *http.Request) (quiz.Attempt, error) {
	a, err := s.cfg.Keep.Attempt(r.Context(), r.PathValue("id"))
	if err != nil {
		return a, err
	}
	if a.Class != "" && keep.LearnerID(knownLearner(r)) != a.Learner && !s.fromTeacher(r) {
		return a, lab.Errorf(lab.NotFound, "There is no attempt %q.", r.PathValue("id"))
	}
	return a, nil
}

// showAttempt is GET /api/attempts/{id}.
func (s *Server) showAttempt(w http.ResponseWriter, r *http.Request) error {
	a, err := s.attempt(r)
	if err != nil {
		return err
	}
	// Whoever submitted when the program was killed, or went away while a lab
	// was judging, has no result yet.
	if !a.Submitted.IsZero() && a.Result == nil {
		http.NewResponseController(w).SetWriteDeadline(time.Now().Add(actionTimeout)) // labs may have to judge
		if a, err = s.grade(r, a); err != nil {
			return err
		}
	}
	view, err := s.attemptView(a)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, view)
	return nil
}

// grade submits an attempt, if that was not done, and grades it. However many
// ask for it at once, the labs that judge its answers run once.
func (s *Server) grade(r *http.Request, a quiz.Attempt) (quiz.Attempt, error) {
	graded, err, _ := s.grading.Do(a.ID, func() (any, error) {
		// Who submits and leaves has submitted: it is not given up with the request.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), actionTimeout)
		defer cancel()
		return s.desk.Submit(ctx, a.ID, a.Class == "")
	})
	if err != nil {
		return a, err
	}
	return graded.(quiz.Attempt), nil
}

// answer is PUT /api/attempts/{id}/answers/{question}. The answer is on the
// disk when it is answered.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) error {
	begun, err := s.attempt(r)
	if err != nil {
		return err
	}
	var req struct {
		Answer json.RawMessage `json:"answer"`
		Sure   string          `json:"sure"`
		Lab    string          `json:"lab"`  // the id of the lab in which it was done, instead of an answer
		From   int64           `json:"from"` // what was done there until then is the question's own
	}
	if err := readJSON(w, r, &req, `{"answer": …}`); err != nil {
		return err
	}
	if err := s.allowAnswer(r.PathValue("id")); err != nil {
		return err
	}
	if begun.Mode == quiz.Practice && s.opensLab(begun, r.PathValue("question")) {
		if err := s.allowLab(r); err != nil { // one judges the answer at once
			return err
		}
	}
	if req.Lab != "" {
		moves, err := s.movesIn(r, req.Lab, req.From)
		if err != nil {
			return err
		}
		req.Answer = moves
	}
	if len(req.Answer) == 0 {
		return lab.Errorf(lab.Invalid, `The body must have an answer, like {"answer": …}; null takes one back.`)
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(actionTimeout)) // a lab may have to judge
	a, given, err := s.desk.Answer(r.Context(), r.PathValue("id"), r.PathValue("question"), req.Answer, req.Sure)
	if err != nil {
		return err
	}
	saved := struct {
		Saved    time.Time `json:"saved"`
		Feedback *feedback `json:"feedback,omitempty"`
	}{Saved: given.At}
	if view, err := s.attemptView(a); err == nil && a.Mode == quiz.Practice {
		if f, ok := view.Feedback[r.PathValue("question")]; ok {
			saved.Feedback = &f
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, saved)
	return nil
}

// opensLab tells whether only a lab can judge an answer.
func (s *Server) opensLab(a quiz.Attempt, question string) bool {
	q, err := s.desk.Quiz(a)
	return err == nil && q.Find(question) != nil && q.Find(question).Lab != nil
}

// movesIn is what was done in a lab, as a list of actions with the pauses
// between them: the answer to a lab question. It begins after the entry from:
// what the question itself does first, its judge does too.
func (s *Server) movesIn(r *http.Request, id string, from int64) (json.RawMessage, error) {
	if err := s.mayUse(r, id); err != nil {
		return nil, err
	}
	world, err := s.cfg.Labs.Get(id)
	if err != nil {
		return nil, err
	}
	rec, err := world.Recording(world.Head())
	if err != nil {
		return nil, err
	}
	first := slices.IndexFunc(rec.Steps, func(step lab.Recorded) bool { return step.Seq > from })
	if first < 0 {
		first = len(rec.Steps)
	}
	moves := movesOf(rec.Steps[first:])
	if moves == nil {
		return nil, lab.Errorf(lab.Conflict, "Nothing has been done in this lab yet: do it there first.")
	}
	return json.Marshal(moves)
}

// movesOf writes down steps and the pauses between them. All pauses shrink alike
// where they are too long together: which of them matter nobody can know. How
// fast the lab went, and the waits in it, are in the pauses already.
func movesOf(steps []lab.Recorded) (moves []any) {
	pause := func(i int) time.Duration {
		if i == 0 {
			return min(steps[0].At, longestPause)
		}
		return min(steps[i].At-steps[i-1].At, longestPause)
	}
	var sum time.Duration
	for i := range steps {
		sum += pause(i)
	}
	shrink := min(1, float64(allPauses)/float64(max(sum, 1)))
	for i, step := range steps {
		short := time.Duration(float64(pause(i)) * shrink).Truncate(100 * time.Millisecond)
		if short > 0 {
			moves = append(moves, map[string]string{"wait": short.String()})
		}
		if step.Action.Name != "wait" && step.Action.Name != "speed" {
			moves = append(moves, step.Action)
		}
	}
	return moves
}

// Bounds of the pauses of an answer that was given in a lab, of each and of all;
// a judge takes no more than quiz.PausesMax.
const (
	longestPause = 5 * time.Second
	allPauses    = quiz.PausesMax / 2 // in practice the page waits for the judge
)

// questionAgain is POST /api/attempts/{id}/questions/{question}/again.
func (s *Server) questionAgain(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.attempt(r); err != nil {
		return err
	}
	if err := s.allowAnswer(r.PathValue("id")); err != nil {
		return err
	}
	asked, err := s.desk.Again(r.Context(), r.PathValue("id"), r.PathValue("question"))
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, askedHTML(asked))
	return nil
}

// questionLab is POST /api/attempts/{id}/questions/{question}/lab: a lab of the
// question's, in which it is answered or looked up.
func (s *Server) questionLab(w http.ResponseWriter, r *http.Request) error {
	a, err := s.attempt(r)
	if err != nil {
		return err
	}
	q, err := s.desk.Quiz(a)
	if err != nil {
		return err
	}
	question := q.Find(r.PathValue("question"))
	if question == nil || question.Lab == nil {
		return lab.Errorf(lab.NotFound, "There is no question %q that has a lab.", r.PathValue("question"))
	}
	if question.Kind == quiz.Predict && a.Given[question.ID].Mark == nil {
		return lab.Errorf(lab.Conflict, "Say first what you expect: the lab shows it after that.")
	}
	v := a.Key.Variant(question, a.Given[question.ID].Try)
	settings, err := s.questions.Settings(question, v)
	if err != nil {
		return err
	}
	moves, err := question.Lab.Do.Of(v)
	if err != nil {
		return err
	}
	id, err := s.newLab(r, settings, lab.Options{})
	if err != nil {
		return err
	}
	world, err := s.cfg.Labs.Get(id)
	if err != nil {
		return err
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(actionTimeout + writeTimeout))
	began := context.WithoutCancel(r.Context()) // half of what is done first is of no use
	for _, m := range moves {
		if _, err := world.Do(began, m); err != nil {
			s.cfg.Labs.Delete(id) // nobody knows of it; it may be closed already
			return err
		}
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, map[string]any{"id": id, "page": "/lab/~" + id, "from": world.Head()})
	return nil
}

// submitAttempt is POST /api/attempts/{id}/submit. Twice is once.
func (s *Server) submitAttempt(w http.ResponseWriter, r *http.Request) error {
	a, err := s.attempt(r)
	if err != nil {
		return err
	}
	if err := s.allowAnswer(r.PathValue("id")); err != nil {
		return err
	}
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(actionTimeout)) // labs may have to judge
	if a, err = s.grade(r, a); err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	if !a.Released {
		writeJSON(w, http.StatusOK, map[string]bool{"submitted": true})
		return nil
	}
	writeJSON(w, http.StatusOK, a.Result)
	return nil
}

// extraTime is POST /api/attempts/{id}/extra: a teacher gives a learner time.
func (s *Server) extraTime(w http.ResponseWriter, r *http.Request) error {
	if !s.fromTeacher(r) {
		return errTeachersOnly
	}
	var req struct {
		Minutes float64 `json:"minutes"`
	}
	if err := readJSON(w, r, &req, `{"minutes": 10}`); err != nil {
		return err
	}
	a, err := s.giveTime(r, req.Minutes)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]time.Time{"deadline": a.Deadline})
	return nil
}

// giveTime moves the end of an attempt.
func (s *Server) giveTime(r *http.Request, minutes float64) (quiz.Attempt, error) {
	if math.IsNaN(minutes) || minutes <= 0 || minutes > 600 {
		return quiz.Attempt{}, lab.Errorf(lab.Invalid, "minutes is more than 0 and at most 600, not %g.", minutes)
	}
	return s.cfg.Keep.ChangeAttempt(r.Context(), r.PathValue("id"), func(a *quiz.Attempt) error {
		switch {
		case a.Deadline.IsZero():
			return lab.Errorf(lab.Conflict, "This attempt has no time limit.")
		case !a.Submitted.IsZero():
			return lab.Errorf(lab.Conflict, "This attempt was submitted.")
		}
		a.Deadline = a.Deadline.Add(time.Duration(minutes * float64(time.Minute)))
		return nil
	})
}

// markByHand is PUT /api/attempts/{id}/marks/{question}.
func (s *Server) markByHand(w http.ResponseWriter, r *http.Request) error {
	if !s.fromTeacher(r) {
		return errTeachersOnly
	}
	var req struct {
		Points float64 `json:"points"`
		Note   string  `json:"note"`
	}
	if err := readJSON(w, r, &req, `{"points": 1, "note": "why"}`); err != nil {
		return err
	}
	a, err := s.desk.Override(r.Context(), r.PathValue("id"), r.PathValue("question"), req.Points, req.Note)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, a.Result)
	return nil
}

var errTeachersOnly = lab.Errorf(lab.Forbidden, "This is for the teacher: Authorization: Bearer KEY, with the key that Eddy printed at its start.")

// readJSON reads a small body; an empty one leaves into as it is.
func readJSON(w http.ResponseWriter, r *http.Request, into any, like string) error {
	body, err := readBody(w, r)
	if err != nil {
		return err
	}
	if len(body) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, into); err != nil {
		return lab.Errorf(lab.Invalid, "The body must be like %s: %v", like, err)
	}
	return nil
}

// quizPage is the page of a quiz.
func (s *Server) quizPage(w http.ResponseWriter, r *http.Request) error {
	q, ok := s.quizzes.Find(r.PathValue("id"))
	if !ok {
		return lab.Errorf(lab.NotFound, "There is no quiz %q.", r.PathValue("id"))
	}
	s.render(w, r, http.StatusOK, view.Quiz(quizOf(q)))
	return nil
}

// quizzesPage lists all quizzes, in the order of the lessons that they check.
func (s *Server) quizzesPage(w http.ResponseWriter, r *http.Request) error {
	all := slices.Clone(s.quizzes.All())
	lesson := func(q *quiz.Quiz) int {
		at := slices.IndexFunc(s.cfg.Lessons.Lessons, func(l *markdown.Lesson) bool { return l.Quiz == q.ID })
		if at < 0 {
			return len(s.cfg.Lessons.Lessons)
		}
		return at
	}
	slices.SortStableFunc(all, func(a, b *quiz.Quiz) int { return cmp.Compare(lesson(a), lesson(b)) })
	var list []view.QuizPage
	for _, q := range all {
		list = append(list, quizOf(q))
	}
	s.render(w, r, http.StatusOK, view.Quizzes(list))
	return nil
}

func quizOf(q *quiz.Quiz) view.QuizPage {
	return view.QuizPage{ID: q.ID, Title: q.Title, Questions: len(q.Questions), Minutes: q.Minutes}
}
