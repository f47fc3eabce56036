package quiz_test

import (
	"testing"

	"eddy/quiz"

	"github.com/stretchr/testify/assert"
)

func TestBundledQuizzesAreSound(t *testing.T) {
	assert.NotEmpty(t, quiz.Bundled())
}

// One mistake is one problem, at its place, with what would be valid.
func TestParseFindsMistakes(t *testing.T) {
	question := func(text string) string { return "id: q\ntitle: t\nquestions:\n  - " + text + "\n" }
	for text, want := range map[string]string{
		"":                                       "line 1, column 1: the file is empty",
		"id: q\ntitle: t\n":                      `line 1, column 1: the file needs the key "questions"`,
		"id: q\ntitle: t\nquestions: []\n":       "line 3, column 12: a quiz has 1 to 200 questions, not 0",
		question("{id: a, kind: chose, ask: q}"): `line 4, column 19: kind cannot be "chose": valid are single, multiple, order, match, number, text, predict, lab`,
		question("{id: a, kind: single, ask: q}"):                                                                                                                                                  `line 4, column 5: a question of the kind single needs the key "options"`,
		question("{id: a, kind: single, ask: q, options: [{text: a, correct: true}, {text: b}]}"):                                                                                                  `line 4, column 71: a wrong option says why it is wrong: it needs the key "why"`,
		question("{id: a, kind: single, ask: q, options: [{text: a, correct: true}, {text: b, correct: true}]}"):                                                                                   "line 4, column 44: 2 options are correct, and a single has one: make it a multiple",
		question("{id: a, kind: single, ask: q, number: {value: 1}, options: [{text: a, correct: true}, {text: b, why: n}]}"):                                                                      "line 4, column 43: number does not belong to the kind single",
		question("{id: a, kind: order, ask: q, order: [a, b], before: [[a, x]]}"):                                                                                                                  `line 4, column 58: "x" is no item of order: there are a; b`,
		question("{id: a, kind: order, ask: q, order: [a, b], before: [[b, a]]}"):                                                                                                                  `line 4, column 58: order itself has "b" after "a"`,
		question("{id: a, kind: lab, ask: q, lab: {answer: 'stock(\"mouse\")'}}"):                                                                                                                  "line 4, column 47: answer: it must be true or false, and it is int",
		question("{id: a, kind: predict, ask: q, vary: {n: [1, x]}, lab: {do: [{scale: {service: payment, instances: '{n}'}}], answer: 'members(\"payment\")'}}"):                                  "line 4, column 65: with n = x: action 1: argument of scale: instances must be a whole number, not string",
		question("{id: a, kind: text, ask: q, points: 5, accept: [{idea: i, any: [w]}]}"):                                                                                                          "line 4, column 41: the ideas give 1 points together, so 5 can never be reached",
		question("{id: a, kind: text, ask: q, accept: [{idea: i, any: [a + ]}]}"):                                                                                                                  "line 4, column 58: a wording needs a word, and so does each side of a +",
		question("{id: a, kind: text, ask: q, accept: [{idea: i, any: ['over b|']}]}"):                                                                                                             `line 4, column 58: "over b|" has a | or a ! with nothing beside it, which any word would match`,
		question("{id: a, kind: text, ask: q, accept: [{idea: i, any: [w], not: [x !]}]}"):                                                                                                         `line 4, column 68: "x !" has a | or a ! with nothing beside it, which any word would match`,
		question("{id: a, kind: lab, ask: q, lab: {do: [{scale: {service: payment, instances: '{n}'}}], answer: settled}}"):                                                                        "line 4, column 42: action 1: argument of scale: instances must be a whole number, not string",
		question("{id: a, kind: lab, ask: q, lab: {lab: {stock: {mouse: '{n}'}}, answer: settled}}"):                                                                                               "line 4, column 43: lab setting: stock must be a whole number, not string",
		question("{id: a, kind: predict, ask: q, vary: {n: [1, 2, 3, 4, 5, 6, 7, 8, 9], m: [1, 2, 3, 4, 5, 6, 7, 8]}, lab: {do: [{burst: {orders: '{n}', rate: '{m}'}}], answer: 'len(orders)'}}"): "line 4, column 42: these are more than 64 variants: all of them are checked, so take fewer values",
	} {
		_, problems := quiz.Parse("", []byte(text))
		var said []string
		for _, p := range problems {
			said = append(said, p.Error())
		}
		assert.Equal(t, []string{want}, said, "%s", text)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(all))
	f.Fuzz(func(t *testing.T, data []byte) { quiz.Parse("", data) })
}
