package quiz

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"eddy/lab"
)

// Mode is how a quiz is taken.
type Mode string

// The modes. Practice answers with feedback at once, as often as one likes,
// each time with another variant. Graded has one variant, answers that may be
// changed until it is submitted, and feedback afterwards.
const (
	Practice Mode = "practice"
	Graded   Mode = "graded"
)

// Attempt is one learner's way through a quiz. It is what must last.
type Attempt struct {
	ID        string           `json:"id"`
	Quiz      string           `json:"quiz"`
	Revision  string           `json:"revision,omitempty"` // of the quiz when it began; answers name options by their place in it
	Learner   string           `json:"learner"`            // whose it is
	Name      string           `json:"name,omitempty"`
	Class     string           `json:"class,omitempty"` // code of the class that it is graded in
	Mode      Mode             `json:"mode"`
	Key       Key              `json:"key"`
	Began     time.Time        `json:"began"`
	Deadline  time.Time        `json:"deadline,omitzero"` // by the server's clock; none where it is zero
	Submitted time.Time        `json:"submitted,omitzero"`
	Given     map[string]Given `json:"given"`
	Result    *Result          `json:"result,omitempty"` // once it is graded
	Released  bool             `json:"released"`         // the learner may see the result
}

// Given is an answer as it was given.
type Given struct {
	Answer     json.RawMessage `json:"answer"`         // with the sheet's ids
	InFile     json.RawMessage `json:"in_file"`        // as the answers file has it
	Try        int             `json:"try"`            // which variant, from 0
	Tries      int             `json:"tries"`          // answers to this question so far, practice
	Confidence string          `json:"sure,omitempty"` // guess think sure
	At         time.Time       `json:"at"`
	Mark       *Mark           `json:"mark,omitempty"`
	First      *Mark           `json:"first,omitempty"` // of the first answer, practice
	Note       string          `json:"note,omitempty"`  // of a teacher who marked it by hand
}

// Store keeps attempts. What it was given is durable when it returns.
type Store interface {
	CreateAttempt(ctx context.Context, a Attempt) error
	// Attempt returns an attempt; its error is a lab.NotFound where there is none.
	Attempt(ctx context.Context, id string) (Attempt, error)
	// ChangeAttempt changes an attempt; changes of one attempt take turns. Where
	// change returns an error nothing is changed.
	ChangeAttempt(ctx context.Context, id string, change func(*Attempt) error) (Attempt, error)
}

// Desk hands out sheets and takes answers.
type Desk struct {
	Store Store
	Find  func(id string) (*Quiz, bool)
	Judge Judge
	Now   func() time.Time // time.Now where nil
	// Within bounds what a lab may take to judge an answer, three minutes where
	// 0: the pauses that an answer may have, and the lab's own time.
	Within time.Duration

	values    sync.Map // of predict questions, by question and variant
	revisions sync.Map // *Quiz by revision, as far as they were handed out since the start
}

func (d *Desk) now() time.Time {
	if d.Now != nil {
		return d.Now().UTC()
	}
	return time.Now().UTC()
}

func (d *Desk) quiz(id string) (*Quiz, error) {
	if q, ok := d.Find(id); ok {
		d.revisions.Store(q.revision, q)
		return q, nil
	}
	return nil, lab.Errorf(lab.NotFound, "there is no quiz %q", id)
}

// Quiz is the quiz of an attempt as it was when the attempt began: a file that
// was changed since must not give answers another meaning. A program that was
// started since does not know the old one. What has its result can still be
// shown by the new one, and all else is a conflict.
func (d *Desk) Quiz(a Attempt) (*Quiz, error) {
	q, err := d.quiz(a.Quiz)
	if a.Revision != "" {
		if old, ok := d.revisions.Load(a.Revision); ok {
			return old.(*Quiz), nil
		}
	}
	if err == nil && a.Revision != "" && a.Result == nil {
		return nil, lab.Errorf(lab.Conflict, "the quiz %s was changed since this attempt began: begin again", a.Quiz)
	}
	return q, err
}

// grace is how long after the deadline an answer that was on its way is taken.
const grace = 3 * time.Second

// Begin begins an attempt. Extra is time that the learner is given on top of
// the quiz's own.
func (d *Desk) Begin(ctx context.Context, quiz string, a Attempt, extra time.Duration) (Attempt, error) {
	q, err := d.quiz(quiz)
	if err != nil {
		return a, err
	}
	if a.Mode == "" {
		a.Mode = Practice
	}
	if a.Mode != Practice && a.Mode != Graded {
		return a, lab.Errorf(lab.Invalid, "mode is practice or graded, not %q", a.Mode)
	}
	a.ID, a.Quiz, a.Revision = strings.ToLower(rand.Text()), q.ID, q.revision
	a.Given, a.Began = map[string]Given{}, d.now()
	if _, err := rand.Read(a.Key[:]); err != nil {
		return a, fmt.Errorf("make the key of an attempt: %w", err)
	}
	if a.Mode == Graded && q.Minutes > 0 {
		a.Deadline = a.Began.Add(time.Duration(q.Minutes)*time.Minute + extra)
	}
	return a, d.Store.CreateAttempt(ctx, a)
}

