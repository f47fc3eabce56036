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
		Points  float64
		Say     string
		Fill    int
		Swapped bool
	}
}

// answersIn reads such tables.
func answersIn(t *testing.T, file string) (tables []answered) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(raw, &tables))
	return tables
}

func gradeText(t *testing.T, q *quiz.Question, said string) quiz.Mark {
	t.Helper()
	answer, err := json.Marshal(said)
	require.NoError(t, err)
	m, err := quiz.Grade(t.Context(), q, nil, answer, nil)
	require.NoError(t, err)
	return m
}

// agreement grades a table and returns in how many of its answers the grading
// and the teacher agree. Where they do not, the log says so.
func agreement(t *testing.T, file string) (agreed, all int, questions map[string]int) {
	t.Helper()
	questions = map[string]int{}
	for _, of := range answersIn(t, file) {
		q := inBank(t, of.Question)
		require.Equal(t, quiz.Text, q.Kind, of.Question)
		for _, a := range of.Answers {
			said := a.Say
			for len(said) < a.Fill {
				said += " and more of the same words go on here, as they do in long answers."
			}
			m := gradeText(t, q, said)
			all++
			questions[of.Question]++
			if a.Swapped {
				assert.Equal(t, a.Points, m.Points, "%s: %q swaps the terms", of.Question, a.Say)
			}
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
	assert.GreaterOrEqual(t, agreed*100, all*98, "%d of %d agree", agreed, all)
	everyQuestion(func(name string, q *quiz.Question) {
		if q.Kind == quiz.Text {
			assert.GreaterOrEqual(t, questions[name], 10, "%s has answers in the table", name)
		}
	})
	t.Logf("%d of %d agree", agreed, all)
}

// What is said in yet other words is missed now and then; that is what a
// teacher's override is for.
func TestFreshTextsAreGradedAsATeacherWould(t *testing.T) {
	for _, c := range []struct {
		file         string
		least, floor int // answers; the percentage on which they agree
	}{
		{"texts-fresh.yaml", 30, 85},
		{"texts-fresh-2.yaml", 112, 95}, // wordings were mended by these
		{"texts-fresh-3.yaml", 56, 80},  // and by none of these
	} {
		t.Run(c.file, func(t *testing.T) {
			agreed, all, _ := agreement(t, c.file)
			assert.GreaterOrEqual(t, all, c.least)
			assert.GreaterOrEqual(t, agreed*100, all*c.floor, "%d of %d agree", agreed, all)
			t.Logf("%d of %d agree", agreed, all)
		})
	}
}

// The wordings are wide, and not so wide that any talk about the subject would
// score: right answers to the other questions are worth little.
func TestAnswersToOtherQuestionsScoreLittle(t *testing.T) {
	tables := answersIn(t, "texts.yaml")
	for _, of := range tables {
		q, share, n := inBank(t, of.Question), 0.0, 0
		for _, other := range tables {
			for _, a := range other.Answers {
				if other.Question == of.Question || a.Points < 2 {
					continue
				}
				m := gradeText(t, q, a.Say)
				share += m.Points / m.Max
				n++
			}
		}
		assert.Less(t, share/float64(n), 0.2, "%s: the share of the points that %d answers to other questions get", of.Question, n)
	}
}
