package quiz

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
)

// QTI 2.1, as far as the kinds of questions allow: a package with a manifest
// and a file for each item.
const qtiNS = "http://www.imsglobal.org/xsd/imsqti_v2p1"

type qtiItem struct {
	XMLName    xml.Name      `xml:"assessmentItem"`
	NS         string        `xml:"xmlns,attr,omitempty"`
	ID         string        `xml:"identifier,attr"`
	Title      string        `xml:"title,attr"`
	Adaptive   bool          `xml:"adaptive,attr"`
	TimeDep    bool          `xml:"timeDependent,attr"`
	Response   []qtiResponse `xml:"responseDeclaration"`
	Outcome    []qtiOutcome  `xml:"outcomeDeclaration"`
	Body       qtiBody       `xml:"itemBody"`
	Processing qtiRules      `xml:"responseProcessing"`
	Feedback   []qtiFeedback `xml:"modalFeedback"`
}

type qtiResponse struct {
	ID          string     `xml:"identifier,attr"`
	Cardinality string     `xml:"cardinality,attr"`
	BaseType    string     `xml:"baseType,attr"`
	Correct     []string   `xml:"correctResponse>value"`
	Mapping     *qtiScores `xml:"mapping"`
}

type qtiScores struct {
	Default float64    `xml:"defaultValue,attr"`
	Lower   float64    `xml:"lowerBound,attr"`
	Entries []qtiEntry `xml:"mapEntry"`
}

type qtiEntry struct {
	Key   string  `xml:"mapKey,attr"`
	Value float64 `xml:"mappedValue,attr"`
}

type qtiOutcome struct {
	ID          string  `xml:"identifier,attr"`
	Cardinality string  `xml:"cardinality,attr"`
	BaseType    string  `xml:"baseType,attr"`
	Max         float64 `xml:"normalMaximum,attr,omitempty"`
}

type qtiBody struct {
	Paragraphs []string        `xml:"p"`
	Choice     *qtiInteraction `xml:"choiceInteraction"`
	Order      *qtiInteraction `xml:"orderInteraction"`
	Match      *qtiMatches     `xml:"matchInteraction"`
	Entry      []qtiEntryBox   `xml:"div>textEntryInteraction"`
	Extended   *qtiExtended    `xml:"extendedTextInteraction"`
}

type qtiInteraction struct {
	Response string      `xml:"responseIdentifier,attr"`
	Shuffle  bool        `xml:"shuffle,attr"`
	Max      *int        `xml:"maxChoices,attr"`
	Prompt   string      `xml:"prompt,omitempty"`
	Choices  []qtiChoice `xml:"simpleChoice"`
}

type qtiChoice struct {
	ID       string       `xml:"identifier,attr"`
	Text     string       `xml:",chardata"`
	Feedback *qtiFeedback `xml:"feedbackInline"`
}

type qtiMatches struct {
	Response string    `xml:"responseIdentifier,attr"`
	Shuffle  bool      `xml:"shuffle,attr"`
	Max      int       `xml:"maxAssociations,attr"`
	Prompt   string    `xml:"prompt,omitempty"`
	Sets     []qtiSide `xml:"simpleMatchSet"`
}

type qtiSide struct {
	Choices []qtiAssociable `xml:"simpleAssociableChoice"`
}

type qtiAssociable struct {
	ID   string `xml:"identifier,attr"`
	Max  int    `xml:"matchMax,attr"`
	Text string `xml:",chardata"`
}

type qtiEntryBox struct {
	Response string `xml:"responseIdentifier,attr"`
}

type qtiExtended struct {
	Response string `xml:"responseIdentifier,attr"`
	Prompt   string `xml:"prompt,omitempty"`
}

// qtiRules say what an answer scores and which feedback is shown. QTI's own
// templates know neither points other than one nor feedback.
type qtiRules struct {
	If  *qtiIf   `xml:"responseCondition>responseIf"`
	Set []qtiSet `xml:"setOutcomeValue"`
}

// qtiIf sets the points where the answer is right.
type qtiIf struct {
	Match *qtiCompare `xml:"match"`
	Equal *qtiCompare `xml:"equal"` // numbers
	Set   qtiSet      `xml:"setOutcomeValue"`
}

type qtiCompare struct {
	Mode      string `xml:"toleranceMode,attr,omitempty"`
	Tolerance string `xml:"tolerance,attr,omitempty"`
	Given     qtiRef `xml:"variable"`
	Right     qtiRef `xml:"correct"`
}

