package trial_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"eddy/lab"
	"eddy/scenarios"
	"eddy/scenarios/trial"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// byHand does actions and pauses in a lab in virtual time, as a person would,
// and records what came of it.
func byHand(t *testing.T, settings string, moves ...string) (record *scenarios.Record, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, perr := lab.ParseSettings([]byte(settings))
		require.NoError(t, perr)
		l, oerr := lab.Open(t.Context(), s, lab.Options{})
		require.NoError(t, oerr)
		defer l.Close()
		for _, m := range moves {
			if pause, perr := time.ParseDuration(m); perr == nil {
				time.Sleep(pause)
				continue
			}
			a, derr := lab.DecodeAction([]byte(m))
			require.NoError(t, derr, m)
			_, derr = l.Do(t.Context(), a)
			require.NoError(t, derr, m)
		}
		synctest.Wait()
		record, err = scenarios.NewRecord(l, l.Head())
	})
	return record, err
}

const order = `{"place_order":{"user":"user-3","items":[{"sku":"mouse","qty":2}]}}`

// What was done by hand in several ways becomes a file that passes the check and
// the play, and whose goals are what came of it.
func TestWhatWasDoneByHandBecomesAScenario(t *testing.T) {
	pool := trial.NewPool([]string{os.Args[0]}, time.Minute)
	defer pool.Close()
	for _, c := range []struct {
		name     string
		settings string
		moves    []string
		goals    []string // one a step
		has      []string // of the file
		pattern  string
	}{
		{"double charge", `{"work":"500ms"}`, []string{
			"2s", `{"set":{"service":"payment","idempotent":false}}`, "3s", `{"crash":{"service":"payment","at":"after_handle","on":"OrderCreated"}}`,
			"1s", order, "6s", `{"restart":"payment"}`, "12s",
		}, []string{`invariant("no-double-charge") == "broken"`}, []string{
			"lab: {seed: 1, work: 500ms}", "as: A", `service("payment").state == "crashed"`, "expr: settled", `order("A").charges == 2`,
		}, "idempotency"},
		{"an order", `{}`, []string{order, "5s"}, []string{`order("A").status == "COMPLETED"`}, []string{"expr: settled"}, "kafka"},
		{"notes are steps", `{"seed":9}`, []string{
			`{"note":{"text":"Payment is away: what waits?"}}`, `{"scale":{"service":"payment","instances":0}}`, "1s", order, "4s",
			`{"note":{"text":"It comes back"}}`, `{"scale":{"service":"payment","instances":1}}`, "8s", `{"note":{"text":"Late, not lost."}}`,
		}, []string{`lag("payment") > 0`, `lag("payment") == 0`}, []string{
			"title: 'Payment is away: what waits?'", "title: It comes back", "explain: 'Late, not lost.'", "lab: {seed: 9}",
		}, "kafka"},
		{"a poison message", `{"services":{"payment":{"retries":1}}}`, []string{
			`{"publish":{"topic":"orders","key":"k","value":"{broken"}}`, "3s", order, "4s",
		}, []string{`dead_letters("orders") == `}, []string{"value: '{broken'", "retries: 1"}, "dead-letter"},
		{"a declined card", `{"key":"order"}`, []string{
			`{"place_order":{"as":"Z","user":"user-3","items":[{"sku":"mouse","qty":2}],"method":"declined-card"}}`, "4s",
		}, []string{`order("Z").status == "CANCELLED"`}, []string{"key: order", "method: declined-card"}, "saga"},
		{"three members", `{}`, []string{`{"scale":{"service":"inventory","instances":3}}`, "8s", order, "5s"},
			[]string{`order("A").status == "COMPLETED"`}, []string{`members("inventory") == 3`}, "kafka"},
		{"a held message", `{}`, []string{
			`{"break_on":{"service":"payment","event":"OrderCreated"}}`, "1s", order, "3s", `{"held":{"do":"drop"}}`, "500ms", `"thaw"`, "5s",
		}, []string{`invariant("every-order-ends") == "broken"`}, []string{"held: drop", "wait: "}, "kafka"},
	} {
		t.Run(c.name, func(t *testing.T) {
			record, err := byHand(t, c.settings, c.moves...)
			require.NoError(t, err)
			require.NoError(t, record.Rehearse(t.Context(), pool))
			draft, err := record.Draft(scenarios.Wish{Title: c.name}, nil)
			require.NoError(t, err, "%+v", record)
			require.Len(t, draft.Steps, len(c.goals), draft.YAML)
			for i, goal := range c.goals {
				assert.Contains(t, draft.Steps[i].Goal, goal)
			}
			for _, text := range c.has {
				assert.Contains(t, draft.YAML, text)
			}
			assert.Contains(t, draft.YAML, "pattern: "+c.pattern)
			s, problems := scenarios.Parse(draft.ID, []byte(draft.YAML))
			require.Empty(t, problems)
			for _, mode := range []scenarios.Mode{scenarios.Solved, scenarios.Untouched} {
				for _, seed := range []uint64{0, 77} {
					synctest.Test(t, func(t *testing.T) {
						r, err := scenarios.Run(t.Context(), s, scenarios.Config{Mode: mode, Seed: seed})
						require.NoError(t, err)
						assert.True(t, r.Passed, "mode %d, seed %d: %+v", mode, seed, r)
					})
				}
			}
		})
	}
}

