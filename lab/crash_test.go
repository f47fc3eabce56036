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

// Whatever dies, and wherever: after a restart the order is COMPLETED, paid
// once and told once, because inbox, outbox and the gateway's key are on.
func TestACrashAtAnyPointLosesAndDoublesNothing(t *testing.T) {
	at := []string{"before_handle", "after_handle", "after_write"}
	for _, c := range []struct{ service, on string }{
		{"order", "PlaceOrder"}, {"order", "PaymentCompleted"}, {"order", "StockReserved"},
		{"payment", "OrderCreated"}, {"inventory", "PaymentCompleted"}, {"notification", "StockReserved"},
		{"projector", "OrderCreated"}, {"projector", "NotificationSent"}, {"payment", ""},
	} {
		for _, point := range at {
			t.Run(fmt.Sprintf("%s %s %s", c.service, point, c.on), func(t *testing.T) {
				t.Parallel()
				labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
					on := ""
					if c.on != "" {
						on = `,"on":"` + c.on + `"`
					}
					w.Do(fmt.Sprintf(`{"crash":{"service":%q,"at":%q%s}}`, c.service, point, on))
					r := w.Place("A")
					w.Until(fmt.Sprintf(`service(%q).state == "crashed" && service(%q).crashes == 1`, c.service, c.service), 10*time.Second)
					assert.Empty(t, w.At("faults"), "the fault has struck")
					w.True("!settled || order(\"A\").status == \"\"")
					w.Expect("fault "+c.service, "crashed "+c.service)
					w.Later(2 * time.Second)
					w.Do(fmt.Sprintf(`{"restart":{"service":%q}}`, c.service))
					w.Settled()
					if c.on == "PlaceOrder" {
						assert.Equal(t, "unavailable", r.Answer)
					}
					if c.on == "PlaceOrder" && point == "before_handle" {
						w.True(`len(orders) == 0 && invariant("nothing-lost") == "holds"`)
						return
					}
					w.True(`order("A").status == "COMPLETED" && order("A").charges == 1 && order("A").charged == 2500 && order("A").notifications == 1`)
					w.True(`stock("mouse") == 99 && read("A").status == "COMPLETED" && len(broken) == 0`)
					w.True(fmt.Sprintf(`service(%q).state == "running" && service(%q).crashes == 1`, c.service, c.service))
				})
			})
		}
	}
}

func TestACrashNowOfAnyServiceHealsToASettledShop(t *testing.T) {
	for _, service := range []string{"order", "payment", "inventory", "notification", "projector"} {
		t.Run(service, func(t *testing.T) {
			labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
				w.Place("A")
				w.Later(70 * time.Millisecond) // somebody has something in hand
				w.Do(`{"crash":"` + service + `"}`)
				w.True(`service("` + service + `").state == "crashed"`)
				w.Refused(`{"crash":"` + service + `"}`)
				r := w.Place("B")
				if service == "order" {
					assert.Equal(t, "unavailable", r.Answer)
				}
				w.Later(5 * time.Second)
				w.True(`!settled && members("` + service + `") == 0`)
				w.Do(`"heal"`)
				w.Settled()
				w.True(`len(broken) == 0 && all(orders, .status == "COMPLETED" && .charges == 1 && .notifications == 1)`)
			})
		})
	}
}

// The lesson of idempotency: done, not said, done again.
func TestWithoutIdempotencyACrashAfterTheChargeChargesTwice(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"idempotent":false}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":{"service":"payment","at":"after_handle","on":"OrderCreated"}}`)
		w.Place("A")
		w.Until(`service("payment").state == "crashed"`, 5*time.Second)
		w.Do(`{"restart":"payment"}`)
		w.Settled()
		w.True(`order("A").charges == 2 && order("A").charged == 5000 && order("A").status == "COMPLETED" && broken == ["no-double-charge"]`)
		w.True(`service("payment").handled == 2 && service("payment").skipped_duplicates == 0`)
		var captures []any
		for _, e := range w.Entries() {
			if e.Data != nil && e.Data.Money != nil {
				captures = append(captures, float64(e.Seq))
			}
		}
		require.Len(t, captures, 2)
		assert.Equal(t, captures, w.At("invariants", "no-double-charge", "evidence"))
		assert.Contains(t, w.At("invariants", "no-double-charge", "because"), "order A was charged 2 times")
	})
}

