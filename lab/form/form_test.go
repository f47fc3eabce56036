package form_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"eddy/lab/form"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// doc is a file with a value of every type that is read.
type doc struct {
	Name  string        `yaml:"name" form:"required" doc:"what it is called"`
	Kind  string        `yaml:"kind" is:"small|large"`
	Count int           `yaml:"count"`
	Seed  uint64        `yaml:"seed"`
	Ratio float64       `yaml:"ratio"`
	On    bool          `yaml:"on"`
	Wait  time.Duration `yaml:"wait"`
	Tags  []string      `yaml:"tags"`
	Parts []part        `yaml:"parts"`
	Extra *part         `yaml:"extra"`
	Own   own           `yaml:"own"`
	_     string        // not in the file
}

type part struct {
	ID string `yaml:"id" form:"required"`
	N  int    `yaml:"n"`
}

// own reads itself.
type own struct{ JSON string }

func (o *own) ReadForm(v form.Value) {
	if text, ok := v.Text(); ok && text == "bad" {
		v.Problem("%q is not wanted", text)
		return
	}
	if data, ok := v.JSON(); ok {
		o.JSON = string(data)
	}
}

func (o *own) SchemaForm() map[string]any {
	return map[string]any{"type": []string{"object", "string"}}
}

func read(t *testing.T, text string) (doc, *form.File) {
	t.Helper()
	var d doc
	return d, form.Read([]byte(text), &d)
}

func TestEveryTypeIsRead(t *testing.T) {
	var d doc
	f := form.Read([]byte(`
name: a name
kind: large
count: -3
seed: 18446744073709551615
ratio: 2
on: true
wait: 1m30s
tags: [one, 2, true]
parts:
  - {id: a, n: 1}
  - id: b
extra: {id: c}
own: {z: [1, 2.5, null, true, "text"], a: {}}
`), &d)
	require.Empty(t, f.Problems)
	assert.Equal(t, doc{
		Name: "a name", Kind: "large", Count: -3, Seed: 18446744073709551615, Ratio: 2, On: true, Wait: 90 * time.Second,
		Tags: []string{"one", "2", "true"}, Parts: []part{{"a", 1}, {"b", 0}}, Extra: &part{ID: "c"},
		Own: own{`{"a":{},"z":[1,2.5,null,true,"text"]}`},
	}, d)
}

func TestWhatIsWrongIsSaidInItsPlace(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"name: a\ncount: 1.5\n", "2:8: count must be a whole number, and it is the number 1.5"},
		{"name: a\ncount: \"1\"\n", `2:8: count must be a whole number, and it is the text "1"`},
		{"name: a\ncount: 99999999999999999999\n", "2:8: count must be a whole number, and it is the number 99999999999999999999"},
		{"name: a\nseed: -1\n", "2:7: seed must be a whole number, 0 or more, and it is the number -1"},
		{"name: a\nratio: much\n", `2:8: ratio must be a number, and it is the text "much"`},
		{"name: a\non: yes\n", `2:5: on must be true or false, and it is the text "yes"`},
		{"name: a\nwait: 3\n", "2:7: wait must be a duration, such as 500ms, 20s or 2m, and it is the number 3"},
		{"name: a\nwait: 0\n", "2:7: wait must be a duration, such as 500ms, 20s or 2m, and it is the number 0"},
		{"name: a\nwait: '0'\n", `2:7: wait must be a duration, such as 500ms, 20s or 2m, and it is the text "0"`},
		{"name: a\nwait: '+1s'\n", `2:7: wait must be a duration, such as 500ms, 20s or 2m, and it is the text "+1s"`},
		{"name: a\nwait: [1s]\n", "2:7: wait must be a duration, such as 500ms, 20s or 2m, and it is a list"},
		{"name: a\nwait: -3s\n", "2:7: -3s is negative: a duration is 0 or more"},
		{"name: a\ntags: one\n", `2:7: tags must be a list, and it is the text "one"`},
		{"name: a\ntags: [one, [two]]\n", "2:13: item 2 of tags must be text, and it is a list"},
		{"name: {}\n", "1:7: name must be text, and it is a mapping"},
		{"name:\n", "1:6: name must be text, and it is empty"},
		{"name: '  '\n", "1:7: name is empty"},
		{"kind: large\n", `1:1: the file needs the key "name"`},
		{"name: a\nkind: huge\n", `2:7: kind cannot be "huge": valid are small, large`},
		{"name: a\nparts: [{n: 1}]\n", `2:9: item 1 of parts needs the key "id"`},
		{"name: a\nparts:\n  - id: x\n    m: 1\n", `4:5: there is no key "m" in item 1 of parts (did you mean "n"?): valid are id, n`},
		{"name: a\nnot: 1\n", `2:1: there is no key "not" in the file (did you mean "on"?): valid are name, kind, count, seed, ratio, on, wait, tags, parts, extra, own`},
		{"name: a\nsomething: 1\n", `2:1: there is no key "something" in the file: valid are name, kind, count, seed, ratio, on, wait, tags, parts, extra, own`},
		{"name: a\nname: b\n", `2:1: "name" stands here for the second time`},
		{"name: a\n? [x]\n: 1\n", "2:3: a key must be text"},
		{"name: a\nextra: 1\n", "2:8: extra must be a mapping with the keys id, n, and it is the number 1"},
		{"name: a\nown: bad\n", `2:6: "bad" is not wanted`},
		{"name: a\nown: {x: 1, x: 2}\n", `2:13: "x" stands here for the second time`},
		{"- a\n", "1:1: the file must be a mapping with the keys name, kind, count, seed, ratio, on, wait, tags, parts, extra, own, and it is a list"},
		{"", "1:1: the file is empty"},
		{"name: &a x\nkind: *a\n", "2:7: an alias (*a) is not taken here: write the value again"},
		{"name: a\n---\nname: b\n", "2:1: a second document begins here: a file holds one"},
		{"name: a\n---\nname: [\n", "3:1: this is not YAML: did not find expected node content"},
		{"name: a\ntags: [one,\n  two\nkind: large\n", "2:1: this is not YAML: did not find expected ',' or ']'"},
		{"name: a\nkind: b: c\n", "2:1: this is not YAML: mapping values are not allowed in this context"},
		{"name: a\r\nkind: huge\r\n", `2:7: kind cannot be "huge": valid are small, large`},
		{"name: a\nkind: \x00\n", "2:1: this is not text: the file must be written in UTF-8"},
		{"\xff\xfen\x00a\x00", "1:1: this is not text: the file must be written in UTF-8"},
		{"name: caf\xe9\n", "1:1: this is not text: the file must be written in UTF-8"},
	} {
		_, f := read(t, c.text)
		if assert.Len(t, f.Problems, 1, "%q: %v", c.text, f.Problems) {
			p := f.Problems[0]
			assert.Equal(t, c.want, fmt.Sprintf("%d:%d: %s", p.Line, p.Column, p.Message), "%q", c.text)
			assert.Equal(t, fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, p.Message), p.Error())
		}
	}
}