type qtiRef struct {
	ID string `xml:"identifier,attr"`
}

// qtiSet sets an outcome to one of its values.
type qtiSet struct {
	ID     string    `xml:"identifier,attr"`
	Value  *qtiValue `xml:"baseValue"`
	Given  *qtiRef   `xml:"variable"`
	Mapped *qtiRef   `xml:"mapResponse"`
}

type qtiValue struct {
	BaseType string `xml:"baseType,attr"`
	Text     string `xml:",chardata"`
}

type qtiFeedback struct {
	Outcome string `xml:"outcomeIdentifier,attr"`
	ID      string `xml:"identifier,attr"`
	Show    string `xml:"showHide,attr"`
	Text    string `xml:",chardata"`
}

type qtiManifest struct {
	XMLName   xml.Name      `xml:"manifest"`
	NS        string        `xml:"xmlns,attr"`
	ID        string        `xml:"identifier,attr"`
	Schema    string        `xml:"metadata>schema"`
	Version   string        `xml:"metadata>schemaversion"`
	Orgs      string        `xml:"organizations"`
	Resources []qtiResource `xml:"resources>resource"`
}

type qtiResource struct {
	ID   string  `xml:"identifier,attr"`
	Type string  `xml:"type,attr"`
	Href string  `xml:"href,attr"`
	File qtiFile `xml:"file"`
}

type qtiFile struct {
	Href string `xml:"href,attr"`
}

// QTI writes the quiz as a QTI 2.1 package, a zip archive, as far as its kinds
// allow.
func (q *Quiz) QTI(out io.Writer) (lost []Lost, err error) {
	archive := zip.NewWriter(out)
	manifest := qtiManifest{NS: "http://www.imsglobal.org/xsd/imscp_v1p1", ID: "eddy-" + q.ID, Schema: "QTIv2.1 Package", Version: "1.0.0"}
	for i := range q.Questions {
		question := &q.Questions[i]
		lose := func(what string) { lost = append(lost, Lost{question.ID, what}) }
		item, ok := question.qti(lose)
		if !ok {
			continue
		}
		name := question.ID + ".xml"
		if err := writeXML(archive, name, item); err != nil {
			return lost, err
		}
		manifest.Resources = append(manifest.Resources, qtiResource{ID: "item-" + question.ID, Type: "imsqti_item_xmlv2p1", Href: name, File: qtiFile{name}})
	}
	if err := writeXML(archive, "imsmanifest.xml", manifest); err != nil {
		return lost, err
	}
	if err := archive.Close(); err != nil {
		return lost, fmt.Errorf("write the QTI package: %w", err)
	}
	return lost, nil
}

