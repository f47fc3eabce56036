package lab_test

import (
	"encoding/json"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// repeat opens a lab that does again what was done in w, up to now.
func repeat(t *testing.T, w *labtest.World, a lab.Again) *labtest.World {
	t.Helper()
	if a.Recording.Seq == 0 {
		a.Recording = recording(t, w, w.Head())
	}
	a.Of = "the first lab"
	return labtest.Open(t, "", lab.Options{Again: &a})
}

func recording(t *testing.T, w *labtest.World, at int64) lab.Recording {
	t.Helper()
	r, err := w.Recording(at)
	require.NoError(t, err)
	return r
}

// over waits until the lab has done everything again.
func over(t *testing.T, w *labtest.World) {
	t.Helper()
	for range 10_000 {
		if w.At("rerun", "over") == true {
			return
		}
		w.Later(50 * time.Millisecond)
	}
	t.Fatal("the lab is not through")
}

// doubleCharge crashes the payment service after it charged, before its offset
// was saved.
func doubleCharge(w *labtest.World) {
	w.Do(`{"crash":{"service":"payment","at":"after_handle","on":"OrderCreated"}}`)
	w.Place("A")
	w.Until(`service("payment").state == "crashed"`, 10*time.Second)
	w.Later(10 * time.Minute) // coffee
	w.Do(`{"restart":{"service":"payment"}}`)
	w.Place("B")
	w.Settled()
}

func TestARunIsDoneAgainWithTheSameOutcome(t *testing.T) {
	labtest.Bubble(t, `{"seed":7,"services":{"payment":{"idempotent":false}}}`, func(t *testing.T, w *labtest.World) {
		doubleCharge(w)
		w.Do(`{"fail":{"service":"inventory","rate":0.4}}`)
		w.Do(`{"burst":{"orders":20,"rate":20,"users":5}}`)
		w.Settled()
		w.True(`order("A").charges == 2 && service("inventory").failed > 0`)

		began := time.Now()
		r := repeat(t, w, lab.Again{})
		defer r.Close()
		over(t, r)
		assert.Less(t, time.Since(began), 2*time.Minute, "ten idle minutes were not skipped")
		r.Settled()

		left, right := board(t, w), board(t, r)
		for _, d := range lab.Compare(left, right) {
			assert.NotRegexp(t, "order|promise|dead|stock|records|crashes|failed", d.What, "%v", d)
		}
		for id, o := range left.Orders {
			assert.Equal(t, o.User, right.Orders[id].User, id)
		}
		assert.Equal(t, "the first lab", r.At("rerun", "of"))
		assert.Zero(t, r.At("rerun", "refused"))
	})
}

func board(t *testing.T, w *labtest.World) *lab.Board {
	t.Helper()
	raw, _ := w.Snapshot()
	b, err := lab.ReadBoard(raw)
	require.NoError(t, err)
	return b
}

// Two real runs: only the switch is different, and so is what came of it.
func TestTwinsDifferInOneSettingAndInWhatComesOfIt(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"idempotent":false}}}`, func(t *testing.T, w *labtest.World) {
		doubleCharge(w)
		other, but, err := recording(t, w, w.Head()).But(json.RawMessage(`{"service":"payment","idempotent":true}`))
		require.NoError(t, err)
		assert.Equal(t, "payment: idempotent = true", but)
		left, right := repeat(t, w, lab.Again{}), repeat(t, w, lab.Again{Recording: other, But: but})
		defer left.Close()
		defer right.Close()
		over(t, left)
		over(t, right)
		left.Settled()
		right.Settled()

		a, b := board(t, left), board(t, right)
		assert.Equal(t, []lab.Difference{{What: "payment idempotent", Left: "false", Right: "true"}}, lab.CompareSettings(a.Settings, b.Settings))
		found := lab.Compare(a, b)
		assert.Contains(t, found, lab.Difference{What: "promise no-double-charge", Left: "broken", Right: "holds"})
		assert.Contains(t, found, lab.Difference{What: "charges of order A", Left: "2", Right: "1"})
		for _, d := range found {
			assert.NotContains(t, d.What, "order B", "%v", d)
		}
		assert.Empty(t, lab.Compare(a, a))
	})
}

// Restart from here: the lab stands at that moment, and goes on differently.
func TestALabCanGoOnDifferentlyFromAnEarlierMoment(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		here := w.Head()
		then := w.At("lab_time").(float64)
		w.Later(time.Minute)
		w.Do(`{"crash":{"service":"payment"}}`)
		w.Place("B")
		w.Later(time.Second)

		r := repeat(t, w, lab.Again{Recording: recording(t, w, here), Hold: true})
		defer r.Close()
		code, why := r.Refused(`{"place_order":{"items":[{"sku":"mouse","qty":1}]}}`)
		assert.Equal(t, lab.Conflict, code)
		assert.Contains(t, why, "doing again")
		over(t, r)
		assert.Equal(t, "frozen", r.At("state"))
		assert.InDelta(t, then, r.At("lab_time"), 500)
		r.True(`order("A").status == "COMPLETED" && order("B").status == "" && service("payment").state == "running"`)
		r.Do(`"thaw"`)
		r.Place("B")
		r.Settled()
		r.True(`order("B").status == "COMPLETED"`)
	})
}

// What was done in a frozen lab is done in a frozen lab again.
func TestStepsAreTakenAgain(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"scale":{"service":"projector","instances":0}}`)
		w.Do(`"freeze"`)
		w.Place("A")
		for range 3 {
			w.Later(time.Second) // both that read a record are there
			w.Do(`"step"`)
		}
		w.Later(time.Second)
		r := repeat(t, w, lab.Again{})
		defer r.Close()
		over(t, r)
		assert.Zero(t, r.At("rerun", "refused"))
		for _, expr := range []string{`order("A").status`, `topic("payments").records`, `topic("inventory").records`, `service("payment").handled`, `order("A").charges`} {
			assert.Equal(t, w.Eval(expr), r.Eval(expr), expr)
		}
		assert.Equal(t, "frozen", r.At("state"))
	})
}

