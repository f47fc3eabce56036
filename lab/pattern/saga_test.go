package pattern

import (
	"database/sql"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var trip = Saga{
	Steps: []SagaStep{
		{Name: "ask", Undo: "Forget", Undone: "Forgotten"},
		{Name: "fly", Command: "Fly", Done: "Flown", Failed: "NoSeat", Within: time.Second, Undo: "FlyBack", Undone: "FlownBack"},
		{Name: "sleep", Command: "Sleep", Done: "Slept", Failed: "NoBed", Within: time.Second, Undo: "Leave", Undone: "Left"},
		{Name: "greet", Command: "Greet", Done: "Greeted", Failed: "Silent", Within: time.Second, Optional: true},
		{Name: "bill", Command: "Bill", Done: "Billed", Within: time.Second, Repeats: 1},
	},
	CalledOff: "CalledOff", UndoWithin: time.Second, UndoRepeats: 1,
}

// traveller plays everybody but the saga.
type traveller struct {
	t   *testing.T
	db  *sql.DB
	now time.Time
}

func newTraveller(t *testing.T) *traveller {
	return &traveller{t, openDB(t), time.UnixMilli(5000).UTC()}
}

// does runs one change in a transaction and says what it came to.
func (p *traveller) does(change func(tx *sql.Tx) (SagaMove, error)) (command, state string) {
	p.t.Helper()
	var move SagaMove
	require.NoError(p.t, inTx(p.t, p.db, func(tx *sql.Tx) (err error) {
		move, err = change(tx)
		return err
	}))
	if move.Ignored {
		return "ignored", move.Row.State
	}
	return move.Command, move.Row.State
}

func (p *traveller) begins() (command, state string) {
	p.t.Helper()
	return p.does(func(tx *sql.Tx) (SagaMove, error) {
		return trip.Begin(p.t.Context(), tx, "s1", json.RawMessage(`{}`), p.now)
	})
}

func (p *traveller) hears(reply string) (command, state string) {
	p.t.Helper()
	return p.does(func(tx *sql.Tx) (SagaMove, error) {
		return trip.Reply(p.t.Context(), tx, "s1", "e-"+reply, reply, "because of "+reply, p.now)
	})
}

func (p *traveller) waits(d time.Duration) (command, state string) {
	p.t.Helper()
	p.now = p.now.Add(d)
	return p.does(func(tx *sql.Tx) (SagaMove, error) { return trip.Expire(p.t.Context(), tx, "s1", p.now) })
}

// asks asks that a change sent a command and left the saga in a state.
func asks(t *testing.T, wantCommand, wantState string) func(command, state string) {
	return func(command, state string) {
		t.Helper()
		assert.Equal(t, []string{wantCommand, wantState}, []string{command, state})
	}
}

func TestASagaAsksForOneStepAfterTheOther(t *testing.T) {
	p := newTraveller(t)
	asks(t, "Fly", SagaRunning)(p.begins())
	asks(t, "ignored", "")(p.begins()) // it was begun before
	asks(t, "ignored", SagaRunning)(p.hears("Slept"))
	asks(t, "Sleep", SagaRunning)(p.hears("Flown"))
	asks(t, "ignored", SagaRunning)(p.hears("Flown")) // it says so again
	asks(t, "Greet", SagaRunning)(p.hears("Slept"))
	asks(t, "Bill", SagaRunning)(p.hears("Silent")) // that stops nothing
	asks(t, "", SagaCompleted)(p.hears("Billed"))
	asks(t, "ignored", SagaCompleted)(p.hears("NoSeat"))
	asks(t, "ignored", SagaCompleted)(p.waits(time.Hour))
	_, _, waits, err := NextSaga(t.Context(), p.db)
	require.NoError(t, err)
	assert.False(t, waits)
}

func TestASagaUndoesInReverseWhatWasDone(t *testing.T) {
	p := newTraveller(t)
	p.begins()
	p.hears("Flown")
	asks(t, "FlyBack", SagaCompensating)(p.hears("NoBed")) // what failed needs no undo
	asks(t, "ignored", SagaCompensating)(p.hears("Slept"))
	asks(t, "Forget", SagaCompensating)(p.hears("FlownBack"))
	asks(t, "", SagaCompensated)(p.hears("Forgotten"))
	asks(t, "ignored", SagaCompensated)(p.hears("Flown")) // late
}

// What was not answered may have been done, so it is undone too.
func TestSilenceIsAnAnswer(t *testing.T) {
	p := newTraveller(t)
	p.begins()
	p.hears("Flown")
	asks(t, "ignored", SagaRunning)(p.waits(999 * time.Millisecond))
	id, deadline, waits, err := NextSaga(t.Context(), p.db)
	require.NoError(t, err)
	assert.Equal(t, []any{"s1", true, time.UnixMilli(6000).UTC()}, []any{id, waits, deadline})
	asks(t, "Leave", SagaCompensating)(p.waits(time.Millisecond))
	asks(t, "ignored", SagaCompensating)(p.waits(0)) // another watch was first
	asks(t, "Leave", SagaCompensating)(p.waits(time.Second))
	asks(t, "FlyBack", SagaCompensating)(p.hears("Left"))
}

func TestASagaThatIsCalledOffUndoesWhatIsUnderWay(t *testing.T) {
	p := newTraveller(t)
	p.begins()
	asks(t, "FlyBack", SagaCompensating)(p.hears("CalledOff"))
	asks(t, "ignored", SagaCompensating)(p.hears("CalledOff"))
	asks(t, "Forget", SagaCompensating)(p.hears("FlownBack"))
}

// A person may help: the answer that was missing takes the saga on.
func TestAnUndoThatIsNeverAnsweredNeedsAPerson(t *testing.T) {
	p := newTraveller(t)
	p.begins()
	p.hears("Flown")
	p.hears("NoBed")
	asks(t, "FlyBack", SagaCompensating)(p.waits(time.Second))
	asks(t, "", SagaNeedsPerson)(p.waits(time.Second))
	asks(t, "ignored", SagaNeedsPerson)(p.waits(time.Hour))
	asks(t, "Forget", SagaCompensating)(p.hears("FlownBack"))
}

func TestAStepOfNoReturnIsAskedForAgainAndNeverUndone(t *testing.T) {
	p := newTraveller(t)
	p.begins()
	for _, reply := range []string{"Flown", "Slept", "Greeted"} {
		p.hears(reply)
	}
	asks(t, "Bill", SagaRunning)(p.waits(time.Second))
	asks(t, "", SagaNeedsPerson)(p.waits(time.Second))
	asks(t, "", SagaCompleted)(p.hears("Billed"))
}

func TestWhoSavesASagaThatHasMovedOnGetsAConflict(t *testing.T) {
	p := newTraveller(t)
	p.begins()
	var old SagaMove
	require.NoError(t, inTx(t, p.db, func(tx *sql.Tx) (err error) {
		old, err = trip.load(t.Context(), tx, "s1")
		return err
	}))
	p.hears("Flown")
	err := inTx(t, p.db, func(tx *sql.Tx) error { return old.Row.save(t.Context(), tx) })
	require.ErrorIs(t, err, ErrConflict)
}

func TestThereMustBeASagaToReplyTo(t *testing.T) {
	p := newTraveller(t)
	err := inTx(t, p.db, func(tx *sql.Tx) error {
		_, err := trip.Reply(t.Context(), tx, "s1", "e", "Flown", "", p.now)
		return err
	})
	require.ErrorIs(t, err, ErrNoSaga)
}
