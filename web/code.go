package web

import (
	"fmt"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"

	"eddy/lab"
	"eddy/lab/code"
)

// listedFile is a file as the list of them shows it.
type listedFile struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Title  string `json:"title"`
	Group  string `json:"group"`
	Switch string `json:"switch"` // the setting that turns it on and off, "" where there is none
	Twin   string `json:"twin"`   // the same in the other language, "" where there is none
}

// shownFile is a file with its text, cut into lines and those into pieces.
type shownFile struct {
	listedFile
	Lines [][]piece    `json:"lines"`
	Funcs []functionAt `json:"funcs"`
}

// piece is a part of a line: what it is (k keyword, s string, c comment, f name
// of a function that begins here, "" anything else) and its text.
type piece [2]string

type functionAt struct {
	Name string `json:"name"`
	Line int    `json:"line"`
	End  int    `json:"end"`
}

func listed(f *code.File) listedFile {
	return listedFile{ID: f.ID, Name: f.Name, Title: f.Title, Group: f.Group, Switch: f.Switch, Twin: f.Twin}
}

// codeList lists the source files of patterns and services.
func (s *Server) codeList(w http.ResponseWriter, r *http.Request) error {
	all := []listedFile{}
	for _, f := range code.Files() {
		all = append(all, listed(f))
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}

// codeFile sends one of them, ready to be drawn, or with ?raw as it stands.
func (s *Server) codeFile(w http.ResponseWriter, r *http.Request) error {
	f, ok := code.Find(r.PathValue("file"))
	if !ok {
		return lab.Errorf(lab.NotFound, "There is no source file %q: GET /api/code lists them.", r.PathValue("file"))
	}
	if r.URL.Query().Has("raw") {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", f.Name))
		fmt.Fprint(w, f.Text) // an error here means that the client is gone
		return nil
	}
	lines, err := s.colours.lines(f)
	if err != nil {
		return err
	}
	shown := shownFile{listedFile: listed(f), Lines: lines, Funcs: []functionAt{}}
	for _, fn := range f.Funcs {
		shown.Funcs = append(shown.Funcs, functionAt(fn))
	}
	writeJSON(w, http.StatusOK, shown)
	return nil
}

// codeRunning tells where the instances of a lab stand in that source.
func (s *Server) codeRunning(w http.ResponseWriter, r *http.Request) error {
	world, err := s.world(r)
	if err != nil {
		return err
	}
	all, err := world.Running(&s.stacks)
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-store")
	writeJSON(w, http.StatusOK, all)
	return nil
}

// colours remembers files that were cut into pieces: they never change.
type colours struct {
	mu   sync.Mutex
	done map[string][][]piece
}

func (c *colours) lines(f *code.File) ([][]piece, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if lines, ok := c.done[f.ID]; ok {
		return lines, nil
	}
	lexer := lexers.Match(f.Name)
	if lexer == nil {
		return nil, fmt.Errorf("no lexer for %s", path.Ext(f.Name))
	}
	tokens, err := chroma.Coalesce(lexer).Tokenise(nil, f.Text)
	if err != nil {
		return nil, fmt.Errorf("cut %s into tokens: %w", f.ID, err)
	}
	lines := [][]piece{{}}
	for token := tokens(); token != chroma.EOF; token = tokens() {
		for i, text := range strings.Split(token.Value, "\n") {
			if i > 0 {
				lines = append(lines, []piece{})
			}
			if text != "" {
				last := len(lines) - 1
				lines[last] = append(lines[last], piece{class(token.Type, lines[last]), text})
			}
		}
	}
	if last := len(lines) - 1; len(lines[last]) == 0 {
		lines = lines[:last]
	}
	if c.done == nil {
		c.done = map[string][][]piece{}
	}
	c.done[f.ID] = lines
	return lines, nil
}

// class is what a token is, after those of its line.
func class(t chroma.TokenType, before []piece) string {
	switch {
	case t.InCategory(chroma.Comment):
		return "c"
	case t == chroma.KeywordType, t == chroma.KeywordConstant:
		return ""
	case t.InCategory(chroma.Keyword), t == chroma.OperatorWord:
		return "k"
	case t.InSubCategory(chroma.LiteralString):
		return "s"
	case t == chroma.NameFunction, t == chroma.NameClass:
		if defines(before) {
			return "f"
		}
	}
	return ""
}

// defines tells whether the next name of a line is the one that it is about:
// others are called.
func defines(line []piece) bool {
	begun := false
	for _, p := range line {
		switch {
		case p[0] == "f":
			return false
		case strings.TrimSpace(p[1]) == "":
		case !begun && p[0] != "k":
			return false
		default:
			begun = true
		}
	}
	return begun && slices.ContainsFunc(line, func(p piece) bool {
		return p[0] == "k" && slices.Contains([]string{"func", "def", "class"}, strings.TrimSpace(p[1]))
	})
}
