package content

import (
	"fmt"
	"slices"
	"strings"

	"eddy/lab/form"
)

// Term is an entry of the glossary.
type Term struct {
	ID   string   // for addresses
	Name string   // as it is listed
	Also []string // other words for it
	HTML string   // what it means
}

// Glossary is terms by name. A nil one is empty.
type Glossary struct {
	Terms []Term
	names map[string]int // lower case, aliases too; places in Terms
}

// Find finds a term by its name or another word for it, in upper or lower
// case.
func (g *Glossary) Find(name string) (Term, bool) {
	if g == nil {
		return Term{}, false
	}
	i, ok := g.names[plainName(name)]
	if !ok {
		return Term{}, false
	}
	return g.Terms[i], true
}

// Names lists the names of all terms.
func (g *Glossary) Names() (names []string) {
	if g != nil {
		for _, t := range g.Terms {
			names = append(names, t.Name)
		}
	}
	return names
}

// plainName is a name as it is compared.
func plainName(name string) string { return strings.ToLower(strings.Join(strings.Fields(name), " ")) }

// ReadGlossary reads a glossary: "## term", then perhaps a line "also: other,
// words", then what it means in markdown. What stands before the first term is
// for whoever edits the file.
func ReadGlossary(text []byte) (*Glossary, []Problem) {
	g := &Glossary{names: map[string]int{}}
	var problems []Problem
	problem := func(line int, format string, args ...any) {
		problems = append(problems, Problem{Pos: form.Pos{Line: line, Column: 1}, Message: fmt.Sprintf(format, args...)})
	}
	name := func(line int, name string, term int) {
		if other, taken := g.names[plainName(name)]; taken {
			problem(line, "%q already stands for %q", name, g.Terms[other].Name)
			return
		}
		g.names[plainName(name)] = term
	}
	var body []string
	began := 0
	end := func() {
		if began == 0 {
			return
		}
		t := &g.Terms[len(g.Terms)-1]
		if t.HTML = HTML(strings.Join(body, "\n")); t.HTML == "" {
			problem(began, "%q does not say what it means", t.Name)
		}
		body = nil
	}
	for i, line := range strings.Split(strings.ReplaceAll(string(text), "\r\n", "\n"), "\n") {
		if heading, ok := strings.CutPrefix(line, "## "); ok {
			end()
			began = i + 1
			term := strings.TrimSpace(heading)
			g.Terms = append(g.Terms, Term{ID: slugOf(term), Name: term})
			if slugOf(term) == "" {
				problem(i+1, "a term needs a name")
			}
			name(i+1, term, len(g.Terms)-1)
			continue
		}
		if began == 0 {
			continue
		}
		if also, ok := strings.CutPrefix(line, "also:"); ok && strings.TrimSpace(strings.Join(body, "")) == "" {
			for word := range strings.SplitSeq(also, ",") {
				if word = strings.TrimSpace(word); word != "" {
					g.Terms[len(g.Terms)-1].Also = append(g.Terms[len(g.Terms)-1].Also, word)
					name(i+1, word, len(g.Terms)-1)
				}
			}
			continue
		}
		body = append(body, line)
	}
	end()
	if len(g.Terms) == 0 {
		problem(1, "the glossary has no term: each begins with a line such as ## committed offset")
	}
	slices.SortStableFunc(g.Terms, func(a, b Term) int { return strings.Compare(plainName(a.Name), plainName(b.Name)) })
	g.names = index(g.Terms)
	return g, problems
}

func index(terms []Term) map[string]int {
	names := map[string]int{}
	for i := len(terms) - 1; i >= 0; i-- { // the first of two that share a name
		for _, name := range append(terms[i].Also, terms[i].Name) {
			names[plainName(name)] = i
		}
	}
	return names
}