func TestWithIdempotencyTheRedeliveredMessageIsSkipped(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":{"service":"payment","at":"after_handle","on":"OrderCreated"}}`)
		w.Place("A")
		w.Until(`service("payment").state == "crashed"`, 5*time.Second)
		w.Do(`{"restart":"payment-service"}`)
		w.Settled()
		w.True(`service("payment").handled == 1 && service("payment").skipped_duplicates == 1 && order("A").charges == 1 && len(broken) == 0`)
		w.Expect("crashed payment after it handled OrderCreated", "restarted payment", "delivered payment", "skipped payment", "committed payment")
	})
}

// The dual write: the row is there, and nobody will ever hear of it.
func TestWithoutOutboxACrashBetweenWriteAndPublishLosesTheOrder(t *testing.T) {
	for _, outbox := range []bool{false, true} {
		t.Run(fmt.Sprintf("outbox %v", outbox), func(t *testing.T) {
			labtest.Bubble(t, fmt.Sprintf(`{"services":{"order":{"outbox":%v}}}`, outbox), func(t *testing.T, w *labtest.World) {
				w.Do(`{"crash":{"service":"order","at":"after_write","on":"PlaceOrder"}}`)
				r := w.Place("A")
				assert.Equal(t, "unavailable", r.Answer)
				w.True(`order("A").status == "CREATED" && invariant("nothing-lost") == "pending"`)
				w.Do(`{"restart":"order"}`)
				w.Settled()
				if outbox {
					w.True(`len(broken) == 0 && order("A").status == "COMPLETED"`)
					return
				}
				w.True(`invariant("nothing-lost") == "broken" && topic("orders").records == 0 && order("A").status == "CREATED" && invariant("every-order-ends") == "broken"`)
				written := w.Expect("written order CREATED")[0]
				assert.Equal(t, []any{float64(written.Seq)}, w.At("invariants", "nothing-lost", "evidence"))
			})
		})
	}
}

// What a dead instance left in its outbox, another publishes once its lease is
// over.
func TestAnotherInstancePublishesADeadOnesOutbox(t *testing.T) {
	labtest.Bubble(t, `{"services":{"order":{"instances":2,"balancer":"range"}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":{"service":"order","at":"after_write","on":"PlaceOrder"}}`)
		w.Place("A")
		w.Later(time.Second)
		w.True(`topic("orders").records == 0 && !settled && service("order").crashes == 1`)
		w.Until(`order("A").status == "COMPLETED"`, 20*time.Second)
		w.Do(`{"restart":{"service":"order","instance":1}}`)
		w.Settled()
		w.True(`len(broken) == 0 && events("OrderCreated") == 1`)
	})
}