func TestATwinNeedsADifferenceThatCanBe(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"set":{"service":"payment","retries":1}}`)
		w.Do(`{"set":{"service":"order","retries":1}}`)
		w.Place("A")
		w.Settled()
		r := recording(t, w, w.Head())
		require.Len(t, r.Steps, 3)
		for given, want := range map[string]string{
			`{}`: "needs a setting", `[]`: "setting", `{"service":"payment","colour":"red"}`: "idempotent", `{"service":"payment","retries":99}`: "0 to 20",
			`{"service":"payment","idempotent":true}`: "all the time", `{"service":"kitchen","retries":2}`: "payment", `{"saga":"telepathy"}`: "choreography",
		} {
			_, _, err := r.But(json.RawMessage(given))
			require.Error(t, err, given)
			assert.Contains(t, err.Error(), want, given)
		}
		other, _, err := r.But(json.RawMessage(`{"service":"payment","retries":5}`))
		require.NoError(t, err)
		assert.Len(t, other.Steps, 2, "the action that sets it again is left out")
		assert.Equal(t, 5, other.Settings.Services["payment"].Retries)
		assert.Equal(t, 3, r.Settings.Services["payment"].Retries, "the first one is as it was")
		back, _, err := r.But(json.RawMessage(`{"service":"payment","retries":3}`))
		require.NoError(t, err, "it was set otherwise on the way")
		assert.Len(t, back.Steps, 2)

		for _, seq := range []int64{0, w.Head() + 1} {
			_, err := w.Recording(seq)
			require.Error(t, err)
			assert.Contains(t, err.Error(), "the journal keeps 1 to")
		}
	})
}

// What fails by rate is decided by the seed and by that failure alone: other
// random choices of the lab do not change it, so that a twin meets the same.
func TestFailuresByRateAreTheSameWhateverElseIsDrawn(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		other := labtest.Open(t, "", lab.Options{})
		defer other.Close()
		run := func(w *labtest.World, elsewhere string) (failed []any) {
			w.Do(elsewhere)
			w.Do(`{"fail":{"service":"inventory","rate":0.5}}`)
			for _, handle := range []string{"A", "B", "C", "D", "E", "F"} {
				w.Place(handle)
				w.Settled()
				failed = append(failed, w.Eval(`service("inventory").failed`))
			}
			return failed
		}
		assert.Equal(t, run(w, `{"fail":{"service":"notification","rate":0.2}}`), run(other, `{"fail":{"service":"notification","times":4}}`))
	})
}
