package lab_test

import (
	"fmt"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rows is the read model as the board shows it.
func rows(w *labtest.World) map[string]any { return w.At("read_model", "orders").(map[string]any) }

func TestTheReadModelIsRebuiltWhileTheOldOneAnswers(t *testing.T) {
	for _, settings := range []string{"", `{"services":{"projector":{"idempotent":false}}}`} {
		t.Run(settings, func(t *testing.T) {
			labtest.Bubble(t, settings, func(t *testing.T, w *labtest.World) {
				w.Do(`{"burst":{"orders":10,"rate":50}}`)
				w.Settled()
				before := rows(w)
				require.Len(t, before, 10)
				records := w.Eval(`topic("orders").records + topic("payments").records + topic("inventory").records + topic("notifications").records`).(int)
				w.Mark()
				began := time.Now()
				done := doing(t, w, `{"rebuild":"orders"}`)
				w.Later(120 * time.Millisecond)
				rebuild := w.At("read_model", "rebuild").(map[string]any)
				assert.Equal(t, "running", rebuild["state"])
				assert.InDelta(t, records, rebuild["total"], 0)
				assert.Greater(t, rebuild["left"], 0.0)
				assert.Less(t, rebuild["left"], float64(records))
				assert.Equal(t, before, rows(w), "the old model is what is seen")
				answer, err := w.QueryOrder(t.Context(), lab.OrderQuery{Order: "o-1"})
				require.NoError(t, err, "and it answers")
				assert.Equal(t, "COMPLETED", answer.Status)
				w.True(`read_lag == 0 && !settled && len(broken) == 0 && invariant("read-model-agrees") == "holds"`)
				w.Place("X") // the old model hears of it at once
				w.Until(`read("X").status != ""`, time.Second)
				assert.Equal(t, "running", w.At("read_model", "rebuild", "state"))
				require.NoError(t, <-done)
				assert.Equal(t, "done", w.At("read_model", "rebuild", "state"))
				assert.InDelta(t, 0, w.At("read_model", "rebuild", "left"), 0)
				assert.Less(t, time.Since(began), time.Duration(records)*50*time.Millisecond/2, "events are applied in batches")
				w.Settled()
				for id, row := range before {
					assert.Equal(t, row, rows(w)[id], id)
				}
				w.True(`read("X").status == "COMPLETED" && len(broken) == 0 && read_lag == 0`)
				w.Expect("action", "projected projector begun", "projected projector records are in", "projected projector answers queries now")
				w.Do(`{"rebuild":"orders"}`) // from the new one
				w.Settled()
				assert.Len(t, rows(w), 11)
			})
		})
	}
}

// What a projector gave up comes back: the log has it. The rows change all at
// once, with the entry that says so.
func TestARebuildRepairsWhatTheProjectorLeftOut(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"projector","on":"OrderCompleted","times":2,"kind":"permanent"}}`)
		w.Place("A")
		w.Place("B")
		w.Settled()
		w.True(`read("A").status == "RESERVED" && read("B").status == "RESERVED" && broken == ["read-model-agrees"]`)
		w.Mark()
		w.Do(`{"rebuild":"orders"}`)
		w.True(`read("A").status == "COMPLETED" && read("B").status == "COMPLETED"`)
		w.Settled()
		w.True(`len(broken) == 0`)
		seq := w.Expect("projected projector answers queries now")[0].Seq
		for at, want := range map[int64]string{seq - 1: "RESERVED", seq: "COMPLETED"} {
			raw, err := w.BoardAt(at)
			require.NoError(t, err)
			past := labtest.Parse(t, raw)["read_model"].(map[string]any)["orders"].(map[string]any)
			assert.Equal(t, []any{want, want}, []any{past["o-1"].(map[string]any)["status"], past["o-2"].(map[string]any)["status"]})
		}
	})
}

// A group that was sent to the end has rows to miss, and none the less saved
// what it is done with: a rebuild reads all of that.
func TestARebuildReadsWhatTheGroupHasSavedAndNoMore(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"scale":{"service":"projector","instances":0}}`)
		w.Place("A")
		w.Until(`topic("orders").records == 2 && topic("notifications").records == 1`, 10*time.Second) // OrderCompleted is the last of them
		w.Do(`{"rewind":{"group":"projector","to":"latest"}}`)
		w.Do(`{"scale":{"service":"projector","instances":1}}`)
		w.Settled()
		w.True(`read("A").status == "" && read_lag == 0 && broken == ["read-model-agrees"]`)
		w.Do(`{"slow":{"service":"projector","by":"20s"}}`)
		w.Place("B") // not all of it is read when the new model is ready
		w.Until(`order("B").status == "COMPLETED"`, 10*time.Second)
		w.Do(`{"rebuild":"orders"}`)
		w.True(`read("A").status == "COMPLETED" && read("B").status != "COMPLETED" && read_lag > 0`)
		w.Do(`"heal"`)
		w.Settled()
		w.True(`read("B").status == "COMPLETED" && len(broken) == 0`)
	})
}

