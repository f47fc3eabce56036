package quiz

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Mark is what an answer to one question is worth.
type Mark struct {
	ID      string   `json:"id"`
	Points  float64  `json:"points"`
	Max     float64  `json:"max"`
	Correct bool     `json:"correct"` // all of the points
	Why     string   `json:"why"`
	Ideas   []string `json:"ideas,omitempty"`  // of a text: those that it says
	Missed  []string `json:"missed,omitempty"` // and those that it does not
}

// Judge is a lab that answers what only a lab can. A variant is the values that
// the learner's question has for its names.
type Judge interface {
	// Value is what the expression of a predict question is worth once what is
	// done has settled.
	Value(ctx context.Context, q *Question, v Variant) (any, error)
	// True tells whether a learner's actions make a lab question's expression
	// true.
	True(ctx context.Context, q *Question, v Variant, actions json.RawMessage) (bool, error)
}

// Grade grades one answer, written as the answers file has it: options by their
// index in the file. An answer that is not there is worth nothing; one that
// cannot be read is worth nothing too, and Why says so. The error is the
// judge's.
func Grade(ctx context.Context, q *Question, v Variant, answer json.RawMessage, judge Judge) (Mark, error) {
	m := Mark{ID: q.ID, Max: q.max()}
	if len(answer) == 0 || string(answer) == "null" {
		m.Why = "not answered"
		return m, nil
	}
	var share float64
	var err error
	switch q.Kind {
	case Single:
		share, m.Why, err = q.gradeSingle(answer)
	case Multiple:
		share, m.Why, err = q.gradeMultiple(answer)
	case Order:
		share, m.Why, err = q.gradeOrder(answer)
	case Match:
		share, m.Why, err = q.gradeMatch(answer)
	case Number:
		share, m.Why, err = q.gradeNumber(answer)
	case Text:
		share, err = q.gradeText(answer, &m)
	case Predict:
		share, m.Why, err = q.gradePredict(ctx, v, answer, judge)
	case Lab:
		share, m.Why, err = q.gradeLab(ctx, v, answer, judge)
	}
	if wrong := unreadable(""); errors.As(err, &wrong) {
		m.Why = "the answer cannot be read: " + string(wrong)
		return m, nil
	}
	m.Points = round(share * m.Max)
	m.Correct = share >= 1
	return m, err
}

// unreadable is an answer of the wrong shape.
type unreadable string

func (u unreadable) Error() string { return string(u) }

func round(v float64) float64 { return math.Round(v*1000) / 1000 }

func (q *Question) option(i int) (*Option, error) {
	if i < 0 || i >= len(q.Options) {
		return nil, unreadable(fmt.Sprintf("there is no option %d: they count from 0 to %d", i, len(q.Options)-1))
	}
	return &q.Options[i], nil
}

func (q *Question) gradeSingle(answer json.RawMessage) (share float64, why string, err error) {
	var i int
	if err := json.Unmarshal(answer, &i); err != nil {
		return 0, "", unreadable("the index of an option is wanted, such as 0")
	}
	o, err := q.option(i)
	if err != nil {
		return 0, "", err
	}
	if o.Correct {
		return 1, q.Explain, nil
	}
	return 0, o.Why, nil
}

func (q *Question) gradeMultiple(answer json.RawMessage) (share float64, why string, err error) {
	var chosen []int
	if err := json.Unmarshal(answer, &chosen); err != nil {
		return 0, "", unreadable("a list of indexes of options is wanted, such as [0, 2]")
	}
	slices.Sort(chosen)
	chosen = slices.Compact(chosen)
	right, wrong, all := 0, 0, 0
	var reasons []string
	for _, i := range chosen {
		o, err := q.option(i)
		if err != nil {
			return 0, "", err
		}
		if o.Correct {
			right++
			continue
		}
		wrong++
		reasons = append(reasons, fmt.Sprintf("%s: %s", o.Text, o.Why))
	}
	for i, o := range q.Options {
		if o.Correct {
			all++
			if !slices.Contains(chosen, i) {
				reasons = append(reasons, "missing: "+o.Text)
			}
		}
	}
	if len(reasons) == 0 {
		reasons = []string{q.Explain}
	}
	return max(0, float64(right-wrong)) / float64(all), strings.Join(reasons, "\n"), nil
}

