package quiz_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"testing/synctest"

	"eddy/quiz"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const all = `
id: all
title: One of each kind
questions:
  - {id: single, kind: single, ask: q, options: [{text: a, why: no}, {text: b, correct: true}], explain: because}
  - id: multiple
    kind: multiple
    ask: q
    points: 3
    options: [{text: a, correct: true}, {text: b, correct: true}, {text: c, correct: true}, {text: d, why: no}]
  - {id: order, kind: order, ask: q, order: [a, b, c], points: 3}
  - {id: graph, kind: order, ask: q, order: [a, b, c], before: [[a, c], [b, c]], points: 2}
  - {id: match, kind: match, ask: q, match: [{left: a, right: 1}, {left: b, right: 2}], points: 2}
  - {id: number, kind: number, ask: q, number: {value: 3.5, tolerance: 0.5}}
  - id: text
    kind: text
    ask: q
    accept: [{idea: coupling, any: [loosely coupled, decoupl], points: 2}, {idea: waiting, any: [not wait]}]
  - {id: predict, kind: predict, ask: 'How many?', lab: {do: [{burst: {orders: "{n}", rate: 50}}], answer: 'events("PaymentCompleted")'}, vary: {n: [3, 4]}}
  - {id: lab, kind: lab, ask: 'Have an order cancelled.', lab: {answer: 'any(orders, .status == "CANCELLED")'}}
`

func parsed(t *testing.T, text string) *quiz.Quiz {
	t.Helper()
	q, problems := quiz.Parse("", []byte(text))
	require.Empty(t, problems)
	return q
}

func TestGrade(t *testing.T) {
	q := parsed(t, all)
	for _, c := range []struct {
		question, answer string
		points           float64
		why              string
	}{
		{"single", `1`, 1, "because"},
		{"single", `0`, 0, "no"},
		{"single", `2`, 0, "there is no option 2"},
		{"single", `"b"`, 0, "the index of an option is wanted"},
		{"single", `null`, 0, "not answered"},
		{"multiple", `[0, 1, 2]`, 3, ""},
		{"multiple", `[0, 1]`, 2, "missing: c"},
		{"multiple", `[0, 1, 3]`, 1, "d: no"},
		{"multiple", `[0, 0, 0]`, 1, "missing"},
		{"multiple", `[3]`, 0, "d: no"},
		{"multiple", `[]`, 0, "missing"},
		{"order", `["a", "b", "c"]`, 3, ""},
		{"order", `["b", "a", "c"]`, 2, `"a" comes before "b"`},
		{"order", `["c", "b", "a"]`, 0, `"a" comes before "b"`},
		{"order", `["a", "b"]`, 1, `"a" comes before "c"`},
		{"graph", `["b", "a", "c"]`, 2, ""},
		{"graph", `["b", "c", "a"]`, 1, `"a" comes before "c"`},
		{"match", `{"a": "1", "b": "2"}`, 2, ""},
		{"match", `{"a": "1", "b": "1"}`, 1, "b belongs to 2"},
		{"number", `4`, 1, ""},
		{"number", `"3,2"`, 1, ""},
		{"number", `4.2`, 0, "it is 3.5"},
		{"number", `"NaN"`, 0, "a number is wanted"},
		{"text", `"They are decoupled, and nobody must wait: they do not wait."`, 3, "it says: coupling, waiting"},
		{"text", `"Loosely and simply coupled"`, 2, "not found: waiting"},
		{"text", `""`, 0, "not answered"},
	} {
		t.Run(c.question+" "+c.answer, func(t *testing.T) {
			question := q.Find(c.question)
			m, err := quiz.Grade(t.Context(), question, question.Variant(0), json.RawMessage(c.answer), nil)
			require.NoError(t, err)
			assert.InDelta(t, c.points, m.Points, 1e-9)
			assert.Contains(t, m.Why, c.why)
			assert.Equal(t, m.Points == m.Max, m.Correct)
		})
	}
}