func TestAllProblemsAreFoundInTheOrderOfTheFile(t *testing.T) {
	_, f := read(t, "count: x\nparts: [{id: a, n: b}, {}]\nkind: huge\n")
	var lines []int
	for _, p := range f.Sorted() {
		lines = append(lines, p.Line)
	}
	assert.Equal(t, []int{1, 1, 2, 2, 3}, lines, "%v", f.Sorted())
}

func TestPlacesAreKnown(t *testing.T) {
	_, f := read(t, "name: a\nparts:\n  - id: x\n    n: wrong\nown: {k: [1, 2]}\n")
	assert.True(t, f.Has("parts[0].n"))
	assert.False(t, f.Good("parts[0].n"), "it is there, and of the wrong kind")
	assert.True(t, f.Good("parts[0].id"))
	assert.False(t, f.Has("parts[1]"))
	assert.False(t, f.Has("wait"))
	assert.Equal(t, form.Pos{Line: 4, Column: 8}, f.At("parts[0].n"))
	assert.Equal(t, form.Pos{Line: 3, Column: 5}, f.At("parts[0].other"), "the nearest value around it")
	assert.Equal(t, form.Pos{Line: 3, Column: 3}, f.At("parts[7].id"))
	assert.Equal(t, form.Pos{Line: 1, Column: 1}, f.At("nowhere"))
	f.Problem("parts[0].n", "it is %d too many", 3)
	assert.Equal(t, form.Problem{Pos: form.Pos{Line: 4, Column: 8}, Message: "it is 3 too many"}, f.Problems[1])
}

// A place within a text is a place in the file, however the text is written.
func TestPlacesInsideTexts(t *testing.T) {
	for _, c := range []struct {
		text         string
		line, column int
		want         form.Pos
	}{
		{"name: one two\n", 1, 5, form.Pos{Line: 1, Column: 11}},
		{"name: 'one two'\n", 1, 5, form.Pos{Line: 1, Column: 12}},
		{"name: |\n  one\n  two\n", 2, 2, form.Pos{Line: 3, Column: 4}},
		{"name: >\n  one\n  two\n", 1, 5, form.Pos{Line: 3, Column: 3}},
		{"name: one\n  two\n", 1, 5, form.Pos{Line: 2, Column: 3}},
	} {
		_, f := read(t, c.text)
		require.Empty(t, f.Problems)
		assert.Equal(t, c.want, f.Inside("name", c.line, c.column), "%q", c.text)
	}
}

func TestLikelyNames(t *testing.T) {
	assert.Equal(t, ` (did you mean "steps"?)`, form.Likely("stpes", []string{"title", "steps"}))
	assert.Empty(t, form.Likely("something", []string{"title", "steps"}))
	assert.Empty(t, form.Likely(strings.Repeat("x", 60_000), []string{"title"}))
}

