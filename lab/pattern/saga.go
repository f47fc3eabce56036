package pattern

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Saga is a business transaction across services, led by an orchestrator: a
// list of steps, each with a command that asks for it and, where it has an
// effect, a command that takes the effect back.
//
// Problem: each service has a database of its own, so nothing rolls back what
// two of them did. And whoever leads can crash between any two steps.
//
// Guarantee: where a saga stands is a row, changed in the transaction that puts
// the next command into the outbox. After a crash the saga goes on from there.
// It ends completed, or compensated in the reverse order of what was done, or
// in the hands of a person. A reply to a step that is over changes nothing.
//
// Cost: participants answer every command, and a command comes again after a
// silence, so they must be idempotent. Others see what is half done.
//
// Not covered: what silence means. A step that was not answered may have been
// done, so it is undone too, and a participant may be asked to undo what it has
// not done yet: it has to remember that.
type Saga struct {
	Steps       []SagaStep
	CalledOff   string        // the message by which somebody else ends it, "" none
	UndoWithin  time.Duration // until an undo that is not answered is asked for again
	UndoRepeats int           // how often; then a person has to look
}

// SagaStep is one step of a Saga.
type SagaStep struct {
	Name    string
	Command string        // asks for it; "": it was done before the saga began
	Done    string        // the reply that says yes
	Failed  string        // the reply that says no, "" none
	Within  time.Duration // until silence is taken for an answer
	// Repeats makes a step that is never undone: after a silence its command is
	// sent again, so often, and then a person has to look.
	Repeats  int
	Optional bool   // a no, or silence, stops nothing
	Undo     string // takes it back, "": it has no effect that matters
	Undone   string // the reply to Undo
}

// The states of a saga. A person may still be helped: the reply that a saga
// waits for in vain lets it go on, whenever it comes.
const (
	SagaRunning      = "running"
	SagaCompensating = "compensating"
	SagaCompleted    = "completed"
	SagaCompensated  = "compensated"
	SagaNeedsPerson  = "needs_person"
)

// What became of a step. A saga waits for one at most: Asked or Undoing.
const (
	StepOpen       = ""
	StepAsked      = "asked"
	StepDone       = "done"
	StepFailed     = "failed"
	StepUnanswered = "unanswered" // it may have been done
	StepUndoing    = "undoing"
	StepUndone     = "undone"
)

// SagaRow is where one saga stands.
type SagaRow struct {
	ID       string
	State    string
	Steps    []string        // what became of each step
	Deadline time.Time       // of the reply that it waits for, to the millisecond; zero: it waits for none
	Tries    int             // how often that was asked for
	Reply    string          // event id of the last reply that counted
	Reason   string          // why it compensates
	Data     json.RawMessage // what its commands are about
	version  int
}

// SagaMove is one change of a saga.
type SagaMove struct {
	Row     SagaRow // afterwards
	Step    int     // the step that the change is about, -1 when it begins
	Command string  // to be sent in the same transaction, "" none
	Ignored bool    // nothing changed: what came is over
}

// ErrNoSaga says that there is no saga of an id.
var ErrNoSaga = errors.New("there is no such saga")

