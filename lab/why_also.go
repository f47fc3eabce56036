package lab

import (
	"encoding/json"
	"fmt"
	"strings"
)

// condition is a setting without which something would not have happened.
// Service is empty for a setting of the lab; Value is in JSON, without quotes.
type condition struct{ Service, Name, Value string }

// meaning says what a setting lets happen.
var meaning = map[string]string{
	"idempotent false":  "%s keeps no inbox and sends no idempotency key (idempotent is off), so that nothing stops it from doing the work twice",
	"outbox false":      "%s publishes after its database commit (outbox is off), so that a crash in between loses the event",
	"commit before":     "%s saves the offset before it handles the record (commit is before), so that a crash loses the record",
	"commit auto":       "%s saves offsets now and then, handled or not (commit is auto)",
	"dead_letter false": "%s never gives a record up (dead_letter is off), so that what cannot be handled holds up its partition",
	"key none":          "records have no key, so that the events of one order are spread over the partitions",
	"key order":         "the key is the order, so that the orders of one user are spread over the partitions",
}

// conditionsOf are the settings that may stand behind an entry.
func conditionsOf(e Entry) []condition {
	switch {
	case e.Data != nil && e.Data.Money != nil && !e.Data.Money.Refund:
		return nil
	case e.Kind == KindRetrying:
		return []condition{{e.Service, "dead_letter", "false"}}
	case e.Kind == KindCrashed:
		return []condition{{e.Service, "outbox", "false"}, {e.Service, "commit", "before"}}
	}
	return nil
}

// condition adds a setting to the answer where it is as the condition says, with
// the action that made it so.
func (x *why) condition(c condition) {
	x.mu.Lock()
	now := value(x.board.Settings, c)
	x.mu.Unlock()
	says, known := meaning[c.Name+" "+c.Value]
	if now != c.Value || !known {
		return
	}
	if strings.Contains(says, "%s") {
		says = fmt.Sprintf(says, c.Service)
	}
	// The oldest action since which it has been so.
	var made Entry
	x.back(x.journal.head(), func(e Entry) bool {
		if e.Data == nil || e.Data.Settings == nil {
			return false
		}
		if value(*e.Data.Settings, c) != c.Value {
			return true
		}
		made = e
		return false
	})
	if made.Seq == 0 || made.Data.Action == nil || made.Data.Action.Name != "set" || !strings.Contains(made.Text, c.Name) {
		made, _ = x.journal.at(1)
		x.also = append(x.also, link(made, says+", since the lab began"))
		return
	}
	x.also = append(x.also, link(made, says+", because "+made.Text))
}

// value reads a setting by its name.
func value(s Settings, c condition) string {
	var of any = s
	if c.Service != "" {
		of = s.Services[c.Service]
	}
	raw, _ := json.Marshal(of)
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(raw, &fields)
	return strings.Trim(string(fields[c.Name]), `"`)
}
