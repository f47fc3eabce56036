package quiz_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"eddy/quiz"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// taken is a graded attempt of a learner, with answers as the file has them.
func taken(t *testing.T, q *quiz.Quiz, learner, answers string, began int) quiz.Attempt {
	t.Helper()
	var given map[string]json.RawMessage
	require.NoError(t, json.Unmarshal([]byte(answers), &given))
	r, err := q.Grade(t.Context(), quiz.Answers{Learner: learner, Answers: given}, nil)
	require.NoError(t, err)
	a := quiz.Attempt{ID: learner + "-1", Learner: learner, Name: learner, Mode: quiz.Graded, Result: &r, Given: map[string]quiz.Given{}, Began: time.Unix(int64(began), 0), Submitted: time.Unix(int64(began), 0)}
	for id, raw := range given {
		a.Given[id] = quiz.Given{InFile: raw, Confidence: "sure"}
	}
	return a
}

const three = `
id: three
title: =Three
questions:
  - {id: hard, kind: single, ask: q, options: [{text: a, why: wrong a}, {text: b, correct: true}, {text: c, why: wrong c}]}
  - {id: easy, kind: number, ask: q, number: {value: 1}}
  - {id: upside, kind: number, ask: q, number: {value: 1}}
`

// An item says how hard a question is, whether it tells who knows, and which
// wrong idea is the most frequent.
func TestAnalyse(t *testing.T) {
	q := parsed(t, three)
	attempts := []quiz.Attempt{
		taken(t, q, "best", `{"hard": 1, "easy": 1, "upside": 2}`, 1),
		taken(t, q, "good", `{"hard": 1, "easy": 1, "upside": 2}`, 1),
		taken(t, q, "poor", `{"hard": 0, "easy": 1, "upside": 1}`, 1),
		taken(t, q, "poor2", `{"hard": 0, "easy": 1, "upside": 1}`, 1),
		taken(t, q, "late", `{"hard": 1, "easy": 1}`, 1),
		taken(t, q, "late", `{"hard": 2, "easy": 1}`, 2),
	}
	items := quiz.Analyse(q, attempts)
	require.Len(t, items, 3)
	assert.Equal(t, 0.4, items[0].Difficulty)
	assert.Equal(t, []quiz.WrongIdea{{Text: "a", Why: "wrong a", Count: 2}, {Text: "c", Why: "wrong c", Count: 1}}, items[0].Wrong)
	assert.Equal(t, 3, items[0].SureAndWrong)
	assert.Equal(t, 1.0, items[1].Difficulty)
	assert.Nil(t, items[1].Discrimination, "everybody knows it")
	require.NotNil(t, items[2].Discrimination)
	assert.Less(t, *items[2].Discrimination, 0.0, "who knows the rest misses it: something is wrong with the question")
	assert.Equal(t, 4, items[2].Answered)
}

// A wrong idea is said in words, and it is the learner's: no index, and no note
// of a teacher's.
func TestWrongIdeasAreSaidInWords(t *testing.T) {
	q := parsed(t, `
id: q
title: t
questions:
  - {id: order, kind: order, ask: q, order: [a, b, c]}
  - {id: predict, kind: predict, ask: q, vary: {n: [3, 4]}, options: [{text: "none"}, {text: "all {n}"}], lab: {do: [{burst: {orders: "{n}", rate: 5}}], answer: 'events("PaymentCompleted")'}}
`)
	a := quiz.Attempt{Learner: "l", Mode: quiz.Graded, Key: quiz.Key{1}, Given: map[string]quiz.Given{
		"order":   {InFile: json.RawMessage(`["b", "a", "c"]`)},
		"predict": {InFile: json.RawMessage(`1`)},
	}, Result: &quiz.Result{Questions: []quiz.Mark{{ID: "order", Max: 1, Why: "said in class"}, {ID: "predict", Max: 1}}}}
	items := quiz.Analyse(q, []quiz.Attempt{a})
	assert.Equal(t, []quiz.WrongIdea{{Text: `not kept: "a" comes before "b"`, Count: 1}}, items[0].Wrong)
	n := a.Key.Variant(q.Find("predict"), 0)["n"]
	assert.Equal(t, []quiz.WrongIdea{{Text: "all " + n, Count: 1}}, items[1].Wrong)

	a.Revision = "another"
	assert.Empty(t, quiz.Analyse(q, []quiz.Attempt{a})[0].Wrong, "another revision has other options")
}

// What a learner typed never becomes a formula, and the last attempt counts.
func TestGradebook(t *testing.T) {
	q := parsed(t, three)
	rows := quiz.Gradebook([]quiz.Attempt{
		taken(t, q, "=cmd()", `{"hard": 1}`, 1), taken(t, q, "ann", `{}`, 1), taken(t, q, "ann", `{"hard": 1, "easy": 1}`, 2),
	})
	for layout, want := range map[quiz.Layout]string{
		quiz.Plain: "learner,quiz,score,max,percent,passed,submitted,attempt\n" +
			"'=cmd(),three,1,3,33.3,false,1970-01-01T00:00:01Z,=cmd()-1\nann,three,2,3,66.7,false,1970-01-01T00:00:02Z,ann-1\n",
		quiz.Canvas: "Student,ID,SIS User ID,SIS Login ID,Section,'=Three\n\"    Points Possible\",,,,,3\n'=cmd(),,,,,1\nann,,,,,2\n",
		quiz.Moodle: "fullname,grade,feedback\n'=cmd(),1,'=Three: 1 of 3 points\nann,2,'=Three: 2 of 3 points\n",
	} {
		var out strings.Builder
		require.NoError(t, quiz.WriteGradebook(&out, q, rows, layout))
		assert.Equal(t, want, out.String())
	}
	assert.Error(t, quiz.WriteGradebook(&strings.Builder{}, q, rows, "excel"))
}
