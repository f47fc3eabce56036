package quiz_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"testing"

	"eddy/quiz"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What QTI has a kind for comes back as it went, and the rest is named.
func TestQTIAndBack(t *testing.T) {
	q := parsed(t, `
id: there
title: There and back
questions:
  - {id: one, kind: single, ask: "Is <b> & 'c' right?", options: [{text: "a & b", why: "<no>"}, {text: c, correct: true}], explain: "Because."}
  - {id: many, kind: multiple, ask: "Which?", options: [{text: a, correct: true}, {text: b, correct: true}, {text: c, why: no}]}
  - {id: number, kind: number, ask: "How many?", points: 2, number: {value: 3, tolerance: 0.25}}
  - {id: match, kind: match, ask: "What fits?", points: 3, match: [{left: a, right: 1}, {left: b, right: 2}, {left: c, right: 1}]}
  - {id: order, kind: order, ask: "In which order?", order: [x, y, z]}
  - {id: text, kind: text, ask: "Why?", accept: [{idea: i, any: [w]}]}
  - {id: lab, kind: lab, ask: "Do it.", lab: {answer: settled}}
`)
	var archive bytes.Buffer
	lost, err := q.QTI(&archive)
	require.NoError(t, err)
	assert.Equal(t, []string{"match", "order", "text", "lab"}, abouts(lost))

	z, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	require.NoError(t, err)
	var names []string
	for _, f := range z.File {
		names = append(names, f.Name)
	}
	assert.Equal(t, []string{"one.xml", "many.xml", "number.xml", "match.xml", "order.xml", "text.xml", "imsmanifest.xml"}, names)

	back, lost, err := quiz.ReadQTI("there", "There and back", archive.Bytes())
	require.NoError(t, err)
	assert.Equal(t, []string{"text"}, abouts(lost))
	for _, id := range []string{"one", "many", "number", "match", "order"} {
		assert.Equal(t, *q.Find(id), *back.Find(id), id)
	}
}

// An item declares each outcome that it sets or shows, sets each that it declares,
// and gives the points of its question.
func TestQTIDeclaresWhatItUses(t *testing.T) {
	q := parsed(t, `
id: q
title: t
questions:
  - {id: one, kind: single, ask: q, points: 2, options: [{text: a, why: no}, {text: c, correct: true}], explain: because}
  - {id: many, kind: multiple, ask: q, points: 2, options: [{text: a, why: no}, {text: c, correct: true}]}
  - {id: number, kind: number, ask: q, points: 2, number: {value: 1}, explain: because}
  - {id: order, kind: order, ask: q, points: 2, order: [x, y], explain: because}
  - {id: text, kind: text, ask: q, accept: [{idea: i, any: [w], points: 2}], explain: because}
`)
	var archive bytes.Buffer
	_, err := q.QTI(&archive)
	require.NoError(t, err)
	z, err := zip.NewReader(bytes.NewReader(archive.Bytes()), int64(archive.Len()))
	require.NoError(t, err)
	used := func(pattern, text string) (names []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
			if !slices.Contains(names, m[1]) {
				names = append(names, m[1])
			}
		}
		slices.Sort(names)
		return names
	}
	for _, f := range z.File[:len(q.Questions)] {
		r, err := f.Open()
		require.NoError(t, err)
		raw, err := io.ReadAll(r)
		require.NoError(t, err)
		text := string(raw)
		declared := used(`<outcomeDeclaration identifier="(\w+)"`, text)
		set := used(`<setOutcomeValue identifier="(\w+)"`, text)
		if f.Name == "text.xml" {
			set = append(set, "SCORE") // by a person
		}
		assert.ElementsMatch(t, declared, set, "%s", text)
		assert.Subset(t, declared, used(`outcomeIdentifier="(\w+)"`, text), "%s", text)
		assert.Contains(t, text, `normalMaximum="2"`)
		assert.NotContains(t, text, "<responseCondition></responseCondition>")
	}
}

// A package with more items than a quiz has questions is cut, and that is named.
func TestALargePackageIsCut(t *testing.T) {
	q := parsed(t, "{id: q, title: t, questions: [{id: a, kind: number, ask: q, number: {value: 1}}]}")
	one := q.Questions[0]
	for i := range 250 {
		one.ID = fmt.Sprintf("a-%d", i)
		q.Questions = append(q.Questions, one)
	}
	var archive bytes.Buffer
	_, err := q.QTI(&archive)
	require.NoError(t, err)
	back, lost, err := quiz.ReadQTI("q", "t", archive.Bytes())
	require.NoError(t, err)
	assert.Len(t, back.Questions, 200)
	assert.Len(t, lost, 1)
}

func abouts(lost []quiz.Lost) (about []string) {
	for _, l := range lost {
		about = append(about, l.Question)
	}
	return about
}

func TestWhatIsNoQTI(t *testing.T) {
	_, _, err := quiz.ReadQTI("x", "X", []byte("no archive"))
	assert.ErrorContains(t, err, "no zip archive")
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for name, text := range map[string]string{"a.xml": "<not closed", "b.xml": "<assessmentItem/>", "c.txt": "x"} {
		f, err := z.Create(name)
		require.NoError(t, err)
		_, err = f.Write([]byte(text))
		require.NoError(t, err)
	}
	require.NoError(t, z.Close())
	_, lost, err := quiz.ReadQTI("x", "X", archive.Bytes())
	assert.ErrorContains(t, err, "no question")
	assert.Len(t, lost, 2)
}
