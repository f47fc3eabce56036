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
	UserName string `json:"user_name"`
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
