package lab_test

import (
	"testing"

	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A goal is told in the words of the lab, not in those of the expression
// language.
func TestAGoalIsToldInWords(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Place("B")
		w.Settled()
		for goal, says := range map[string][3]string{
			`len(orders) >= 3`:                                           {"the orders", "at least 3", "2"},
			`count(orders, .status == "CREATED") == 0`:                   {"the orders that are CREATED", "0", "0"},
			`count(orders, .status != "COMPLETED" && .charges > 1) == 2`: {"the orders that are not COMPLETED and whose charges are more than 1", "2", "0"},
			`any(orders, .status == "COMPLETED" && .notifications == 0)`: {"an order that is COMPLETED and whose notifications are 0", "yes", "no"},
			`any(orders, .status in ["PAID", "RESERVED"])`:               {"an order that is PAID or RESERVED", "yes", "no"},
			`any(orders, .saga == "sync")`:                               {"an order whose saga is sync", "yes", "no"},
			`all(orders, .status == "COMPLETED")`:                        {"only orders that are COMPLETED", "yes", "yes"},
			`any(topic("orders").partitions, .end >= 4)`:                 {"a partition of orders whose end is at least 4", "yes", "yes"},
			`order("A").charges == 2`:                                    {"the charges of order A", "2", "1"},
			// What has no words is told as it is written.
			`any(orders, .charges * 2 == 3)`: {`any(orders, .charges * 2 == 3)`, "yes", "no"},
		} {
			j, err := w.Judge(t.Context(), goal)
			require.NoError(t, err, goal)
			require.Len(t, j.Parts, 1, goal)
			assert.Equal(t, says, [3]string{j.Parts[0].What, j.Parts[0].Goal, j.Parts[0].Now}, goal)
		}
	})
}
