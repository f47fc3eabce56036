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

// led lists who leads the partitions of a topic.
func led(w *labtest.World, topic string) (brokers []int) {
	for p := range w.At("topics", topic, "partitions").([]any) {
		brokers = append(brokers, w.Eval(fmt.Sprintf(`topic(%q).partitions[%d].leader`, topic, p)).(int))
	}
	return brokers
}

// The whole lesson: leaders move, producers retry, orders go on, and the
// broker gets its partitions back.
func TestOrdersGoOnWithoutABrokerAndHealBringsItBack(t *testing.T) {
	for id := range 3 {
		t.Run(fmt.Sprint("broker ", id), func(t *testing.T) {
			labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
				w.Settled()
				before := led(w, "orders")
				w.Do(`{"burst":{"orders":20,"rate":20}}`)
				w.Later(200 * time.Millisecond)
				r := w.Do(fmt.Sprintf(`{"broker":{"id":%d,"state":"down"}}`, id))
				assert.Contains(t, r.Text, "have other leaders now")
				assert.NotContains(t, led(w, "orders"), id)
				assert.Equal(t, "down", w.At("brokers", id, "state"))
				assert.Equal(t, fmt.Sprintf("broker %d is down because you took it down", id), w.At("brokers", id, "because"))
				found := w.Expect("action - you took", "fault - is down", fmt.Sprintf("broker - broker %d is down", id), "leader_moved")
				for i := 1; i < len(found); i++ {
					assert.Equal(t, found[min(i-1, 1)].Seq, found[i].Cause, found[i].Text)
				}
				assert.EqualValues(t, found[1].Seq, w.At("brokers", id, "because_seq"))
				w.Settled()
				w.True(`count(orders, .status == "COMPLETED" && .charges == 1 && .notifications == 1) == 20 && len(broken) == 0`)
				w.Never("note - could not look", "member_left", "crashed")
				w.Place("A")
				w.Settled()
				w.True(`order("A").status == "COMPLETED"`)

				w.Refused(fmt.Sprintf(`{"broker":{"id":%d,"state":"down"}}`, id))
				w.Mark()
				w.Do(`"heal"`)
				assert.Equal(t, before, led(w, "orders"), "the partitions go back")
				assert.Equal(t, "up", w.At("brokers", id, "state"))
				assert.Empty(t, w.At("brokers", id, "because"))
				assert.Empty(t, w.At("faults"))
				w.Expect("action - you repaired", "healed", fmt.Sprintf("broker - broker %d is up", id), "leader_moved")
				w.Place("B")
				w.Settled()
				w.True(`order("B").status == "COMPLETED" && len(broken) == 0`)
			})
		})
	}
}

func TestWithoutAnyBrokerOrdersWaitInTheOutbox(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Settled()
		for id := range 3 {
			w.Do(fmt.Sprintf(`{"broker":{"id":%d,"state":"down"}}`, id))
		}
		for id := range 3 {
			assert.Equal(t, "down", w.At("brokers", id, "state"))
		}
		placing := doing(t, w, `{"place_order":{"as":"A","items":[{"sku":"mouse","qty":1}]}}`)
		w.Later(20 * time.Second)
		w.True(`order("A").status == "CREATED" && topic("orders").records == 0 && !settled && len(broken) == 0`)
		assert.Contains(t, w.At("orders", "o-1", "waiting"), "because no broker is up")
		w.Do(`{"broker":{"id":1,"state":"up"}}`)
		require.NoError(t, <-placing)
		w.Settled()
		w.True(`order("A").status == "COMPLETED" && len(broken) == 0`)
		assert.NotContains(t, led(w, "orders"), 0)
		assert.Empty(t, w.At("orders", "o-1", "waiting"))
		w.Do(`"heal"`)
		for id := range 3 {
			assert.Equal(t, "up", w.At("brokers", id, "state"))
		}
	})
}

func TestWithoutAnyBrokerNothingIsWrittenByHand(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Do(`{"publish":{"topic":"orders","value":"{"}}`)
		w.Settled()
		w.True(`dead_letters("orders") > 0`)
		for id := range 3 {
			w.Do(fmt.Sprintf(`{"broker":{"id":%d,"state":"down"}}`, id))
		}
		for _, action := range []string{
			`{"publish":{"topic":"orders","value":"x"}}`, `{"duplicate":{"topic":"orders","partition":0,"offset":0}}`,
			`{"redrive":{"topic":"orders.dlq","all":true}}`, `{"rewind":{"group":"payment","to":"earliest"}}`, `{"rebuild":"orders"}`,
		} {
			began := time.Now()
			_, why := w.Refused(action)
			assert.Contains(t, why, "no broker is up", action)
			assert.Zero(t, time.Since(began), action)
		}
	})
}

