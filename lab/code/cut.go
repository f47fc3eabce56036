package code

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// Snippet is a declaration that was cut from a file, with what is said above
// it. Lines count from 1, both included.
type Snippet struct {
	File *File
	Name string
	Text string // whole lines, moved to the left margin
	Line int
	End  int
}

// Cut cuts a declaration from a file by its name: a function, Type.Method, a
// type, a variable or a constant of Go; a function, a class or Class.method of
// Python. ok is false where the file has no such name.
func (f *File) Cut(name string) (Snippet, bool) {
	for _, d := range f.declared() {
		if d.name == name {
			lines := strings.Split(f.Text, "\n")[d.line-1 : d.end]
			return Snippet{File: f, Name: name, Text: dedent(lines), Line: d.line, End: d.end}, true
		}
	}
	return Snippet{}, false
}

// Names lists what can be cut from a file, in the order of the file.
func (f *File) Names() (names []string) {
	for _, d := range f.declared() {
		names = append(names, d.name)
	}
	return names
}

// declared is a name and its lines, its comment included.
type declared struct {
	name      string
	line, end int
}

func (f *File) declared() []declared {
	if strings.HasSuffix(f.ID, ".py") {
		return declaredInPython(f.Text)
	}
	return declaredInGo(f.ID, f.Text)
}

func declaredInGo(id, text string) (found []declared) {
	lines := token.NewFileSet()
	file, err := parser.ParseFile(lines, id, text, parser.SkipObjectResolution|parser.ParseComments)
	if err != nil {
		panic(fmt.Sprintf("what was compiled can be parsed: %v", err))
	}
	add := func(name string, node ast.Node, doc *ast.CommentGroup) {
		from := node.Pos()
		if doc != nil {
			from = doc.Pos()
		}
		found = append(found, declared{name, lines.Position(from).Line, lines.Position(node.End()).Line})
	}
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			name := d.Name.Name
			if d.Recv != nil && len(d.Recv.List) == 1 {
				name = receiver(d.Recv.List[0].Type) + "." + name
			}
			add(name, d, d.Doc)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				var names []*ast.Ident
				var doc *ast.CommentGroup
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					names, doc = []*ast.Ident{spec.Name}, spec.Doc
				case *ast.ValueSpec:
					names, doc = spec.Names, spec.Doc
				}
				for _, name := range names {
					if d.Lparen.IsValid() {
						add(name.Name, spec, doc)
					} else {
						add(name.Name, d, d.Doc)
					}
				}
			}
		}
	}
	return found
}

var pythonDef = regexp.MustCompile(`^( *)(?:async def|def|class) (\w+)`)

// declaredInPython goes by the indentation: a declaration ends before the next
// line that is not indented more than it is.
func declaredInPython(text string) (found []declared) {
	lines := strings.Split(text, "\n")
	class, inClass := "", 0 // the class that is open, and its last line
	for i, line := range lines {
		m := pythonDef.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		indent, end := len(m[1]), i+1
		for n := i + 1; n < len(lines); n++ {
			if bare := strings.TrimLeft(lines[n], " "); bare == "" {
				continue
			} else if len(lines[n])-len(bare) <= indent && !strings.HasPrefix(bare, ")") {
				break
			}
			end = n + 1
		}
		from := i + 1
		for from > 1 && above(lines[from-2], m[1]) {
			from--
		}
		switch name := m[2]; {
		case indent == 0:
			found = append(found, declared{name, from, end})
			if class, inClass = "", 0; strings.HasPrefix(line, "class ") {
				class, inClass = name, end
			}
		case class != "" && indent == 4 && i < inClass:
			found = append(found, declared{class + "." + name, from, end})
		}
	}
	return found
}

// above tells whether a line belongs to the declaration below it: a decorator
// or a comment, as far to the left.
func above(line, indent string) bool {
	bare, ok := strings.CutPrefix(line, indent)
	return ok && (strings.HasPrefix(bare, "@") || strings.HasPrefix(bare, "#"))
}

// dedent moves lines to the left margin, by what the first one is indented.
func dedent(lines []string) string {
	first := lines[0]
	margin := first[:len(first)-len(strings.TrimLeft(first, " \t"))]
	out := slices.Clone(lines)
	for i, line := range out {
		out[i] = strings.TrimPrefix(line, margin)
	}
	return strings.Join(out, "\n")
}