func TestTheSchemaDescribesTheType(t *testing.T) {
	s := form.Schema(doc{}, "a doc")
	assert.Equal(t, "a doc", s["title"])
	assert.Equal(t, false, s["additionalProperties"])
	assert.Equal(t, []string{"name"}, s["required"])
	p := s["properties"].(map[string]any)
	assert.Len(t, p, 11)
	assert.Equal(t, "what it is called", p["name"].(map[string]any)["description"])
	assert.Equal(t, []string{"small", "large"}, p["kind"].(map[string]any)["enum"])
	assert.Equal(t, "integer", p["count"].(map[string]any)["type"])
	assert.Equal(t, "number", p["ratio"].(map[string]any)["type"])
	assert.Equal(t, "boolean", p["on"].(map[string]any)["type"])
	assert.Equal(t, "array", p["parts"].(map[string]any)["type"])
	assert.Equal(t, []string{"id"}, p["extra"].(map[string]any)["required"])
	assert.Equal(t, []string{"object", "string"}, p["own"].(map[string]any)["type"])
}

// bombs are files that would cost a careless reader much.
func bombs() map[string]string {
	laughs := "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
	for i := 1; i < 40; i++ {
		laughs += fmt.Sprintf("a%d: &a%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i-1), 9), ", "))
	}
	var keys, merge strings.Builder
	for i := range 7000 {
		fmt.Fprintf(&keys, "k%d: 1\n", i)
		fmt.Fprintf(&merge, "- &m%d {<<: *m%d}\n", i, max(0, i-1))
	}
	const full = form.MaxBytes
	return map[string]string{
		"laughs":          laughs,
		"deep flow":       strings.Repeat("[", full-10),
		"deep mappings":   strings.Repeat("{a: ", full/4-10),
		"deep block":      strings.Repeat("- ", full/2-10),
		"deep indent":     deepIndent(),
		"many keys":       keys.String(),
		"merge keys":      "a: &m0 {}\nb:\n" + merge.String()[:full-100],
		"long scalar":     "name: " + strings.Repeat("x", full-20) + "\nkind: bad\n",
		"long key":        strings.Repeat("k", full-20) + ": 1\n",
		"long key flow":   "{" + strings.Repeat("? ", full/2-10),
		"questions":       strings.Repeat("? ", full/2-10),
		"quotes":          "name: \"" + strings.Repeat(`\"`, full/2-10),
		"anchors":         strings.Repeat("&a ", full/3-10),
		"documents":       strings.Repeat("---\na\n", full/6-10),
		"directives":      strings.Repeat("%TAG ! a\n", full/9-10),
		"comments":        strings.Repeat("# a\n", full/4-10),
		"colons":          strings.Repeat("a: ", full/3-10),
		"blank lines":     strings.Repeat("\n", full-10) + "[",
		"bad at the end":  strings.Repeat("k: [a]\nl:\n", full/11) + "m: 'x",
		"10 MB":           strings.Repeat("name: a long line of text\n", 10<<20/26),
		"10 MB one line":  strings.Repeat("x", 10<<20),
		"binary":          "\x7fELF\x02\x01\x01\x00" + strings.Repeat("\x00\xfe", 20_000),
		"UTF-16":          "\xff\xfe" + strings.Join(strings.Split("name: a\n", ""), "\x00") + "\x00",
		"tabs":            strings.Repeat("\tname: a\n", full/9-10),
		"surrogate halfs": strings.Repeat("\xed\xa0\x80", 20_000),
	}
}

func deepIndent() string {
	var b strings.Builder
	for i := range 340 {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

// limit is what a refusal may take.
const limit = 2 * time.Second

func TestBombsAreRefusedQuickly(t *testing.T) {
	for name, text := range bombs() {
		t.Run(name, func(t *testing.T) {
			best := time.Hour
			for range 3 { // others may be busy on this machine
				began := time.Now()
				_, f := read(t, text)
				require.NotEmpty(t, f.Problems)
				assert.LessOrEqual(t, len(f.Problems), 100)
				if best = min(best, time.Since(began)); best < limit {
					break
				}
			}
			assert.Less(t, best, limit)
		})
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"name: a\n", "name: |\n  a\n", "parts: [{id: 1}]\nown: {a: [1, .inf, !!binary aGk=]}\n", "? a\n: b\n", "own: !!int x\n", "a: &x {b: *x}\n", "name: \"\\uD800\"\n", "\ufeffname: a\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d doc
		file := form.Read(data, &d)
		for _, p := range file.Problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" || p.Line > strings.Count(string(data), "\n")+strings.Count(string(data), "\r")+2 {
				t.Fatalf("%q: a problem that is nowhere: %+v", data, p)
			}
		}
		if len(file.Problems) == 0 && strings.TrimSpace(d.Name) == "" {
			t.Fatalf("%q: the name is missing, and nothing is said", data)
		}
	})
}
