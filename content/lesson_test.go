package content_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/content"
)

var glossary, _ = content.ReadGlossary([]byte("## committed offset\nalso: saved position\n\nWhat a *group* has saved.\n\n## topic\n\nA log.\n"))

// lesson is a small lesson with a text.
func lesson(text string) string {
	return "---\nid: small\ntitle: A small one\ntopic: kafka\nminutes: 3\nsummary: It is small.\n---\n" + text
}

func sound(t *testing.T, text string) *content.Lesson {
	t.Helper()
	l, problems := content.Parse("small", []byte(lesson(text)), glossary)
	require.Empty(t, problems)
	return l
}

func TestATermOpensInPlaceAndAValueIsLive(t *testing.T) {
	l := sound(t, "The [[committed offset]], or [[Saved Position|its *place*]], is {{ committed(\"payment\", \"orders\", 0) }} of `[[x]]`.\n")
	require.Len(t, l.Parts, 1)
	html := l.Parts[0].HTML
	assert.Contains(t, html, `<a class="term" href="/learn/glossary#committed-offset" data-term="committed-offset">committed offset</a>`)
	assert.Contains(t, html, `data-term="committed-offset">its *place*</a>`)
	assert.Contains(t, html, `data-expr="committed(&#34;payment&#34;, &#34;orders&#34;, 0)"`)
	assert.Contains(t, html, "<code>[[x]]</code>")
	require.Len(t, l.Terms, 1)
	assert.Equal(t, "<p>What a <em>group</em> has saved.</p>", l.Terms[0].HTML)
	assert.Equal(t, []string{`committed("payment", "orders", 0)`}, l.Evals())
}

func TestBlocksStandBetweenTheText(t *testing.T) {
	l := sound(t, "Before.\n\n```figure\ncaption: Seen.\nlens: topics\nfollow: A\nbuttons:\n  - {label: Order, do: [{place_order: {as: A, user: user-1, items: [{sku: mouse, qty: 1}]}}]}\nwatch:\n  - {label: in all, value: topic(\"orders\").records}\n```\n\nAfter.\n\n"+
		"```code\ngo: lab/pattern/idempotent.go#Inbox.First\npython: lab/pattern/python/idempotent.py#handle\n```\n\n```go\nplain\n```\n\n"+
		"```compare\ntitle: Both\nbefore: {label: a, lab: {saga: sync}, do: [{wait: 1s}]}\nafter: {label: b, do: [{wait: 1s}]}\noutcome: [{label: orders, value: len(orders)}]\n```\n")
	require.Len(t, l.Parts, 6)
	assert.Equal(t, "<p>Before.</p>", l.Parts[0].HTML)
	fig := l.Parts[1].Figure
	assert.Equal(t, 1, fig.N)
	assert.Equal(t, "place_order", fig.Buttons[0].Do[0].Name)
	assert.Equal(t, "<p>After.</p>", l.Parts[2].HTML)
	cuts := l.Parts[3].Code.Cuts
	require.Len(t, cuts, 2)
	assert.Contains(t, cuts[0].Text, "func (Inbox) First(")
	assert.Contains(t, cuts[1].Text, "def handle(db, event):")
	assert.Contains(t, l.Parts[4].HTML, "<code class=\"language-go\">plain")
	compare := l.Parts[5].Compare
	assert.Equal(t, "sync", string(l.SettingsOf(compare.Before).Saga))
	assert.Equal(t, "choreography", string(l.SettingsOf(compare.After).Saga))
}

// What is wrong is said where it stands in the file, with what would be right.
func TestAProblemHasItsPlaceInTheFile(t *testing.T) {
	figure := func(yaml string) string { return "\n\n```figure\n" + yaml + "```\n" }
	good := "caption: x\nlens: topics\nbuttons:\n  - label: a\n    do: [freeze]\n"
	for _, one := range []struct{ text, line, says string }{
		{"no front", "8:", ""},
		{"A [[commited offset]].", "8:5", `did you mean "committed offset"?`},
		{"A [[committed offset.", "8:3", "not closed"},
		{"One\n{{lagg(\"payment\")}}.", "9:3", "lag"},
		{figure(strings.Replace(good, "lens: topics", "lens: topic", 1)), "12:7", "valid are map, topics, story, aggregate, read"},
		{figure(good + "watch: [{label: x, value: 'topic(\"orders\").recs'}]\n"), "16:", "recs"},
		{figure(strings.Replace(good, "freeze", "freese", 1)), "15:10", `did you mean "freeze"?`},
		{figure(strings.Replace(good, "[freeze]", "[{crash: {service: paiment}}]", 1)), "15:", "paiment"},
		{figure("caption: x\nlens: topics\n"), "11:", `needs the key "buttons"`},
		{figure("caption: [\n"), "11:", "not YAML"},
		{"```code\ngo: lab/pattern/idempotent.go#Once\n```", "9:5", "Inbox.First"},
		{"```code\ngo: lab/pattern/idempotend.go#Once\n```", "9:5", `did you mean "lab/pattern/idempotent.go"?`},
		{"```code\ncaption: x\n```", "9:1", "names what it shows"},
		{"```figur\n```", "8:1", `did you mean "figure"?`},
		{"- a\n\n  ```figure\n  lens: map\n  ```", "10:1", "left margin"},
		{"```checklist\nquestions: []\n```", "9:1", "adoption"},
		{"```compare\ntitle: x\nbefore: {label: a, do: [{wait: 1}]}\nafter: {label: b, do: [freeze]}\noutcome: [{label: a, value: nothing}]\n```", "10:", ""},
	} {
		_, problems := content.Parse("small", []byte(lesson(one.text)), glossary)
		if one.text == "no front" {
			_, problems = content.Parse("small", []byte("# text"), glossary)
			one.line, one.says = "1:1", "begins with a line ---"
		}
		require.NotEmpty(t, problems, one.text)
		var all []string
		found := false
		for _, p := range problems {
			at := fmt.Sprintf("%d:%d", p.Line, p.Column)
			all = append(all, at+" "+p.Message)
			found = found || strings.HasPrefix(at, one.line) && strings.Contains(p.Message, one.says)
		}
		assert.True(t, found, "%s: want %s %s, got %s", one.text, one.line, one.says, strings.Join(all, "\n"))
	}
}

