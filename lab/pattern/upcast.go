package pattern

import (
	"encoding/json"
	"fmt"
)

// Upcaster brings the data of old events up to the newest version.
//
// Problem: events are kept for ever and their form changes. A reader with a
// branch for every old form is soon nothing but branches.
//
// Guarantee: a reader sees the newest version only. Each change of form is one
// step from a version to the next; the steps are chained.
//
// Cost: a default for what the old event did not say. Somebody has to know it.
//
// Not covered: the other direction. An old reader has to tolerate what it does
// not know; a field that it needs must not be taken away or given a new meaning.
type Upcaster map[Form]func(data map[string]any) map[string]any

// Form names one version of one event type: the one that a step starts from.
type Form struct {
	Type    string
	Version int
}

// Upcasts holds the steps of the shop's events.
var Upcasts = Upcaster{
	// Version 1 had no currency, because the shop sold in one country only.
	{"OrderCreated", 1}: func(data map[string]any) map[string]any {
		if data["currency"] == nil {
			data["currency"] = "USD"
		}
		return data
	},
}

// Upcast takes data of a version as far up as there are steps, and returns the
// version that it has then. It may change data in place.
func (u Upcaster) Upcast(eventType string, version int, data map[string]any) (int, map[string]any) {
	for {
		step, ok := u[Form{eventType, version}]
		if !ok {
			return version, data
		}
		data = step(data)
		version++
	}
}

// Event is a stored event as a reader of today sees it. What is stored stays as
// it is.
func (u Upcaster) Event(e Event) (Event, error) {
	if _, old := u[Form{e.Type, e.SchemaVersion}]; !old {
		return e, nil
	}
	data := map[string]any{}
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return e, fmt.Errorf("upcast %s, version %d of %s: %w", e.Type, e.Version, e.AggregateID, err)
	}
	e.SchemaVersion, data = u.Upcast(e.Type, e.SchemaVersion, data)
	raw, err := json.Marshal(data)
	if err != nil {
		return e, fmt.Errorf("upcast %s, version %d of %s: %w", e.Type, e.Version, e.AggregateID, err)
	}
	e.Data = raw
	return e, nil
}
