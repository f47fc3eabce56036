package lab_test

import (
	"strings"
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every name that scenario files and tools may use.
func TestEveryNameOfTheLanguageWorks(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		for expr, want := range map[string]any{
			`order("A").status`: "COMPLETED", `order("o-1").status`: "COMPLETED", `order("nobody").status`: "", `order("A").total`: 2500,
			`order("A").charges`: 1, `order("A").charged`: 2500, `order("A").refunded`: 0, `order("A").net`: 2500, `order("A").notifications`: 1,
			`order("A").version`: 4, `order("A").saga`: "choreography", `order("A").source`: "shop",
			`len(orders)`: 1, `orders[0].status`: "COMPLETED", `count(orders, .net == 2500)`: 1, `all(orders, .charges == 1)`: true,
			`any(orders, .status == "PAID")`: false, `len(filter(orders, .version == 4))`: 1,
			`service("payment").state`: "running", `service("payment-service").instances`: 1, `service("payment").handled`: 1, `service("payment").failed`: 0,
			`service("payment").retried`: 0, `service("payment").skipped_duplicates`: 0, `service("payment").dead_lettered`: 0, `service("payment").crashes`: 0,
			`lag("payment")`: 0, `lag("payment-service","orders")`: 0, `lag("anybody")`: 0, `lag("anybody","orders")`: 0,
			`committed("payment","orders",2)`: 2, `committed("payment","orders",0)`: -1, `committed("anybody","orders",0)`: -1,
			`topic("orders").records`: 2, `topic("orders").partitions[2].end`: 2, `len(topic("orders").partitions)`: 3,
			`topic("orders").partitions[0].leader in [0,1,2]`: true,
			`events("PaymentCompleted")`:                      1, `events("PaymentCompleted","A")`: 1, `events("PaymentCompleted","nobody")`: 0,
			`dead_letters("orders")`: 0, `dead_letters("orders","payment")`: 0,
			`read("A").status`: "COMPLETED", `read("A").version`: 4, `read("A").user_name`: "Ada Moss", `read("nobody").status`: "", `read_lag`: 0, `read_lag_ms`: 0,
			`stock("mouse")`: 99, `members("payment")`: 1, `members("anybody")`: 0,
			`invariant("no-double-charge")`: "holds", `len(broken)`: 0, `settled`: true, `predicted`: -1, `observed`: -1,
			`let o = order("A"); o.charges == 1 && o.net == o.total`: true, `1 + 2 * 3 - len("abc")`: 4,
		} {
			assert.Equal(t, want, w.Eval(expr), "%s", expr)
		}
	})
}

// A wrong name is found when a file is loaded, with the place and what is valid.
func TestAWrongNameIsRefusedWithItsPlaceAndTheValidOnes(t *testing.T) {
	for text, want := range map[string][]string{
		`ordr("A").status == ""`:                      {"line 1, column 1", "order(id)"},
		"true &&\n  lagg(\"payment\") == 0":           {"line 2, column 3", "lag(group)"},
		`order("A").state == ""`:                      {"column 12", "state"},
		`service("paymnt").handled == 1`:              {"column 9", "payment, inventory"},
		`topic("order").records == 1`:                 {"column 7", "orders.dlq"},
		`lag("payment","order") == 1`:                 {"column 15", "orders"},
		`invariant("no-double") == "holds"`:           {"column 11", "no-double-charge"},
		`stock("mice") == 1`:                          {"column 7", "keyboard"},
		`events("OrderCreate") == 1`:                  {"column 8", "OrderCreated"},
		`len(orders)`:                                 {"true or false"},
		`order("A") ==`:                               {"column"},
		`lag("payment") == "three"`:                   {"column"},
		`"é" == "é" && service("paymnt").failed == 1`: {"column 23"},
	} {
		_, err := lab.CompileExpr(text, true)
		require.Error(t, err, text)
		assert.Equal(t, lab.Invalid, lab.AsError(err).Code)
		for _, part := range want {
			assert.Contains(t, err.Error(), part, "%s", text)
		}
	}
}

