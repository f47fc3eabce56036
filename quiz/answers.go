package quiz

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// ReadAnswers reads an answers file: one object or a list of them.
func ReadAnswers(data []byte) (answers []Answers, isList bool, err error) {
	data = bytes.TrimSpace(data)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if isList = len(data) > 0 && data[0] == '['; isList {
		err = dec.Decode(&answers)
	} else {
		answers = make([]Answers, 1)
		err = dec.Decode(&answers[0])
	}
	if err == nil && dec.More() {
		err = fmt.Errorf("something follows the answers")
	}
	if err != nil {
		return nil, isList, fmt.Errorf(`an answers file is {"learner": "…", "answers": {"question": …}} or a list of such objects: %w`, err)
	}
	return answers, isList, nil
}

// WriteCSV writes results as a table, a row for each learner.
func WriteCSV(out io.Writer, q *Quiz, results []Result) error {
	w := csv.NewWriter(out)
	head := []string{"learner", "quiz", "score", "max", "percent", "passed"}
	for _, question := range q.Questions {
		head = append(head, question.ID)
	}
	if err := w.Write(head); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	for _, r := range results {
		row := []string{Safe(r.Learner), r.Quiz, decimal(r.Score), decimal(r.Max), decimal(r.Percent), strconv.FormatBool(r.Passed)}
		for _, m := range r.Questions {
			row = append(row, decimal(m.Points))
		}
		if err := w.Write(row); err != nil {
			return fmt.Errorf("write the table: %w", err)
		}
	}
	w.Flush()
	return w.Error()
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Safe keeps a text that somebody typed from being a formula: a spreadsheet
// takes what begins with one of these signs for one.
func Safe(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// Layout is how a gradebook table is laid out.
type Layout string

// The layouts. Canvas imports one column for each assignment, with a row of
// the points that are possible; Moodle maps columns that the teacher chooses.
const (
	Plain  Layout = "plain"
	Canvas Layout = "canvas"
	Moodle Layout = "moodle"
)

// WriteGradebook writes the gradebook of a quiz as a table.
func WriteGradebook(out io.Writer, q *Quiz, rows []Row, layout Layout) error {
	w := csv.NewWriter(out)
	var max float64
	for i := range q.Questions {
		max += q.Questions[i].max()
	}
	table := [][]string{}
	switch layout {
	case Plain:
		table = append(table, []string{"learner", "quiz", "score", "max", "percent", "passed", "submitted", "attempt"})
		for _, r := range rows {
			table = append(table, []string{Safe(r.Learner), q.ID, decimal(r.Score), decimal(r.Max), decimal(r.Percent), strconv.FormatBool(r.Passed), r.Submitted.UTC().Format(time.RFC3339), r.Attempt})
		}
	case Canvas:
		table = append(table, []string{"Student", "ID", "SIS User ID", "SIS Login ID", "Section", Safe(q.Title)},
			[]string{"    Points Possible", "", "", "", "", decimal(round(max))})
		for _, r := range rows {
			table = append(table, []string{Safe(r.Learner), "", "", "", "", decimal(r.Score)})
		}
	case Moodle:
		// Feedback alone would wipe the grade: both go together.
		table = append(table, []string{"fullname", "grade", "feedback"})
		for _, r := range rows {
			table = append(table, []string{Safe(r.Learner), decimal(r.Score), Safe(fmt.Sprintf("%s: %s of %s points", q.Title, decimal(r.Score), decimal(r.Max)))})
		}
	default:
		return fmt.Errorf("a gradebook is laid out for plain, canvas or moodle, not %q", layout)
	}
	for _, row := range table {
		if err := w.Write(row); err != nil {
			return fmt.Errorf("write the gradebook: %w", err)
		}
	}
	w.Flush()
	return w.Error()
}
