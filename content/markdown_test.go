package content_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"eddy/content"
)

func TestMarkdownBecomesHTML(t *testing.T) {
	assert.Equal(t, "<p>A <strong>topic</strong> is a <code>log</code>.</p>", content.HTML("A **topic** is a `log`."))
	assert.Equal(t, "<ul>\n<li>one</li>\n<li>two</li>\n</ul>", content.HTML("- one\n- two"))
	assert.Contains(t, content.HTML("| a | b |\n|---|---|\n| 1 | 2 |"), "<td>1</td>")
	assert.Contains(t, content.HTML("[more](https://kafka.apache.org)"), `href="https://kafka.apache.org"`)
	assert.Contains(t, content.HTML("[the lab](/lab/free)"), `href="/lab/free"`)
}

// Whoever wrote the markdown, a page that shows it runs nothing of it.
func TestNothingOfMarkdownRuns(t *testing.T) {
	for _, md := range []string{
		"<script>alert(1)</script>", "a <b onclick=alert(1)>b</b>", "<img src=x onerror=alert(1)>", "<style>*{display:none}</style>",
		"[x](javascript:alert(1))", "[x](JAVASCRIPT:alert(1))", "[x](data:text/html,hi)", "[x](vbscript:x)", "<javascript:alert(1)>",
		"![x](https://evil.example/pixel.png)", "![x](//evil.example/pixel.png)", "[x](//evil.example)", "<iframe src=https://evil.example></iframe>",
		"[x]: javascript:alert(1)\n\n[x]", "<div>\n\nhi\n\n</div>", "[x](&#106;avascript:alert(1))", "`<script>`", "    <script>",
	} {
		for _, out := range []string{content.HTML(md), content.Inline(md)} {
			for _, bad := range []string{"<script", "<b ", "<img src=x", "onerror=alert(1)>", "<style", `href="java`, `href="JAVA`, `href="data`, `href="vb`, `"https://evil`, `"//evil`, "<iframe", "<div"} {
				assert.NotContains(t, out, bad, md)
			}
		}
	}
}

func TestALineOfMarkdownHasNoParagraph(t *testing.T) {
	assert.Equal(t, "Who reads <code>orders</code>?", content.Inline("Who reads `orders`?\n"))
	assert.Equal(t, "<p>one</p>\n<p>two</p>", content.Inline("one\n\ntwo"))
	assert.Equal(t, "", content.Inline(""))
}

func TestMarkdownAsText(t *testing.T) {
	assert.Equal(t, "Payment reads orders, where a & b < c", content.Plain("**Payment** reads `orders`,\nwhere a & b < c"))
	assert.Equal(t, "snake_case and 2 * 3", content.Plain("snake_case and 2 * 3"))
	assert.Equal(t, "one two", content.Plain("one\n\ntwo"))
}
