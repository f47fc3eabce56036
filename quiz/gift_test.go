package quiz_test

import (
	"testing"

	"eddy/quiz"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What GIFT has a kind for comes back as it went, and the rest is named.
func TestGIFTAndBack(t *testing.T) {
	q := parsed(t, `
id: there
title: There and back
questions:
  - {id: one, kind: single, ask: "Which {one}: a=b, c~d or #e?", options: [{text: "a=b", why: "No: ~ is a sign."}, {text: 'c:\d', correct: true}], explain: "Because {it} is."}
  - {id: many, kind: multiple, ask: "Which?\n\nSeveral.", options: [{text: a, correct: true}, {text: b, correct: true}, {text: c, why: no}]}
  - {id: number, kind: number, ask: "How many?", number: {value: 3.5, tolerance: 0.25}}
  - {id: match, kind: match, ask: "What fits?", match: [{left: a, right: 1}, {left: b, right: 2}]}
  - {id: order, kind: order, ask: "In which order?", order: [x, y]}
  - {id: text, kind: text, ask: "Why?", points: 2, accept: [{idea: i, any: [w], points: 2}]}
  - {id: lab, kind: lab, ask: "Do it.", lab: {answer: settled}}
`)
	gift, lost := q.GIFT()
	var about []string
	for _, l := range lost {
		about = append(about, l.Question)
	}
	assert.Equal(t, []string{"order", "text", "text", "lab"}, about)

	back, lost, err := quiz.ReadGIFT("there", "There and back", gift)
	require.NoError(t, err)
	for _, id := range []string{"one", "number", "match"} {
		want, got := *q.Find(id), *back.Find(id)
		assert.Equal(t, want, got, id)
	}
	assert.Equal(t, q.Find("many").Options, back.Find("many").Options)
	assert.Equal(t, quiz.Match, back.Find("order").Kind)
	assert.Nil(t, back.Find("text"), "an essay has nothing to grade by")
	assert.NotEmpty(t, lost)

	yaml, err := back.YAML()
	require.NoError(t, err)
	again, problems := quiz.Parse("there", yaml)
	require.Empty(t, problems, "%s", yaml)
	assert.Equal(t, back.Questions, again.Questions)
}

// Every bundled quiz can be written as YAML and read again.
func TestYAMLAndBack(t *testing.T) {
	for _, q := range quiz.Bundled() {
		yaml, err := q.YAML()
		require.NoError(t, err)
		again, problems := quiz.Parse(q.ID, yaml)
		require.Empty(t, problems, "%s", yaml)
		require.Len(t, again.Questions, len(q.Questions))
		for i := range q.Questions {
			a, b := q.Questions[i], again.Questions[i]
			a.Lab, b.Lab = nil, nil // JSON may be written otherwise
			assert.Equal(t, a, b)
		}
	}
}

func TestGIFTOfOthers(t *testing.T) {
	q, lost, err := quiz.ReadGIFT("others", "Others", `// a comment
$CATEGORY: tom/dick

::Q1:: 1+1=2 {T}

::Q2 grant:: Who is buried? {=no one ~Grant#He is entombed. ~Grant's father}

When was it?{#1822:5}

What is the value of pi?{#3.141..3.142}

Two plus two equals {=four =4}.

Match. { =cat -> cat food =dog -> dog food }

::Q1:: Again {FALSE}

This is a text only.

::broken Write. {=a ~b

`)
	require.NoError(t, err)
	var kinds, ids []string
	for _, question := range q.Questions {
		kinds, ids = append(kinds, string(question.Kind)), append(ids, question.ID)
	}
	assert.Equal(t, []string{"single", "single", "number", "number", "text", "match", "single"}, kinds)
	assert.Equal(t, []string{"q1", "q2-grant", "question-3", "question-4", "question-5", "question-6", "q1-2"}, ids)
	assert.Equal(t, "Two plus two equals _____ .", q.Questions[4].Ask)
	assert.True(t, q.Questions[0].Options[0].Correct)
	assert.Len(t, lost, 4, "%v", lost)
	yaml, err := q.YAML()
	require.NoError(t, err)
	_, problems := quiz.Parse("others", yaml)
	assert.Empty(t, problems)
}

func FuzzReadGIFT(f *testing.F) {
	f.Add("::a:: b {=c ~d#e}")
	f.Add("x{#1..2}\n\ny{=a -> b =c -> d}")
	f.Fuzz(func(t *testing.T, text string) {
		q, _, err := quiz.ReadGIFT("fuzz", "Fuzz", text)
		if err == nil {
			yaml, err := q.YAML()
			require.NoError(t, err)
			_, problems := quiz.Parse("fuzz", yaml)
			for _, p := range problems {
				assert.Contains(t, p.Message, "bytes", "only a file that is too large has a problem")
			}
		}
	})
}
