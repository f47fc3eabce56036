package lab_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"eddy/lab/labtest"
)

// A goal about many orders says in words which are meant, how many should be
// and how many are, with the entries that made it so.
func TestAGoalAboutManyIsSaidInWords(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"instances":1}}}`, func(t *testing.T, w *labtest.World) {
		judge := func(goal string) (what, want, now, off string, met bool, evidence int) {
			t.Helper()
			j, err := w.Judge(t.Context(), goal)
			require.NoError(t, err)
			require.Len(t, j.Parts, 1)
			p := j.Parts[0]
			assert.Equal(t, j.Met, p.Met, goal)
			return p.What, p.Goal, p.Now, p.Off, p.Met, len(p.Evidence)
		}
		type said struct{ what, goal, now, off string }
		is := func(goal string) said {
			what, want, now, off, _, _ := judge(goal)
			return said{what, want, now, off}
		}
		assert.Equal(t, said{"orders with status COMPLETED", "at least 1", "0", "1 too few"}, is(`any(orders, .status == "COMPLETED")`))
		assert.Equal(t, said{"orders with status COMPLETED", "all", "0", ""}, is(`all(orders, .status == "COMPLETED")`))
		assert.Equal(t, said{"the orders", "at least 2", "0", "2 too few"}, is(`len(orders) >= 2`))

		w.Place("A")
		w.Do(`{"place_order":{"as":"B","user":"user-2","method":"declined-card","items":[{"sku":"mouse","qty":1}]}}`)
		w.Until(`order("B").status == "CANCELLED" && order("A").status == "COMPLETED"`, time.Minute)
		assert.Equal(t, said{"orders with status COMPLETED", "at least 1", "1", ""}, is(`any(orders, .status == "COMPLETED")`))
		assert.Equal(t, said{"orders with status COMPLETED", "all 2", "1", "1 too few"}, is(`all(orders, .status == "COMPLETED")`))
		assert.Equal(t, said{"orders with status not CREATED and charges at most 1", "all 2", "2", ""}, is(`all(orders, .status != "CREATED" && .charges <= 1)`))
		assert.Equal(t, said{"orders with status in PAID or CANCELLED", "none", "1", "1 too many"}, is(`none(orders, .status in ["PAID", "CANCELLED"])`))
		assert.Equal(t, said{"orders with charges 1", "2", "1", "1 too few"}, is(`count(orders, .charges == 1) == 2`))
		assert.Equal(t, said{"orders with charges 1", "exactly 1", "1", ""}, is(`one(orders, .charges == 1)`))
		_, _, _, _, _, evidence := judge(`any(orders, .charges == 1)`)
		assert.Positive(t, evidence, "the charge is among the entries")
		assert.Equal(t, said{"partitions of orders with end at least 9", "at least 1", "0", "1 too few"}, is(`any(topic("orders").partitions, .end >= 9)`))
		assert.Equal(t, "orders with status PAID and charges 1 or total 0", is(`any(orders, .status == "PAID" && .charges == 1 || .total == 0)`).what)
		brackets := `any(orders, (.status == "PAID" || .status == "CREATED") && .charges == 1)`
		assert.Equal(t, brackets, is(brackets).what, "words have no brackets")
		odd := `any(orders, .charges * 2 == 4)`
		assert.Equal(t, odd, is(odd).what, "where there are no words the expression stands for itself")
	})
}
