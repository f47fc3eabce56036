package lab

import (
	"eddy/lab/beyond"
	"eddy/lab/shop"
)

// Board is what the screen draws and what goals and invariants are judged on:
// the fold of the journal up to Seq. Only Apply changes it. It is sent in merge
// patches, which cannot take a name out of an object that stays: a field whose
// value goes away again must not be omitted when it is empty.
type Board struct {
	Seq         int64                      `json:"seq"`
	Time        string                     `json:"time"`     // wall clock, RFC 3339
	LabTime     int64                      `json:"lab_time"` // milliseconds
	State       string                     `json:"state"`    // live frozen stopped
	Speed       float64                    `json:"speed"`
	Settings    Settings                   `json:"settings"`
	Brokers     []Broker                   `json:"brokers"`
	Topics      map[string]*Topic          `json:"topics"`
	Tapes       map[string]map[int32]*Tape `json:"tapes"`
	Groups      map[string]*Group          `json:"groups"`
	Services    map[string]*Service        `json:"services"`
	Orders      map[string]*Order          `json:"orders"`
	Sagas       map[string]*Saga           `json:"sagas"`
	DeadLetters []*Letter                  `json:"dead_letters"`
	ReadModel   ReadModel                  `json:"read_model"`
	EventStore  EventStore                 `json:"event_store"`
	Stock       map[string]int             `json:"stock"`
	Invariants  map[string]*Verdict        `json:"invariants"`
	Faults      []*Fault                   `json:"faults"`
	Breakpoints []Breakpoint               `json:"breakpoints"`
	Held        []*Held                    `json:"held"` // the message that a breakpoint holds: one, or none
	Alerts      []Alert                    `json:"alerts"`
	Counts      Counts                     `json:"counts"`
	Calls       map[string]*Call           `json:"calls"`       // synchronous calls that are under way, by id
	Rerun       *Rerun                     `json:"rerun"`       // null where the lab repeats none
	Experiments []beyond.Result            `json:"experiments"` // the newest of each name, with and without
	fold                                   // what the fold remembers and nobody is shown
}

// Counts are totals over the whole life of the lab, evicted orders included.
type Counts struct {
	Orders    int `json:"orders"`
	Open      int `json:"open"`
	Completed int `json:"completed"`
	Cancelled int `json:"cancelled"`
	Records   int `json:"records"`
}

// Broker is one machine of the cluster.
type Broker struct {
	ID         int32  `json:"id"`
	State      string `json:"state"` // up down
	Controller bool   `json:"controller,omitempty"`
	Slow       string `json:"slow,omitempty"` // how much later its answers come
	Because    string `json:"because"`        // why it is down or slow, "" where it is neither
	BecauseSeq int64  `json:"because_seq"`
}

// Topic is a named log, split into partitions.
type Topic struct {
	Partitions []Partition `json:"partitions"` // by id
}

// Partition is one log. Offsets start … end-1 are kept; End is the offset that
// the next record gets.
type Partition struct {
	ID     int32 `json:"id"`
	Leader int32 `json:"leader"`
	Start  int64 `json:"start"`
	End    int64 `json:"end"`
}

// Tape is the newest records of a partition, by offset: what the Topics lens
// draws as cells. At most tapeWindow of them.
type Tape struct {
	Records map[int64]*Record `json:"records"`
}

// Record is one record of a partition as the board shows it.
type Record struct {
	Offset        int64             `json:"offset"`
	Seq           int64             `json:"seq"` // of its produced entry
	At            int64             `json:"at"`  // lab time, ms
	EventType     string            `json:"event_type,omitempty"`
	EventID       string            `json:"event_id,omitempty"`
	Order         string            `json:"order,omitempty"` // order id
	Key           string            `json:"key"`
	Value         string            `json:"value,omitempty"` // cut after recordValueMax bytes
	Size          int               `json:"size"`            // bytes of the value
	Headers       map[string]string `json:"headers,omitempty"`
	SchemaVersion int               `json:"schema_version,omitempty"`
	Producer      string            `json:"producer,omitempty"` // service name, "" from outside
	CopyOf        *int64            `json:"copy_of,omitempty"`  // offset of an earlier record with the same event id, same partition
	Duplicate     bool              `json:"duplicate,omitempty"`
	Again         string            `json:"again,omitempty"` // why its producer sent it a second time
	// Missing marks an offset at which no record can be read: a transaction
	// marker, or one that retention or compaction took.
	Missing bool `json:"missing,omitempty"`
	// Done holds, by group, what became of the record there: handling,
	// handled, skipped, failed, retrying, dead_lettered, passed, dropped.
	Done map[string]string `json:"done,omitempty"`
}

