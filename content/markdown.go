package content

import (
	"bytes"
	"fmt"
	"html"
	"net/url"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// markdown leaves raw HTML out: that is goldmark's own default, and the tests
// hold it to it.
var markdown = goldmark.New(
	goldmark.WithExtensions(extension.Table),
	goldmark.WithParserOptions(parser.WithASTTransformers(util.Prioritized(safeLinks{}, 1000))),
)

// HTML renders markdown as paragraphs, lists, tables and code.
func HTML(md string) string {
	var out bytes.Buffer
	if err := markdown.Convert([]byte(md), &out); err != nil {
		panic(fmt.Sprintf("a buffer takes whatever is written to it: %v", err))
	}
	return strings.TrimSpace(out.String())
}

// Inline renders one line of markdown, such as a question, without a paragraph
// around it. Markdown of more than one paragraph keeps its paragraphs.
func Inline(md string) string {
	whole := HTML(md)
	inner, ok := strings.CutPrefix(whole, "<p>")
	if !ok || strings.Count(whole, "<p>") != 1 || !strings.HasSuffix(whole, "</p>") {
		return whole
	}
	return strings.TrimSuffix(inner, "</p>")
}

// Plain is one line of markdown as text, for where no markup can stand: in a
// list to choose from, in a name that is read out.
func Plain(md string) string {
	source := []byte(md)
	var out strings.Builder
	root := markdown.Parser().Parse(text.NewReader(source))
	// Walk ends with the error of its function, and this one has none.
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Text:
			if entering {
				out.Write(util.UnescapePunctuations(n.Value(source)))
				if n.SoftLineBreak() || n.HardLineBreak() {
					out.WriteByte(' ')
				}
			}
		case *ast.String:
			if entering {
				out.Write(n.Value)
			}
		case *ast.AutoLink:
			if entering {
				out.Write(n.Label(source))
			}
		default:
			if !entering && n.Type() == ast.TypeBlock && n.NextSibling() != nil {
				out.WriteByte(' ')
			}
		}
		return ast.WalkContinue, nil
	})
	return strings.TrimSpace(html.UnescapeString(out.String()))
}

// safeLinks takes the address from links that lead neither to the web nor to
// this server, and from pictures that come from elsewhere.
type safeLinks struct{}

// Transform implements parser.ASTTransformer.
func (safeLinks) Transform(root *ast.Document, _ text.Reader, _ parser.Context) {
	_ = ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		switch n := n.(type) {
		case *ast.Link:
			if !safe(n.Destination, "", "http", "https", "mailto") {
				n.Destination = nil
			}
		case *ast.Image:
			if !safe(n.Destination, "") {
				n.Destination = nil
			}
		}
		return ast.WalkContinue, nil
	})
}

func safe(address []byte, schemes ...string) bool {
	u, err := url.Parse(string(address))
	if err != nil || u.Scheme == "" && u.Host != "" {
		return false
	}
	for _, s := range schemes {
		if strings.EqualFold(u.Scheme, s) {
			return true
		}
	}
	return false
}
