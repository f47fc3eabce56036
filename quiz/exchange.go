package quiz

import (
	"fmt"
	"io"
	"strings"
)

// Format is a format of quiz files.
type Format string

// The formats.
const (
	InYAML Format = "yaml" // Eddy's own
	InGIFT Format = "gift" // Moodle's
	InQTI  Format = "qti"  // QTI 2.1, a zip archive
)

// Ending is how a file of the format ends.
func (f Format) Ending() string {
	switch f {
	case InGIFT:
		return "gift.txt"
	case InQTI:
		return "zip"
	}
	return "yaml"
}

var errFormat = "a quiz is written as yaml, gift or qti, not %q"

// Export writes the quiz in a format, and says what did not carry over.
func (q *Quiz) Export(out io.Writer, f Format) (lost []Lost, err error) {
	lost = []Lost{}
	switch f {
	case InYAML:
		text, err := q.YAML()
		if err != nil {
			return nil, err
		}
		_, err = out.Write(text)
		return lost, err
	case InGIFT:
		text, missing := q.GIFT()
		_, err := io.WriteString(out, text)
		return append(lost, missing...), err
	case InQTI:
		missing, err := q.QTI(out)
		return append(lost, missing...), err
	}
	return nil, fmt.Errorf(errFormat, f)
}

// Import reads a quiz from a format, and says what did not carry over. The quiz
// that comes back is sound.
func Import(f Format, id, title string, file []byte) (*Quiz, []Lost, error) {
	if !quizID.MatchString(id) {
		return nil, nil, fmt.Errorf("an id is made of small letters, digits and single dashes, such as sagas; it is %q", id)
	}
	if strings.TrimSpace(title) == "" {
		title = id
	}
	switch f {
	case InGIFT:
		return ReadGIFT(id, title, string(file))
	case InQTI:
		return ReadQTI(id, title, file)
	case InYAML:
		q, problems := Parse("", file)
		if len(problems) > 0 {
			return nil, nil, problems[0]
		}
		return q, nil, nil
	}
	return nil, nil, fmt.Errorf(errFormat, f)
}
