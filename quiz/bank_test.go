package quiz_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"eddy/quiz"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inBank returns a question of the bank by quiz/question.
func inBank(t *testing.T, name string) *quiz.Question {
	t.Helper()
	file, id, _ := strings.Cut(name, "/")
	for _, q := range quiz.Bundled() {
		if q.ID == file {
			question := q.Find(id)
			require.NotNil(t, question, "the quiz %s has no question %s", file, id)
			return question
		}
	}
	require.Fail(t, "no such quiz", "%s", file)
	return nil
}

// everyQuestion goes through the bank.
func everyQuestion(visit func(name string, q *quiz.Question)) {
	for _, file := range quiz.Bundled() {
		for i := range file.Questions {
			visit(file.ID+"/"+file.Questions[i].ID, &file.Questions[i])
		}
	}
}

func TestTheBankCoversEveryTopicAndKind(t *testing.T) {
	topics, kinds, all := map[string]int{}, map[quiz.Kind]int{}, 0
	inLab := map[string]int{}
	for _, file := range quiz.Bundled() {
		assert.NotZero(t, file.Minutes, "%s says how long it takes", file.ID)
	}
	everyQuestion(func(name string, q *quiz.Question) {
		all++
		topics[q.Topic]++
		kinds[q.Kind]++
		if q.Kind == quiz.Predict || q.Kind == quiz.Lab {
			inLab[q.Topic]++
		}
		assert.Equal(t, q.Topic, strings.Split(name, "/")[0], "%s stands in the file of its topic", name)
		assert.NotEmpty(t, strings.TrimSpace(q.Explain), "%s is explained", name)
	})
	assert.GreaterOrEqual(t, all, 90)
	assert.GreaterOrEqual(t, kinds[quiz.Predict]+kinds[quiz.Lab], 20)
	for _, kind := range []quiz.Kind{quiz.Single, quiz.Multiple, quiz.Order, quiz.Match, quiz.Number, quiz.Text, quiz.Predict, quiz.Lab} {
		assert.GreaterOrEqual(t, kinds[kind], 4, kind)
	}
	for _, topic := range []string{"sync-async", "kafka", "cqrs", "event-sourcing", "saga", "idempotency", "dead-letter", "schema", "outbox", "capstone"} {
		assert.GreaterOrEqual(t, topics[topic], 9, topic)
		assert.GreaterOrEqual(t, inLab[topic], 2, "%s: questions for a lab", topic)
	}
	t.Logf("%d questions: %v", all, kinds)
}

// The ten questions that every course on the subject ends with are there to be
// answered in one's own words, and to be chosen from.
func TestTheClassicQuestionsAreAskedInTwoForms(t *testing.T) {
	for what, names := range map[string][2]string{
		"advantage over synchronous calls": {"sync-async/advantage-text", "sync-async/advantage-choice"},
		"consumers within a group":         {"kafka/group-text", "kafka/group-choice"},
		"why CQRS separates the models":    {"cqrs/why-text", "cqrs/why-choice"},
		"restoring state":                  {"event-sourcing/restore-text", "event-sourcing/restore-choice"},
		"choreography or orchestration":    {"saga/style-text", "saga/style-choice"},
		"why idempotency":                  {"idempotency/why-text", "idempotency/why-choice"},
		"what a DLQ is for":                {"dead-letter/purpose-text", "dead-letter/purpose-choice"},
		"why the user id is the key":       {"kafka/key-text", "kafka/key-choice"},
		"can events be changed":            {"event-sourcing/change-text", "event-sourcing/change-choice"},
		"drawbacks of CQRS":                {"cqrs/drawbacks-text", "cqrs/drawbacks-choice"},
	} {
		assert.Equal(t, quiz.Text, inBank(t, names[0]).Kind, what)
		assert.Contains(t, []quiz.Kind{quiz.Single, quiz.Multiple}, inBank(t, names[1]).Kind, what)
	}
}