// The lab's own hand does not wait for ever, and says that it does not know. The
// action was made, though.
func TestARecordThatNobodyAcksIsGivenUpByTheHand(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Settled()
		for id := range 3 {
			w.Do(fmt.Sprintf(`{"broker":{"id":%d,"slow":"40s"}}`, id))
		}
		began := time.Now()
		w.Mark()
		r := w.Do(`{"publish":{"event":"OrderCreated"}}`)
		assert.Equal(t, 30*time.Second, time.Since(began))
		assert.Equal(t, "unavailable", r.Answer)
		assert.Contains(t, r.Text, "the cluster did not take the record")
		w.Never("refused")
		assert.Equal(t, r.Seq, w.Expect("note - the cluster did not take the record")[0].Cause)
		w.Do(`"heal"`)
		w.Settled()
	})
}

// Who waits for no answer does not learn that a broker died with the record.
func TestWithoutAcksABrokerThatDiesLosesAnOrder(t *testing.T) {
	for _, acks := range []string{"none", "leader", "all"} {
		t.Run(acks, func(t *testing.T) {
			labtest.Bubble(t, `{"services":{"order":{"acks":"`+acks+`"}}}`, func(t *testing.T, w *labtest.World) {
				w.Place("before")
				w.Settled()
				at := led(w, "orders")[2] // where the orders of user-1 go
				down := doing(t, w, fmt.Sprintf(`{"broker":{"id":%d,"state":"down"}}`, at))
				w.Later(100 * time.Millisecond)
				placing := doing(t, w, `{"place_order":{"as":"A","user":"user-1","items":[{"sku":"mouse","qty":1}]}}`)
				require.NoError(t, <-down)
				require.NoError(t, <-placing)
				w.Place("after")
				w.Settled()
				w.True(`order("before").status == "COMPLETED" && order("after").status == "COMPLETED"`)
				if acks != "none" {
					w.True(`order("A").status == "COMPLETED" && len(broken) == 0`)
					w.Never("fault order was lost")
					return
				}
				w.True(`order("A").status == "CREATED" && events("OrderCreated","A") == 0 && invariant("nothing-lost") == "broken"`)
				lost := w.Expect("fault - is down", "fault order OrderCreated of o-2 was lost")[1]
				assert.Contains(t, lost.Text, "order-1 waits for no answer (acks none)")
				assert.Contains(t, w.At("invariants", "nothing-lost", "because"), "a broker died with it")
				assert.Contains(t, w.At("invariants", "nothing-lost", "evidence"), float64(lost.Seq))
				assert.Contains(t, w.At("orders", "o-2", "waiting"), "its OrderCreated was lost with a broker")
				w.Do(`"heal"`)
				w.Settled()
				w.True(`order("A").status == "CREATED" && invariant("nothing-lost") == "broken"`)
			})
		})
	}
}

// Each order that dies with a broker is named, also where many do.
func TestEveryOrderThatIsLostIsNamed(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s","partitions":{"orders":1},"services":{"order":{"acks":"none"}}}`, func(t *testing.T, w *labtest.World) {
		w.Settled()
		at := led(w, "orders")[0]
		w.Do(`{"burst":{"orders":30,"rate":50}}`)
		w.Later(200 * time.Millisecond)
		w.Do(fmt.Sprintf(`{"broker":{"id":%d,"state":"down"}}`, at))
		w.Settled()
		lost := map[string]bool{}
		for _, e := range w.After(0) {
			if e.Kind == lab.KindFault && e.Data != nil && e.Data.Unstored {
				assert.False(t, lost[e.Order], "%s once only", e.Order)
				lost[e.Order] = true
			}
		}
		assert.Greater(t, len(lost), 5)
		assert.EqualValues(t, len(lost), w.Eval(`count(orders, .status == "CREATED" && events("OrderCreated", .id) == 0)`))
		w.True(`invariant("nothing-lost") == "broken"`)
	})
}

