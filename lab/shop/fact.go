package shop

import "encoding/json"

// Facts are what services report to whoever watches them. They are small
// values with stable JSON names, because they end up in a journal.

// Item is one line of an order. Price is in minor units, for one piece.
type Item struct {
	SKU   string `json:"sku"`
	Name  string `json:"name,omitempty"`
	Qty   int    `json:"qty"`
	Price int64  `json:"price,omitempty"`
}

// OrderFact is a change of an order in the write database.
type OrderFact struct {
	Handle  string `json:"handle,omitempty"`
	User    string `json:"user,omitempty"`
	Items   []Item `json:"items,omitempty"`
	Method  string `json:"method,omitempty"`
	Address string `json:"address,omitempty"`
	Total   int64  `json:"total,omitempty"` // minor units
	Status  string `json:"status,omitempty"`
	Version int    `json:"version,omitempty"`
	Source  string `json:"source,omitempty"` // "shop" or "outside"
	Saga    string `json:"saga,omitempty"`   // the style the order started in
	Reason  string `json:"reason,omitempty"`
	// Notified counts a notification that went out.
	Notified bool `json:"notified,omitempty"`
	// Accepted is set when the caller was told that the order is taken.
	Accepted bool `json:"accepted,omitempty"`
}

// MoneyFact is one line of the payment gateway's own ledger. Amount is in
// minor units.
type MoneyFact struct {
	PaymentID string `json:"payment_id"`
	Amount    int64  `json:"amount"`
	Refund    bool   `json:"refund,omitempty"`
	Declined  bool   `json:"declined,omitempty"`
	Repeated  bool   `json:"repeated,omitempty"` // the idempotency key was known: no money moved
	Reason    string `json:"reason,omitempty"`
}

// StockFact is what is available after a change.
type StockFact struct {
	Available map[string]int `json:"available"`
	Reserved  bool           `json:"reserved,omitempty"`
	Released  bool           `json:"released,omitempty"`
}

// ReadRow is an order as the read model shows it.
type ReadRow struct {
	Status   string `json:"status"`
	Version  int    `json:"version"`
	User     string `json:"user"`
	UserName string `json:"user_name"`
	Items    []Item `json:"items"`
	Total    int64  `json:"total"` // minor units
	Reason   string `json:"reason"`
	AsOf     int64  `json:"as_of"` // when its newest event happened: ms since 1970 in the shop, of lab time in a journal
}

// Rebuild is how far a read model that is built anew has come. Left of Total
// records are still to be read; LeftOut could not be understood.
type Rebuild struct {
	Total   int64 `json:"total"`
	Left    int64 `json:"left"`
	LeftOut int64 `json:"left_out"`
}

// StoredEvent is a row that was appended to the event store.
type StoredEvent struct {
	Seq           int64           `json:"seq,omitempty"` // place among all streams
	ID            string          `json:"event_id,omitempty"`
	Type          string          `json:"type"`
	Data          json.RawMessage `json:"data,omitempty"`      // as it is stored, at most storedDataMax bytes
	Cut           int             `json:"cut,omitempty"`       // bytes of data that are more than that
	Timestamp     int64           `json:"timestamp,omitempty"` // milliseconds since 1970
	Version       int             `json:"version"`
	SchemaVersion int             `json:"schema_version"`
	Snapshot      bool            `json:"snapshot,omitempty"` // the state after it was written down
}

// storedDataMax bounds what a journal holds of an event of the store: twenty
// lines of an order fit in.
const storedDataMax = 2048

// Try is one attempt at a message. NextMS is lab time until the next one.
type Try struct {
	Attempt int    `json:"attempt"`
	Of      int    `json:"of,omitempty"` // 0: retried for ever
	NextMS  int64  `json:"next_ms,omitempty"`
	Error   string `json:"error,omitempty"`
}

// SagaFact is where an orchestrated saga stands after a change.
type SagaFact struct {
	State   string         `json:"state"` // running compensating completed compensated needs_person
	Steps   []SagaStepFact `json:"steps"`
	About   string         `json:"about,omitempty"`   // the step that the change is about
	Command string         `json:"command,omitempty"` // what was sent with it
	Tries   int            `json:"tries,omitempty"`   // how often that was sent
	DueMS   int64          `json:"due_ms,omitempty"`  // lab time until silence is taken for an answer, 0: nothing is waited for
	Reason  string         `json:"reason,omitempty"`  // why it compensates
	Ignored bool           `json:"ignored,omitempty"` // nothing changed: what came is over
}

// SagaStepFact is one step of it.
type SagaStepFact struct {
	Name  string `json:"name"`
	State string `json:"state"` // "" asked done failed unanswered undoing undone
}
