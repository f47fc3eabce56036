package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	lessons "eddy/content"
	"eddy/lab"
	"eddy/lab/code"
	"eddy/web/view"
)

// lesson finds the lesson of a request, and its place on the path from 0.
func (s *Server) lesson(r *http.Request) (*lessons.Lesson, int, error) {
	id := r.PathValue("lesson")
	l, place, ok := s.cfg.Lessons.Find(id)
	if !ok {
		return nil, 0, lab.Errorf(lab.NotFound, "There is no lesson %q.", id)
	}
	return l, place, nil
}

// lessonList is GET /api/lessons.
func (s *Server) lessonList(w http.ResponseWriter, r *http.Request) error {
	items := []lessons.Outline{}
	for _, l := range s.cfg.Lessons.Lessons {
		items = append(items, l.Outline())
	}
	writeJSON(w, http.StatusOK, items)
	return nil
}

// lessonPage is the page of a lesson. It makes no lab.
func (s *Server) lessonPage(w http.ResponseWriter, r *http.Request) error {
	l, place, err := s.lesson(r)
	if err != nil {
		return err
	}
	done, err := s.cfg.Keep.Lessons(r.Context(), knownLearner(r))
	if err != nil {
		return err
	}
	finished, err := s.cfg.Keep.Finished(r.Context(), knownLearner(r))
	if err != nil {
		return err
	}
	page := view.LessonPage{Lesson: l, N: place + 1}
	for _, o := range s.cfg.Lessons.Lessons {
		_, read := done[o.ID]
		link := view.LessonLink{Href: "/learn/" + o.ID, Title: o.Title, Done: read}
		page.Contents = append(page.Contents, link)
		if slices.Contains(l.Needs, o.ID) && !read {
			page.Before = append(page.Before, link)
		}
	}
	page.Done = page.Contents[place].Done
	for _, id := range l.Scenarios {
		if one, ok := s.cfg.Scenarios.Find(id); ok {
			_, over := finished[id]
			page.Scenarios = append(page.Scenarios, view.LessonLink{Href: "/lab/" + id, Title: one.Title, What: strconv.Itoa(one.Minutes) + " min in the lab", Done: over})
		}
	}
	if q, ok := s.quizzes.Find(l.Quiz); ok {
		page.Quiz, page.Questions = view.LessonLink{Href: "/quiz/" + q.ID, Title: q.Title}, len(q.Questions)
	}
	for _, p := range l.Parts {
		part := view.LessonPart{Part: p}
		if p.Code != nil {
			for _, cut := range p.Code.Cuts {
				shown, err := s.codePart(cut)
				if err != nil {
					return err
				}
				part.Code = append(part.Code, shown)
			}
		}
		if p.Checklist != nil {
			if part.Evidence, err = s.evidence(r, p.Checklist); err != nil {
				return err
			}
		}
		page.Parts = append(page.Parts, part)
	}
	s.render(w, r, http.StatusOK, view.Reading(page))
	return nil
}

// codePart cuts a declaration into pieces, as the Code lens does with a file.
func (s *Server) codePart(cut code.Snippet) (view.CodePart, error) {
	all, err := s.colours.lines(cut.File)
	if err != nil {
		return view.CodePart{}, err
	}
	part := view.CodePart{Language: "Go", File: cut.File.Name, Name: cut.Name}
	if cut.File.Group == code.Python {
		part.Language = "Python"
	}
	texts := strings.Split(cut.Text, "\n")
	for i, pieces := range all[cut.Line-1 : min(cut.End, len(all))] {
		line := view.CodeLine{N: cut.Line + i}
		whole := 0
		for _, p := range pieces {
			whole += len(p[1])
		}
		margin := whole - len(texts[i]) // what the line was moved to the left by
		for _, p := range pieces {
			out := min(margin, len(p[1]))
			margin -= out
			line.Pieces = append(line.Pieces, [2]string{p[0], p[1][out:]})
		}
		part.Lines = append(part.Lines, line)
	}
	return part, nil
}

// glossaryPage lists every term.
func (s *Server) glossaryPage(w http.ResponseWriter, r *http.Request) error {
	s.render(w, r, http.StatusOK, view.Glossary(view.GlossaryPage{Terms: s.cfg.Lessons.Glossary.Terms}))
	return nil
}

// lessonDone is PUT /api/lessons/{lesson}/done: the learner's own mark.
func (s *Server) lessonDone(w http.ResponseWriter, r *http.Request) error {
	l, _, err := s.lesson(r)
	if err != nil {
		return err
	}
	var req struct {
		Done *bool `json:"done"`
	}
	if err := readJSON(w, r, &req, `{"done": true}`); err != nil {
		return err
	}
	if req.Done == nil {
		return lab.Errorf(lab.Invalid, `The body must be like {"done": true}.`)
	}
	if err := s.cfg.Keep.MarkLesson(r.Context(), s.learner(w, r), l.ID, *req.Done, time.Now()); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]bool{"done": *req.Done})
	return nil
}

// lessonLab is POST /api/lessons/{lesson}/lab: the lab of its figures.
func (s *Server) lessonLab(w http.ResponseWriter, r *http.Request) error {
	l, _, err := s.lesson(r)
	if err != nil {
		return err
	}
	return s.newLessonLab(w, r, l.Settings())
}

// compareLab is POST /api/lessons/{lesson}/compare/{n}/{side}: a lab of one side
// of a comparison. What is done in it is the page's to send, like every action.
func (s *Server) compareLab(w http.ResponseWriter, r *http.Request) error {
	l, _, err := s.lesson(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.PathValue("n"))
	all, side := l.Compares(), r.PathValue("side")
	if err != nil || n < 1 || n > len(all) || side != "before" && side != "after" {
		return lab.Errorf(lab.NotFound, "The lesson %q has no such comparison.", l.ID)
	}
	of := all[n-1].Before
	if side == "after" {
		of = all[n-1].After
	}
	return s.newLessonLab(w, r, l.SettingsOf(of))
}

func (s *Server) newLessonLab(w http.ResponseWriter, r *http.Request, settings lab.Settings) error {
	id, err := s.newLab(r, settings, lab.Options{})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/api/labs/"+id)
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusCreated, map[string]string{"id": id})
	return nil
}
