package web

import (
	"bytes"
	"fmt"
	"net/http"

	"eddy/lab"
	"eddy/quiz"
)

// taught finds a quiz and everybody's attempts at it, for a teacher.
func (s *Server) taught(r *http.Request) (*quiz.Quiz, []quiz.Attempt, error) {
	if !s.fromTeacher(r) {
		return nil, nil, errTeachersOnly
	}
	q, ok := s.quizzes.Find(r.PathValue("id"))
	if !ok {
		return nil, nil, lab.Errorf(lab.NotFound, "There is no quiz %q.", r.PathValue("id"))
	}
	attempts, err := s.cfg.Keep.AttemptsAt(r.Context(), q.ID)
	return q, attempts, err
}

// quizResults is GET /api/quizzes/{id}/results: what the graded attempts say
// about the learners and about the questions.
func (s *Server) quizResults(w http.ResponseWriter, r *http.Request) error {
	q, attempts, err := s.taught(r)
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
	q, attempts, err := s.taught(r)
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
