package command

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"eddy/content"
	"eddy/lab/form"
	"eddy/quiz"
	"eddy/scenarios"
)

// checked are the files of one check, by their kinds.
type checked struct {
	count     int
	scenarios []*scenarios.Source
	quizzes   []*quiz.Source
	lessons   []namedText // read once the glossary is known
	glossary  *namedText
}

type namedText struct {
	name string
	text []byte
}

// quizKey tells a quiz from a scenario: it has questions where that has steps.
var quizKey = regexp.MustCompile(`(?m)^["']?questions["']?[ \t]*:`)

// readFiles reads files, and every scenario, quiz and lesson file of folders.
func readFiles(args []string) (*checked, error) {
	c := &checked{}
	for _, arg := range args {
		info, err := os.Stat(arg)
		if err != nil {
			return nil, UsageError{err}
		}
		if !info.IsDir() {
			text, err := readText(arg)
			if err != nil {
				return nil, UsageError{err}
			}
			c.add(arg, text)
			continue
		}
		entries, err := os.ReadDir(arg)
		if err != nil {
			return nil, UsageError{err}
		}
		for _, e := range entries {
			name := filepath.Join(arg, e.Name())
			ext := filepath.Ext(name)
			if e.IsDir() || ext != ".yaml" && ext != ".yml" && ext != ".md" {
				continue
			}
			text, err := readText(name)
			if err != nil {
				return nil, UsageError{err}
			}
			if ext != ".md" || e.Name() == glossaryName || bytes.HasPrefix(text, []byte("---")) { // a README is neither
				c.add(name, text)
			}
		}
	}
	return c, nil
}

// glossaryName is the one markdown file that is no lesson.
const glossaryName = "glossary.md"

// readText reads the file of a path.
func readText(name string) ([]byte, error) {
	t, err := form.ReadText(os.DirFS(filepath.Dir(name)), filepath.Base(name))
	return t.Text, err
}

func (c *checked) add(name string, text []byte) {
	c.count++
	switch {
	case filepath.Base(name) == glossaryName:
		c.glossary = &namedText{name, text}
	case filepath.Ext(name) == ".md":
		c.lessons = append(c.lessons, namedText{name, text})
	case quizKey.Match(text):
		c.quizzes = append(c.quizzes, quiz.ReadSource(name, text))
	default:
		c.scenarios = append(c.scenarios, scenarios.ReadSource(name, text))
	}
}

// problemLines is a line for every problem of a file, as editors read them.
func problemLines(name string, problems []form.Problem) (lines []string) {
	for _, p := range problems {
		lines = append(lines, fmt.Sprintf("%s:%d:%d: %s", name, p.Line, p.Column, p.Message))
	}
	return lines
}

// check returns a line for every problem. What files lead to may be among them
// or bundled.
func (c *checked) check() (lines []string) {
	scenarios.CheckNeeds(c.scenarios, scenarios.Bundled()...)
	add := func(name string, problems []form.Problem) { lines = append(lines, problemLines(name, problems)...) }
	for _, s := range c.scenarios {
		add(s.Name, s.Problems)
	}
	for _, q := range c.quizzes {
		add(q.Name, q.Problems)
	}
	words := content.Bundled().Glossary
	if c.glossary != nil {
		g, problems := content.ReadGlossary(c.glossary.text)
		add(c.glossary.name, problems)
		words = g
	}
	var lessons []*content.Source
	for _, l := range c.lessons {
		lessons = append(lessons, content.ReadSource(l.name, l.text, words))
	}
	content.CheckNeeds(lessons, content.Bundled().Lessons...)
	var known, asked []string
	for _, s := range scenarios.Bundled() {
		known = append(known, s.ID)
	}
	for _, s := range c.scenarios {
		known = append(known, s.Scenario.ID)
	}
	for _, q := range quiz.Bundled() {
		asked = append(asked, q.ID)
	}
	for _, q := range c.quizzes {
		asked = append(asked, q.Quiz.ID)
	}
	content.CheckLinks(lessons, known, asked)
	for _, l := range lessons {
		add(l.Name, l.Problems)
	}
	return lines
}
