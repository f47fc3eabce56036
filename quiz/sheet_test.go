package quiz_test

import (
	"encoding/json"
	"strings"
	"testing"

	"eddy/quiz"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A sheet holds nothing of what it must not tell.
func TestASheetTellsNothing(t *testing.T) {
	q := parsed(t, all)
	for n := range 50 {
		raw, err := json.Marshal(quiz.Key{byte(n)}.Sheet(q))
		require.NoError(t, err)
		for _, secret := range []string{"correct", "why", "because", "explain", "accept", "wording", "tolerance", "seed", "index", "before", "CANCELLED"} {
			assert.NotContains(t, string(raw), secret)
		}
	}
}

// What a learner answers by ids is the same answer in the file, whatever order
// the sheet has.
func TestAnswersComeBackAsInTheFile(t *testing.T) {
	q := parsed(t, all)
	orders := map[string]bool{}
	for n := range 40 {
		key := quiz.Key{byte(n)}
		ids := map[string]string{} // by question and text
		for _, asked := range key.Sheet(q).Questions {
			for _, list := range [][]quiz.Choice{asked.Options, asked.Left, asked.Right} {
				for _, c := range list {
					ids[asked.ID+" "+c.Text] = c.ID
				}
			}
			if asked.ID == "order" {
				assert.NotEqual(t, "a", asked.Options[0].Text, "it does not begin as it belongs")
			}
			if asked.ID == "multiple" {
				orders[asked.Options[0].Text+asked.Options[1].Text] = true
			}
		}
		for _, c := range []struct{ question, given, inFile string }{
			{"single", `"<b>"`, `1`},
			{"multiple", `["<d>", "<a>", "<a>"]`, `[0,3]`},
			{"order", `["<c>", "<a>", "<b>"]`, `["c","a","b"]`},
			{"match", `{"<a>": "<2>"}`, `{"a":"2"}`},
			{"number", `3`, `3`},
			{"text", `"x"`, `"x"`},
			{"lab", `["freeze"]`, `["freeze"]`},
			{"single", `null`, `null`},
		} {
			given := c.given
			for text, id := range ids {
				if name, ok := strings.CutPrefix(text, c.question+" "); ok {
					given = strings.ReplaceAll(given, "<"+name+">", id)
				}
			}
			got, err := key.InFile(q.Find(c.question), 0, json.RawMessage(given))
			require.NoError(t, err, "%s %s", c.question, given)
			assert.Equal(t, c.inFile, string(got))
		}
	}
	assert.Greater(t, len(orders), 6, "options are shuffled")
}

func TestAnAnswerFromAnotherSheetIsRefused(t *testing.T) {
	q := parsed(t, all)
	foreign := quiz.Key{1}.Ask(q.Find("single"), 0).Options[0].ID
	_, err := quiz.Key{2}.InFile(q.Find("single"), 0, json.RawMessage(`"`+foreign+`"`))
	assert.ErrorContains(t, err, "take the ids of this attempt")
	_, err = quiz.Key{1}.InFile(q.Find("single"), 1, json.RawMessage(`"`+foreign+`"`))
	assert.Error(t, err, "the next try has ids of its own")
	for question, answer := range map[string]string{"single": `1`, "multiple": `"a"`, "order": `{}`, "match": `[]`, "number": `"x"`, "text": `1`, "lab": `{}`} {
		_, err := quiz.Key{}.InFile(q.Find(question), 0, json.RawMessage(answer))
		assert.ErrorContains(t, err, "wanted", "%s", question)
	}
}
