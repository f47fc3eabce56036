package scenarios_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"eddy/scenarios"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// schema is the one that `eddy schema scenario` prints, compiled.
func schema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	raw, err := json.Marshal(scenarios.Schema())
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("scenario.json", doc))
	s, err := c.Compile("scenario.json")
	require.NoError(t, err, "the schema is one")
	return s
}

// asEditor reads YAML as an editor does that checks it against a schema.
func asEditor(text []byte) (any, error) {
	var v any
	if err := yaml.Unmarshal(text, &v); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	return jsonschema.UnmarshalJSON(bytes.NewReader(raw))
}

func TestTheSchemaTakesTheLibrary(t *testing.T) {
	s := schema(t)
	for _, one := range scenarios.Bundled() {
		text := one.Text()
		doc, err := asEditor(text)
		require.NoError(t, err)
		assert.NoError(t, s.Validate(doc), "%s", one.ID)
	}
}

// beyondSchema are the mistakes that no schema can see: what depends on another
// place of the file or on its name, on the language of expressions, and what is
// wrong with the YAML itself but not with what it says.
var beyondSchema = []string{
	"id-of-another-file", "free", "needs-itself", "step-id-twice", "answer-outside", "observe-with-both", "missing-observe-answer", "observe-without-choice",
	"goal-unknown-name", "goal-unknown-property", "goal-not-yes-or-no", "goal-unfinished", "goal-unknown-invariant", "goal-second-line", "goal-folded",
	"goal-number", "task-when-unknown", "action-condition", "wrong-without-solution", "alias", "two-documents", "only-a-comment",
}

// What Parse refuses for a key, a type, a name or a number, an editor with the
// schema shows as wrong, too.
func TestTheSchemaRefusesWhatParseRefuses(t *testing.T) {
	s := schema(t)
	files, err := filepath.Glob("testdata/malformed/*.yaml")
	require.NoError(t, err)
	seen := 0
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		doc, err := asEditor(text)
		if err != nil {
			continue // an editor shows what is not YAML
		}
		err = s.Validate(doc)
		if slices.Contains(beyondSchema, name) {
			seen++
			continue
		}
		assert.Error(t, err, "%s: the schema takes it", name)
	}
	assert.Equal(t, len(beyondSchema), seen, "what stands in the list is there")
}

// The ranges in the schema are those that a lab checks.
func TestTheSchemaKnowsTheRangesOfSettings(t *testing.T) {
	s := schema(t)
	for _, c := range []struct {
		setting  string
		min, max int
	}{
		{"brokers: %d", 1, 3}, {"slots: %d", 1, 64}, {"snapshot_every: %d", 0, 1000},
		{"services: {payment: {instances: %d}}", 0, 8}, {"services: {payment-service: {retries: %d}}", 0, 20}, {"services: {order: {schema_version: %d}}", 1, 2},
	} {
		for _, n := range []int{c.min - 1, c.min, c.max, c.max + 1} {
			text := fmt.Sprintf("id: a\ntitle: t\npattern: kafka\nlevel: 1\nminutes: 1\nsummary: s\nlab: {"+c.setting+"}\nsteps: [{id: a, title: t, goal: settled}]\n", n)
			doc, err := asEditor([]byte(text))
			require.NoError(t, err)
			_, problems := scenarios.Parse("", []byte(text))
			ok := n >= c.min && n <= c.max
			assert.Equal(t, ok, len(problems) == 0, "%s: %v", text, problems)
			assert.Equal(t, ok, s.Validate(doc) == nil, "%s", text)
		}
	}
}

func TestLargeAndStrangeFilesAreRefusedQuickly(t *testing.T) {
	long := strings.Repeat("x", 60_000)
	head := "id: a\ntitle: t\npattern: kafka\nlevel: 1\nminutes: 1\nsummary: s\nsteps:\n  - id: a\n    title: t\n    goal: "
	for name, text := range map[string]string{
		"10 MB":           strings.Repeat(head+"settled\n", 10<<20/len(head)),
		"long goal":       head + long + "\n",
		"deep goal":       head + strings.Repeat("(", 30_000) + "\n",
		"goal of ands":    head + strings.Repeat("settled && ", 5000) + "settled\n",
		"nested any":      head + strings.Repeat("any(orders, ", 4000) + "true" + strings.Repeat(")", 4000) + "\n",
		"many steps":      head + "settled\n" + strings.Repeat("  - {id: b, title: t, goal: settled}\n", 1600),
		"many actions":    head + "settled\n    solution: [" + strings.Repeat("frezze, ", 7000) + "]\n",
		"many conditions": head + "settled\n    solution:\n" + strings.Repeat("      - expect: lagg(1)\n", 2400),
		"many settings":   "lab:\n" + strings.Repeat("  a: 1\n", 9000) + head + "settled\n",
		"deep lab":        "lab: " + strings.Repeat("{services: ", 5000) + "1" + strings.Repeat("}", 5000),
	} {
		t.Run(name, func(t *testing.T) {
			best := time.Hour
			for range 3 { // others may be busy on this machine
				began := time.Now()
				_, problems := scenarios.Parse("", []byte(text))
				require.NotEmpty(t, problems)
				if best = min(best, time.Since(began)); best < 2*time.Second {
					break
				}
			}
			assert.Less(t, best, 2*time.Second)
		})
	}
}

// A file that is written on Windows is as good as any.
func TestLineEndingsAndByteOrderMarks(t *testing.T) {
	text := bundled(t, "first-order").Text()
	crlf := bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n"))
	s, problems := scenarios.Parse("first-order", crlf)
	require.Empty(t, problems)
	assert.NotContains(t, s.Steps[0].Say, "\r")
	_, problems = scenarios.Parse("first-order", append([]byte("\ufeff"), text...))
	assert.Empty(t, problems)
	_, problems = scenarios.Parse("first-order", bytes.Replace(crlf, []byte("level: 1"), []byte("level: 9"), 1))
	require.Len(t, problems, 1)
	assert.Equal(t, 4, problems[0].Line)
}

// Whatever the file: Parse does not panic, its problems are in the file, and a
// scenario without problems can be shown, and is a file that the schema takes.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/malformed/*.yaml")
	require.NoError(f, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(text)
	}
	for _, s := range scenarios.Bundled() {
		text := s.Text()
		f.Add(text)
	}
	valid := schema(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		s, problems := scenarios.Parse("", text)
		lines := bytes.Count(text, []byte("\n")) + bytes.Count(text, []byte("\r")) + 2
		for _, p := range problems {
			if p.Line < 1 || p.Line > lines || p.Column < 1 || p.Message == "" {
				t.Fatalf("a problem that is nowhere: %v", p)
			}
		}
		if len(problems) > 0 {
			return
		}
		if _, err := json.Marshal(s.Outline()); err != nil {
			t.Fatal(err)
		}
		if _, err := json.Marshal(scenarios.NewGuide(s, nil, nil, nil).View()); err != nil {
			t.Fatal(err)
		}
		doc, err := asEditor(text)
		if err != nil {
			return // such as a key that is no text for another reader
		}
		if err := valid.Validate(doc); err != nil {
			t.Fatalf("the schema refuses what Parse takes: %v\n%s", err, text)
		}
	})
}
