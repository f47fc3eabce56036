package lab

import (
	"encoding/json"

	"eddy/lab/beyond"
	"eddy/lab/shop"
)

// Kind says what an Entry reports. The set is closed.
type Kind string

// The kinds of journal entries.
const (
	KindAction       Kind = "action"        // somebody did something: the root of every chain of causes
	KindRefused      Kind = "refused"       // an action that changed nothing, with the reason
	KindFault        Kind = "fault"         // a fault was armed or took hold
	KindHealed       Kind = "healed"        // a fault was taken away
	KindProduced     Kind = "produced"      // a record stands in a partition
	KindDelivered    Kind = "delivered"     // a consumer got a record from its poll
	KindHandling     Kind = "handling"      // a handler began
	KindHandled      Kind = "handled"       // a handler ended well
	KindFailed       Kind = "failed"        // one try of a handler failed
	KindRetrying     Kind = "retrying"      // another try is due after a back-off
	KindSkipped      Kind = "skipped"       // the inbox knew the event: nothing was done
	KindDeadLettered Kind = "dead_lettered" // a record was put on a .dlq topic
	KindCommitted    Kind = "committed"     // a group's committed offset moved
	KindWritten      Kind = "written"       // a database, the gateway or the stock changed
	KindProjected    Kind = "projected"     // the read model changed
	KindSaga         Kind = "saga"          // an orchestrated saga changed state
	KindCompensated  Kind = "compensated"   // an earlier step was undone by a new one
	KindRebalanced   Kind = "rebalanced"    // a group has a new assignment or state
	KindMemberJoined Kind = "member_joined"
	KindMemberLeft   Kind = "member_left"
	KindCrashed      Kind = "crashed"
	KindRestarted    Kind = "restarted" // an instance runs (again)
	KindBroker       Kind = "broker"
	KindLeaderMoved  Kind = "leader_moved"
	KindFrozen       Kind = "frozen"
	KindThawed       Kind = "thawed"
	KindInvariant    Kind = "invariant" // an invariant changed its verdict
	KindGoal         Kind = "goal"
	KindNote         Kind = "note"
)

// Kinds are all of them.
var Kinds = []Kind{
	KindAction, KindRefused, KindFault, KindHealed, KindProduced, KindDelivered, KindHandling, KindHandled, KindFailed, KindRetrying,
	KindSkipped, KindDeadLettered, KindCommitted, KindWritten, KindProjected, KindSaga, KindCompensated, KindRebalanced, KindMemberJoined,
	KindMemberLeft, KindCrashed, KindRestarted, KindBroker, KindLeaderMoved, KindFrozen, KindThawed, KindInvariant, KindGoal, KindNote,
}

// Entry is one line of the journal: something that happened, and why.
//
// Seq has no holes and starts at 1. At is lab time in milliseconds. Cause is
// the seq of the entry that led to this one, always smaller than Seq, 0 where
// the cause lies outside the lab. Data holds what the board's fold needs.
type Entry struct {
	Seq       int64  `json:"seq"`
	At        int64  `json:"at"`
	Kind      Kind   `json:"kind"`
	Service   string `json:"service,omitempty"`
	Instance  int    `json:"instance,omitempty"`
	Order     string `json:"order,omitempty"` // order id
	Topic     string `json:"topic,omitempty"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	EventType string `json:"event_type,omitempty"`
	EventID   string `json:"event_id,omitempty"`
	Cause     int64  `json:"cause,omitempty"`
	Text      string `json:"text,omitempty"`
	Data      *Data  `json:"data,omitempty"`
}

// moves tells whether an entry may have set something in motion. A refusal and
// the lab's own remarks have not; a note about a service may say that it starts.
func (e Entry) moves() bool {
	switch e.Kind {
	case KindRefused, KindGoal:
		return false
	case KindNote:
		return e.Service != ""
	}
	return true
}

// Data carries the facts of an entry, by what they are about. An entry has at
// most the few that belong to its kind.
type Data struct {
	Clock     *ClockState        `json:"clock,omitempty"`
	Settings  *Settings          `json:"settings,omitempty"`
	Order     *shop.OrderFact    `json:"order,omitempty"`
	Money     *shop.MoneyFact    `json:"money,omitempty"`
	Stock     *shop.StockFact    `json:"stock,omitempty"`
	Read      *shop.ReadRow      `json:"read,omitempty"`
	Saga      *shop.SagaFact     `json:"saga,omitempty"`
	Record    *Record            `json:"record,omitempty"`
	Group     *GroupFact         `json:"group,omitempty"`
	Service   *ServiceFact       `json:"service,omitempty"`
	Try       *shop.Try          `json:"try,omitempty"`
	Call      *shop.CallFact     `json:"call,omitempty"`
	Fault     *Fault             `json:"fault,omitempty"`
	Invariant *Verdict           `json:"invariant,omitempty"`
	Letter    *Letter            `json:"letter,omitempty"`
	Partition *Partition         `json:"partition,omitempty"`
	Leaders   map[string][]int32 `json:"leaders,omitempty"` // of every partition of a topic, at the start and when there are more
	Broker    *Broker            `json:"broker,omitempty"`
	Unstored  bool               `json:"unstored,omitempty"` // the entry's event will never be on its topic
	Events    []shop.StoredEvent `json:"events,omitempty"`
	Action    *ActionRecord      `json:"action,omitempty"`
	Held      *Held              `json:"held,omitempty"`
	Rebuild   *RebuildFact       `json:"rebuild,omitempty"`
	Stale     *StaleAppend       `json:"stale,omitempty"`

	Breakpoints *[]Breakpoint `json:"breakpoints,omitempty"` // all there are now
	Rerun       *Rerun        `json:"rerun,omitempty"`

	Experiment *beyond.Result `json:"experiment,omitempty"`
}

// ActionRecord is an action as it was asked for, so that a journal can be
// replayed and recorded.
type ActionRecord struct {
	Name string `json:"name"`
	Args any    `json:"args,omitempty"`
}

// UnmarshalJSON keeps the arguments as they stand, so that they are written as
// they were read.
func (a *ActionRecord) UnmarshalJSON(raw []byte) error {
	var r struct {
		Name string          `json:"name"`
		Args json.RawMessage `json:"args"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return err
	}
	a.Name, a.Args = r.Name, nil
	if r.Args != nil {
		a.Args = r.Args
	}
	return nil
}

// ClockState is the state of the lab's clock.
type ClockState struct {
	Frozen bool    `json:"frozen"`
	Speed  float64 `json:"speed"`
}

// GroupFact is a consumer group as it was last observed over the Kafka
// protocol, or a committed offset of it.
type GroupFact struct {
	ID         string   `json:"id"`
	State      string   `json:"state,omitempty"`
	Generation int32    `json:"generation,omitempty"`
	Protocol   string   `json:"protocol,omitempty"`
	Members    []Member `json:"members,omitempty"`
	// Committed is the group's offset for Entry.Topic and Entry.Partition;
	// nil where the entry is not about an offset, -1 where there is none.
	Committed *int64 `json:"committed,omitempty"`
	// Was is the offset that the group had there before, nil where it had none.
	Was *int64 `json:"was,omitempty"`
}
