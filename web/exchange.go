package web

import (
	"bytes"
	"fmt"
	"net/http"

	"eddy/lab"
	"eddy/quiz"
)

// maxImport bounds a quiz file of another program, in bytes.
const maxImport = 4 << 20

// exportQuiz is GET /api/quizzes/{id}/export?format=: the quiz for another
// program. With &lost it says what does not carry over, instead.
func (s *Server) exportQuiz(w http.ResponseWriter, r *http.Request) error {
	if !s.fromTeacher(r) {
		return errTeachersOnly
	}
	q, ok := s.quizzes.Find(r.PathValue("id"))
	if !ok {
		return lab.Errorf(lab.NotFound, "There is no quiz %q.", r.PathValue("id"))
	}
	format := quiz.Format(r.URL.Query().Get("format"))
	var file bytes.Buffer
	lost, err := q.Export(&file, format)
	if err != nil {
		return lab.Errorf(lab.Invalid, "%v", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	if r.URL.Query().Has("lost") {
		writeJSON(w, http.StatusOK, map[string][]quiz.Lost{"lost": lost})
		return nil
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.%s"`, q.ID, format.Ending()))
	w.Write(file.Bytes()) // an error here means that the client is gone
	return nil
}

// importQuiz is POST /api/quizzes/import?format=&id=&title=: a file of another
// program as one of Eddy's, and what did not carry over. Nothing is kept: the
// teacher puts the file into the folder of quizzes.
func (s *Server) importQuiz(w http.ResponseWriter, r *http.Request) error {
	if !s.fromTeacher(r) {
		return errTeachersOnly
	}
	body, err := readUpTo(w, r, maxImport, "The file")
	if err != nil {
		return err
	}
	ask := r.URL.Query()
	q, lost, err := quiz.Import(quiz.Format(ask.Get("format")), ask.Get("id"), ask.Get("title"), body)
	if err != nil {
		return lab.Errorf(lab.Invalid, "%v", err)
	}
	text, err := q.YAML()
	if err != nil {
		return err
	}
	if lost == nil {
		lost = []quiz.Lost{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"yaml": string(text), "lost": lost, "questions": len(q.Questions)})
	return nil
}
