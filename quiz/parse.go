package quiz

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"eddy/lab"
	"eddy/lab/form"
	"eddy/lab/script"
)

// Problem is one thing that is wrong with a quiz file.
type Problem = form.Problem

var quizID = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

// Bounds of a quiz.
const (
	maxQuestions = 200
	maxOptions   = 12
	maxVariants  = 64 // of a question
)

// Parse reads a quiz file. The name is the file's, without its folder and
// ending; "" where it has none. The problems are in the order of the file.
func Parse(name string, data []byte) (*Quiz, []Problem) {
	q := &Quiz{}
	q.file = form.Read(data, q)
	sum := sha256.Sum256(data)
	q.revision = hex.EncodeToString(sum[:8])
	if q.file.Has("questions") || q.file.Has("id") {
		q.check(name)
	}
	return q, q.file.Sorted()
}

func (q *Quiz) problem(path, format string, args ...any) { q.file.Problem(path, format, args...) }

func (q *Quiz) check(name string) {
	switch {
	case q.ID == "":
	case !quizID.MatchString(q.ID):
		q.problem("id", "an id is made of small letters, digits and single dashes, such as sagas; it is %q", q.ID)
	case name != "" && q.ID != name:
		q.problem("id", "the id is %q, and the file is called %q: they must be the same", q.ID, name)
	}
	if q.file.Has("pass") && (q.Pass < 1 || q.Pass > 100) {
		q.problem("pass", "pass is 1 to 100 per cent, not %d", q.Pass)
	}
	if q.file.Has("minutes") && (q.Minutes < 1 || q.Minutes > 600) {
		q.problem("minutes", "minutes is 1 to 600, not %d", q.Minutes)
	}
	if n := len(q.Questions); q.file.Has("questions") && (n == 0 || n > maxQuestions) {
		q.problem("questions", "a quiz has 1 to %d questions, not %d", maxQuestions, n)
	}
	seen := map[string]bool{}
	for i := range q.Questions {
		question, path := &q.Questions[i], fmt.Sprintf("questions[%d]", i)
		switch {
		case question.ID == "":
		case !quizID.MatchString(question.ID):
			q.problem(path+".id", "an id is made of small letters, digits and single dashes; it is %q", question.ID)
		case seen[question.ID]:
			q.problem(path+".id", "there is a question %q already: ids of questions differ", question.ID)
		}
		seen[question.ID] = true
		q.checkQuestion(path, question)
	}
}

// belongs says which keys a kind needs, and which it may have besides.
var belongs = map[Kind]struct{ needs, may []string }{
	Single:   {[]string{"options"}, nil},
	Multiple: {[]string{"options"}, nil},
	Order:    {[]string{"order"}, []string{"before"}},
	Match:    {[]string{"match"}, nil},
	Number:   {[]string{"number"}, nil},
	Text:     {[]string{"accept"}, nil},
	Predict:  {[]string{"lab"}, []string{"options", "vary"}},
	Lab:      {[]string{"lab"}, []string{"vary"}},
}

func (q *Quiz) checkQuestion(path string, question *Question) {
	in := func(key string) string { return path + "." + key }
	if q.file.Has(in("points")) && (question.Points <= 0 || question.Points > 100) {
		q.problem(in("points"), "points are more than 0 and at most 100, not %g", question.Points)
	}
	if q.file.Has(in("ask")) && strings.TrimSpace(question.Ask) == "" {
		q.problem(in("ask"), "ask is empty")
	}
	keys, ok := belongs[question.Kind]
	if !ok {
		return // said already
	}
	for _, key := range []string{"options", "order", "before", "match", "number", "accept", "lab", "vary"} {
		switch there := q.file.Has(in(key)); {
		case !there && slices.Contains(keys.needs, key):
			q.problem(path, "a question of the kind %s needs the key %q", question.Kind, key)
		case there && !slices.Contains(keys.needs, key) && !slices.Contains(keys.may, key):
			q.problem(in(key), "%s does not belong to the kind %s", key, question.Kind)
		}
	}
	switch question.Kind {
	case Single, Multiple, Predict:
		q.checkOptions(in, question)
	case Order:
		q.checkOrder(in, question)
	case Match:
		q.checkMatch(in, question)
	case Number:
		if question.Number != nil && question.Number.Tolerance < 0 {
			q.problem(in("number.tolerance"), "tolerance is 0 or more, not %g", question.Number.Tolerance)
		}
	case Text:
		q.checkIdeas(in, question)
	}
	if question.Lab != nil {
		q.checkLab(in, question)
	}
}

func (q *Quiz) checkOptions(in func(string) string, question *Question) {
	n := len(question.Options)
	if !q.file.Has(in("options")) {
		return
	}
	if n < 2 || n > maxOptions {
		q.problem(in("options"), "a question has 2 to %d options, not %d", maxOptions, n)
		return
	}
	right := 0
	for i, o := range question.Options {
		at := fmt.Sprintf("%s[%d]", in("options"), i)
		if slices.IndexFunc(question.Options, func(p Option) bool { return p.Text == o.Text }) < i {
			q.problem(at, "the option %q is there twice", o.Text)
		}
		switch {
		case o.Correct:
			right++
		case strings.TrimSpace(o.Why) == "" && question.Kind != Predict:
			q.problem(at, "a wrong option says why it is wrong: it needs the key %q", "why")
		}
	}
	switch {
	case question.Kind == Predict:
		if right > 0 {
			q.problem(in("options"), "the lab says which option of a predict is right: leave correct out")
		}
	case right == 0:
		q.problem(in("options"), "no option is correct: one needs correct: true")
	case question.Kind == Single && right > 1:
		q.problem(in("options"), "%d options are correct, and a single has one: make it a multiple", right)
	}
}

