package quiz

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestAnAnswerInWords(t *testing.T) {
	choices := []Option{{Text: "one of {n}"}, {Text: "another"}}
	for _, c := range []struct {
		q     Question
		given string
		said  string
	}{
		{Question{Kind: Single, Options: choices}, `0`, "one of 3"},
		{Question{Kind: Single, Options: choices}, `7`, "option 7, which is not there"},
		{Question{Kind: Multiple, Options: choices}, `[1,0]`, "another; one of 3"},
		{Question{Kind: Order}, `["a","b"]`, "a → b"},
		{Question{Kind: Match, Match: []Couple{{Left: "l"}, {Left: "m"}}}, `{"m":"r"}`, "m – r"},
		{Question{Kind: Number}, `2.5`, "2.5"},
		{Question{Kind: Text}, `"<b>words</b>"`, "<b>words</b>"},
		{Question{Kind: Predict}, `true`, "yes"},
		{Question{Kind: Predict, Options: choices}, `1`, "another"},
		{Question{Kind: Lab}, `["heal",{"crash":"payment"}]`, "heal, crash"},
		{Question{Kind: Text}, `null`, ""},
		{Question{Kind: Single, Options: choices}, `"x"`, "x"},
	} {
		assert.Equal(t, c.said, c.q.Said(Variant{"n": "3"}, json.RawMessage(c.given)), "%s %s", c.q.Kind, c.given)
	}
}