func TestSettingsOfALessonAreReadStrictly(t *testing.T) {
	_, problems := content.Parse("small", []byte("---\nid: other\ntitle: x\ntopic: kafk\nminutes: 0\nsumary: x\nlab: {services: {payment: {works: 1s}}}\n---\nText.\n"), glossary)
	said := fmt.Sprint(problems)
	for _, want := range []string{`line 2, column 5: id is "other"`, "line 4, column 8: topic cannot be", "line 5, column 10: minutes is 1 to 120", "line 6, column 1: there is no key \"sumary\" in the file (did you mean \"summary\"?)", "line 7"} {
		assert.Contains(t, said, want)
	}
}

func TestLessonsStandInTheOrderOfTheirNeeds(t *testing.T) {
	one := func(id, topic, more string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte("---\nid: " + id + "\ntitle: x\ntopic: " + topic + "\nminutes: 3\nsummary: x\n" + more + "---\nText.\n")}
	}
	files := fstest.MapFS{
		"glossary.md": {Data: []byte("## topic\nA log.\n")}, "lessons/a.md": one("a", "basics", "needs: [z]\n"), "lessons/z.md": one("z", "saga", "needs: [k]\n"),
		"lessons/k.md": one("k", "kafka", ""), "lessons/b.md": one("b", "basics", ""), "lessons/README.txt": {Data: []byte("not a lesson")},
	}
	c, err := content.ReadCourse(files)
	require.NoError(t, err)
	var order []string
	for _, l := range c.Lessons {
		order = append(order, l.ID)
	}
	assert.Equal(t, []string{"b", "k", "z", "a"}, order)

	files["lessons/k.md"] = one("k", "kafka", "needs: [a]\n")
	_, err = content.ReadCourse(files)
	assert.ErrorContains(t, err, "neither could ever be begun")
	files["lessons/k.md"] = one("k", "kafka", "needs: [q]\n")
	_, err = content.ReadCourse(files)
	assert.ErrorContains(t, err, "lessons/k.md: line 7, column 9: there is no lesson \"q\"")
}

func TestTheGlossaryKnowsATermByAllItsNames(t *testing.T) {
	g, problems := content.ReadGlossary([]byte("# Glossary\n\nFor authors.\n\n## Lag\nalso: consumer lag, Backlog\n\nHow far *behind*.\n\n## Empty\n\n## lag\nagain\n"))
	said := fmt.Sprint(problems)
	assert.Contains(t, said, `line 10, column 1: "Empty" does not say what it means`)
	assert.Contains(t, said, `line 12, column 1: "lag" already stands for "Lag"`)
	term, ok := g.Find(" consumer  LAG")
	require.True(t, ok)
	assert.Equal(t, "lag", term.ID)
	assert.Equal(t, "<p>How far <em>behind</em>.</p>", term.HTML)
	_, ok = g.Find("For authors.")
	assert.False(t, ok)
}

func TestWhatIsBundledIsSound(t *testing.T) {
	for _, l := range content.Bundled().Lessons {
		assert.NotEmpty(t, l.Parts, l.ID)
	}
}

// Whatever stands in a file, reading it ends, its problems stand inside it, and
// nothing of it runs.
func FuzzParse(f *testing.F) {
	f.Add(lesson("A [[topic]] {{lag(\"payment\")}}\n\n```figure\ncaption: x\nlens: map\nbuttons: [{label: a, do: [freeze]}]\n```\n"))
	f.Add(lesson("```code\ngo: lab/pattern/retry.go#Backoff\n```\n<script>alert(1)</script> [x](javascript:alert(1)) [[topic|<b>]] {{\"<script>\"}}"))
	f.Add("---\nid: [\n---\n")
	f.Add("---\n---\n```figure\n")
	f.Fuzz(func(t *testing.T, text string) {
		l, problems := content.Parse("small", []byte(text), glossary)
		lines := strings.Count(text, "\n") + 2
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines || p.Column < 1 {
				t.Errorf("a problem at %d:%d of %d lines: %s", p.Line, p.Column, lines, p.Message)
			}
		}
		for _, p := range l.Parts {
			for _, bad := range []string{"<script", "<b>", `href="javascript`} {
				if strings.Contains(strings.ToLower(p.HTML), bad) {
					t.Errorf("%q is in %s", bad, p.HTML)
				}
			}
		}
	})
}
