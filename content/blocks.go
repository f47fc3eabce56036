package content

import (
	"fmt"
	"slices"
	"strings"

	"github.com/yuin/goldmark/ast"

	"eddy/lab"
	"eddy/lab/code"
	"eddy/lab/form"
	"eddy/lab/script"
)

// What fits on a page.
const (
	maxButtons = 5
	maxWatch   = 6
	maxOutcome = 8
	maxOptions = 5
)

// block reads one block.
func (r *reading) block(n *ast.FencedCodeBlock) {
	var text strings.Builder
	for i := range n.Lines().Len() {
		line := n.Lines().At(i)
		text.Write(line.Value(r.source))
	}
	at := r.fence(n)
	var f *form.File
	var p Part
	switch string(n.Language(r.source)) {
	case "figure":
		p.Figure = &Figure{N: len(r.lesson.Figures()) + 1}
		f = form.Read([]byte(text.String()), p.Figure)
		checkFigure(f, p.Figure)
	case "code":
		p.Code = &Code{}
		f = form.Read([]byte(text.String()), p.Code)
		checkCode(f, p.Code)
	case "compare":
		p.Compare = &Compare{N: len(r.lesson.Compares()) + 1}
		f = form.Read([]byte(text.String()), p.Compare)
		checkCompare(f, p.Compare)
	case "checklist":
		p.Checklist = &Checklist{}
		f = form.Read([]byte(text.String()), p.Checklist)
		checkChecklist(f, p.Checklist)
		if r.lesson.Topic != "adoption" {
			f.Problem("", "a checklist stands in the lesson on adoption alone (topic: adoption)")
		}
	}
	r.take(f, at.Line)
	r.lesson.Parts = append(r.lesson.Parts, p)
}

func checkFigure(f *form.File, fig *Figure) {
	if f.Good("buttons") && (len(fig.Buttons) < 1 || len(fig.Buttons) > maxButtons) {
		f.Problem("buttons", "a figure has 1 to %d buttons, not %d", maxButtons, len(fig.Buttons))
	}
	for i, b := range fig.Buttons {
		checkDo(f, fmt.Sprintf("buttons[%d].do", i), b.Do)
	}
	if f.Good("follow") && !lab.IsHandle(fig.Follow) {
		f.Problem("follow", "follow is the handle of an order, such as A")
	}
	if len(fig.Watch) > maxWatch {
		f.Problem("watch", "at most %d values stand below a figure, not %d", maxWatch, len(fig.Watch))
	}
	checkValues(f, "watch", fig.Watch)
}

func checkDo(f *form.File, path string, do script.Actions) {
	if f.Good(path) && len(do) == 0 && len(f.Problems) == 0 {
		f.Problem(path, "there is nothing to do: name at least one action")
	}
}

func checkValues(f *form.File, path string, values []Value) {
	for i, v := range values {
		if at := fmt.Sprintf("%s[%d].value", path, i); f.Good(at) {
			script.CheckExpr(f, at, v.Expr, false)
		}
	}
}

func checkCode(f *form.File, c *Code) {
	if !f.Has("go") && !f.Has("python") {
		f.Problem("", "a code block names what it shows: go: lab/pattern/FILE.go#NAME, python: lab/pattern/python/FILE.py#NAME, or both")
	}
	for _, one := range []struct{ key, ref, ext string }{{"go", c.Go, ".go"}, {"python", c.Python, ".py"}} {
		if !f.Good(one.key) {
			continue
		}
		cut, problem := cutOut(one.ref, one.ext)
		if problem != "" {
			f.Problem(one.key, "%s", problem)
			continue
		}
		c.Cuts = append(c.Cuts, cut)
	}
}

// cutOut finds what a reference such as lab/pattern/retry.go#Backoff means.
func cutOut(ref, ext string) (cut code.Snippet, problem string) {
	path, name, ok := strings.Cut(ref, "#")
	if !ok || name == "" || !strings.HasSuffix(path, ext) {
		return cut, fmt.Sprintf("%q must be a file and a name, such as lab/pattern/retry%s#name", ref, ext)
	}
	id := strings.TrimPrefix(strings.TrimPrefix(path, "lab/"), "pattern/")
	if !strings.HasPrefix(id, "python/") && !strings.HasPrefix(id, "shop/") {
		id = "pattern/" + id
	}
	file, ok := code.Find(id)
	if !ok {
		var there []string
		for _, f := range code.Files() {
			if strings.HasSuffix(f.ID, ext) {
				there = append(there, address(f))
			}
		}
		return cut, fmt.Sprintf("there is no file %q that is shown%s: there are %s", path, form.Likely(path, there), strings.Join(there, ", "))
	}
	if cut, ok = file.Cut(name); !ok {
		return cut, fmt.Sprintf("%s has no %q%s: there are %s", path, name, form.Likely(name, file.Names()), strings.Join(file.Names(), ", "))
	}
	return cut, ""
}

// address is a file as a reference names it.
func address(f *code.File) string {
	if strings.HasPrefix(f.ID, "python/") {
		return "lab/pattern/" + f.ID
	}
	return "lab/" + f.ID
}

func checkCompare(f *form.File, c *Compare) {
	checkDo(f, "before.do", c.Before.Do)
	checkDo(f, "after.do", c.After.Do)
	if f.Good("outcome") && (len(c.Outcome) < 1 || len(c.Outcome) > maxOutcome) {
		f.Problem("outcome", "a comparison shows 1 to %d values, not %d", maxOutcome, len(c.Outcome))
	}
	checkValues(f, "outcome", c.Outcome)
}

func checkChecklist(f *form.File, c *Checklist) {
	seen := map[string]bool{}
	for i, q := range c.Questions {
		path := fmt.Sprintf("questions[%d]", i)
		switch {
		case !f.Good(path + ".id"):
		case seen[q.ID]:
			f.Problem(path+".id", "there is a question %q already", q.ID)
		case !ids.MatchString(q.ID):
			f.Problem(path+".id", "id must be of small letters, digits and single dashes")
		}
		seen[q.ID] = true
		if f.Good(path+".options") && (len(q.Options) < 2 || len(q.Options) > maxOptions) {
			f.Problem(path+".options", "a question has 2 to %d options, not %d", maxOptions, len(q.Options))
		}
		for n, id := range q.Evidence.Invariants {
			if known := lab.InvariantIDs(); !slices.Contains(known, id) {
				f.Problem(fmt.Sprintf("%s.evidence.invariants[%d]", path, n), "there is no invariant %q%s: there are %s", id, form.Likely(id, known), strings.Join(known, ", "))
			}
		}
		if at := path + ".evidence.expr"; f.Good(at) {
			script.CheckExpr(f, at, q.Evidence.Expr, false)
			if q.Evidence.Label == "" {
				f.Problem(at, "expr needs a label beside it: what the value is, in words")
			}
		}
	}
	if f.Good("questions") && len(c.Questions) == 0 {
		f.Problem("questions", "a checklist has questions")
	}
}