func TestARebuildIsFollowedThroughACrash(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"burst":{"orders":20,"rate":100}}`)
		w.Settled()
		before := rows(w)
		w.Mark()
		done := doing(t, w, `{"rebuild":"orders"}`)
		w.Later(160 * time.Millisecond)
		w.Do(`{"crash":"projector"}`) // the answer says that it goes on later
		require.NoError(t, <-done)
		w.Later(10 * time.Second)
		rebuild := w.At("read_model", "rebuild").(map[string]any)
		assert.Equal(t, "waiting", rebuild["state"])
		assert.Contains(t, rebuild["because"], "crashed")
		left := rebuild["left"].(float64)
		assert.Greater(t, left, 0.0)
		assert.Equal(t, before, rows(w), "the old model lives on")
		answer, err := w.QueryOrder(t.Context(), lab.OrderQuery{Order: "o-20"})
		require.NoError(t, err, "and answers")
		assert.Equal(t, "COMPLETED", answer.Status)
		w.True(`!settled`)
		w.Mark()
		w.Do(`"heal"`)
		w.Settled()
		first := w.Expect("projected projector records are in")[0]
		assert.LessOrEqual(t, float64(first.Data.Rebuild.Left), left, "it goes on from where it was")
		assert.Equal(t, "done", w.At("read_model", "rebuild", "state"))
		assert.Equal(t, before, rows(w))
		w.True(`len(broken) == 0 && read_lag == 0`)
	})
}

func TestARebuildWaitsWhileTheProjectorIsPausedOrTheLabStands(t *testing.T) {
	for still, on := range map[string]string{`{"pause":"projector"}`: `{"resume":"projector"}`, `"freeze"`: `"thaw"`} {
		t.Run(still, func(t *testing.T) {
			labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
				w.Do(`{"burst":{"orders":10,"rate":100}}`)
				w.Settled()
				done := doing(t, w, `{"rebuild":"orders"}`)
				w.Later(120 * time.Millisecond)
				w.Do(still)
				require.NoError(t, <-done)
				left := w.At("read_model", "rebuild", "left")
				w.Later(time.Minute)
				assert.Equal(t, left, w.At("read_model", "rebuild", "left"))
				w.Do(on)
				w.Settled()
				assert.Equal(t, "done", w.At("read_model", "rebuild", "state"))
			})
		})
	}
}

// It is begun on an instance that works, and leaves one that is paused.
func TestARebuildGoesOnWhereTheProjectorWorks(t *testing.T) {
	settings := `{"services":{"projector":{"instances":2,"balancer":"range"}}}`
	for name, paused := range map[string]struct{ before, after []string }{
		"begun elsewhere":    {before: []string{`{"pause":{"service":"projector","instance":1}}`}},
		"goes elsewhere":     {after: []string{`{"pause":{"service":"projector","instance":1}}`}},
		"goes to a newcomer": {after: []string{`{"pause":"projector"}`, `{"scale":{"service":"projector","instances":3}}`}},
	} {
		t.Run(name, func(t *testing.T) {
			labtest.Bubble(t, settings, func(t *testing.T, w *labtest.World) {
				w.Do(`{"burst":{"orders":20,"rate":100}}`)
				w.Settled()
				w.Do(`{"break_on":{"service":"payment","event":"OrderCreated"}}`) // that is not about it
				for _, action := range paused.before {
					w.Do(action)
				}
				w.Mark()
				done := doing(t, w, `{"rebuild":"orders"}`)
				w.Later(120 * time.Millisecond)
				for _, action := range paused.after {
					w.Do(action)
				}
				w.Later(time.Minute)
				select {
				case err := <-done:
					require.NoError(t, err)
				default:
					t.Fatal("the rebuild is not answered")
				}
				assert.Equal(t, "done", w.At("read_model", "rebuild", "state"))
				assert.Len(t, rows(w), 20)
				w.Never("projected projector the rebuild does not get on")
				assert.NotEqual(t, 1, w.Expect("projected projector answers queries now")[0].Instance, "projector-1 is paused")
			})
		})
	}
}

// One that was started while it was cut off never ran: it stands still all the
// same, and so does a projector without a broker.
func TestARebuildThatReachesNoBrokerIsAnsweredAndGoesOnLater(t *testing.T) {
	for name, why := range map[string]struct{ before, after []string }{
		"cut off": {before: []string{`{"cut":"projector"}`, `{"restart":"projector"}`}},
		"cut off, and another one crashed": {before: []string{
			`{"scale":{"service":"projector","instances":2}}`, `{"crash":{"service":"projector","instance":2}}`, `{"cut":"projector"}`}},
		"no broker": {
			before: []string{`{"broker":{"id":0,"state":"down"}}`, `{"broker":{"id":1,"state":"down"}}`, `{"broker":{"id":2,"slow":"500ms"}}`},
			after:  []string{`{"broker":{"id":2,"state":"down"}}`}, // before its first answer
		},
	} {
		t.Run(name, func(t *testing.T) {
			labtest.Bubble(t, `{"services":{"projector":{"balancer":"range"}}}`, func(t *testing.T, w *labtest.World) {
				w.Do(`{"burst":{"orders":20,"rate":100}}`)
				w.Settled()
				for _, action := range why.before {
					w.Do(action)
				}
				done := doing(t, w, `{"rebuild":"orders"}`)
				w.Later(20 * time.Millisecond) // it is begun
				for _, action := range why.after {
					w.Do(action)
				}
				w.Later(time.Minute)
				select {
				case err := <-done:
					require.NoError(t, err)
				default:
					t.Fatal("the rebuild is not answered")
				}
				assert.Equal(t, "running", w.At("read_model", "rebuild", "state"))
				assert.Contains(t, w.At("read_model", "rebuild", "because"), "the rebuild does not get on because")
				w.Do(`"heal"`)
				w.Settled()
				assert.Equal(t, "done", w.At("read_model", "rebuild", "state"))
			})
		})
	}
}

func TestARebuildNeedsAProjectorThatRuns(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"burst":{"orders":10,"rate":100}}`)
		w.Settled()
		w.Do(`"freeze"`)
		_, why := w.Refused(`{"rebuild":"orders"}`)
		assert.Contains(t, why, "frozen")
		w.Do(`"thaw"`)
		w.Do(`{"pause":"projector"}`)
		_, why = w.Refused(`{"rebuild":"orders"}`)
		assert.Contains(t, why, "does not run")
		w.Do(`"heal"`)
		done := doing(t, w, `{"rebuild":"orders"}`)
		w.Later(60 * time.Millisecond)
		_, why = w.Refused(`{"rebuild":"orders"}`)
		assert.Contains(t, why, "already")
		require.NoError(t, <-done)
	})
}

// Records that are no events, or that the projector cannot read, are passed
// over and counted.
func TestARebuildSaysWhatItLeftOut(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		for _, value := range []string{"not JSON", ""} {
			w.Do(fmt.Sprintf(`{"publish":{"topic":"orders","key":"user-1","value":%q}}`, value))
		}
		w.Settled()
		r := w.Do(`{"rebuild":"orders"}`)
		assert.Contains(t, r.Text, "2 of them could not be understood")
		assert.InDelta(t, 2, w.At("read_model", "rebuild", "left_out"), 0)
	})
}