// open refuses an attempt that takes no more answers.
func (a *Attempt) open(now time.Time) error {
	switch {
	case !a.Submitted.IsZero():
		return lab.Errorf(lab.Conflict, "this attempt was submitted: its answers stand")
	case !a.Deadline.IsZero() && now.After(a.Deadline.Add(grace)):
		return lab.Errorf(lab.Conflict, "the time is over since %s: what was saved until then counts", a.Deadline.Format("15:04:05"))
	}
	return nil
}

// Answer takes an answer, with the sheet's ids; null takes one back. It is
// durable when Answer returns. The same answer again changes nothing, and no lab
// is asked again. In practice the Given that comes back has its mark.
func (d *Desk) Answer(ctx context.Context, id, question string, answer json.RawMessage, confidence string) (Attempt, Given, error) {
	var none Given
	a, err := d.Store.Attempt(ctx, id)
	if err != nil {
		return a, none, err
	}
	q, err := d.Quiz(a)
	if err != nil {
		return a, none, err
	}
	asked := q.Find(question)
	if asked == nil {
		return a, none, lab.Errorf(lab.NotFound, "the quiz %s has no question %q", q.ID, question)
	}
	if err := a.open(d.now()); err != nil {
		return a, none, err
	}
	if confidence != "" && !slices.Contains([]string{"guess", "think", "sure"}, confidence) {
		return a, none, lab.Errorf(lab.Invalid, "how sure are you? guess, think, sure; not %q", confidence)
	}
	was := a.Given[question]
	try := was.Try
	inFile, err := a.Key.InFile(asked, try, answer)
	if err != nil {
		return a, none, lab.Errorf(lab.Invalid, "%s: %v", question, err)
	}
	marked := a.Mode == Practice && string(inFile) != "null"
	same := string(was.InFile) == string(inFile) && (was.Mark != nil) == marked
	if same && was.Confidence == confidence && string(was.Answer) == string(answer) {
		return a, was, nil
	}
	given := Given{Answer: answer, InFile: inFile, Try: try, Confidence: confidence, At: d.now()}
	switch {
	case same:
		given.Mark = was.Mark
	case marked:
		m, err := Grade(ctx, asked, a.Key.Variant(asked, try), inFile, d.judge())
		if err != nil {
			return a, none, err
		}
		given.Mark = &m
	}
	a, err = d.Store.ChangeAttempt(ctx, id, func(a *Attempt) error {
		if err := a.open(d.now()); err != nil {
			return err
		}
		was := a.Given[question]
		if was.Try != try {
			return lab.Errorf(lab.Conflict, "the question has another variant by now: read it again")
		}
		given.First, given.Tries = was.First, was.Tries
		if given.Mark != nil {
			if string(was.InFile) == string(inFile) {
				given.At = was.At // the same answer once more
			} else {
				given.Tries++
			}
			if given.First == nil {
				given.First = given.Mark
			}
		}
		a.Given[question] = given
		return nil
	})
	return a, a.Given[question], err
}

// Again gives a practised question a new variant and a new order of options.
func (d *Desk) Again(ctx context.Context, id, question string) (Asked, error) {
	var q *Quiz
	a, err := d.Store.ChangeAttempt(ctx, id, func(a *Attempt) (err error) {
		if q, err = d.Quiz(*a); err != nil {
			return err
		}
		given, answered := a.Given[question]
		switch {
		case q.Find(question) == nil:
			return lab.Errorf(lab.NotFound, "the quiz %s has no question %q", q.ID, question)
		case a.Mode != Practice:
			return lab.Errorf(lab.Conflict, "a graded attempt has one variant of each question")
		case !answered || given.Mark == nil:
			return lab.Errorf(lab.Conflict, "answer the question first: another variant comes after that")
		}
		a.Given[question] = Given{Try: given.Try + 1, Tries: given.Tries, First: given.First, At: d.now()}
		return a.open(d.now())
	})
	if err != nil {
		return Asked{}, err
	}
	return a.Key.Ask(q.Find(question), a.Given[question].Try), nil
}