// An armed fault belongs to the service, not to the process that runs it.
func TestArmedCrashesSurviveARestart(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":{"service":"payment","at":"before_handle","on":"OrderCreated","times":2}}`)
		w.Do(`{"restart":"payment"}`)
		w.Place("A")
		for n := 1; n <= 2; n++ {
			w.Until(fmt.Sprintf(`service("payment").crashes == %d`, n), 10*time.Second)
			w.Do(`{"restart":"payment"}`)
		}
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && order("A").charges == 1 && service("payment").crashes == 2`)
	})
}

// A crash says no goodbye; a stop does.
func TestACrashedMemberStaysInItsGroupUntilTheSessionTimesOut(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Until(`members("payment") == 1`, time.Second)
		w.Do(`{"crash":"payment"}`)
		w.Later(2500 * time.Millisecond)
		w.True(`members("payment") == 1 && service("payment").state == "crashed"`)
		w.Until(`members("payment") == 0`, 2*time.Second)
		w.Expect("crashed payment", "member_left payment")
		w.Do(`{"restart":"payment"}`)
		w.Until(`members("payment") == 1 && service("payment").state == "running"`, 5*time.Second)

		w.Mark()
		w.Do(`{"scale":{"service":"payment","instances":0}}`)
		w.Until(`members("payment") == 0`, 100*time.Millisecond)
		w.True(`service("payment").state == "stopped" && service("payment").instances == 0`)
		w.Never("crashed")
	})
}

// One instance of three dies: the other two take over its partitions, and what
// it had in hand is done once.
func TestTheOthersTakeOverFromADeadInstance(t *testing.T) {
	labtest.Wall(t, `{"session_timeout":"1s","heartbeat":"100ms","services":{"payment":{"instances":3,"work":"200ms"}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"burst":{"orders":12,"rate":100}}`)
		w.Until(`service("payment").handled >= 3`, 30*time.Second)
		w.Do(`{"crash":{"service":"payment","instance":2}}`)
		w.Until(`members("payment") == 2 && lag("payment") == 0`, 30*time.Second)
		w.Do(`{"heal":"payment"}`)
		w.Settled()
		w.True(`count(orders, .status == "COMPLETED" && .charges == 1) == 12 && len(broken) == 0 && members("payment") == 3`)
	})
}

func TestFourMembersOfThreePartitionsLeaveOneIdle(t *testing.T) {
	labtest.Bubble(t, `{"services":{"inventory":{"instances":4,"balancer":"range"}}}`, func(t *testing.T, w *labtest.World) {
		w.Until(`members("inventory") == 4 && service("inventory").state == "running"`, 10*time.Second)
		w.Settled()
		idle := 0
		for _, m := range w.At("groups", "inventory-service", "members").([]any) {
			if len(m.(map[string]any)["partitions"].(map[string]any)) == 0 {
				idle++
			}
		}
		assert.Equal(t, 1, idle)
		w.Do(`{"burst":{"orders":6,"rate":50}}`)
		w.Settled()
		w.True(`count(orders, .status == "COMPLETED") == 6`)
	})
}

func TestWithoutInstancesTheLagGrowsAndIsWorkedOffLater(t *testing.T) {
	labtest.Wall(t, `{"session_timeout":"1s","heartbeat":"100ms","work":"10ms"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"scale":{"service":"payment","instances":0}}`)
		w.Do(`{"burst":{"orders":5,"rate":100}}`)
		w.Until(`lag("payment","orders") == 5 && service("payment").state == "stopped"`, 30*time.Second)
		w.True(`!settled && lag("payment") == 5 && committed("payment","orders",0) == -1`)
		w.Do(`{"scale":{"service":"payment","instances":2}}`)
		w.Settled()
		w.True(`lag("payment") == 0 && len(orders) == 5 && all(orders, .status == "COMPLETED")`)
	})
}

// At most once: what is in hand when it dies is gone.
func TestCommittingBeforeLosesTheRecordInHand(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"commit":"before"}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"crash":{"service":"payment","at":"before_handle","on":"OrderCreated"}}`)
		w.Place("A")
		w.Until(`service("payment").state == "crashed"`, 5*time.Second)
		w.Do(`{"restart":"payment"}`)
		w.Settled()
		w.True(`order("A").status == "CREATED" && order("A").charges == 0 && broken == ["every-order-ends"] && lag("payment") == 0`)
		w.Place("B")
		w.Settled()
		w.True(`order("B").status == "COMPLETED"`)
	})
}

