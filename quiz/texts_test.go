package quiz_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"eddy/quiz"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// answered is a table of answers to one open question of the bank.
type answered struct {
	Question string
	Answers  []struct {
		Points float64
		Say    string
		Fill   int
	}
}

// agreement grades a table and returns in how many of its answers the grading
// and the teacher agree. Where they do not, the log says so.
func agreement(t *testing.T, file string) (agreed, all int, questions map[string]int) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	var table []answered
	require.NoError(t, yaml.Unmarshal(raw, &table))
	questions = map[string]int{}
	for _, of := range table {
		q := inBank(t, of.Question)
		require.Equal(t, quiz.Text, q.Kind, of.Question)
		for _, a := range of.Answers {
			said := a.Say
			for len(said) < a.Fill {
				said += " and more of the same words go on here, as they do in long answers."
			}
			answer, err := json.Marshal(said)
			require.NoError(t, err)
			m, err := quiz.Grade(t.Context(), q, nil, answer, nil)
			require.NoError(t, err)
			all++
			questions[of.Question]++
			if m.Points == a.Points {
				agreed++
				continue
			}
			t.Logf("%s: %.120q: %g points expected, %g given: says [%s], misses [%s]", of.Question, a.Say, a.Points, m.Points, strings.Join(m.Ideas, "; "), strings.Join(m.Missed, "; "))
		}
	}
	return agreed, all, questions
}

// A teacher and the grading agree on what answers in free words are worth.
func TestTextsAreGradedAsATeacherWould(t *testing.T) {
	agreed, all, questions := agreement(t, "texts.yaml")
	assert.GreaterOrEqual(t, all, 150)
	assert.GreaterOrEqual(t, agreed*100, all*95, "%d of %d agree", agreed, all)
	everyQuestion(func(name string, q *quiz.Question) {
		if q.Kind == quiz.Text {
			assert.GreaterOrEqual(t, questions[name], 10, "%s has answers in the table", name)
		}
	})
	t.Logf("%d of %d agree", agreed, all)
}

// No wording was fitted to these.
func TestFreshTextsAreGradedAsATeacherWould(t *testing.T) {
	agreed, all, _ := agreement(t, "texts-fresh.yaml")
	assert.GreaterOrEqual(t, all, 30)
	t.Logf("%d of %d agree", agreed, all)
}
