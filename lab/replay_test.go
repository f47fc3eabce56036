package lab_test

import (
	"testing"
	"time"

	"eddy/lab"
	"eddy/lab/labtest"

	"github.com/stretchr/testify/assert"
)

// The same records again: who remembers what was done does nothing.
func TestARewoundGroupHandlesItsRecordsAgain(t *testing.T) {
	for settings, charges := range map[string]int{"": 1, `{"services":{"payment":{"idempotent":false}}}`: 2} {
		t.Run(settings, func(t *testing.T) {
			labtest.Bubble(t, settings, func(t *testing.T, w *labtest.World) {
				w.Place("A")
				w.Settled()
				w.Mark()
				generation := w.At("groups", "payment-service", "generation")
				w.Do(`{"rewind":{"group":"payment","topic":"orders","to":"earliest"}}`)
				w.Settled()
				w.Expect("note payment stopped", "committed payment saved offset 0 of orders p2", "restarted payment", "delivered payment OrderCreated of o-1 from orders p2 #0", "committed payment")
				w.Expect("member_left payment", "member_joined payment")
				assert.Greater(t, w.At("groups", "payment-service", "generation"), generation, "members really left")
				w.True(`lag("payment") == 0 && order("A").charges == ` + jsonOf(charges))
				if charges == 1 {
					w.Expect("skipped payment")
					w.True(`service("payment").skipped_duplicates == 1 && len(broken) == 0`)
				} else {
					w.True(`broken == ["no-double-charge"]`)
				}
			})
		})
	}
}

func TestAGroupIsRewoundToAnOffsetOrATimeOrTheEnd(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		w.Later(time.Minute)
		w.Place("B")
		w.Settled()
		for to, skipped := range map[string]int{`1`: 3, `"3"`: 1, `"30s"`: 2, `"10ms"`: 0, `"2h"`: 4, `"latest"`: 0} {
			w.Mark()
			w.Do(`{"rewind":{"group":"notification-service","topic":"inventory","partition":2,"to":0}}`)
			w.Settled()
			w.Mark()
			w.Do(`{"rewind":{"group":"projector","topic":"orders","partition":2,"to":` + to + `}}`)
			w.Settled()
			assert.Equal(t, skipped, w.Count("skipped projector"), to)
		}
		w.True(`len(broken) == 0 && read_lag == 0`)
	})
}

// The rewound group is as it was: who was paused is paused, who was down is down.
func TestARewindLeavesWhoDoesNotRunAsItWas(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		w.Do(`{"crash":"payment"}`)
		began := time.Now()
		w.Do(`{"rewind":{"group":"payment","to":"earliest"}}`) // its session has to end first
		assert.InDelta(t, 3, time.Since(began).Seconds(), 0.6)
		w.True(`service("payment").state == "crashed" && lag("payment","orders") == 2`)
		w.Do(`"heal"`)
		w.Settled()
		w.Do(`{"pause":"payment"}`)
		w.Do(`{"rewind":{"group":"payment","to":"earliest"}}`)
		w.Later(5 * time.Second)
		w.True(`service("payment").state == "paused" && lag("payment","orders") == 2`)
		w.Do(`{"resume":"payment"}`)
		w.Settled()
		w.True(`order("A").charges == 1`)
	})
}

func TestARewindThatMakesNoSenseIsRefused(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		for action, want := range map[string]string{
			`{"rewind":{"group":"kitchen","to":"earliest"}}`:                       "payment-service",
			`{"rewind":{"group":"payment","to":"yesterday"}}`:                      "30s",
			`{"rewind":{"group":"payment","to":"-5s"}}`:                            "30s",
			`{"rewind":{"group":"payment","topic":"orders","to":-1}}`:              "30s",
			`{"rewind":{"group":"payment","topic":"payments","to":0}}`:             "orders",
			`{"rewind":{"group":"payment","partition":1,"to":0}}`:                  "topic",
			`{"rewind":{"group":"payment","topic":"orders","partition":9,"to":0}}`: "0 to 2",
			`{"rewind":{"group":"payment","topic":"orders","partition":0,"to":5}}`: "from 0 to 0",
			`{"rebuild":"customers"}`:                                              "orders",
		} {
			_, why := w.Refused(action)
			assert.Contains(t, why, want, action)
		}
	})
}

// The lab cannot ask a stranger to leave; an empty group of theirs it can set.
func TestAGroupWithAMemberFromOutsideIsNotRewound(t *testing.T) {
	labtest.Bubble(t, "", func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		_, leave := stranger(t, w, "their-group", "orders")
		w.Until(`members("their-group") == 1 && lag("their-group") == 0 && committed("their-group","orders",2) == 2`, 10*time.Second)
		code, why := w.Refused(`{"rewind":{"group":"their-group","to":"earliest"}}`)
		assert.Equal(t, lab.Conflict, code)
		assert.Contains(t, why, "their-app")
		w.True(`members("their-group") == 1 && committed("their-group","orders",2) == 2`)
		leave()
		w.Until(`members("their-group") == 0`, 10*time.Second)
		assert.NotContains(t, w.Do(`{"rewind":{"group":"their-group","topic":"orders","to":1}}`).Text, "join again")
		w.True(`committed("their-group","orders",2) == 1 && lag("their-group","orders") == 1`)
		_, leave = stranger(t, w, "their-group", "orders")
		defer leave()
		w.Until(`committed("their-group","orders",2) == 2`, 10*time.Second) // it began where it was set to
	})
}

// The orchestrator hears everything again, and its sagas have heard it before.
func TestTheOrchestratorIsSentBackAndNobodyIsChargedTwice(t *testing.T) {
	labtest.Bubble(t, `{"work":"0s","saga":"orchestration"}`, func(t *testing.T, w *labtest.World) {
		w.Place("A")
		w.Settled()
		w.Mark()
		w.Do(`{"rewind":{"group":"saga-orchestrator","to":"earliest"}}`)
		w.Settled()
		w.Expect("delivered orchestrator")
		w.True(`order("A").status == "COMPLETED" && order("A").charges == 1 && saga("A").state == "completed" && len(broken) == 0`)
	})
}