// Whoever knows nothing must not get far by taking the longest option, or the
// one at some place.
func TestOptionsGiveNothingAway(t *testing.T) {
	singles, longest, places := 0, 0, map[int]int{}
	everyQuestion(func(name string, q *quiz.Question) {
		if q.Kind != quiz.Single && q.Kind != quiz.Multiple {
			return
		}
		right, wrongLength, rightLength := 0, 0, 0
		whys := map[string]bool{}
		for i, o := range q.Options {
			if o.Correct {
				right, rightLength = i, len(o.Text)
				assert.Empty(t, o.Why, "%s: a right option has no why", name)
				continue
			}
			wrongLength = max(wrongLength, len(o.Text))
			assert.Greater(t, len(o.Why), 25, "%s: %q says why it is wrong", name, o.Text)
			assert.False(t, whys[o.Why], "%s: %q has a why of its own", name, o.Text)
			whys[o.Why] = true
		}
		if q.Kind == quiz.Multiple {
			assert.NotEmpty(t, whys, "%s has a wrong option", name)
			return
		}
		singles++
		places[right]++
		if rightLength > wrongLength {
			longest++
		}
	})
	assert.LessOrEqual(t, longest*100, singles*35, "the right option is the longest %d times of %d", longest, singles)
	for place, n := range places {
		assert.LessOrEqual(t, n*100, singles*45, "the right option is at place %d %d times of %d", place, n, singles)
	}
	t.Logf("%d single: right at %v, the longest %d times", singles, places, longest)
}

// shown is what the labs of the predict questions show, by the value that the
// question has for its name; "" where it has none.
var shown = map[string]map[string]any{
	"kafka/predict-paused":           {"3": 3, "4": 4, "5": 5, "6": 6},
	"kafka/predict-groups":           {"2": 2, "3": 3, "4": 4, "5": 5},
	"sync-async/predict-style":       {"sync": 3, "choreography": 0},
	"sync-async/predict-accepted":    {"2": 2, "3": 3, "4": 4, "5": 5},
	"saga/predict-declined":          {"1": 1, "2": 2, "3": 3, "4": 4},
	"saga/predict-refunds":           {"1": 5, "2": 4, "4": 2, "5": 1},
	"idempotency/predict-crash":      {"after_handle": 2, "before_handle": 1},
	"idempotency/predict-rewind":     {"2": 2, "3": 3, "4": 4, "5": 5},
	"cqrs/predict-behind":            {"1": 5, "2": 10, "3": 15, "4": 20},
	"cqrs/predict-list":              {"1": 1, "2": 2, "4": 4, "5": 5},
	"event-sourcing/predict-version": {"card": 4, "declined-card": 2},
	"event-sourcing/predict-replay":  {"2": 2, "3": 3, "4": 4, "5": 5},
	"dead-letter/predict-groups":     {"orders": 3, "inventory": 4, "notifications": 1},
	"dead-letter/predict-tries":      {"2": 0, "3": 0, "4": 1, "5": 1},
	"outbox/predict-lost":            {"after_write": 1, "before_handle": 0},
	"outbox/predict-cut":             {"2": 2, "3": 3, "4": 4, "5": 5},
	"schema/predict-versions":        {"1": 3, "2": 0},
	"schema/predict-mixed":           {"1": 3, "2": 4, "3": 5, "4": 6},
	"capstone/predict-status":        {"sync": "CANCELLED", "choreography": "PAID"},
	"capstone/predict-commit":        {"before": 0, "after": 1},
}

func TestPredictQuestionsShowWhatTheySay(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a hundred labs")
	}
	var there []string
	everyQuestion(func(name string, q *quiz.Question) {
		if q.Kind == quiz.Predict {
			there = append(there, name)
		}
	})
	assert.ElementsMatch(t, there, slices.Collect(maps.Keys(shown)), "every predict question is in the table")
	for name, values := range shown {
		q := inBank(t, name)
		require.Len(t, q.Vary, 1, "%s varies in one name", name)
		for variable, valid := range q.Vary {
			assert.ElementsMatch(t, valid, slices.Collect(maps.Keys(values)), name)
			for value, want := range values {
				t.Run(name+" "+value, func(t *testing.T) {
					t.Parallel()
					right, err := json.Marshal(want)
					require.NoError(t, err)
					synctest.Test(t, func(t *testing.T) {
						v := quiz.Variant{variable: value}
						is, err := quiz.Labs{}.Value(t.Context(), q, v)
						require.NoError(t, err)
						assert.EqualValues(t, want, is)
						judge := said{is}
						for answer, points := range map[string]float64{string(right): 1, `999`: 0, `""`: 0, `null`: 0, ``: 0} {
							m, err := quiz.Grade(t.Context(), q, v, json.RawMessage(answer), judge)
							require.NoError(t, err)
							assert.Equal(t, points*m.Max, m.Points, "answer %s: %s", answer, m.Why)
						}
						if len(q.Options) > 0 {
							assert.True(t, slices.ContainsFunc(q.Options, func(o quiz.Option) bool { return quiz.SameValue(v.Fill(o.Text), is) }), "what the lab shows is among the options")
						}
					})
				})
			}
		}
	}
}