func TestWhatCannotBeRecordedIsSaidSo(t *testing.T) {
	_, err := byHand(t, `{}`)
	require.ErrorContains(t, err, "Nothing was done in this lab yet")
	_, err = byHand(t, `{}`, `{"note":{"text":"hello"}}`, `{"wait":"1s"}`)
	require.ErrorContains(t, err, "Nothing was done in this lab yet")
	many := make([]string, 201)
	for i := range many {
		many[i] = `{"set":{"key":"order"}}`
	}
	_, err = byHand(t, `{}`, many...)
	require.ErrorContains(t, err, "a scenario takes 200 at most")
	record, err := byHand(t, `{}`, `{"set":{"key":"order"}}`)
	require.NoError(t, err)
	_, err = record.Draft(scenarios.Wish{}, nil)
	require.ErrorIs(t, err, scenarios.ErrNoGoal)
}

func TestAPersonNamesAndChooses(t *testing.T) {
	record, err := byHand(t, `{}`, order, "5s", `{"place_order":{"as":"B","user":"it's me: #1","items":[{"sku":"cable","qty":1}]}}`, "5s")
	require.NoError(t, err)
	goals := []string{`order("B").status == "COMPLETED"`, `order("A").status == "COMPLETED"`}
	draft, err := record.Draft(scenarios.Wish{ID: "mine", Title: `A "title": with 'quotes'`, Goals: map[int][]string{0: goals}}, assert.AnError)
	require.NoError(t, err)
	assert.Contains(t, draft.YAML, "The goals were not tried again: ")
	s, problems := scenarios.Parse("mine", []byte(draft.YAML))
	require.Empty(t, problems)
	assert.Equal(t, `A "title": with 'quotes'`, s.Title)
	assert.Equal(t, strings.Join(goals, " && "), s.Steps[0].Goal)
	raw, err := json.Marshal(s.Steps[0].Solution[2].Action)
	require.NoError(t, err)
	assert.JSONEq(t, `{"place_order":{"as":"B","user":"it's me: #1","items":[{"sku":"cable","qty":1}]}}`, string(raw))
	_, err = record.Draft(scenarios.Wish{ID: "Not An Id"}, nil)
	require.ErrorContains(t, err, "An id is made of small letters")
	_, err = record.Draft(scenarios.Wish{Goals: map[int][]string{0: {"settled"}}}, nil)
	require.ErrorContains(t, err, "not among the goals")
}

// A goal that comes true by itself, and one that depends on the seed, are none.
func TestAGoalThatDoesNotStandIsNotSuggested(t *testing.T) {
	pool := trial.NewPool([]string{os.Args[0]}, time.Minute)
	defer pool.Close()
	record, err := byHand(t, `{"work":"2s"}`, `{"note":{"text":"one"}}`, order, "500ms", `{"note":{"text":"two"}}`, `{"scale":{"service":"notification","instances":2}}`, "20s")
	require.NoError(t, err)
	require.Len(t, record.Steps, 2)
	has := func(step int, goal string) bool {
		return slices.ContainsFunc(record.Steps[step].Goals, func(s scenarios.Suggestion) bool { return s.Goal == goal })
	}
	require.True(t, has(1, `order("A").status == "COMPLETED"`), "before it is tried: %v", record.Steps[1].Goals)
	require.NoError(t, record.Rehearse(t.Context(), pool))
	last := len(record.Steps) - 1 // a first step that is left without a goal has become a part of the second
	assert.False(t, has(last, `order("A").status == "COMPLETED"`), "it comes true without the second step")
	assert.False(t, has(0, `order("A").status == "CREATED"`), "it does not stay")
	assert.True(t, has(last, `service("notification").instances == 2`))

	record, err = byHand(t, `{}`, `{"note":{"text":"one"}}`, `{"burst":{"orders":30,"rate":1}}`, "3s", `{"note":{"text":"two"}}`, `{"scale":{"service":"notification","instances":2}}`, "40s")
	require.NoError(t, err)
	goal := `count(orders, .status == "COMPLETED") >= 30`
	require.True(t, has(1, goal), "before it is tried: %v", record.Steps[1].Goals)
	require.NoError(t, record.Rehearse(t.Context(), pool))
	assert.False(t, has(1, goal), "the burst goes on without the second step")
	assert.True(t, has(1, `members("notification") == 2`))

	depends := false
	for seed := range 4 {
		record, err := byHand(t, fmt.Sprintf(`{"seed":%d}`, seed+1), `{"decline":{"rate":0.5}}`, order, "5s")
		require.NoError(t, err)
		require.NotEmpty(t, record.Steps[0].Goals)
		require.NoError(t, record.Rehearse(t.Context(), pool))
		depends = depends || len(record.Steps[0].Goals) == 0
	}
	assert.True(t, depends, "of half of the payments each outcome is suggested")
}
