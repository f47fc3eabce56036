package quiz

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// Sheet is what one learner is asked: a quiz with its options in an order, and
// under ids, that are this sheet's own. It never holds an answer, a reason, the
// place of an option in the file, or the seed.
type Sheet struct {
	ID        string  `json:"id"`
	Title     string  `json:"title"`
	Minutes   int     `json:"minutes,omitempty"`
	Questions []Asked `json:"questions"`
}

// Asked is one question as a learner sees it.
type Asked struct {
	ID      string   `json:"id"`
	Topic   string   `json:"topic,omitempty"`
	Kind    Kind     `json:"kind"`
	Ask     string   `json:"ask"` // markdown
	Points  float64  `json:"points"`
	Options []Choice `json:"options,omitempty"` // to choose from, or to put in order
	Left    []Choice `json:"left,omitempty"`    // to match
	Right   []Choice `json:"right,omitempty"`
	InLab   bool     `json:"in_lab,omitempty"` // it is answered in a lab
}

// Choice is something to choose.
type Choice struct {
	ID   string `json:"id"`
	Text string `json:"text"`
}

// Key makes a sheet one's own: it decides the order and the ids of options, and
// the variant of every question. Whoever knows it knows the answers.
type Key [32]byte

// seed chooses variants. Tries of a question have other variants.
func (k Key) seed(question string, try int) uint64 {
	return binary.BigEndian.Uint64(k.sum("variant", question, try))>>1 | 1 // never 0, which is the file as it stands
}

func (k Key) sum(parts ...any) []byte {
	h := hmac.New(sha256.New, k[:])
	fmt.Fprintf(h, "%q", parts)
	return h.Sum(nil)
}

var idText = base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding)

// name is the opaque id of the i-th choice of a list.
func (k Key) name(question, list string, try, i int) string {
	return idText.EncodeToString(k.sum("choice", question, list, try, i))[:10]
}

// Variant is the one that a learner gets of a question at a try, from 0.
func (k Key) Variant(q *Question, try int) Variant { return q.Variant(k.seed(q.ID, try)) }

// mixed returns the choices in an order of their own. A list that is asked to
// be put in order never begins as it belongs.
func (k Key) mixed(question, list string, try int, texts []string, order bool) (choices []Choice) {
	for i, text := range texts {
		choices = append(choices, Choice{k.name(question, list, try, i), text})
	}
	dice := rand.New(rand.NewPCG(k.seed(question+"/"+list, try), 7))
	for range 20 {
		dice.Shuffle(len(choices), func(i, j int) { choices[i], choices[j] = choices[j], choices[i] })
		if !order || choices[0].Text != texts[0] {
			break
		}
	}
	return choices
}

// Ask is one question of a sheet.
func (k Key) Ask(q *Question, try int) Asked {
	v := k.Variant(q, try)
	a := Asked{ID: q.ID, Topic: q.Topic, Kind: q.Kind, Ask: v.Fill(q.Ask), Points: q.max(), InLab: q.Kind == Lab}
	switch {
	case q.Kind == Order:
		a.Options = k.mixed(q.ID, "order", try, q.Order, true)
	case q.Kind == Match:
		a.Left = k.mixed(q.ID, "left", try, lefts(q), false)
		a.Right = k.mixed(q.ID, "right", try, rights(q), false)
	case len(q.Options) > 0:
		a.Options = k.mixed(q.ID, "options", try, optionTexts(q, v), false)
	}
	return a
}

// Sheet is the whole quiz at the first try.
func (k Key) Sheet(q *Quiz) Sheet {
	s := Sheet{ID: q.ID, Title: q.Title, Minutes: q.Minutes}
	for i := range q.Questions {
		s.Questions = append(s.Questions, k.Ask(&q.Questions[i], 0))
	}
	return s
}

func lefts(q *Question) (texts []string) {
	for _, c := range q.Match {
		texts = append(texts, c.Left)
	}
	return texts
}

// rights are the right sides, each once: two couples may share one.
func rights(q *Question) (texts []string) {
	for _, c := range q.Match {
		if !slices.Contains(texts, c.Right) {
			texts = append(texts, c.Right)
		}
	}
	return texts
}

func optionTexts(q *Question, v Variant) (texts []string) {
	for _, o := range q.Options {
		texts = append(texts, v.Fill(o.Text))
	}
	return texts
}

// answerMax bounds an answer, in bytes of JSON.
const answerMax = 64 << 10

