package quiz

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
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
