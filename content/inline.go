package content

import (
	"bytes"
	"html"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// liveNode is {{expression}}: a value of the lesson's lab.
type liveNode struct {
	ast.BaseInline
	expr string
	at   int // where the expression begins in the text
}

// termNode is [[term]] or [[term|words]].
type termNode struct {
	ast.BaseInline
	name, words string
	at          int
	id          string // of the term, "" where there is none
}

var (
	liveKind = ast.NewNodeKind("Live")
	termKind = ast.NewNodeKind("Term")
)

func (n *liveNode) Kind() ast.NodeKind            { return liveKind }
func (n *liveNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }
func (n *termNode) Kind() ast.NodeKind            { return termKind }
func (n *termNode) Dump(source []byte, level int) { ast.DumpHelper(n, source, level, nil, nil) }

// unclosed collects the places at which a {{ or [[ has no end on its line.
var unclosed = parser.NewContextKey()

// livePart reads what stands between two pairs of brackets.
type livePart struct{ open, close string }

func (p livePart) Trigger() []byte { return []byte{p.open[0]} }

func (p livePart) Parse(_ ast.Node, block text.Reader, pc parser.Context) ast.Node {
	line, segment := block.PeekLine()
	inner, ok := bytes.CutPrefix(line, []byte(p.open))
	if !ok {
		return nil
	}
	end := bytes.Index(inner, []byte(p.close))
	if end < 0 {
		places, _ := pc.Get(unclosed).([]int)
		pc.Set(unclosed, append(places, segment.Start))
		return nil
	}
	block.Advance(len(p.open) + end + len(p.close))
	written, at := string(inner[:end]), segment.Start+len(p.open)
	if p.open == "{{" {
		return &liveNode{expr: strings.TrimSpace(written), at: at + len(written) - len(strings.TrimLeft(written, " "))}
	}
	name, words, has := strings.Cut(written, "|")
	if !has {
		words = name
	}
	return &termNode{name: strings.TrimSpace(name), words: strings.TrimSpace(words), at: at}
}

// drawn writes the two as HTML; a page brings them to life.
type drawn struct{}

func (drawn) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(liveKind, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			_, _ = w.WriteString(liveHTML(n.(*liveNode).expr))
		}
		return ast.WalkSkipChildren, nil
	})
	r.Register(termKind, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if t := n.(*termNode); entering && t.id != "" {
			_, _ = w.WriteString(`<a class="term" href="/learn/glossary#` + t.id + `" data-term="` + t.id + `">` + html.EscapeString(t.words) + `</a>`)
		} else if entering {
			_, _ = w.WriteString(html.EscapeString(t.words))
		}
		return ast.WalkSkipChildren, nil
	})
}

// liveHTML is a place for a value.
func liveHTML(expr string) string {
	return `<span class="live" data-expr="` + html.EscapeString(expr) + `">–</span>`
}

var liveTag = regexp.MustCompile(`<span class="live" data-expr="([^"]*)"`)

func unescape(s string) string { return html.UnescapeString(s) }

// lessonMarkdown is markdown with what a lesson has besides.
var lessonMarkdown = goldmark.New(
	goldmark.WithExtensions(extension.Table),
	goldmark.WithParserOptions(
		parser.WithAutoHeadingID(),
		parser.WithASTTransformers(util.Prioritized(safeLinks{}, 1000)),
		parser.WithInlineParsers(util.Prioritized(livePart{"[[", "]]"}, 90), util.Prioritized(livePart{"{{", "}}"}, 91)),
	),
	goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(drawn{}, 90))),
)
