package quiz

import (
	"fmt"
	"io"
	"strings"

	"eddy/lab/form"
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

// incoming is a quiz that is read from another format, question by question. It
// holds what Parse takes, and names the rest.
type incoming struct {
	quiz *Quiz
	lost []Lost
	seen map[string]bool // ids
	n    int             // questions that came, sound or not
	size int             // of the file that it becomes, in bytes
}

func newIncoming(id, title string) (*incoming, error) {
	in := &incoming{quiz: &Quiz{ID: id, Title: title}, seen: map[string]bool{}}
	head, err := in.quiz.YAML()
	in.size = len(head)
	return in, err
}

func (in *incoming) lose(question, what string) { in.lost = append(in.lost, Lost{question, what}) }

// room tells whether one more question may come, and counts it.
func (in *incoming) room() bool {
	if in.n == maxQuestions {
		in.lose("", fmt.Sprintf("everything after the first %d questions: a quiz has no more", maxQuestions))
		return false
	}
	in.n++
	return true
}

// take takes a question, under an id that is made of a name.
func (in *incoming) take(question Question, name string, missing []string) {
	question.ID = unused(slug(name, in.n), in.seen)
	text, err := (&Quiz{ID: "one", Title: "one", Questions: []Question{question}}).YAML()
	if err != nil {
		in.lose(question.ID, err.Error())
		return
	}
	if _, problems := Parse("one", text); len(problems) > 0 {
		in.lose(question.ID, problems[0].Message)
		return
	}
	if in.size += len(text); in.size > form.MaxBytes {
		in.size -= len(text)
		in.lose(question.ID, fmt.Sprintf("the question itself: a quiz file has at most %d KiB", form.MaxBytes>>10))
		return
	}
	for _, what := range missing {
		in.lose(question.ID, what)
	}
	in.quiz.Questions = append(in.quiz.Questions, question)
}

func (in *incoming) done() (*Quiz, []Lost, error) {
	if len(in.quiz.Questions) == 0 {
		return nil, in.lost, fmt.Errorf("there is no question in it that could be read")
	}
	return in.quiz, in.lost, nil
}