// Sheet is what the learner is asked, in the variants of now.
func (d *Desk) Sheet(a Attempt) (Sheet, error) {
	q, err := d.Quiz(a)
	if err != nil {
		return Sheet{}, err
	}
	s := a.Key.Sheet(q)
	for i := range s.Questions {
		if try := a.Given[s.Questions[i].ID].Try; try > 0 {
			s.Questions[i] = a.Key.Ask(q.Find(s.Questions[i].ID), try)
		}
	}
	return s, nil
}

// Submit ends an attempt and grades it. Twice is once. Release tells whether
// the learner may see the result at once.
func (d *Desk) Submit(ctx context.Context, id string, release bool) (Attempt, error) {
	a, err := d.Store.ChangeAttempt(ctx, id, func(a *Attempt) error {
		if a.Submitted.IsZero() {
			if _, err := d.Quiz(*a); err != nil {
				return err
			}
			a.Submitted = d.now()
			if late := !a.Deadline.IsZero() && a.Submitted.After(a.Deadline); late {
				a.Submitted = a.Deadline
			}
		}
		return nil
	})
	if err != nil {
		return a, err
	}
	return d.Grade(ctx, a, release)
}

// Grade works out the result of a submitted attempt, where that has not been
// done, and stores it. A program that was killed after Submit finds it so.
func (d *Desk) Grade(ctx context.Context, a Attempt, release bool) (Attempt, error) {
	q, err := d.Quiz(a)
	if err != nil {
		return a, err
	}
	result := a.Result
	if result == nil {
		r, err := q.Grade(ctx, d.File(a, q), d.judge())
		if err != nil {
			return a, err
		}
		result = &r
	}
	return d.Store.ChangeAttempt(ctx, a.ID, func(a *Attempt) error {
		if a.Result == nil {
			a.Result = result
		}
		a.Released = a.Released || release
		return nil
	})
}

// Override marks one answer of a graded attempt by hand. The note says why.
func (d *Desk) Override(ctx context.Context, id, question string, points float64, note string) (Attempt, error) {
	return d.Store.ChangeAttempt(ctx, id, func(a *Attempt) error {
		q, err := d.Quiz(*a)
		if err != nil {
			return err
		}
		if a.Result == nil {
			return lab.Errorf(lab.Conflict, "the attempt is not graded yet")
		}
		i := slices.IndexFunc(a.Result.Questions, func(m Mark) bool { return m.ID == question })
		switch {
		case i < 0:
			return lab.Errorf(lab.NotFound, "the quiz %s has no question %q", a.Quiz, question)
		case points < 0 || points > a.Result.Questions[i].Max:
			return lab.Errorf(lab.Invalid, "points are 0 to %g, not %g", a.Result.Questions[i].Max, points)
		case strings.TrimSpace(note) == "":
			return lab.Errorf(lab.Invalid, "a mark by hand needs a note: the learner reads it")
		}
		m := &a.Result.Questions[i]
		m.Points, m.Correct, m.Why = round(points), points >= m.Max, note
		given := a.Given[question]
		given.Note = note
		a.Given[question] = given
		q.Sum(a.Result)
		return nil
	})
}

// File is the attempt's answers as `eddy grade` takes them.
func (d *Desk) File(a Attempt, q *Quiz) Answers {
	f := Answers{Learner: a.Name, Answers: map[string]json.RawMessage{}}
	if f.Learner == "" {
		f.Learner = a.Learner
	}
	for i := range q.Questions {
		question := &q.Questions[i]
		given, ok := a.Given[question.ID]
		if ok && len(given.InFile) > 0 && string(given.InFile) != "null" {
			f.Answers[question.ID] = given.InFile
		}
		if len(question.Vary) > 0 {
			if f.Variants == nil {
				f.Variants = map[string]Variant{}
			}
			f.Variants[question.ID] = a.Key.Variant(question, given.Try)
		}
	}
	return f
}

// judge is the desk's judge, with values of predict questions remembered: they
// are the same for everybody who has the variant.
func (d *Desk) judge() Judge {
	return bounded{remembering{d.Judge, &d.values}, cmp.Or(d.Within, 3*time.Minute)}
}

// bounded is a judge that takes only so long.
type bounded struct {
	Judge
	within time.Duration
}

var errTooLong = errors.New("the lab took too long to judge the answer")

// Value implements Judge.
func (b bounded) Value(ctx context.Context, q *Question, v Variant) (any, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, b.within, errTooLong)
	defer cancel()
	return b.Judge.Value(ctx, q, v)
}

// True implements Judge.
func (b bounded) True(ctx context.Context, q *Question, v Variant, actions json.RawMessage) (bool, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, b.within, errTooLong)
	defer cancel()
	return b.Judge.True(ctx, q, v, actions)
}