// A retry that waits is in flight, although its offset is committed.
func TestALabThatCommitsBeforeIsNotSettledWhileItWorksOrRetries(t *testing.T) {
	for _, commit := range []string{"before", "auto"} {
		t.Run(commit, func(t *testing.T) {
			labtest.Bubble(t, `{"services":{"notification":{"commit":"`+commit+`","work":"20s","backoff":"20s"}}}`, func(t *testing.T, w *labtest.World) {
				w.Do(`{"fail":{"service":"notification","times":1}}`)
				w.Place("A")
				w.Until(`service("notification").failed == 1`, 40*time.Second)
				w.Later(15 * time.Second)
				w.True(`lag("notification") == 0 && !settled`) // it waits
				w.Later(10 * time.Second)
				w.True(`!settled && order("A").notifications == 0`) // it works
				w.Settled()
				w.True(`order("A").notifications == 1`)
			})
		})
	}
}

func TestAutoCommitCommitsWhatWasPolledNowAndThen(t *testing.T) {
	labtest.Bubble(t, `{"services":{"payment":{"commit":"auto"}}}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Until(`events("OrderCompleted", "A") == 1`, 3*time.Second)
		w.True(`lag("payment","orders") == 2 && !settled`)
		w.Settled()
		w.True(`lag("payment") == 0 && len(broken) == 0`)
		w.Do(`{"set":{"service":"payment","commit":"after"}}`)
		w.Place("B")
		w.Settled()
		w.True(`order("B").charges == 1 && members("payment") == 1 && service("payment").state == "running"`)
	})
}

// A rebalance in the middle of a handler must not leave the lab unsettled.
func TestALabSettlesAfterARebalanceDuringAHandler(t *testing.T) {
	labtest.Wall(t, `{"session_timeout":"1s","heartbeat":"100ms","work":"10ms","services":{"payment":{"work":"400ms"}}}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"burst":{"orders":9,"rate":1000}}`)
		w.Until(`service("payment").handled >= 1`, 30*time.Second)
		w.Do(`{"scale":{"service":"payment","instances":5}}`)
		w.Until(`service("payment").handled >= 3`, 30*time.Second)
		w.Do(`{"scale":{"service":"payment","instances":2}}`)
		w.Settled()
		w.True(`count(orders, .status == "COMPLETED" && .charges == 1) == 9 && len(broken) == 0`)
	})
}

func TestACrashOfWhatIsNotThereIsRefused(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		code, why := w.Refused(`{"crash":{"service":"payment","instance":2}}`)
		assert.Equal(t, lab.NotFound, code)
		assert.Contains(t, why, "it has 1")
		code, why = w.Refused(`{"crash":{"service":"payment","at":"after_handle","on":"StockReserved"}}`)
		assert.Equal(t, lab.Invalid, code)
		assert.Contains(t, why, "OrderCreated")
	})
}

// A partition moves while its record is in hand: two members do the same work
// at once, and only the key keeps the customer from paying twice. The range
// balancer gives the last partition to the last of two members, and lab time
// goes slowly until that one has the record too.
func TestARecordThatTwoMembersHandleAtOnceIsChargedOnce(t *testing.T) {
	for _, idempotent := range []bool{true, false} {
		t.Run(fmt.Sprintf("idempotent %v", idempotent), func(t *testing.T) {
			labtest.Wall(t, fmt.Sprintf(`{"session_timeout":"1s","heartbeat":"100ms","work":"10ms",
				"services":{"payment":{"work":"2s","balancer":"range","idempotent":%v}}}`, idempotent), func(t *testing.T, w *labtest.World) {
				w.Do(`{"speed":0.1}`)
				w.Place("A")
				first := w.Await("handling payment payment-1 handles OrderCreated", 30*time.Second)
				require.EqualValues(t, 2, first.Partition, "user-1 goes to the last partition")
				w.Do(`{"scale":{"service":"payment","instances":2}}`)
				w.Await("handling payment payment-2 handles OrderCreated", 30*time.Second)
				w.Never("handled payment")
				w.Do(`{"speed":1}`)
				w.Settled()
				if idempotent {
					w.True(`order("A").charges == 1 && order("A").status == "COMPLETED" && len(broken) == 0`)
				} else {
					w.True(`order("A").charges == 2 && invariant("no-double-charge") == "broken"`)
				}
			})
		})
	}
}
