package quiz_test

import (
	"strings"
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
			assert.Equal(t, q.Questions[i], again.Questions[i])
		}
		twice, err := again.YAML()
		require.NoError(t, err)
		assert.Equal(t, string(yaml), string(twice), "it is written the same each time")
	}
}

// Texts of a lab that look like something else, and large numbers, stay as they
// are.
func TestALabIsWrittenAsItWasRead(t *testing.T) {
	q := parsed(t, `
id: there
title: There and back
questions:
  - id: lab
    kind: lab
    ask: "Do it."
    lab:
      lab: {stock: {mouse: 1000000}, services: {payment: {work: 250ms}}}
      do: [{publish: {topic: orders, key: "100", value: "{\"a\": true, \"b\":\n null} \U0001F600"}}, {place_order: {as: "no", items: [{sku: mouse, qty: 1}]}}, freeze]
      answer: settled
`)
	for range 20 {
		yaml, err := q.YAML()
		require.NoError(t, err)
		again, problems := quiz.Parse("there", yaml)
		require.Empty(t, problems, "%s", yaml)
		require.Equal(t, q.Questions, again.Questions, "%s", yaml)
	}
}

// A file of another program may hold more than a quiz can; what comes back can be
// read.
func TestWhatIsTooMuchForAQuizIsNamed(t *testing.T) {
	for what, text := range map[string]string{
		"everything after the first 200 questions": strings.Repeat("Which? {=a ~b#no}\n\n", 250),
		"a quiz file has at most 64 KiB":           strings.Repeat("Which? {=a ~b#"+strings.Repeat("no", 500)+"}\n\n", 100),
	} {
		q, lost, err := quiz.ReadGIFT("much", "Much", text)
		require.NoError(t, err)
		assert.Contains(t, lost[len(lost)-1].What, what)
		yaml, err := q.YAML()
		require.NoError(t, err)
		_, problems := quiz.Parse("much", yaml)
		assert.Empty(t, problems)
		assert.Greater(t, len(q.Questions), 50)
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

// What GIFT says to who is wrong is the reason, and to who is right the
// explanation. What has no place is named.
func TestFeedbackOfGIFT(t *testing.T) {
	q, lost, err := quiz.ReadGIFT("f", "F", `a {T#no \# and#yes}

b {F}

c {#3:0#good}

d {#3:0#good####because}

e {#=3:0#good =%50%4:1#near}
`)
	require.NoError(t, err)
	assert.Equal(t, []quiz.Option{{Text: "True", Correct: true}, {Text: "False", Why: "no # and"}}, q.Questions[0].Options)
	assert.Equal(t, "yes", q.Questions[0].Explain)
	assert.Equal(t, "good", q.Questions[2].Explain)
	assert.Equal(t, "because", q.Questions[3].Explain)
	assert.Equal(t, quiz.Numeric{Value: 3}, *q.Questions[4].Number)
	assert.Equal(t, []quiz.Lost{{"question-4", "what is said to who is right: good"}, {"question-5", "its further answers: here a number has one"}}, lost)
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
			assert.Empty(t, problems)
		}
	})
}