func (q *Quiz) checkOrder(in func(string) string, question *Question) {
	if !q.file.Has(in("order")) {
		return
	}
	if len(question.Order) < 2 || len(question.Order) > maxOptions {
		q.problem(in("order"), "there are 2 to %d items to put in order, not %d", maxOptions, len(question.Order))
	}
	for i, item := range question.Order {
		if slices.Index(question.Order, item) < i {
			q.problem(fmt.Sprintf("%s[%d]", in("order"), i), "the item %q is there twice", item)
		}
	}
	for i, p := range question.Before {
		at := fmt.Sprintf("%s[%d]", in("before"), i)
		a, b := slices.Index(question.Order, p.First), slices.Index(question.Order, p.Second)
		switch {
		case a < 0:
			q.problem(at, "%q is no item of order: there are %s", p.First, strings.Join(question.Order, "; "))
		case b < 0:
			q.problem(at, "%q is no item of order: there are %s", p.Second, strings.Join(question.Order, "; "))
		case a >= b:
			q.problem(at, "order itself has %q after %q", p.First, p.Second)
		}
	}
}

func (q *Quiz) checkMatch(in func(string) string, question *Question) {
	if n := len(question.Match); q.file.Has(in("match")) && (n < 2 || n > maxOptions) {
		q.problem(in("match"), "there are 2 to %d couples to match, not %d", maxOptions, n)
	}
	for i, c := range question.Match {
		if slices.IndexFunc(question.Match, func(o Couple) bool { return o.Left == c.Left }) < i {
			q.problem(fmt.Sprintf("%s[%d]", in("match"), i), "%q stands on the left twice", c.Left)
		}
	}
}

func (q *Quiz) checkIdeas(in func(string) string, question *Question) {
	if q.file.Has(in("accept")) && len(question.Accept) == 0 {
		q.problem(in("accept"), "accept needs an idea")
	}
	var sum float64
	for i, idea := range question.Accept {
		at := fmt.Sprintf("%s[%d]", in("accept"), i)
		sum += idea.points()
		if len(idea.Any) == 0 && q.file.Has(at+".any") {
			q.problem(at+".any", "an idea needs a wording")
		}
		q.checkWordings(at+".any", idea.Any)
		q.checkWordings(at+".not", idea.Not)
	}
	if question.Points > 0 && sum < question.Points {
		q.problem(in("points"), "the ideas give %g points together, so %g can never be reached", sum, question.Points)
	}
}

func (q *Quiz) checkWordings(path string, wordings []string) {
	for j, w := range wordings {
		switch at := fmt.Sprintf("%s[%d]", path, j); {
		case slices.ContainsFunc(strings.Split(w, "+"), func(part string) bool { return len(wordsOf(part)) == 0 }):
			q.problem(at, "a wording needs a word, and so does each side of a +")
		case slices.ContainsFunc(wordsOf(w), func(words []string) bool { return slices.Contains(words, "") }) || slices.Contains(barredIn(w), ""):
			q.problem(at, "%q has a | or a ! with nothing beside it, which any word would match", w)
		}
	}
}

func (q *Quiz) checkLab(in func(string) string, question *Question) {
	task := question.Lab
	if task.Scenario != "" && q.file.Has(in("lab.lab")) {
		q.problem(in("lab"), "the lab is that of a scenario, or has settings, not both")
	}
	if !q.file.Has(in("lab.answer")) {
		return
	}
	if len(question.Vary) == 0 {
		script.CheckExpr(q.file, in("lab.answer"), task.Answer, question.Kind == Lab)
	}
	variants := question.variants()
	if len(variants) > maxVariants {
		q.problem(in("vary"), "these are more than %d variants: all of them are checked, so take fewer values", maxVariants)
		return
	}
	for _, v := range variants {
		said := ""
		for _, name := range slices.Sorted(maps.Keys(v)) {
			said += fmt.Sprintf("%s = %s, ", name, v[name])
		}
		if said != "" {
			said = "with " + strings.TrimSuffix(said, ", ") + ": "
		}
		if _, err := lab.CompileExpr(v.Fill(task.Answer), question.Kind == Lab); err != nil && len(v) > 0 {
			q.problem(in("lab.answer"), "%s%v", said, err)
			return
		}
		if _, err := task.Do.Of(v); err != nil && task.Do.named() {
			q.problem(in("lab.do"), "%s%v", said, err)
			return
		}
		if _, err := task.Lab.Of(v); err != nil && task.Lab.named() {
			q.problem(in("lab.lab"), "%s%v", said, err)
			return
		}
	}
}

// variants are all variants of a question; where they are more than maxVariants,
// some that are more.
func (q *Question) variants() []Variant {
	all := []Variant{{}}
	for _, name := range slices.Sorted(maps.Keys(q.Vary)) {
		var next []Variant
		for _, v := range all {
			for _, value := range q.Vary[name] {
				with := maps.Clone(v)
				with[name] = value
				next = append(next, with)
			}
		}
		all = next[:min(len(next), maxVariants+1)]
	}
	return all
}

// Schema is the JSON Schema of quiz files, for editors.
func Schema() map[string]any { return form.Schema(Quiz{}, "Eddy quiz") }