// InFile turns an answer that names choices by their ids into one as the
// answers file has it: options by their index, items and couples by their text.
// An answer of the wrong shape, or with an id that is not on the sheet, is an
// error in words.
func (k Key) InFile(q *Question, try int, answer json.RawMessage) (json.RawMessage, error) {
	if len(answer) > answerMax {
		return nil, fmt.Errorf("the answer has %d bytes: at most %d are taken", len(answer), answerMax)
	}
	if string(answer) == "null" {
		return answer, nil // taken back
	}
	switch q.Kind {
	case Single:
		return k.chosen(q, try, answer)
	case Predict:
		if len(q.Options) == 0 {
			break
		}
		return k.chosen(q, try, answer)
	case Multiple:
		var ids []string
		if err := json.Unmarshal(answer, &ids); err != nil {
			return nil, fmt.Errorf("a list of ids of options is wanted")
		}
		chosen := []int{}
		for _, id := range ids {
			i, err := k.find(q, "options", try, len(q.Options), id)
			if err != nil {
				return nil, err
			}
			chosen = append(chosen, i)
		}
		slices.Sort(chosen)
		return json.Marshal(slices.Compact(chosen))
	case Order:
		var ids []string
		if err := json.Unmarshal(answer, &ids); err != nil {
			return nil, fmt.Errorf("a list of the items' ids is wanted, the first one first")
		}
		texts := []string{}
		for _, id := range ids {
			i, err := k.find(q, "order", try, len(q.Order), id)
			if err != nil {
				return nil, err
			}
			if slices.Contains(texts, q.Order[i]) {
				return nil, fmt.Errorf("the item %q stands there twice", q.Order[i])
			}
			texts = append(texts, q.Order[i])
		}
		return json.Marshal(texts)
	case Match:
		var ids map[string]string
		if err := json.Unmarshal(answer, &ids); err != nil {
			return nil, fmt.Errorf(`an object is wanted, the id of a left item to the id of its right one`)
		}
		couples := map[string]string{}
		left, right := lefts(q), rights(q)
		for l, r := range ids {
			i, err := k.find(q, "left", try, len(left), l)
			if err != nil {
				return nil, err
			}
			j, err := k.find(q, "right", try, len(right), r)
			if err != nil {
				return nil, err
			}
			couples[left[i]] = right[j]
		}
		return json.Marshal(couples)
	case Number:
		if _, ok := number(answer); !ok {
			return nil, fmt.Errorf("a number is wanted")
		}
	case Text:
		var text string
		if err := json.Unmarshal(answer, &text); err != nil {
			return nil, fmt.Errorf("text is wanted")
		}
	case Lab:
		if !strings.HasPrefix(strings.TrimSpace(string(answer)), "[") {
			return nil, fmt.Errorf("a list of actions is wanted")
		}
	}
	// Written as a store writes it, so that the same answer is the same text.
	written, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("the answer is not JSON")
	}
	return written, nil
}

func (k Key) chosen(q *Question, try int, answer json.RawMessage) (json.RawMessage, error) {
	var id string
	if err := json.Unmarshal(answer, &id); err != nil {
		return nil, fmt.Errorf("the id of an option is wanted")
	}
	i, err := k.find(q, "options", try, len(q.Options), id)
	if err != nil {
		return nil, err
	}
	return json.Marshal(i)
}

// find returns the index of the choice with an id.
func (k Key) find(q *Question, list string, try, n int, id string) (int, error) {
	for i := range n {
		if k.name(q.ID, list, try, i) == id {
			return i, nil
		}
	}
	return 0, fmt.Errorf("there is no choice %q in the question %s: take the ids of this attempt", id, q.ID)
}

// Right is the right answer, in words, for after a practice answer or the
// close of a graded quiz. For text it is the ideas; for predict and lab the lab
// has to say.
func (q *Question) Right(v Variant) string {
	var parts []string
	switch q.Kind {
	case Single, Multiple:
		for _, o := range q.Options {
			if o.Correct {
				parts = append(parts, v.Fill(o.Text))
			}
		}
	case Order:
		return strings.Join(q.Order, " → ")
	case Match:
		for _, c := range q.Match {
			parts = append(parts, c.Left+" – "+c.Right)
		}
	case Number:
		return plain(q.Number.Value)
	case Text:
		for _, i := range q.Accept {
			parts = append(parts, i.Idea)
		}
	case Lab:
		return v.Fill(q.Lab.Answer)
	}
	return strings.Join(parts, "; ")
}

// Outline is a quiz in a list. It holds no questions.
type Outline struct {
	ID        string   `json:"id"`
	Title     string   `json:"title"`
	Questions int      `json:"questions"`
	Minutes   int      `json:"minutes,omitempty"`
	Topics    []string `json:"topics"`
}

// Outline describes the quiz for a list.
func (q *Quiz) Outline() Outline {
	o := Outline{q.ID, q.Title, len(q.Questions), q.Minutes, []string{}}
	for _, question := range q.Questions {
		if question.Topic != "" && !slices.Contains(o.Topics, question.Topic) {
			o.Topics = append(o.Topics, question.Topic)
		}
	}
	return o
}