func writeXML(archive *zip.Writer, name string, v any) error {
	f, err := archive.Create(name)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if _, err := io.WriteString(f, xml.Header); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	enc := xml.NewEncoder(f)
	enc.Indent("", " ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

const qtiAnswer = "RESPONSE"

func letter(i int) string { return "C" + strconv.Itoa(i) }

func (q *Question) qti(lose func(string)) (item qtiItem, ok bool) {
	item = qtiItem{NS: qtiNS, ID: q.ID, Title: q.ID, Outcome: []qtiOutcome{{"SCORE", "single", "float", q.max()}}}
	response := qtiResponse{ID: qtiAnswer, Cardinality: "single", BaseType: "identifier"}
	is := &qtiCompare{Given: qtiRef{qtiAnswer}, Right: qtiRef{qtiAnswer}}
	rules := &item.Processing
	rules.If = &qtiIf{Match: is, Set: qtiSet{ID: "SCORE", Value: &qtiValue{"float", decimal(q.max())}}}
	if q.Explain != "" {
		item.Outcome = append(item.Outcome, qtiOutcome{ID: "EXPLAIN", Cardinality: "single", BaseType: "identifier"})
		item.Feedback = []qtiFeedback{{Outcome: "EXPLAIN", ID: "SHOWN", Show: "show", Text: strings.TrimSpace(q.Explain)}}
		rules.Set = append(rules.Set, qtiSet{ID: "EXPLAIN", Value: &qtiValue{"identifier", "SHOWN"}})
	}
	switch q.Kind {
	case Single, Multiple:
		one := 1
		in := &qtiInteraction{Response: qtiAnswer, Shuffle: true, Max: &one, Prompt: q.Ask}
		for i, o := range q.Options {
			c := qtiChoice{ID: letter(i), Text: o.Text}
			if o.Why != "" {
				c.Feedback = &qtiFeedback{Outcome: "FEEDBACK", ID: letter(i), Show: "show", Text: o.Why}
			}
			in.Choices = append(in.Choices, c)
			if o.Correct {
				response.Correct = append(response.Correct, letter(i))
			}
		}
		if q.Kind == Multiple {
			none := 0
			in.Max, response.Cardinality = &none, "multiple"
			rules.If, rules.Set = nil, append(rules.Set, qtiSet{ID: "SCORE", Mapped: &qtiRef{qtiAnswer}})
			share := q.max() / float64(len(response.Correct))
			response.Mapping = &qtiScores{}
			for i, o := range q.Options {
				value := -share
				if o.Correct {
					value = share
				}
				response.Mapping.Entries = append(response.Mapping.Entries, qtiEntry{letter(i), round(value)})
			}
		}
		// What was chosen is what there is to say about.
		item.Outcome = append(item.Outcome, qtiOutcome{ID: "FEEDBACK", Cardinality: response.Cardinality, BaseType: "identifier"})
		rules.Set = append(rules.Set, qtiSet{ID: "FEEDBACK", Given: &qtiRef{qtiAnswer}})
		item.Body.Choice = in
	case Order:
		in := &qtiInteraction{Response: qtiAnswer, Shuffle: true, Prompt: q.Ask}
		for i, text := range q.Order {
			in.Choices = append(in.Choices, qtiChoice{ID: letter(i), Text: text})
			response.Correct = append(response.Correct, letter(i))
		}
		response.Cardinality, item.Body.Order = "ordered", in
		lose("credit for an order that is right in part: it is the whole order or nothing")
		if len(q.Before) > 0 {
			lose("the graph of what comes before what: it becomes one order")
		}
	case Match:
		m := &qtiMatches{Response: qtiAnswer, Shuffle: true, Max: len(q.Match), Prompt: q.Ask, Sets: make([]qtiSide, 2)}
		sides := rights(q)
		for i, c := range q.Match {
			m.Sets[0].Choices = append(m.Sets[0].Choices, qtiAssociable{"L" + strconv.Itoa(i), 1, c.Left})
			response.Correct = append(response.Correct, fmt.Sprintf("L%d R%d", i, slices.Index(sides, c.Right)))
		}
		for i, text := range sides {
			m.Sets[1].Choices = append(m.Sets[1].Choices, qtiAssociable{"R" + strconv.Itoa(i), len(q.Match), text})
		}
		response.Cardinality, response.BaseType, item.Body.Match = "multiple", "directedPair", m
		lose("credit for a match that is right in part: it is the whole or nothing")
	case Number:
		response.BaseType, response.Correct = "float", []string{decimal(q.Number.Value)}
		item.Body.Paragraphs, item.Body.Entry = []string{q.Ask}, []qtiEntryBox{{qtiAnswer}}
		rules.If.Match, rules.If.Equal, is.Mode = nil, is, "exact"
		if q.Number.Tolerance > 0 {
			is.Mode, is.Tolerance = "absolute", decimal(q.Number.Tolerance)
		}
	case Text:
		response.BaseType, rules.If = "string", nil
		item.Body.Extended = &qtiExtended{qtiAnswer, q.Ask}
		lose("the grading by ideas: it becomes an essay that a person grades")
	default:
		lose("the question itself: only a lab can ask it")
		return item, false
	}
	item.Response = []qtiResponse{response}
	return item, true
}

// qtiBytes bounds an item that is read.
const qtiBytes = 256 << 10

// ReadQTI reads a quiz from a QTI 2.1 package. What it has no kind for is left
// out and named.
func ReadQTI(id, title string, archive []byte) (*Quiz, []Lost, error) {
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, nil, fmt.Errorf("this is no zip archive: %w", err)
	}
	in, err := newIncoming(id, title)
	if err != nil {
		return nil, nil, err
	}
	for _, f := range z.File {
		if path.Ext(f.Name) != ".xml" || path.Base(f.Name) == "imsmanifest.xml" {
			continue
		}
		if !in.room() {
			break
		}
		item, err := readItem(f)
		if err != nil {
			in.lose("", fmt.Sprintf("%s: %v", f.Name, err))
			continue
		}
		question, missing, err := item.question()
		if err != nil {
			in.lose(slug(item.ID, in.n), err.Error())
			continue
		}
		in.take(question, item.ID, missing)
	}
	return in.done()
}

func readItem(f *zip.File) (item qtiItem, err error) {
	r, err := f.Open()
	if err != nil {
		return item, err
	}
	defer r.Close()
	text, err := io.ReadAll(io.LimitReader(r, qtiBytes+1))
	if err != nil {
		return item, err
	}
	if len(text) > qtiBytes {
		return item, fmt.Errorf("it is larger than %d KiB", qtiBytes>>10)
	}
	if err := xml.Unmarshal(text, &item); err != nil {
		return item, fmt.Errorf("it is no item of QTI 2.1: %w", err)
	}
	return item, nil
}

func (item qtiItem) question() (q Question, lost []string, err error) {
	if len(item.Response) != 1 {
		return q, nil, fmt.Errorf("it has %d answers to give, and one is wanted", len(item.Response))
	}
	response := item.Response[0]
	for _, o := range item.Outcome {
		if o.ID == "SCORE" && o.Max != 1 {
			q.Points = o.Max
		}
	}
	for _, f := range item.Feedback {
		q.Explain = strings.TrimSpace(f.Text)
	}
	texts := strings.TrimSpace(strings.Join(item.Body.Paragraphs, "\n\n"))
	ask := func(prompt string) { q.Ask = strings.TrimSpace(texts + "\n\n" + strings.TrimSpace(prompt)) }
	switch b := item.Body; {
	case b.Choice != nil:
		ask(b.Choice.Prompt)
		q.Kind = Single
		if response.Cardinality == "multiple" {
			q.Kind = Multiple
		}
		for _, c := range b.Choice.Choices {
			o := Option{Text: strings.TrimSpace(c.Text), Correct: slices.Contains(response.Correct, c.ID)}
			if c.Feedback != nil {
				o.Why = strings.TrimSpace(c.Feedback.Text)
			}
			if !o.Correct && o.Why == "" {
				o.Why = noReason
				lost = append(lost, fmt.Sprintf("why %q is wrong: no reason came with it, write one", o.Text))
			}
			q.Options = append(q.Options, o)
		}
	case b.Order != nil:
		ask(b.Order.Prompt)
		q.Kind = Order
		for _, id := range response.Correct {
			i := slices.IndexFunc(b.Order.Choices, func(c qtiChoice) bool { return c.ID == id })
			if i < 0 {
				return q, nil, fmt.Errorf("its right order names %q, which is not there", id)
			}
			q.Order = append(q.Order, strings.TrimSpace(b.Order.Choices[i].Text))
		}
	case b.Match != nil && len(b.Match.Sets) == 2:
		ask(b.Match.Prompt)
		q.Kind = Match
		for _, pair := range response.Correct {
			left, right, _ := strings.Cut(pair, " ")
			l, r := b.Match.Sets[0].text(left), b.Match.Sets[1].text(right)
			if l == "" || r == "" {
				return q, nil, fmt.Errorf("its right couple %q is not there", pair)
			}
			q.Match = append(q.Match, Couple{l, r})
		}
	case len(b.Entry) == 1 && (response.BaseType == "float" || response.BaseType == "integer") && len(response.Correct) == 1:
		ask("")
		v, err := strconv.ParseFloat(response.Correct[0], 64)
		if err != nil {
			return q, nil, fmt.Errorf("%q is no number", response.Correct[0])
		}
		q.Kind, q.Number = Number, &Numeric{Value: v}
		if rule := item.Processing.If; rule != nil && rule.Equal != nil && rule.Equal.Tolerance != "" {
			t, err := strconv.ParseFloat(rule.Equal.Tolerance, 64)
			if err != nil || rule.Equal.Mode != "absolute" {
				lost = append(lost, "its tolerance: here it is one absolute number")
				break
			}
			q.Number.Tolerance = t
		}
	default:
		return q, nil, fmt.Errorf("it is of a kind that has no counterpart here: choice, order, match and number have")
	}
	return q, lost, nil
}

func (s qtiSide) text(id string) string {
	for _, c := range s.Choices {
		if c.ID == id {
			return strings.TrimSpace(c.Text)
		}
	}
	return ""
}