// Group is a consumer group.
type Group struct {
	State      string                            `json:"state"` // Stable PreparingRebalance CompletingRebalance Empty Dead
	Generation int32                             `json:"generation"`
	Protocol   string                            `json:"protocol"` // how partitions are spread, "" where nobody reads
	Members    []Member                          `json:"members"`
	Offsets    map[string]map[int32]*GroupOffset `json:"offsets"`
	Outside    bool                              `json:"outside"` // not one of the shop's groups
}

// Member is one consumer of a group. Service and Instance are empty for a
// client from outside.
type Member struct {
	ID         string             `json:"id"`
	Client     string             `json:"client,omitempty"`
	Service    string             `json:"service,omitempty"`
	Instance   int                `json:"instance,omitempty"`
	Partitions map[string][]int32 `json:"partitions"`
}

// GroupOffset is where a group stands in a partition. Committed is -1 where
// nothing was committed. Position is the next offset to be handled, -1 where
// unknown (a client from outside). Lag is end − committed, or end − start
// where nothing was committed.
type GroupOffset struct {
	Committed int64 `json:"committed"`
	Position  int64 `json:"position"`
	Lag       int64 `json:"lag"`
}

// Service is one service of the shop.
type Service struct {
	State             string   `json:"state"`   // starting running paused crashed stopped blocked
	Because           string   `json:"because"` // why it does not run, "" where it does
	BecauseSeq        int64    `json:"because_seq"`
	Cut               []string `json:"cut"` // what it is cut off from: kafka database
	Group             string   `json:"group"`
	Instances         int      `json:"instances"`
	Seats             []*Seat  `json:"seats"`
	Handled           int      `json:"handled"`
	Failed            int      `json:"failed"`
	Retried           int      `json:"retried"`
	SkippedDuplicates int      `json:"skipped_duplicates"`
	DeadLettered      int      `json:"dead_lettered"`
	Crashes           int      `json:"crashes"`
	Lag               int64    `json:"lag"`
	Slots             Slots    `json:"slots"`
}

// Seat is one instance of a service.
type Seat struct {
	Instance   int                `json:"instance"`
	State      string             `json:"state"` // starting running paused crashed stopped blocked
	Because    string             `json:"because,omitempty"`
	BecauseSeq int64              `json:"because_seq,omitempty"`
	Since      int64              `json:"since"` // lab time, ms
	Partitions map[string][]int32 `json:"partitions"`
	Idle       string             `json:"idle,omitempty"` // why it has no partition, "" where it has
	Doing      *Doing             `json:"doing,omitempty"`
	Blocked    []Blockage         `json:"blocked,omitempty"`
	Slots      Slots              `json:"slots"`
	Retries    []PendingRetry     `json:"retries,omitempty"`
}

// PendingRetry is a message that failed and waits for its next try; its
// partition waits with it.
type PendingRetry struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	EventType string `json:"event_type,omitempty"`
	Order     string `json:"order,omitempty"` // order id
	Next      int    `json:"next"`            // the number of the try that is due, from 2
	Of        int    `json:"of,omitempty"`    // 0: retried for ever
	Due       int64  `json:"due"`             // lab time, ms
	Error     string `json:"error"`
	Seq       int64  `json:"seq"` // of the failed try
}

// Blockage is a partition of a seat that does not move, because its first
// record fails and is retried for ever.
type Blockage struct {
	Topic     string `json:"topic"`
	Partition int32  `json:"partition"`
	Seq       int64  `json:"seq"` // of the newest failed try
	Because   string `json:"because"`
}

// Doing is the message that an instance has in hand.
type Doing struct {
	Topic     string    `json:"topic"`
	Partition int32     `json:"partition"`
	Offset    int64     `json:"offset"`
	EventType string    `json:"event_type"`
	Order     string    `json:"order,omitempty"`
	Since     int64     `json:"since"` // lab time, ms
	Try       *shop.Try `json:"try,omitempty"`
}

// ServiceFact changes a seat.
type ServiceFact struct {
	State     string `json:"state"`
	Because   string `json:"because,omitempty"`
	Instances *int   `json:"instances,omitempty"`
	Gone      bool   `json:"gone,omitempty"` // the seat itself is taken away
}