// What a lab shows is found out in a lab, with the values of the learner's own
// variant.
func TestALabJudges(t *testing.T) {
	q := parsed(t, all)
	for seed := range uint64(8) {
		synctest.Test(t, func(t *testing.T) {
			question := q.Find("predict")
			v := question.Variant(seed)
			for n, points := range map[string]float64{v["n"]: 1, "7": 0} {
				m, err := quiz.Grade(t.Context(), question, v, json.RawMessage(n), quiz.Labs{})
				require.NoError(t, err)
				assert.Equal(t, points, m.Points, "variant %v, answer %s: %s", v, n, m.Why)
			}
		})
	}
	for actions, points := range map[string]float64{
		`[{"place_order": {"items": [{"sku": "mouse", "qty": 1}], "method": "declined-card"}}]`: 1,
		`[{"place_order": {"items": [{"sku": "mouse", "qty": 1}]}}]`:                            0,
		`[]`: 0,
		`[{"crash": {"service": "nobody"}}, {"place_order": {"items": [{"sku": "mouse", "qty": 1}], "method": "declined-card"}}]`: 1,
		`[{"no_such_action": {}}]`: 0,
	} {
		synctest.Test(t, func(t *testing.T) {
			m, err := quiz.Grade(t.Context(), q.Find("lab"), nil, json.RawMessage(actions), quiz.Labs{})
			require.NoError(t, err)
			assert.Equal(t, points, m.Points, "%s: %s", actions, m.Why)
		})
	}
}

// A truth is said as a value or as a word; a number is no truth, and a text that
// the lab shows is only itself.
func TestSameValue(t *testing.T) {
	for _, c := range []struct {
		given, is any
		same      bool
	}{
		{true, true, true},
		{"Yes", true, true},
		{"true", true, true},
		{" False ", false, true},
		{"true", false, false},
		{"t", true, false},
		{"1", true, false},
		{"true", "yes", false},
		{"paid", "PAID", true},
		{"3,0", 3, true},
	} {
		assert.Equal(t, c.same, quiz.SameValue(c.given, c.is), "%v is %v", c.given, c.is)
	}
}

// A lab that judges waits as long as the learner says, up to a bound: others
// wait for their turn.
func TestPausesAreBounded(t *testing.T) {
	q := parsed(t, all)
	declined := `{"place_order": {"items": [{"sku": "mouse", "qty": 1}], "method": "declined-card"}}`
	for actions, points := range map[string]float64{
		`[` + declined + `, {"wait": "100s"}]`:                                                     1,
		`[` + declined + `, {"wait": "100s"}, {"wait": "21s"}]`:                                    0,
		`[` + declined + `, {"wait": "2h"}]`:                                                       0,
		`[` + declined + `, {"wait_until": {"expr": "settled", "within": "121s"}}]`:                0,
		`[` + declined + `, {"wait": "115s"}, {"wait_until": "settled"}]`:                          0,
		`[` + declined + `, {"speed": {"factor": 0.1}}, {"wait": "20s"}]`:                          0,
		`[` + declined + `, {"speed": {"factor": 4}}, {"wait": "20s"}, {"wait_until": "settled"}]`: 1,
	} {
		synctest.Test(t, func(t *testing.T) {
			m, err := quiz.Grade(t.Context(), q.Find("lab"), nil, json.RawMessage(actions), quiz.Labs{})
			require.NoError(t, err)
			assert.Equal(t, points, m.Points, "%s: %s", actions, m.Why)
			if points == 0 {
				assert.Contains(t, m.Why, "its pauses are longer than 2 minutes", actions)
			}
		})
	}
}

func TestAQuizIsSummed(t *testing.T) {
	q := parsed(t, `{id: q, title: t, pass: 50, questions: [
		{id: a, kind: number, ask: q, points: 2, number: {value: 1}}, {id: b, kind: number, ask: q, points: 4, number: {value: 1}}]}`)
	for answers, want := range map[string]string{
		`{"a": 1}`:         "2 of 6, 33.3 per cent, passed false",
		`{"b": 1}`:         "4 of 6, 66.7 per cent, passed true",
		`{"a": 1, "b": 1}`: "6 of 6, 100 per cent, passed true",
		`{}`:               "0 of 6, 0 per cent, passed false",
	} {
		var given map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(answers), &given))
		r, err := q.Grade(t.Context(), quiz.Answers{Learner: "mina", Answers: given}, nil)
		require.NoError(t, err)
		assert.Equal(t, want, fmt.Sprintf("%g of %g, %g per cent, passed %t", r.Score, r.Max, r.Percent, r.Passed), answers)
	}
	_, err := q.Grade(t.Context(), quiz.Answers{Answers: map[string]json.RawMessage{"c": nil}}, nil)
	assert.ErrorContains(t, err, `no question "c"`)
}

func FuzzGrade(f *testing.F) {
	q, _ := quiz.Parse("", []byte(all))
	f.Add(0, `1`)
	f.Add(6, `"they do not wait"`)
	f.Fuzz(func(t *testing.T, n int, answer string) {
		question := &q.Questions[uint(n)%7]
		m, err := quiz.Grade(t.Context(), question, nil, json.RawMessage(answer), nil)
		require.NoError(t, err)
		assert.GreaterOrEqual(t, m.Points, 0.0)
		assert.LessOrEqual(t, m.Points, m.Max)
	})
}