// Nobody can use an expression to take the lab's time or memory.
func TestAnExpressionCannotGrowWithoutBound(t *testing.T) {
	double := `let a = "xxxxxxxxxxxxxxxx"; `
	for i := 'a'; i < 'z'; i++ {
		double += `let ` + string(i+1) + ` = ` + string(i) + ` + ` + string(i) + `; `
	}
	lists := `let a = [1, 1]; `
	for i := 'a'; i < 'z'; i++ {
		lists += `let ` + string(i+1) + ` = [` + string(i) + `, ` + string(i) + `]; `
	}
	for _, text := range []string{
		`reduce(1..1000000, #acc + #, 0) > 0`, `len(1..1000000000) > 0`, `repeat("x", 1000000000) == ""`, `len(map(orders, orders)) > 0`,
		`any(1..100000000, # < 0)`, double + `len(z) > 0`, lists + `z == y`,
		`count(orders, count(orders, count(orders, true) > 0) > 0) > 0`,
		`any(orders, any(orders, any(filter(orders, true), true)))`,
		strings.Repeat("!", 300) + "true", `"` + strings.Repeat("x", 3000) + `" == ""`, strings.Repeat("(", 900) + "1" + strings.Repeat(")", 900) + " == 1",
		`reduce(orders, [#acc, #acc], []) == []`, `now().Year() > 0`, `toJSON(orders) == ""`, `join(["a"], "") == ""`,
	} {
		began := time.Now()
		_, err := lab.CompileExpr(text, true)
		if err == nil && strings.Contains(text, "((((") {
			continue // brackets cost nothing
		}
		assert.Error(t, err, "%.60s", text)
		assert.Less(t, time.Since(began), time.Second, "%.60s", text)
	}
}

func TestAPassingStateIsPendingAndNeverBroken(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.True(`invariant("every-order-ends") == "holds"`)
		w.Place("A")
		w.True(`!settled && invariant("every-order-ends") == "pending" && invariant("read-model-agrees") == "pending" && len(broken) == 0`)
		w.Settled()
		w.Never("invariant - broken")
		w.True(`invariant("every-order-ends") == "holds" && invariant("read-model-agrees") == "holds"`)
	})
}

// What time could mend breaks once the lab is settled, and mends again.
func TestAnOpenOrderBreaksItsInvariantOnceTheLabIsSettled(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"payment","kind":"permanent"}}`)
		placed := w.Place("A")
		w.Later(90 * time.Millisecond)
		w.True(`invariant("every-order-ends") == "pending"`)
		w.Settled()
		w.True(`broken == ["every-order-ends"]`)
		assert.Contains(t, w.At("invariants", "every-order-ends", "because"), "order A is still CREATED")
		evidence := w.At("invariants", "every-order-ends", "evidence").([]any)
		require.Len(t, evidence, 1)
		assert.Greater(t, evidence[0], float64(placed.Seq))
		w.Do(`{"duplicate":{"event":"OrderCreated","order":"A"}}`)
		w.Settled()
		w.True(`len(broken) == 0 && order("A").status == "COMPLETED"`)
		w.Expect("invariant - every-order-ends broken", "invariant - every-order-ends pending")
	})
}

func TestACancelledOrderThatKeepsTheMoneyIsBroken(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"fail":{"service":"payment","kind":"permanent","on":"OrderCancelled"}}`)
		w.Place("A")
		w.Do(`{"cancel_order":"A"}`)
		w.Settled()
		w.True(`order("A").status == "CANCELLED" && order("A").net == 2500 && invariant("no-paid-cancelled") == "broken"`)
	})
}

func TestTheReadModelIsBehindWhileTheProjectorIs(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"pause":"projector"}`)
		w.Place("A")
		w.Until(`order("A").status == "COMPLETED"`, 5*time.Second)
		w.Later(10 * time.Second)
		w.True(`read("A").status == "" && read_lag == 5 && read_lag_ms >= 10000 && invariant("read-model-agrees") == "pending"`)
		w.Do(`{"resume":"projector"}`)
		w.Settled()
		w.True(`read("A").status == "COMPLETED" && read_lag == 0`)
	})
}