// Order is one order as the write side knows it.
type Order struct {
	ID            string      `json:"id"`
	Handle        string      `json:"handle"`
	User          string      `json:"user"`
	Items         []shop.Item `json:"items"`
	Method        string      `json:"method"`
	Total         int64       `json:"total"`
	Status        string      `json:"status"`
	Reason        string      `json:"reason"`
	Version       int         `json:"version"`
	Charges       int         `json:"charges"` // captures minus refunds
	Charged       int64       `json:"charged"`
	Refunded      int64       `json:"refunded"`
	Net           int64       `json:"net"`
	Notifications int         `json:"notifications"`
	Saga          string      `json:"saga"`
	Source        string      `json:"source"`
	Placed        int64       `json:"placed"` // lab time, ms
	PlacedSeq     int64       `json:"placed_seq"`
	Trail         []Hop       `json:"trail"`   // its last steps, oldest first, at most trailMax
	Stream        []Stored    `json:"stream"`  // its events in the event store, oldest first
	Waiting       string      `json:"waiting"` // why it does not move, one sentence

	Address   string        `json:"address"`
	Conflicts int           `json:"conflicts"` // appends to its stream that came too late
	Refused   []StaleAppend `json:"refused"`   // the newest of them, at most refusedMax
}

// Stored is an event in an order's stream.
type Stored struct {
	Version int    `json:"version"`
	Type    string `json:"type"`
	At      int64  `json:"at"`  // lab time, ms
	Seq     int64  `json:"seq"` // of the entry that tells of it
}

