package lab

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"strings"
	"sync"

	"eddy/lab/pattern"
)

// FoldCode is the source of the fold as it was compiled, and the lines at which
// each type of event is taken in.
type FoldCode struct {
	File  string            `json:"file"`
	First int               `json:"first"` // number of the first line
	Lines []string          `json:"lines"`
	Cases map[string][2]int `json:"cases"` // event type → first and last line number
}

// Fold reads Order.Apply in the source that is part of the program.
var Fold = sync.OnceValues(func() (FoldCode, error) {
	const name = "aggregate.go"
	text, err := pattern.Source.ReadFile(name)
	if err != nil {
		return FoldCode{}, fmt.Errorf("read the source of the fold: %w", err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, text, parser.SkipObjectResolution)
	if err != nil {
		return FoldCode{}, fmt.Errorf("read the source of the fold: %w", err)
	}
	line := func(at token.Pos) int { return files.Position(at).Line }
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Name.Name != "Apply" {
			continue
		}
		first, last := line(f.Pos()), line(f.End())
		code := FoldCode{File: "lab/pattern/" + name, First: first, Lines: strings.Split(string(text), "\n")[first-1 : last], Cases: map[string][2]int{}}
		ast.Inspect(f, func(n ast.Node) bool {
			c, ok := n.(*ast.CaseClause)
			if !ok {
				return true
			}
			for _, value := range c.List {
				if lit, ok := value.(*ast.BasicLit); ok {
					if typ, err := strconv.Unquote(lit.Value); err == nil {
						code.Cases[typ] = [2]int{line(c.Pos()), line(c.End())}
					}
				}
			}
			return true
		})
		return code, nil
	}
	return FoldCode{}, fmt.Errorf("read the source of the fold: %s has no Apply", name)
})