func TestASlowBrokerDelaysWhatItLeadsUntilItIsHealed(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Settled()
		at := led(w, "orders")[2]
		took := func(handle string) time.Duration {
			began := time.Now()
			w.Place(handle)
			w.Until(`topic("orders").records >= 1 && events("OrderCreated","`+handle+`") == 1`, time.Minute)
			return time.Since(began)
		}
		fast := took("A")
		w.Settled()
		w.Do(fmt.Sprintf(`{"broker":{"id":%d,"slow":"700ms"}}`, at))
		assert.Equal(t, "700ms", w.At("brokers", at, "slow"))
		assert.Contains(t, w.At("brokers", at, "because"), "because you slowed it down")
		assert.GreaterOrEqual(t, took("B")-fast, 600*time.Millisecond)
		w.Do(`"heal"`)
		assert.Nil(t, w.At("brokers", at, "slow"))
		assert.Empty(t, w.At("faults"))
		w.Settled()
		assert.Less(t, took("C"), 300*time.Millisecond)
		w.Do(fmt.Sprintf(`{"broker":{"id":%d,"slow":"1s"}}`, at))
		w.Do(fmt.Sprintf(`{"broker":{"id":%d,"slow":"0s"}}`, at))
		assert.Empty(t, w.At("faults"))
		w.Settled()
		w.True(`len(broken) == 0`)
	})
}

func TestAMovedLeaderIsFoundByEverybodyAndHealMovesItBack(t *testing.T) {
	for _, acks := range []string{"all", "none"} {
		t.Run(acks, func(t *testing.T) {
			labtest.Bubble(t, `{"services":{"order":{"acks":"`+acks+`"},"payment":{"acks":"`+acks+`"}}}`, func(t *testing.T, w *labtest.World) {
				w.Place("A")
				w.Settled()
				for _, topic := range []string{"orders", "payments"} {
					before := led(w, topic)
					to := (before[2] + 1) % 3
					w.Mark()
					r := w.Do(fmt.Sprintf(`{"move_leader":{"topic":%q,"partition":2,"to":%d}}`, topic, to))
					assert.Equal(t, []int{before[0], before[1], to}, led(w, topic))
					moved := w.Expect("leader_moved")[0]
					assert.Equal(t, r.Seq, moved.Cause)
					w.Later(time.Second)
					began := time.Now()
					w.Place("B-" + topic)
					w.Settled()
					w.True(`order("B-` + topic + `").status == "COMPLETED" && len(broken) == 0`)
					assert.Less(t, time.Since(began), 5*time.Second)
					w.Refused(fmt.Sprintf(`{"move_leader":{"topic":%q,"partition":2,"to":%d}}`, topic, to))
					w.Do(`"heal"`)
					assert.Equal(t, before, led(w, topic))
					w.Later(time.Second)
				}
				w.Place("C")
				w.Settled()
				w.True(`order("C").status == "COMPLETED" && len(broken) == 0`)
			})
		})
	}
}

// The append happened and the producer does not know: it sends the same again.
func TestALostAckIsTheSameRecordTwiceUnlessTheProducerIsIdempotent(t *testing.T) {
	for _, idempotent := range []bool{false, true} {
		t.Run(fmt.Sprint("idempotent ", idempotent), func(t *testing.T) {
			labtest.Bubble(t, fmt.Sprintf(`{"services":{"order":{"idempotent_producer":%v},"payment":{"idempotent":false}}}`, idempotent), func(t *testing.T, w *labtest.World) {
				w.Settled()
				w.Do(`{"lose_ack":{"topic":"orders"}}`)
				assert.Equal(t, "lose_ack", w.At("faults", 0, "kind"))
				w.Place("A")
				w.Settled()
				assert.Empty(t, w.At("faults"), "it has struck")
				lost := w.Expect("fault order its answer to order-1 was lost")[0]
				assert.Equal(t, "orders", lost.Topic)
				if idempotent {
					w.True(`events("OrderCreated","A") == 1 && order("A").charges == 1 && len(broken) == 0`)
					assert.Contains(t, lost.Text, "the broker knows it")
					return
				}
				w.True(`events("OrderCreated","A") == 2 && order("A").charges == 2 && broken == ["no-double-charge"]`)
				again := w.Expect("produced order OrderCreated stands at orders p2 #0", "produced order OrderCreated stands at orders p2 #1 too")[1]
				assert.Equal(t, lost.Seq, again.Cause)
				record := w.At("tapes", "orders", 2, "records", 1).(map[string]any)
				assert.EqualValues(t, 0, record["copy_of"])
				assert.Contains(t, record["again"], "never heard the answer")
			})
		})
	}
}