// Hop is one step of an order through the shop.
type Hop struct {
	Seq       int64  `json:"seq"`
	At        int64  `json:"at"`
	Kind      Kind   `json:"kind"`
	Service   string `json:"service,omitempty"`
	Topic     string `json:"topic,omitempty"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	EventType string `json:"event_type,omitempty"`
	Text      string `json:"text"`
}

// Saga is an orchestrated saga. Its id is that of its order.
type Saga struct {
	ID         string     `json:"id"`
	State      string     `json:"state"`    // running compensating completed compensated needs_person
	Step       string     `json:"step"`     // the step that it waits for, "" where it has ended
	Steps      []SagaStep `json:"steps"`    // in the order in which they are done
	Command    string     `json:"command"`  // what it waits for an answer to, "" where it has ended
	Tries      int        `json:"tries"`    // how often that was sent
	Deadline   int64      `json:"deadline"` // lab time at which silence is taken for an answer, ms; 0: it waits for none
	Reason     string     `json:"reason"`   // why it compensates, as the services hear it
	Because    string     `json:"because"`  // why it is not on the good path, one sentence
	BecauseSeq int64      `json:"because_seq"`
	Started    int64      `json:"started"` // lab time, ms
	Ended      int64      `json:"ended"`   // lab time, ms; 0: it has not
	Seq        int64      `json:"seq"`     // of its newest change
}

// SagaStep is one step of a saga.
type SagaStep struct {
	Name    string `json:"name"`
	Service string `json:"service"`
	Command string `json:"command"` // asks for it, "" where it was done before the saga began
	Undo    string `json:"undo"`    // takes it back, "" where nothing has to be
	// State is open, running, done, failed, unanswered (it may have been done),
	// undoing or undone. What is undoing where a person is needed is failed.
	State string `json:"state"`
	Seq   int64  `json:"seq"` // of its newest change, 0 where it is open
	At    int64  `json:"at"`  // lab time of that, ms
}

// Letter is a dead letter: a record that a group gave up on.
type Letter struct {
	Topic             string `json:"topic"` // the .dlq topic
	Partition         int32  `json:"partition"`
	Offset            int64  `json:"offset"`
	Seq               int64  `json:"seq"`
	At                int64  `json:"at"`
	OriginalTopic     string `json:"original_topic"`
	OriginalPartition int32  `json:"original_partition"`
	OriginalOffset    int64  `json:"original_offset"`
	Group             string `json:"group"`
	Attempts          int    `json:"attempts"`
	Error             string `json:"error"`
	EventType         string `json:"event_type,omitempty"`
	EventID           string `json:"event_id,omitempty"`
	Order             string `json:"order,omitempty"`
	State             string `json:"state"` // waiting redriven discarded
}

// ReadModel is the read side as its queries answer.
type ReadModel struct {
	Orders map[string]*shop.ReadRow `json:"orders"`
	Late   map[string]*Late         `json:"late"`   // by order id: where the write side is ahead of what is shown
	Lag    int64                    `json:"lag"`    // records not yet projected
	LagMS  int64                    `json:"lag_ms"` // age of the oldest of them
	// Because says why the read model does not show all that is true, "" where it does.
	Because    string  `json:"because"`
	BecauseSeq int64   `json:"because_seq"`
	Rebuild    Rebuild `json:"rebuild"`
}

// Late is an order whose row in the read model is older than what is true.
type Late struct {
	Behind int   `json:"behind"` // versions
	Since  int64 `json:"since"`  // lab time, ms
	Seq    int64 `json:"seq"`    // of the entry that made the difference
}

// Rebuild is the newest rebuild of the read model. Until it is done, queries
// are answered from the model that was there before.
type Rebuild struct {
	State   string `json:"state"` // "" where there was none; running waiting done
	Because string `json:"because"`
	Seq     int64  `json:"seq"`   // of its action
	Total   int64  `json:"total"` // records to be read
	Left    int64  `json:"left"`  // of them, those that are not read yet
	LeftOut int64  `json:"left_out"`
}

// RebuildFact is a rebuild as it stands. Rows are what the new model shows and
// the old one did not, by order id; nil where it shows nothing.
type RebuildFact struct {
	Rebuild
	Rows map[string]*shop.ReadRow `json:"rows,omitempty"`
}

// EventStore says how much the event store holds.
type EventStore struct {
	Events  int64 `json:"events"`
	Streams int64 `json:"streams"`
}

// Verdict is the state of an invariant: holds, pending or broken. A broken one
// names the entries that prove it.
type Verdict struct {
	ID       string  `json:"id"`
	State    string  `json:"state"`
	Because  string  `json:"because"`
	Evidence []int64 `json:"evidence"`
}

// Fault is a fault that is armed or active.
type Fault struct {
	ID       int64  `json:"id"`   // seq of its entry
	Kind     string `json:"kind"` // crash fail slow decline stock_out pause broker slow_broker lose_ack …
	Service  string `json:"service,omitempty"`
	Instance int    `json:"instance,omitempty"`
	From     string `json:"from,omitempty"` // cut: kafka database
	By       string `json:"by,omitempty"`   // slow: how much longer a message takes
	Broker   *int32 `json:"broker,omitempty"`
	Topic    string `json:"topic,omitempty"`
	Text     string `json:"text"`
	Since    int64  `json:"since"`
	Left     int    `json:"left,omitempty"` // how often it will still fire; 0: until healed
	Fired    int    `json:"fired"`
	Over     bool   `json:"over,omitempty"` // it has fired as often as it should
}

// Breakpoint freezes the lab before a message that is as it says; what is empty
// does not matter.
type Breakpoint struct {
	ID      int64  `json:"id"`   // seq of its action
	Text    string `json:"text"` // what it waits for, in words
	Event   string `json:"event,omitempty"`
	Service string `json:"service,omitempty"`
	Order   string `json:"order,omitempty"` // handle or id
	When    string `json:"when,omitempty"`
}

// Held is the message before which a breakpoint stopped the lab.
type Held struct {
	Breakpoint int64             `json:"breakpoint"` // its id
	Service    string            `json:"service"`
	Instance   int               `json:"instance"`
	Topic      string            `json:"topic"`
	Partition  int32             `json:"partition"`
	Offset     int64             `json:"offset"`
	Seq        int64             `json:"seq"` // of the record's produced entry
	EventType  string            `json:"event_type,omitempty"`
	EventID    string            `json:"event_id,omitempty"`
	Order      string            `json:"order,omitempty"` // order id
	Key        string            `json:"key"`
	Value      string            `json:"value"`
	Cut        bool              `json:"cut,omitempty"` // the value is longer than it is shown
	Headers    map[string]string `json:"headers"`
	Attempt    int               `json:"attempt"`
	// Fate is what became of it, in an entry that says so: go change drop
	// duplicate gone. Empty on the board.
	Fate string `json:"fate,omitempty"`
}

// Alert asks for a person.
type Alert struct {
	ID   string `json:"id"`
	Text string `json:"text"`
	Seq  int64  `json:"seq"`
}
