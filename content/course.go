package content

import (
	"cmp"
	"embed"
	"fmt"
	"io/fs"
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
	base := path.Base(strings.ReplaceAll(name, `\`, "/"))
	s := &Source{Name: name}
	s.Lesson, s.Problems = Parse(strings.TrimSuffix(base, path.Ext(base)), text, g)
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
	known := map[string]*Lesson{}
	for _, l := range besides {
		known[l.ID] = l
	}
	for _, s := range sources {
		known[s.Lesson.ID] = s.Lesson
	}
	for _, s := range sources {
		for i, need := range s.Lesson.Needs {
			at := fmt.Sprintf("needs[%d]", i)
			switch {
			case need == s.Lesson.ID: // said already
			case known[need] == nil:
				s.problem(at, "there is no lesson %q that could be needed%s", need, form.Likely(need, names(known)))
			case leadsTo(known, need, s.Lesson.ID, map[string]bool{}):
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

func names(known map[string]*Lesson) (list []string) {
	for id := range known {
		list = append(list, id)
	}
	slices.Sort(list)
	return list
}

func leadsTo(known map[string]*Lesson, from, to string, seen map[string]bool) bool {
	if seen[from] || known[from] == nil {
		return false
	}
	seen[from] = true
	return slices.ContainsFunc(known[from].Needs, func(next string) bool { return next == to || leadsTo(known, next, to, seen) })
}

// topics in the order in which they are learned, where no need says otherwise.
var topics = strings.Split("basics sync-async kafka idempotency dead-letter outbox cqrs event-sourcing saga schema capstone adoption", " ")

// inOrder puts what is needed first, then goes by topic and id.
func inOrder(all []*Lesson) (ordered []*Lesson) {
	left := slices.Clone(all)
	slices.SortFunc(left, func(a, b *Lesson) int {
		return cmp.Or(cmp.Compare(slices.Index(topics, a.Topic), slices.Index(topics, b.Topic)), cmp.Compare(a.ID, b.ID))
	})
	for len(left) > 0 {
		next := slices.IndexFunc(left, func(l *Lesson) bool {
			return !slices.ContainsFunc(l.Needs, func(need string) bool {
				return slices.ContainsFunc(left, func(o *Lesson) bool { return o.ID == need })
			})
		})
		next = max(next, 0) // a circle of needs is a problem of its files
		ordered = append(ordered, left[next])
		left = slices.Delete(left, next, next+1)
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
