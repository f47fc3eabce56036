package lab_test

import (
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// part judges a goal that is one condition.
func part(t *testing.T, w *labtest.World, goal string) lab.Condition {
	t.Helper()
	j, err := w.Judge(t.Context(), goal)
	require.NoError(t, err)
	require.Len(t, j.Parts, 1)
	assert.Equal(t, j.Met, j.Parts[0].Met, goal)
	return j.Parts[0]
}

// made are the entries that a condition names.
func made(w *labtest.World, c lab.Condition) (entries []lab.Entry) {
	for _, seq := range c.Evidence {
		entries = append(entries, w.After(seq - 1)[0])
	}
	return entries
}

func TestAConditionNamesTheEntriesThatMadeIt(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"topic":"payments","key":"x","value":{"event_type":"PaymentCompleted"}}}`) // of no order
		w.Place("A")
		w.Do(`{"publish":{"topic":"orders","key":"user-1","value":"{oops","partition":1}}`)
		w.Until(`dead_letters("orders") == 3 && order("A").status == "COMPLETED"`, 30*time.Second)
		w.Settled()

		for _, goal := range []string{`order("Z").charges == 1`, `order("Z").status == "PAID"`, `saga("Z").state == "done"`, `read("Z").status == "PAID"`, `events("PaymentCompleted", "Z") == 1`} {
			c := part(t, w, goal)
			assert.Empty(t, c.Evidence, "%s: there is no such order", goal)
			assert.Empty(t, c.Order)
		}
		c := part(t, w, `order("A").charges == 1`)
		assert.Equal(t, "o-1", c.Order)
		assert.NotEmpty(t, c.Evidence)

		c = part(t, w, `dead_letters("orders.dlq", "payment-service") == 1`)
		require.Len(t, made(w, c), 1)
		assert.Equal(t, "payment", made(w, c)[0].Service)
		assert.Len(t, made(w, part(t, w, `dead_letters("orders") == 3`)), 3)

		for _, goal := range []string{`lag("payment", "orders") == 0`, `committed("payment", "orders", 1) == 1`} {
			c = part(t, w, goal)
			require.NotEmpty(t, c.Evidence, goal)
			for _, e := range made(w, c) {
				assert.Equal(t, lab.KindCommitted, e.Kind)
				assert.Equal(t, "orders", e.Topic, goal)
			}
		}
		assert.Equal(t, int32(1), made(w, c)[0].Partition)
		assert.Empty(t, part(t, w, `lag("payment", "notifications") == 0`).Evidence, "it does not read that topic")
		for _, e := range made(w, part(t, w, `members("payment") == 1`)) {
			assert.Equal(t, lab.KindRebalanced, e.Kind)
		}
	})
}

func TestWhatIsTrueOrFalseIsSaidInTheSameWords(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Settled()
		for goal, want := range map[string][2]string{
			`settled`:                   {"yes", "yes"},
			`!settled`:                  {"no", "yes"},
			`settled or read_lag > 9`:   {"yes", "yes"},
			`-read_lag == 0`:            {"0", "0"},
			`not (settled and settled)`: {"no", "yes"},
			`"Z" in broken`:             {"in none", "Z"},
		} {
			j, err := w.Judge(t.Context(), goal)
			require.NoError(t, err, goal)
			assert.Equal(t, want, [2]string{j.Parts[0].Goal, j.Parts[0].Now}, goal)
		}
	})
}

// A goal is met when each of its parts is, although a lab goes on meanwhile.
func TestAGoalIsJudgedAtOneMoment(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"burst":{"orders":300,"rate":500}}`)
		for len(w.Entries()) < 2000 {
			j, err := w.Judge(t.Context(), `len(orders) % 2 == 0 && events("OrderCreated") % 2 == 0 && events("PaymentCompleted") % 2 == 0`)
			require.NoError(t, err)
			require.Len(t, j.Parts, 3)
			assert.Equal(t, j.Met, j.Parts[0].Met && j.Parts[1].Met && j.Parts[2].Met)
			time.Sleep(time.Millisecond)
		}
	})
}