// Begin starts a saga and asks for its first step. One that was begun before is
// left as it is. tx is a transaction, here and below; the caller puts the
// command of the move into its outbox.
func (s Saga) Begin(ctx context.Context, tx DB, id string, data json.RawMessage, now time.Time) (SagaMove, error) {
	move := SagaMove{Step: -1, Row: SagaRow{ID: id, State: SagaRunning, Steps: make([]string, len(s.Steps)), Data: data}}
	for i := 0; i < len(s.Steps) && s.Steps[i].Command == ""; i++ {
		move.Row.Steps[i] = StepDone
	}
	s.next(&move, now)
	done, err := tx.ExecContext(ctx, `INSERT INTO sagas (saga_id, state, steps, deadline, tries, reply_id, reason, data, version)
		VALUES (?, '', '[]', 0, 0, '', '', ?, 0) ON CONFLICT (saga_id) DO NOTHING`, id, string(data))
	if err != nil {
		return move, fmt.Errorf("begin saga %s: %w", id, err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return SagaMove{Step: -1, Row: SagaRow{ID: id}, Ignored: true}, err
	}
	return move, move.Row.save(ctx, tx)
}

// Reply takes in what a participant answered, or that the saga was called off.
// What the saga does not wait for is ignored.
func (s Saga) Reply(ctx context.Context, tx DB, id, eventID, eventType, reason string, now time.Time) (SagaMove, error) {
	move, err := s.load(ctx, tx, id)
	if err != nil || !s.reply(&move, eventType, reason, now) {
		move.Ignored = true
		return move, err
	}
	move.Row.Reply = eventID
	return move, move.Row.save(ctx, tx)
}

func (s Saga) reply(m *SagaMove, eventType, reason string, now time.Time) bool {
	if m.Step < 0 {
		return false // it has ended
	}
	step, state := s.Steps[m.Step], &m.Row.Steps[m.Step]
	switch {
	case *state == StepUndoing:
		if eventType != step.Undone {
			return false
		}
		*state = StepUndone
		s.back(m, now)
	case eventType == step.Done:
		*state = StepDone
		s.next(m, now)
	case eventType == step.Failed && step.Optional:
		*state = StepFailed
		s.next(m, now)
	case eventType == step.Failed:
		*state, m.Row.Reason = StepFailed, reason
		s.back(m, now)
	case eventType == s.CalledOff:
		*state, m.Row.Reason = StepUnanswered, reason
		s.back(m, now)
	default:
		return false
	}
	return true
}

// Expire takes silence for an answer, once the deadline is over. Two who do it
// at a time do it once.
func (s Saga) Expire(ctx context.Context, tx DB, id string, now time.Time) (SagaMove, error) {
	move, err := s.load(ctx, tx, id)
	row := &move.Row
	if err != nil || row.Deadline.IsZero() || now.Before(row.Deadline) {
		move.Ignored = true
		return move, err
	}
	step, state := s.Steps[move.Step], &row.Steps[move.Step]
	undoing := *state == StepUndoing
	switch {
	case undoing && row.Tries <= s.UndoRepeats:
		s.ask(&move, step.Undo, s.UndoWithin, now)
	case !undoing && row.Tries <= step.Repeats:
		s.ask(&move, step.Command, step.Within, now)
	case undoing || step.Repeats > 0:
		row.State, row.Deadline = SagaNeedsPerson, time.Time{}
	case step.Optional:
		*state = StepUnanswered
		s.next(&move, now)
	default:
		*state, row.Reason = StepUnanswered, fmt.Sprintf("%s was not answered within %s", step.Command, step.Within)
		s.back(&move, now)
	}
	return move, row.save(ctx, tx)
}

// next asks for the first step that is open, or ends the saga.
func (s Saga) next(m *SagaMove, now time.Time) {
	i := slices.Index(m.Row.Steps, StepOpen)
	if i < 0 {
		m.Row.State, m.Row.Deadline = SagaCompleted, time.Time{}
		return
	}
	m.Row.State, m.Row.Steps[i], m.Row.Tries = SagaRunning, StepAsked, 0
	s.ask(m, s.Steps[i].Command, s.Steps[i].Within, now)
}

// back asks to undo the last step that was done, or may have been, or ends the
// saga.
func (s Saga) back(m *SagaMove, now time.Time) {
	for i, step := range slices.Backward(s.Steps) {
		if state := m.Row.Steps[i]; step.Undo != "" && (state == StepDone || state == StepUnanswered) {
			m.Row.State, m.Row.Steps[i], m.Row.Tries = SagaCompensating, StepUndoing, 0
			s.ask(m, step.Undo, s.UndoWithin, now)
			return
		}
	}
	m.Row.State, m.Row.Deadline = SagaCompensated, time.Time{}
}

func (s Saga) ask(m *SagaMove, command string, within time.Duration, now time.Time) {
	m.Command, m.Row.Deadline = command, now.Add(within).Truncate(time.Millisecond)
	m.Row.Tries++
}

// NextSaga finds the saga whose deadline comes first; ok is false where none
// waits. Whoever watches the clock asks again when a deadline was set.
func NextSaga(ctx context.Context, db DB) (id string, deadline time.Time, ok bool, err error) {
	rows, err := db.QueryContext(ctx, `SELECT saga_id, deadline FROM sagas WHERE deadline > 0 ORDER BY deadline LIMIT 1`)
	if err != nil {
		return "", deadline, false, fmt.Errorf("find the next deadline of a saga: %w", err)
	}
	defer rows.Close()
	var at int64
	for rows.Next() {
		if err := rows.Scan(&id, &at); err != nil {
			return "", deadline, false, fmt.Errorf("find the next deadline of a saga: %w", err)
		}
		ok = true
	}
	return id, time.UnixMilli(at).UTC(), ok, rows.Err()
}

// load reads a saga; Step is the one that it waits for, -1 where it has ended.
func (s Saga) load(ctx context.Context, db DB, id string) (m SagaMove, err error) {
	m.Row.ID, m.Step = id, -1
	rows, err := db.QueryContext(ctx, `SELECT state, steps, deadline, tries, reply_id, reason, data, version FROM sagas WHERE saga_id = ?`, id)
	if err != nil {
		return m, fmt.Errorf("read saga %s: %w", id, err)
	}
	defer rows.Close()
	if !rows.Next() {
		return m, cmp.Or(rows.Err(), fmt.Errorf("%w: %s", ErrNoSaga, id))
	}
	var steps, data string
	var deadline int64
	row := &m.Row
	if err := rows.Scan(&row.State, &steps, &deadline, &row.Tries, &row.Reply, &row.Reason, &data, &row.version); err != nil {
		return m, fmt.Errorf("read saga %s: %w", id, err)
	}
	if err := json.Unmarshal([]byte(steps), &row.Steps); err != nil || len(row.Steps) != len(s.Steps) {
		return m, fmt.Errorf("saga %s has other steps than these: %s", id, steps)
	}
	if row.Data = json.RawMessage(data); deadline > 0 {
		row.Deadline = time.UnixMilli(deadline).UTC()
	}
	m.Step = slices.IndexFunc(row.Steps, func(state string) bool { return state == StepAsked || state == StepUndoing })
	return m, rows.Close()
}

// save writes a saga back, unless somebody else has changed it since it was
// read: then the transaction is rolled back with ErrConflict.
func (r *SagaRow) save(ctx context.Context, tx DB) error {
	steps, err := json.Marshal(r.Steps)
	if err != nil {
		return fmt.Errorf("write saga %s: %w", r.ID, err)
	}
	var deadline int64
	if !r.Deadline.IsZero() {
		deadline = r.Deadline.UnixMilli()
	}
	done, err := tx.ExecContext(ctx, `UPDATE sagas SET state = ?, steps = ?, deadline = ?, tries = ?, reply_id = ?, reason = ?, version = version + 1
		WHERE saga_id = ? AND version = ?`, r.State, string(steps), deadline, r.Tries, r.Reply, r.Reason, r.ID, r.version)
	if err != nil {
		return fmt.Errorf("write saga %s: %w", r.ID, err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("write saga %s: %w", r.ID, cmp.Or(err, ErrConflict))
	}
	return nil
}