// said is a judge that has looked already.
type said struct{ value any }

func (s said) Value(context.Context, *quiz.Question, quiz.Variant) (any, error) { return s.value, nil }
func (s said) True(context.Context, *quiz.Question, quiz.Variant, json.RawMessage) (bool, error) {
	return false, fmt.Errorf("this judge knows a value only")
}

const order = `{"place_order":{"user":"user-1","items":[{"sku":"mouse","qty":1}]}}`

// played is what a learner may do in the lab of a question: what makes it true,
// and what looks as if it would and does not.
var played = map[string]struct{ right, wrong []string }{
	"kafka/lab-lag": {
		[]string{`[{"pause":"payment"},{"burst":{"orders":3,"rate":20}}]`, `[{"scale":{"service":"payment","instances":0}},{"burst":{"orders":5,"rate":20}}]`},
		[]string{`[{"burst":{"orders":5,"rate":1}}]`},
	},
	"kafka/lab-catch-up": {
		[]string{`[{"scale":{"service":"payment","instances":1}}]`},
		[]string{`["heal"]`, `[` + order + `]`},
	},
	"sync-async/lab-accept": {
		[]string{`[{"set":{"saga":"choreography"}},` + order + `]`},
		[]string{`[` + order + `]`, `["heal",` + order + `]`, `["heal",{"set":{"saga":"choreography"}},` + order + `]`},
	},
	"saga/lab-compensate": {
		[]string{`[{"decline":{"stock_out":"mouse"}},` + order + `]`},
		[]string{`[` + order + `]`, `[{"place_order":{"items":[{"sku":"mouse","qty":1}],"method":"declined-card"}}]`},
	},
	"saga/lab-leader": {
		[]string{`[{"set":{"saga":"orchestration"}},` + order + `]`},
		[]string{`[` + order + `]`, `[` + order + `,{"set":{"saga":"orchestration"}}]`},
	},
	"idempotency/lab-double": {
		[]string{
			`[{"crash":{"service":"payment","at":"after_handle","on":"OrderCreated"}},` + order + `,{"wait_until":{"expr":"service(\"payment\").state == \"crashed\"","within":"10s"}},{"restart":"payment"}]`,
			`[` + order + `,{"wait_until":{"expr":"settled","within":"10s"}},{"rewind":{"group":"payment","to":"earliest"}}]`,
		},
		[]string{`[` + order + `,` + order + `]`, `[{"crash":{"service":"payment","at":"before_handle","on":"OrderCreated"}},` + order + `,{"wait":"2s"},{"restart":"payment"}]`},
	},
	"idempotency/lab-harmless": {
		[]string{
			`[{"crash":{"service":"payment","at":"after_handle","on":"OrderCreated"}},` + order + `,{"wait_until":{"expr":"service(\"payment\").state == \"crashed\"","within":"10s"}},{"restart":"payment"}]`,
			`[` + order + `,{"wait_until":{"expr":"settled","within":"10s"}},{"rewind":{"group":"payment","to":"earliest"}}]`,
		},
		[]string{`[` + order + `]`, `[{"set":{"service":"payment","idempotent":false}},` + order + `,{"wait_until":{"expr":"settled","within":"10s"}},{"rewind":{"group":"payment","to":"earliest"}}]`},
	},
	"cqrs/lab-stale": {
		[]string{`[{"pause":"projector"},` + order + `]`, `[{"slow":{"service":"projector","by":"10s"}},` + order + `]`},
		[]string{`[` + order + `]`, `[{"pause":"payment"},` + order + `]`},
	},
	"cqrs/lab-rebuild": {
		[]string{`[{"rebuild":"orders"}]`, `[{"rewind":{"group":"projector","to":"earliest"}}]`},
		[]string{`[{"restart":"projector"}]`, `["heal"]`},
	},
	"event-sourcing/lab-correct": {
		[]string{`[{"amend_order":{"order":"A","address":"2 Quay Street"}},{"amend_order":{"order":"A","address":"4 Quay Street"}}]`},
		[]string{`[{"amend_order":{"order":"A","address":"2 Quay Street"}}]`, `[` + order + `]`, `[{"rebuild":"orders"}]`},
	},
	"event-sourcing/lab-three": {
		[]string{
			`[{"decline":{"stock_out":"mouse"}},` + order + `]`,
			`[{"pause":"inventory"},{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}]}},{"wait":"2s"},{"cancel_order":"A"},{"resume":"inventory"}]`,
		},
		[]string{
			`[` + order + `]`, `[{"place_order":{"items":[{"sku":"mouse","qty":1}],"method":"declined-card"}}]`,
			`[{"pause":"payment"},{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}]}},{"amend_order":{"order":"A","address":"2 Quay Street"}},{"cancel_order":"A"}]`,
		},
	},
	"dead-letter/lab-redrive": {
		[]string{`[{"redrive":{"topic":"orders.dlq","all":true}}]`},
		[]string{`[{"discard":{"topic":"orders.dlq","all":true}}]`, `[{"restart":"payment"}]`},
	},
	"dead-letter/lab-unblock": {
		[]string{`[{"set":{"service":"payment","dead_letter":true}},{"restart":"payment"}]`, `[{"set":{"service":"payment","dead_letter":true}}]`},
		[]string{`[{"restart":"payment"}]`, `["heal"]`, `[{"set":{"service":"payment","retries":0}}]`},
	},
	"outbox/lab-lost": {
		[]string{`[{"crash":{"service":"order","at":"after_write","on":"PlaceOrder"}},` + order + `,{"restart":"order"}]`},
		[]string{`[` + order + `]`, `[{"crash":{"service":"order","at":"before_handle","on":"PlaceOrder"}},` + order + `,{"restart":"order"}]`},
	},
	"outbox/lab-waiting": {
		[]string{`[{"mend":{"service":"order","from":"kafka"}}]`, `["heal"]`},
		[]string{`[` + order + `]`, `[{"restart":"payment"}]`},
	},
	"schema/lab-upcast": {
		[]string{`[{"set":{"service":"payment","upcast":true}},{"redrive":{"topic":"orders.dlq","all":true}}]`},
		[]string{`[{"redrive":{"topic":"orders.dlq","all":true}}]`, `[{"set":{"service":"payment","upcast":true}}]`, `[{"set":{"service":"order","schema_version":2}},{"redrive":{"topic":"orders.dlq","all":true}}]`},
	},
	"schema/lab-outside": {
		[]string{`[{"publish":{"topic":"orders","key":"100","value":"{\"event_type\":\"OrderCreated\",\"data\":{\"order_id\":4711,\"user_id\":100,\"items\":[{\"name\":\"Mouse\",\"qty\":2}],\"total\":5000}}"}}]`},
		[]string{`[` + order + `]`, `[{"publish":{"topic":"orders","key":"100","value":"{\"event_type\":\"OrderCreated\"}"}}]`},
	},
	"capstone/lab-repair": {
		[]string{`["heal",{"resume":"projector"},{"redrive":{"topic":"orders.dlq","all":true}}]`, `[{"redrive":{"topic":"orders.dlq","all":true}},{"restart":"inventory"},{"resume":"projector"}]`},
		[]string{`[{"restart":"inventory"},{"resume":"projector"}]`, `[{"restart":"inventory"},{"resume":"projector"},{"discard":{"topic":"orders.dlq","all":true}}]`},
	},
	"capstone/lab-forgotten": {
		[]string{`[{"crash":{"service":"payment","at":"before_handle","on":"OrderCreated"}},` + order + `,{"wait_until":{"expr":"service(\"payment\").state == \"crashed\"","within":"10s"}},{"restart":"payment"}]`},
		[]string{`[` + order + `]`, `[{"set":{"service":"payment","commit":"after"}},{"crash":{"service":"payment","at":"before_handle","on":"OrderCreated"}},` + order + `,{"wait":"2s"},{"restart":"payment"}]`, `[{"pause":"payment"},` + order + `]`},
	},
}

func TestLabQuestionsAreJudgedByTheirEffect(t *testing.T) {
	if testing.Short() {
		t.Skip("plays a hundred labs")
	}
	var there []string
	everyQuestion(func(name string, q *quiz.Question) {
		if q.Kind == quiz.Lab {
			there = append(there, name)
		}
	})
	assert.ElementsMatch(t, there, slices.Collect(maps.Keys(played)), "every lab question is in the table")
	for name, moves := range played {
		q := inBank(t, name)
		play := func(what, actions string, points float64) {
			t.Run(name+" "+what, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					m, err := quiz.Grade(t.Context(), q, nil, json.RawMessage(actions), quiz.Labs{})
					require.NoError(t, err)
					assert.Equal(t, points*m.Max, m.Points, "%s: %s", actions, m.Why)
				})
			})
		}
		play("nothing", `[]`, 0)
		for i, actions := range moves.right {
			play(fmt.Sprint("right ", i), actions, 1)
		}
		for i, actions := range moves.wrong {
			play(fmt.Sprint("wrong ", i), actions, 0)
		}
	}
}