func TestHealTakesALostAckBackBeforeItStrikes(t *testing.T) {
	labtest.Bubble(t, `{"services":{"order":{"idempotent_producer":false},"payment":{"acks":"none"}}}`, func(t *testing.T, w *labtest.World) {
		for _, heal := range []string{`"heal"`, `{"heal":"order"}`} {
			w.Do(`{"lose_ack":{"topic":"orders","times":3}}`)
			w.Do(heal)
			assert.Empty(t, w.At("faults"))
		}
		w.Place("A")
		w.Settled()
		w.True(`events("OrderCreated","A") == 1 && len(broken) == 0`)
		code, why := w.Refused(`{"lose_ack":{"topic":"payments"}}`)
		assert.Equal(t, lab.Conflict, code)
		assert.Contains(t, why, "acks none")
	})
}

// More partitions, another place for most keys: what was written before stays
// where it is.
func TestAddedPartitionsBreakTheOrderOfAKey(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s"}`, func(t *testing.T, w *labtest.World) {
		w.Do(`{"burst":{"orders":20,"rate":100,"users":20}}`)
		w.Settled()
		members := w.At("groups", "payment-service", "generation").(float64)
		r := w.Do(`{"add_partitions":{"topic":"orders","to":7}}`)
		assert.Contains(t, r.Text, "cannot be taken back")
		assert.Len(t, w.At("topics", "orders", "partitions"), 7)
		assert.Len(t, w.At("tapes", "orders"), 7)
		assert.EqualValues(t, 7, w.At("settings", "partitions", "orders"))
		assert.NotContains(t, led(w, "orders"), -1)
		w.Do(`{"burst":{"orders":20,"rate":100,"users":20}}`)
		w.Settled()
		w.True(`count(orders, .status == "COMPLETED") == 40 && lag("payment") == 0`)
		assert.Greater(t, w.At("groups", "payment-service", "generation"), members, "the group shares out anew")
		where := map[string]map[string]bool{}
		for p, tape := range w.At("tapes", "orders").(map[string]any) {
			for _, r := range tape.(map[string]any)["records"].(map[string]any) {
				key := r.(map[string]any)["key"].(string)
				if where[key] == nil {
					where[key] = map[string]bool{}
				}
				where[key][p] = true
			}
		}
		moved := 0
		for _, places := range where {
			if len(places) > 1 {
				moved++
			}
		}
		assert.Greater(t, moved, 5, "keys that are in two partitions")
		w.Do(`"heal"`)
		assert.Len(t, w.At("topics", "orders", "partitions"), 7, "no repair takes a partition away")
		board, err := w.BoardAt(w.Head())
		require.NoError(t, err)
		assert.Len(t, labtest.Parse(t, board)["topics"].(map[string]any)["orders"].(map[string]any)["partitions"], 7)
	})
}

func TestWhatACallOfTheClusterCannotBe(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Settled()
		for action, want := range map[string]string{
			`{"broker":{}}`: "id is one of 0, 1, 2", `{"broker":{"id":3,"state":"down"}}`: "the brokers are 0, 1, 2", `{"broker":1}`: "down or up",
			`{"broker":{"id":1,"state":"sideways"}}`: "down, up", `{"broker":{"id":1,"state":"up"}}`: "up already", `{"broker":{"id":1,"slow":"1h"}}`: "at most",
			`{"broker":{"id":1,"state":"down","slow":"1s"}}`: "not both", `{"move_leader":{"topic":"orders"}}`: "to is one of", `{"move_leader":{"topic":"shoes","to":1}}`: "no topic",
			`{"move_leader":{"topic":"orders","partition":5,"to":1}}`: "it has 0 to 2", `{"move_leader":{"topic":"orders","to":9}}`: "there is no broker 9",
			`{"lose_ack":"shoes"}`: "no topic", `{"lose_ack":{"topic":"orders","times":-1}}`: "1 to 1000",
			`{"add_partitions":{"topic":"orders","to":3}}`: "4 to 12", `{"add_partitions":{"topic":"orders","to":13}}`: "4 to 12", `{"add_partitions":{"topic":"x","to":5}}`: "no topic",
		} {
			_, why := w.Refused(action)
			assert.Contains(t, why, want, action)
		}
		w.Do(`{"broker":{"id":2,"state":"down"}}`)
		for action, want := range map[string]string{
			`{"move_leader":{"topic":"orders","to":2}}`: "cannot lead", `{"broker":{"id":2,"slow":"1s"}}`: "bring it up first",
			`{"add_partitions":{"topic":"orders","to":4}}`: "the controller, broker 2, and it is down",
		} {
			_, why := w.Refused(action)
			assert.Contains(t, why, want, action)
		}
	})
}