// pairs are the pairs whose order counts: those that are named, else all.
func (q *Question) pairs() (pairs []Pair) {
	if len(q.Before) > 0 {
		return q.Before
	}
	for i, a := range q.Order {
		for _, b := range q.Order[i+1:] {
			pairs = append(pairs, Pair{a, b})
		}
	}
	return pairs
}

func (q *Question) gradeOrder(answer json.RawMessage) (share float64, why string, err error) {
	var given []string
	if err := json.Unmarshal(answer, &given); err != nil {
		return 0, "", unreadable("a list of the items is wanted, the first one first")
	}
	kept, first := 0, ""
	pairs := q.pairs()
	for _, p := range pairs {
		a, b := slices.Index(given, p.First), slices.Index(given, p.Second)
		if a >= 0 && b >= 0 && a < b {
			kept++
		} else if first == "" {
			first = fmt.Sprintf("%q comes before %q", p.First, p.Second)
		}
	}
	if first == "" {
		first = q.Explain
	}
	return float64(kept) / float64(len(pairs)), first, nil
}

func (q *Question) gradeMatch(answer json.RawMessage) (share float64, why string, err error) {
	var given map[string]string
	if err := json.Unmarshal(answer, &given); err != nil {
		return 0, "", unreadable(`an object is wanted, such as {"left": "right"}`)
	}
	right := 0
	var reasons []string
	for _, c := range q.Match {
		if given[c.Left] == c.Right {
			right++
		} else {
			reasons = append(reasons, fmt.Sprintf("%s belongs to %s", c.Left, c.Right))
		}
	}
	if len(reasons) == 0 {
		reasons = []string{q.Explain}
	}
	return float64(right) / float64(len(q.Match)), strings.Join(reasons, "\n"), nil
}

// number reads a number, also as somebody may have typed it.
func number(raw json.RawMessage) (float64, bool) {
	var n float64
	if json.Unmarshal(raw, &n) == nil {
		return n, true
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return 0, false
	}
	n, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(text), ",", "."), 64)
	return n, err == nil && !math.IsNaN(n) && !math.IsInf(n, 0)
}

func (q *Question) gradeNumber(answer json.RawMessage) (share float64, why string, err error) {
	n, ok := number(answer)
	if !ok {
		return 0, "", unreadable("a number is wanted")
	}
	// What is written with two digits may miss by less than a float can say.
	if math.Abs(n-q.Number.Value) <= q.Number.Tolerance+1e-9 {
		return 1, q.Explain, nil
	}
	return 0, fmt.Sprintf("it is %s. %s", strconv.FormatFloat(q.Number.Value, 'g', -1, 64), q.Explain), nil
}

func (q *Question) gradeText(answer json.RawMessage, m *Mark) (share float64, err error) {
	var text string
	if err := json.Unmarshal(answer, &text); err != nil {
		return 0, unreadable("text is wanted")
	}
	words := tokens(text)
	var points float64
	for _, idea := range q.Accept {
		if idea.in(words) {
			points += idea.points()
			m.Ideas = append(m.Ideas, idea.Idea)
		} else {
			m.Missed = append(m.Missed, idea.Idea)
		}
	}
	switch {
	case len(words) == 0:
		m.Why = "not answered"
	case len(m.Ideas) == 0:
		m.Why = "none of the ideas was found: " + strings.Join(m.Missed, ", ")
	case points >= m.Max:
		m.Why = "it says: " + strings.Join(m.Ideas, ", ")
	default:
		m.Why = fmt.Sprintf("it says: %s; not found: %s", strings.Join(m.Ideas, ", "), strings.Join(m.Missed, ", "))
	}
	if q.Explain != "" {
		m.Why += "\n" + q.Explain
	}
	return min(1, points/m.Max), nil
}

