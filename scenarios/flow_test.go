package scenarios_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/soak"
	"eddy/scenarios"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const oneStep = "id: a\ntitle: t\npattern: kafka\nlevel: 1\nminutes: 1\nsummary: s\nsteps:\n  - id: a\n    title: t\n    goal: settled\n    solution:\n      - "

// Whatever was done is written so that it is read as the same, and an editor
// with the schema takes it.
func TestAnActionIsWrittenAsItIsRead(t *testing.T) {
	actions := []string{
		`{"publish":{"topic":"orders","key":"a: b","value":"{\"x\": \"it's\"}\n\t# no comment","headers":{"on":"yes","1":"2"},"partition":2}}`,
		`{"publish":{"topic":"orders","value":""}}`, `{"note":{"text":" - dash, [list] {map} & * ! | > % @ ` + "`" + ` true"}}`, `{"note":{"text":"null"}}`, `{"note":{"text":"012"}}`,
		`{"wait":"1.5s"}`, `{"expect":{"expr":"order(\"A\").charges == 2","because":"it's so"}}`, `{"rewind":{"group":"projector","to":7}}`, `{"rewind":{"group":"projector","to":"earliest"}}`,
		`{"break_on":{"event":"OrderCreated","when":"message.data.total > 100 && message.key == 'x'"}}`, `{"held":{"do":"change","value":"{\"event_type\":\"X\"}"}}`,
		`{"broker":{"id":0,"state":"down"}}`, `{"move_leader":{"topic":"orders","partition":0,"to":0}}`, `{"scale":{"service":"payment","instances":0}}`,
		`{"place_order":{"as":"on","user":"007","items":[{"sku":"mouse","qty":1},{"sku":"cable","qty":2}]}}`, `{"place_order":{"user":"ü – „x“ \u0085\u2028","items":[{"sku":"mouse","qty":1}]}}`,
		`"freeze"`, `"heal"`, `{"heal":"payment"}`, `{"cancel_order":{"order":"A","if_version":1}}`, `{"fail":{"service":"payment","rate":0.25}}`,
	}
	for _, m := range soak.NewPlan(3, time.Hour).Moves {
		actions = append(actions, string(m.Action))
	}
	valid := schema(t)
	seen := map[string]bool{}
	for _, raw := range actions {
		a, err := lab.DecodeAction([]byte(raw))
		require.NoError(t, err, raw)
		line := scenarios.ActionLine(a)
		if seen[line] || a.Name == "publish" && strings.Contains(raw, `"event"`) && strings.Contains(raw, "Command") {
			continue
		}
		seen[line] = true
		require.NotContains(t, line, "\n")
		text := []byte(oneStep + line + "\n")
		s, problems := scenarios.Parse("", text)
		require.Empty(t, problems, "%s\n%s", raw, line)
		want, err := json.Marshal(a)
		require.NoError(t, err)
		got, err := json.Marshal(s.Steps[0].Solution[0].Action)
		require.NoError(t, err)
		assert.JSONEq(t, string(want), string(got), line)
		doc, err := asEditor(text)
		require.NoError(t, err, line)
		assert.NoError(t, valid.Validate(doc), line)
	}
	assert.Greater(t, len(seen), 150)
}

// What an action needs, Parse and the schema ask for alike.
func TestTheSchemaAsksForWhatParseAsksFor(t *testing.T) {
	valid := schema(t)
	for _, spec := range lab.ActionSpecs() {
		whole := map[string]any{}
		for _, m := range append(soak.NewPlan(5, time.Hour).Moves, soak.Move{Action: []byte(`{"wait":{"for":"1s"}}`)}, soak.Move{Action: []byte(`{"expect":{"expr":"settled"}}`)}, soak.Move{Action: []byte(`{"wait_until":{"expr":"settled"}}`)}) {
			var one map[string]map[string]any
			require.NoError(t, json.Unmarshal(m.Action, &one))
			if args, ok := one[spec.Name]; ok {
				whole = args
			}
		}
		for left := range whole {
			args := map[string]any{}
			for name, value := range whole {
				if name != left {
					args[name] = value
				}
			}
			raw, err := json.Marshal(map[string]any{spec.Name: args})
			require.NoError(t, err)
			text := fmt.Appendf(nil, "%s%s\n", oneStep, raw)
			_, problems := scenarios.Parse("", text)
			doc, err := asEditor(text)
			require.NoError(t, err)
			assert.Equal(t, len(problems) == 0, valid.Validate(doc) == nil, "%s: Parse says %v, the schema says %v", raw, problems, valid.Validate(doc))
		}
	}
}
