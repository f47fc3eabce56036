package content

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"eddy/lab"
	"eddy/lab/form"
)

// Problem is one thing that is wrong with a file.
type Problem = form.Problem

// ids is what lessons and questions may be called.
var ids = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// reserved are the names below /learn that are no lessons.
var reserved = []string{"glossary"}

// reading is a lesson that is being read.
type reading struct {
	lesson   *Lesson
	glossary *Glossary
	source   []byte // the text after the front matter
	above    int    // lines above it
	problems []Problem
}

// Parse reads a lesson. Its id must be the given one. It finds every problem;
// the lesson is only to be shown where there are none.
func Parse(id string, file []byte, g *Glossary) (*Lesson, []Problem) {
	l := &Lesson{}
	r := &reading{lesson: l, glossary: g}
	if len(file) > form.MaxBytes {
		r.problem(form.Pos{Line: 1, Column: 1}, "the file has %d bytes: at most %d are read", len(file), form.MaxBytes)
		return l, r.problems
	}
	file = bytes.ReplaceAll(file, []byte("\r\n"), []byte("\n"))
	front, rest, ok := frontMatter(file)
	if !ok {
		r.problem(form.Pos{Line: 1, Column: 1}, "a lesson begins with a line ---, its settings in YAML, and another line ---")
		return l, r.problems
	}
	l.file = form.Read(front, l)
	checkFront(id, l)
	r.take(l.file, 1)
	r.source, r.above = rest, bytes.Count(front, []byte("\n"))+2
	r.read()
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return l, r.problems
}

// frontMatter cuts a file at its two lines of dashes.
func frontMatter(file []byte) (front, rest []byte, ok bool) {
	inside, ok := bytes.CutPrefix(file, []byte("---\n"))
	if !ok {
		return nil, nil, false
	}
	front, rest, ok = bytes.Cut(inside, []byte("\n---\n"))
	return append(bytes.Clone(front), '\n'), rest, ok
}

func checkFront(id string, l *Lesson) {
	f := l.file
	switch {
	case !f.Good("id"):
	case l.ID != id:
		f.Problem("id", "id is %q, and the file is called %q: both must be the same", l.ID, id)
	case !ids.MatchString(l.ID):
		f.Problem("id", "id must be of small letters, digits and single dashes, such as event-sourcing")
	case slices.Contains(reserved, l.ID):
		f.Problem("id", "%q cannot be a lesson: its address is taken", l.ID)
	}
	if f.Good("minutes") && (l.Minutes < 1 || l.Minutes > 120) {
		f.Problem("minutes", "minutes is 1 to 120, not %d", l.Minutes)
	}
	for i, need := range l.Needs {
		if need == l.ID {
			f.Problem(fmt.Sprintf("needs[%d]", i), "a lesson cannot need itself")
		}
	}
}

func (r *reading) problem(at form.Pos, format string, args ...any) {
	r.problems = append(r.problems, Problem{Pos: at, Message: fmt.Sprintf(format, args...)})
}

// take adds the problems of a piece of YAML that stands below so many lines.
func (r *reading) take(f *form.File, lines int) {
	for _, p := range f.Problems {
		p.Line += lines
		r.problems = append(r.problems, p)
	}
}

// place is where a byte of the text stands in the file.
func (r *reading) place(at int) form.Pos {
	before := r.source[:min(at, len(r.source))]
	line := bytes.LastIndexByte(before, '\n') + 1
	return form.Pos{Line: r.above + bytes.Count(before, []byte("\n")) + 1, Column: len([]rune(string(before[line:]))) + 1}
}

// read reads the text: markdown, and the blocks between.
func (r *reading) read() {
	pc := parser.NewContext()
	root := lessonMarkdown.Parser().Parse(text.NewReader(r.source), parser.WithContext(pc))
	places, _ := pc.Get(unclosed).([]int)
	for _, at := range places {
		r.problem(r.place(at), "this is not closed on its line: a term is [[term]] or [[term|words]], a value {{expression}}")
	}
	r.checkInlines(root)
	var out bytes.Buffer
	flush := func() {
		if out.Len() > 0 {
			r.lesson.Parts = append(r.lesson.Parts, Part{HTML: strings.TrimSpace(out.String())})
			out.Reset()
		}
	}
	for n := root.FirstChild(); n != nil; n = n.NextSibling() {
		if block, ok := n.(*ast.FencedCodeBlock); ok && isBlock(block, r.source) {
			flush()
			r.block(block)
			continue
		}
		if err := lessonMarkdown.Renderer().Render(&out, r.source, n); err != nil {
			panic(fmt.Sprintf("a buffer takes whatever is written to it: %v", err))
		}
	}
	flush()
	if len(r.lesson.Parts) == 0 {
		r.problem(form.Pos{Line: r.above, Column: 1}, "the lesson has no text")
	}
}

// checkInlines checks terms, values and the languages of code.
func (r *reading) checkInlines(root ast.Node) {
	seen := map[string]bool{}
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *liveNode:
			if message, at := compiles(n.expr); message != "" {
				r.problem(r.place(n.at+at), "%s", message)
			}
		case *termNode:
			term, ok := r.glossary.Find(n.name)
			if !ok {
				r.problem(r.place(n.at), "there is no term %q in the glossary%s", n.name, form.Likely(n.name, r.glossary.Names()))
				break
			}
			if n.id = term.ID; !seen[term.ID] {
				seen[term.ID] = true
				r.lesson.Terms = append(r.lesson.Terms, term)
			}
		case *ast.FencedCodeBlock:
			switch language := string(n.Language(r.source)); {
			case isBlock(n, r.source):
				if n.Parent() != root {
					r.problem(r.fence(n), "the block %q must stand at the left margin, outside of lists and quotes", language)
				}
			case language != "" && !slices.Contains(languages, language):
				r.problem(r.fence(n), "there is no block %q%s: blocks are %s; plain code is %s", language, form.Likely(language, blocks), strings.Join(blocks, ", "), strings.Join(languages, ", "))
			}
		}
		return ast.WalkContinue, nil
	})
	slices.SortFunc(r.lesson.Terms, func(a, b Term) int { return strings.Compare(a.Name, b.Name) })
}

var (
	blocks    = []string{"figure", "code", "compare", "checklist"}
	languages = []string{"go", "python", "sql", "json", "yaml", "sh", "text"}
)

func isBlock(n *ast.FencedCodeBlock, source []byte) bool {
	return slices.Contains(blocks, string(n.Language(source)))
}

// fence is where a block's first line stands.
func (r *reading) fence(n *ast.FencedCodeBlock) form.Pos {
	if n.Info == nil {
		return r.place(0)
	}
	at := r.place(n.Info.Segment.Start)
	at.Column = 1
	return at
}

var exprPlace = regexp.MustCompile(`^the expression is wrong at line (\d+), column (\d+): `)

// compiles says what is wrong with an expression that stands in one line, and
// how many characters on; "" where nothing is.
func compiles(expr string) (message string, at int) {
	_, err := lab.CompileExpr(expr, false)
	if err == nil {
		return "", 0
	}
	message = err.Error()
	if m := exprPlace.FindStringSubmatch(message); m != nil {
		column, _ := strconv.Atoi(m[2])
		return strings.TrimPrefix(message, m[0]), max(column-1, 0)
	}
	return message, 0
}
