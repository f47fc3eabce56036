package content

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"eddy/lab/form"
)

//go:embed lessons/*.md glossary.md
var bundled embed.FS

// Course is the lessons in the order in which they are read, and what their
// words mean.
type Course struct {
	Lessons  []*Lesson
	Glossary *Glossary
}

// Find finds a lesson by its id, and its place from 0.
func (c *Course) Find(id string) (l *Lesson, place int, ok bool) {
	i := slices.IndexFunc(c.Lessons, func(l *Lesson) bool { return l.ID == id })
	if i < 0 {
		return nil, -1, false
	}
	return c.Lessons[i], i, true
}

// Source is a lesson's file as it was read, with what is wrong with it.
type Source struct {
	Name     string // of the file, with its folder
	Lesson   *Lesson
	Problems []Problem
}

// ReadSource parses the text of a file.
func ReadSource(name string, text []byte, g *Glossary) *Source {
	s := &Source{Name: name}
	s.Lesson, s.Problems = Parse(form.ID(name), text, g)
	return s
}

// Bundled is the course that is part of the program.
var Bundled = sync.OnceValue(func() *Course {
	c, err := ReadCourse(bundled)
	if err != nil {
		panic(fmt.Sprintf("the lessons are part of the program: %v", err))
	}
	return c
})

// ReadCourse reads the glossary (glossary.md) and the lessons (lessons/*.md) of
// a folder. A file with a problem is an error.
func ReadCourse(files fs.FS) (*Course, error) {
	text, err := fs.ReadFile(files, "glossary.md")
	if err != nil {
		return nil, fmt.Errorf("read the glossary: %w", err)
	}
	g, problems := ReadGlossary(text)
	if len(problems) > 0 {
		return nil, fmt.Errorf("glossary.md: %w", problems[0])
	}
	entries, err := fs.ReadDir(files, "lessons")
	if err != nil {
		return nil, fmt.Errorf("read the lessons: %w", err)
	}
	var sources []*Source
	for _, e := range entries {
		if path.Ext(e.Name()) != ".md" {
			continue
		}
		text, err := fs.ReadFile(files, path.Join("lessons", e.Name()))
		if err != nil {
			return nil, fmt.Errorf("read a lesson: %w", err)
		}
		sources = append(sources, ReadSource(path.Join("lessons", e.Name()), text, g))
	}
	CheckNeeds(sources)
	c := &Course{Glossary: g}
	for _, s := range sources {
		if len(s.Problems) > 0 {
			return nil, fmt.Errorf("%s: %w", s.Name, s.Problems[0])
		}
		c.Lessons = append(c.Lessons, s.Lesson)
	}
	c.Lessons = inOrder(c.Lessons)
	return c, nil
}

// CheckNeeds adds what is wrong with the prerequisites: they must be lessons of
// the sources or of the ones besides, and none may need itself in the end.
func CheckNeeds(sources []*Source, besides ...*Lesson) {
	needs := form.Needs{}
	for _, l := range besides {
		needs[l.ID] = l.Needs
	}
	for _, s := range sources {
		needs[s.Lesson.ID] = s.Lesson.Needs
	}
	for _, s := range sources {
		for i, need := range s.Lesson.Needs {
			at := fmt.Sprintf("needs[%d]", i)
			switch _, known := needs[need]; {
			case need == s.Lesson.ID: // said already
			case !known:
				s.problem(at, "there is no lesson %q that could be needed%s", need, form.Likely(need, slices.Sorted(maps.Keys(needs))))
			case needs.LeadTo(need, s.Lesson.ID):
				s.problem(at, "%s needs %s in turn: neither could ever be begun", need, s.Lesson.ID)
			}
		}
	}
}

// CheckLinks adds what is wrong with the scenarios and the quiz that lessons
// lead to: they must be among the given ids.
func CheckLinks(sources []*Source, scenarios, quizzes []string) {
	for _, s := range sources {
		for i, id := range s.Lesson.Scenarios {
			if !slices.Contains(scenarios, id) {
				s.problem(fmt.Sprintf("scenarios[%d]", i), "there is no scenario %q%s", id, form.Likely(id, scenarios))
			}
		}
		if id := s.Lesson.Quiz; id != "" && !slices.Contains(quizzes, id) {
			s.problem("quiz", "there is no quiz %q%s: there are %s", id, form.Likely(id, quizzes), strings.Join(quizzes, ", "))
		}
	}
}

// problem notes what is wrong with a value of the front matter, which stands
// below a line of dashes.
func (s *Source) problem(path, format string, args ...any) {
	at := s.Lesson.file.At(path)
	s.Problems = append(s.Problems, Problem{Pos: form.Pos{Line: at.Line + 1, Column: at.Column}, Message: fmt.Sprintf(format, args...)})
}

// topics in the order in which they are learned, where no need says otherwise.
var topics = strings.Split("basics sync-async kafka idempotency dead-letter outbox cqrs event-sourcing saga schema capstone adoption", " ")

// inOrder puts what is needed first, then goes by topic and id.
func inOrder(all []*Lesson) (ordered []*Lesson) {
	slices.SortFunc(all, func(a, b *Lesson) int {
		return cmp.Or(cmp.Compare(slices.Index(topics, a.Topic), slices.Index(topics, b.Topic)), cmp.Compare(a.ID, b.ID))
	})
	needs, byID, ids := form.Needs{}, map[string]*Lesson{}, []string{}
	for _, l := range all {
		needs[l.ID], byID[l.ID], ids = l.Needs, l, append(ids, l.ID)
	}
	for _, id := range needs.Sort(ids) {
		ordered = append(ordered, byID[id])
	}
	return ordered
}

// Outline is a lesson as a list shows it.
type Outline struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	Topic     string   `json:"topic"`
	Minutes   int      `json:"minutes"`
	Needs     []string `json:"needs"`
	Summary   string   `json:"summary"`
	Scenarios []string `json:"scenarios"`
	Quiz      string   `json:"quiz,omitempty"`
}

// Outline describes the lesson in a list.
func (l *Lesson) Outline() Outline {
	return Outline{l.ID, l.Title, l.Topic, l.Minutes, append([]string{}, l.Needs...), l.Summary, append([]string{}, l.Scenarios...), l.Quiz}
}