func (q *Question) gradePredict(ctx context.Context, v Variant, answer json.RawMessage, judge Judge) (share float64, why string, err error) {
	is, err := judge.Value(ctx, q, v)
	if err != nil {
		return 0, "", err
	}
	var given any
	if err := json.Unmarshal(answer, &given); err != nil {
		return 0, "", unreadable("a number, text, true or false is wanted")
	}
	if i, chosen := given.(float64); chosen && len(q.Options) > 0 {
		o, err := q.option(int(i))
		if err != nil {
			return 0, "", err
		}
		given = v.Fill(o.Text)
	}
	if SameValue(given, is) {
		return 1, q.Explain, nil
	}
	return 0, fmt.Sprintf("the lab says %s. %s", plain(is), q.Explain), nil
}

func (q *Question) gradeLab(ctx context.Context, v Variant, answer json.RawMessage, judge Judge) (share float64, why string, err error) {
	if len(answer) == 0 || answer[0] != '[' {
		return 0, "", unreadable("a list of actions is wanted")
	}
	met, err := judge.True(ctx, q, v, answer)
	if err != nil {
		return 0, "", err
	}
	if met {
		return 1, q.Explain, nil
	}
	return 0, fmt.Sprintf("in the end this was not true: %s. %s", v.Fill(q.Lab.Answer), q.Explain), nil
}

// SameValue tells whether what a learner said is what a lab said: numbers as
// numbers, texts without regard to case and space, yes for true, as a value or
// typed as a word.
func SameValue(given, is any) bool {
	a, b := plain(given), plain(is)
	if truth, ok := is.(bool); ok && strings.EqualFold(a, strconv.FormatBool(truth)) {
		return true
	}
	x, errX := strconv.ParseFloat(strings.ReplaceAll(a, ",", "."), 64)
	y, errY := strconv.ParseFloat(b, 64)
	if errX == nil && errY == nil {
		return math.Abs(x-y) < 1e-9
	}
	return strings.EqualFold(a, b)
}

// plain writes a value as a learner would.
func plain(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}

// Answers are one learner's, as the answers file has them.
type Answers struct {
	Learner string                     `json:"learner"`
	Answers map[string]json.RawMessage `json:"answers"`
	// Variants are the values that the learner's questions had; a question that
	// is not there had the first of each.
	Variants map[string]Variant `json:"variants,omitempty"`
}

// Result is what one learner reached.
type Result struct {
	Learner   string  `json:"learner"`
	Quiz      string  `json:"quiz"`
	Score     float64 `json:"score"`
	Max       float64 `json:"max"`
	Percent   float64 `json:"percent"`
	Passed    bool    `json:"passed"`
	Questions []Mark  `json:"questions"`
}

// Grade grades the answers of one learner. Answers to questions that the quiz
// does not have are an error.
func (q *Quiz) Grade(ctx context.Context, a Answers, judge Judge) (Result, error) {
	r := Result{Learner: a.Learner, Quiz: q.ID, Questions: []Mark{}}
	for id := range a.Answers {
		if q.Find(id) == nil {
			return r, fmt.Errorf("the quiz %s has no question %q", q.ID, id)
		}
	}
	for id, v := range a.Variants {
		if question := q.Find(id); question == nil || !question.has(v) {
			return r, fmt.Errorf("the quiz %s has no variant %v of a question %q", q.ID, v, id)
		}
	}
	for i := range q.Questions {
		question := &q.Questions[i]
		v, ok := a.Variants[question.ID]
		if !ok {
			v = question.Variant(0)
		}
		m, err := Grade(ctx, question, v, a.Answers[question.ID], judge)
		if err != nil {
			return r, fmt.Errorf("grade question %s: %w", question.ID, err)
		}
		r.Questions = append(r.Questions, m)
	}
	q.Sum(&r)
	return r, nil
}

// Sum works the sums of a result out from its marks.
func (q *Quiz) Sum(r *Result) {
	r.Score, r.Max = 0, 0
	for _, m := range r.Questions {
		r.Score, r.Max = round(r.Score+m.Points), round(r.Max+m.Max)
	}
	r.Percent = 0
	if r.Max > 0 {
		r.Percent = math.Round(r.Score/r.Max*1000) / 10
	}
	r.Passed = r.Score/max(r.Max, 1e-9)*100 >= q.pass()-1e-9
}
