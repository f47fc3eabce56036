package lab_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The list of values that a form and a schema show is the one that a lab takes.
func TestTheValuesThatAreListedAreTaken(t *testing.T) {
	service := func(name, value string) string {
		return fmt.Sprintf(`{"services":{"payment":{%q:%q}}}`, name, value)
	}
	for _, group := range []struct {
		fields  []lab.Arg
		written func(name, value string) string
	}{
		{lab.SettingFields(), func(name, value string) string { return fmt.Sprintf(`{%q:%q}`, name, value) }},
		{lab.ServiceFields(), service},
	} {
		for _, f := range group.fields {
			for _, value := range f.OneOf {
				_, err := lab.ParseSettings([]byte(group.written(f.Name, value)))
				assert.NoError(t, err)
			}
			if f.OneOf != nil {
				_, err := lab.ParseSettings([]byte(group.written(f.Name, "x")))
				assert.ErrorContains(t, err, f.Name+` cannot be "x": it is `+f.OneOf[0])
			}
		}
	}

	// The other arguments of each action that has a list of its own.
	actions := map[string]string{
		"place_order.method": `"items":[{"sku":"mouse","qty":1}]`, "crash.at": `"service":"notification"`, "fail.kind": `"service":"payment"`,
		"broker.state": `"id":1`, "cut.from": `"service":"inventory"`, "mend.from": `"service":"inventory"`, "held.do": "", "rebuild.projection": "",
	}
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Settled()
		do := func(action, field, value string) error {
			args := map[string]any{}
			require.NoError(t, json.Unmarshal([]byte("{"+actions[action+"."+field]+"}"), &args))
			args[field] = value
			raw, err := json.Marshal(map[string]any{action: args})
			require.NoError(t, err)
			a, err := lab.DecodeAction(raw)
			require.NoError(t, err)
			_, err = w.Lab.Do(t.Context(), a)
			return err
		}
		for _, spec := range lab.ActionSpecs() {
			for _, f := range spec.Fields() {
				if f.OneOf == nil || f.Is != "" && f.Is != "projection" || spec.Name == "set" {
					continue
				}
				require.Contains(t, actions, spec.Name+"."+f.Name)
				assert.ErrorContains(t, do(spec.Name, f.Name, "x"), f.Name+` cannot be "x": it is `+f.OneOf[0])
				for _, value := range f.OneOf {
					if err := do(spec.Name, f.Name, value); err != nil {
						assert.NotContains(t, err.Error(), "cannot be", "%s of %s is %s", f.Name, spec.Name, value)
					}
				}
			}
		}
	})
}

// What an action needs must be written: a number that is not given is no 0.
func TestWhatAnActionNeedsMustBeGiven(t *testing.T) {
	for raw, want := range map[string]string{
		`{"scale":{"service":"payment"}}`:   "scale needs instances",
		`{"add_partitions":"orders"}`:       "add_partitions needs to",
		`{"broker":{"state":"down"}}`:       "broker needs id",
		`"crash"`:                           "crash needs service",
		`{"crash":{"service":null}}`:        "crash needs service",
		`{"speed":0}`:                       "speed needs factor",
		`{"explode":{}}`:                    "there is no action",
		`{"place_order":{"as":"a b"}}`:      "at least one item",
		`{"set":{"service":"payment"}}`:     "set needs a setting",
		`{"break_on":{"when":"settled +"}}`: "the expression is wrong",
		`{"rebuild":"shelves"}`:             `projection cannot be "shelves"`,
		`{"cancel_order":{"order":["A"]}}`:  "must be text",
		`{"heal":{"service":"everything"}}`: "there is no service",
	} {
		_, wrong := lab.CheckAction([]byte(raw))
		if assert.NotEmpty(t, wrong, raw) {
			assert.Contains(t, wrong[0].Message, want, raw)
		}
	}
	for _, raw := range []string{`{"scale":{"service":"payment","instances":0}}`, `{"crash":"payment"}`, `{"heal":"all"}`, `"freeze"`, `{"set":{"saga":"sync"}}`} {
		a, wrong := lab.CheckAction([]byte(raw))
		assert.Empty(t, wrong, raw)
		assert.NotNil(t, a.Args)
	}
}

func TestTheVocabularyKnowsWhatAFunctionTakes(t *testing.T) {
	takes := map[string][]string{}
	for _, w := range lab.ExprVocabularyOf().Words {
		takes[w.Name] = w.Args
	}
	assert.Equal(t, []string{"list"}, takes["len"])
	assert.Equal(t, []string{"list", "condition"}, takes["count"])
	assert.Equal(t, []string{"event", "order"}, takes["events"])
}
