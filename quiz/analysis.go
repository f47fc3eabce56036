package quiz

import (
	"cmp"
	"encoding/json"
	"math"
	"slices"
	"time"
)

// Item is what the attempts of many learners say about a question.
type Item struct {
	ID       string `json:"id"`
	Topic    string `json:"topic,omitempty"`
	Kind     Kind   `json:"kind"`
	Ask      string `json:"ask"`
	Answered int    `json:"answered"` // of the attempts
	// Difficulty is the mean share of the points, 0 nobody to 1 everybody.
	Difficulty float64 `json:"difficulty"`
	// Discrimination is the correlation of the question's points with those of
	// the rest of the quiz, −1 to 1; nil where it cannot be told, because all
	// had the same. Below 0.2 the question does not tell who knows from who does
	// not; below 0 something is wrong with it.
	Discrimination *float64 `json:"discrimination"`
	// SureAndWrong counts answers that were sure and not right.
	SureAndWrong int         `json:"sure_and_wrong"`
	Wrong        []WrongIdea `json:"wrong"` // wrong ideas, the most frequent first
}

// WrongIdea is a wrong idea and how many had it.
type WrongIdea struct {
	Text  string `json:"text"`
	Why   string `json:"why,omitempty"`
	Count int    `json:"count"`
}

// Analyse works the items of a quiz out from graded attempts that have a
// result. Of a learner with several the last one counts.
func Analyse(q *Quiz, attempts []Attempt) []Item {
	attempts = latest(attempts)
	items := []Item{}
	for i := range q.Questions {
		question := &q.Questions[i]
		item := Item{ID: question.ID, Topic: question.Topic, Kind: question.Kind, Ask: question.Ask, Wrong: []WrongIdea{}}
		var own, rest []float64
		counts := map[WrongIdea]int{}
		for _, a := range attempts {
			m, others := a.mark(question.ID)
			own, rest = append(own, m.Points), append(rest, others)
			given := a.Given[question.ID]
			if len(given.InFile) > 0 && string(given.InFile) != "null" {
				item.Answered++
			}
			if m.Max > 0 {
				item.Difficulty += m.Points / m.Max / float64(len(attempts))
			}
			if given.Confidence == "sure" && !m.Correct {
				item.SureAndWrong++
			}
			if a.Revision != "" && a.Revision != q.revision {
				continue // its options may have stood in other places
			}
			for _, idea := range question.wrongIdeas(a.Key.Variant(question, given.Try), given.InFile, m) {
				counts[idea]++
			}
		}
		item.Difficulty = round(item.Difficulty)
		item.Discrimination = correlation(own, rest)
		for idea, n := range counts {
			idea.Count = n
			item.Wrong = append(item.Wrong, idea)
		}
		slices.SortFunc(item.Wrong, func(a, b WrongIdea) int { return cmp.Or(b.Count-a.Count, cmp.Compare(a.Text, b.Text)) })
		items = append(items, item)
	}
	return items
}

// latest keeps, of every learner, the last graded attempt that has a result.
func latest(attempts []Attempt) (kept []Attempt) {
	last := map[string]int{}
	for _, a := range attempts {
		if a.Mode != Graded || a.Result == nil {
			continue
		}
		if i, ok := last[a.Learner]; ok {
			if a.Began.After(kept[i].Began) {
				kept[i] = a
			}
			continue
		}
		last[a.Learner] = len(kept)
		kept = append(kept, a)
	}
	return kept
}

// mark is a question's mark, and the points of all others.
func (a Attempt) mark(question string) (m Mark, others float64) {
	for _, one := range a.Result.Questions {
		if one.ID == question {
			m = one
		} else {
			others += one.Points
		}
	}
	return m, others
}

// wrongIdeas are what an answer that is not all right shows.
func (q *Question) wrongIdeas(v Variant, inFile json.RawMessage, m Mark) (ideas []WrongIdea) {
	if m.Correct || len(inFile) == 0 || string(inFile) == "null" {
		return nil
	}
	option := func(i int) {
		if i >= 0 && i < len(q.Options) && !q.Options[i].Correct {
			ideas = append(ideas, WrongIdea{Text: q.Options[i].Text, Why: q.Options[i].Why})
		}
	}
	switch q.Kind {
	case Single:
		var i int
		if json.Unmarshal(inFile, &i) == nil {
			option(i)
		}
	case Multiple:
		var chosen []int
		if json.Unmarshal(inFile, &chosen) == nil {
			for _, i := range chosen {
				option(i)
			}
		}
	case Match:
		var given map[string]string
		if json.Unmarshal(inFile, &given) == nil {
			for _, c := range q.Match {
				if right := given[c.Left]; right != "" && right != c.Right {
					ideas = append(ideas, WrongIdea{Text: c.Left + " – " + right})
				}
			}
		}
	case Order:
		// Not by the mark: whoever marks by hand writes a note of their own there.
		if share, why, err := q.gradeOrder(inFile); err == nil && share < 1 {
			ideas = append(ideas, WrongIdea{Text: "not kept: " + why})
		}
	case Number, Predict:
		ideas = append(ideas, WrongIdea{Text: q.Said(v, inFile)})
	case Text:
		for _, missed := range m.Missed {
			ideas = append(ideas, WrongIdea{Text: "does not say: " + missed})
		}
	}
	return ideas
}

// correlation is Pearson's, nil where one side does not vary.
func correlation(x, y []float64) *float64 {
	n := float64(len(x))
	if n < 2 {
		return nil
	}
	var mx, my float64
	for i := range x {
		mx, my = mx+x[i]/n, my+y[i]/n
	}
	var xy, xx, yy float64
	for i := range x {
		xy += (x[i] - mx) * (y[i] - my)
		xx += (x[i] - mx) * (x[i] - mx)
		yy += (y[i] - my) * (y[i] - my)
	}
	if xx < 1e-12 || yy < 1e-12 {
		return nil
	}
	r := round(xy / math.Sqrt(xx*yy))
	return &r
}

// Who is the learner of an attempt, as far as it knows.
func (a Attempt) Who() string {
	if a.Name != "" {
		return a.Name
	}
	return "learner " + a.Learner[:min(8, len(a.Learner))]
}

// Overdue tells whether an attempt is to be graded as it is: its time is over, or
// it was submitted and the grading was cut short.
func (a Attempt) Overdue(now time.Time) bool {
	return a.Mode == Graded && a.Result == nil && (!a.Submitted.IsZero() || !a.Deadline.IsZero() && now.After(a.Deadline.Add(grace)))
}

// Row is one learner in the gradebook.
type Row struct {
	Learner   string    `json:"learner"` // name, or what the attempt knows the learner by
	Attempt   string    `json:"attempt"`
	Score     float64   `json:"score"`
	Max       float64   `json:"max"`
	Percent   float64   `json:"percent"`
	Passed    bool      `json:"passed"`
	Submitted time.Time `json:"submitted"`
}

// Gradebook lists the last graded attempt of every learner, by name.
func Gradebook(attempts []Attempt) []Row {
	rows := []Row{}
	for _, a := range latest(attempts) {
		rows = append(rows, Row{a.Who(), a.ID, a.Result.Score, a.Result.Max, a.Result.Percent, a.Result.Passed, a.Submitted})
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(a.Learner, b.Learner), cmp.Compare(a.Attempt, b.Attempt))
	})
	return rows
}
