package lab

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"eddy/lab/pattern"
	"eddy/lab/shop"
)

// Schemas are the schemas of every event type, the oldest version first. They
// are shared: they must not be changed.
func Schemas() map[string][]pattern.Schema { return shop.Schemas }

// SchemaCheck says what a change of an event's schema would break, before it is
// deployed.
type SchemaCheck struct {
	Event   string `json:"event"`
	Against int    `json:"against"` // the version that it was compared with: the newest
	pattern.Compatibility
	Full bool `json:"full"` // nothing breaks, either way
	// Read is what a reader with the new schema makes of the events of this type
	// that stand on the tapes of the board.
	Read ReadWith `json:"read"`
}

// ReadWith counts events that were read with a schema.
type ReadWith struct {
	Events int           `json:"events"`
	Failed int           `json:"failed"`
	First  *UnreadableAt `json:"first,omitempty"` // the oldest that cannot be read
}

// UnreadableAt is a record that a schema cannot read.
type UnreadableAt struct {
	Topic     string            `json:"topic"`
	Partition int32             `json:"partition"`
	Offset    int64             `json:"offset"`
	Version   int               `json:"version"` // of the event
	Problems  []pattern.Problem `json:"problems"`
}

// fieldsMax bounds a schema that somebody sends.
const fieldsMax = 100

// CheckSchema compares a schema, as JSON, with the newest of an event type, and
// reads with it what is on the tapes. Its errors say what a schema looks like.
func (l *Lab) CheckSchema(event string, text []byte) (SchemaCheck, error) {
	versions, ok := shop.Schemas[event]
	if !ok {
		return SchemaCheck{}, Errorf(Invalid, "there is no event type %q: there are %s", event, strings.Join(slices.Sorted(maps.Keys(shop.Schemas)), ", "))
	}
	after, err := parseSchema(text)
	if err != nil {
		return SchemaCheck{}, err
	}
	c := SchemaCheck{Event: event, Against: len(versions), Compatibility: pattern.Compare(versions[len(versions)-1], after)}
	c.Full = len(c.Backward)+len(c.Forward) == 0
	c.Backward, c.Forward = orNone(c.Backward), orNone(c.Forward)
	l.mu.Lock()
	defer l.mu.Unlock()
	c.Read = l.board.readWith(event, after)
	return c, nil
}

func orNone(p []pattern.Problem) []pattern.Problem {
	if p == nil {
		return []pattern.Problem{}
	}
	return p
}

func parseSchema(text []byte) (pattern.Schema, error) {
	const like = `a schema is a JSON object of fields, like {"order_id": {"type": "string", "required": true}, "currency": {"type": "string", "default": "USD"}}`
	var s pattern.Schema
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		if name, ok := unknownField(err); ok {
			return nil, Errorf(Invalid, "a field has no %q: it has type, required and default", name)
		}
		return nil, Errorf(Invalid, "%s: %s", like, plainJSONError(err))
	}
	if dec.More() {
		return nil, Errorf(Invalid, "%s: something stands behind its end", like)
	}
	if len(s) == 0 || len(s) > fieldsMax {
		return nil, Errorf(Invalid, "a schema has 1 to %d fields, not %d", fieldsMax, len(s))
	}
	if err := s.Check(); err != nil {
		return nil, Errorf(Invalid, "%v", err)
	}
	return s, nil
}

// readWith reads the events of a type on the tapes with a schema, oldest first.
func (b *Board) readWith(event string, s pattern.Schema) (r ReadWith) {
	type placed struct {
		topic     string
		partition int32
		*Record
	}
	var all []placed
	for topic, tapes := range b.Tapes {
		if isDLQ(topic) {
			continue
		}
		for p, tape := range tapes {
			for _, rec := range tape.Records {
				if rec.EventType == event && rec.Size == len(rec.Value) {
					all = append(all, placed{topic, p, rec})
				}
			}
		}
	}
	slices.SortFunc(all, func(x, y placed) int { return cmp.Compare(x.Seq, y.Seq) })
	for _, at := range all {
		var e struct {
			Version int            `json:"version"`
			Data    map[string]any `json:"data"`
		}
		if json.Unmarshal([]byte(at.Value), &e) != nil {
			continue // it is no event, so no schema helps
		}
		r.Events++
		if _, problems := s.Read(e.Data); len(problems) > 0 {
			r.Failed++
			if r.First == nil {
				r.First = &UnreadableAt{at.topic, at.partition, at.Offset, max(e.Version, 1), problems}
			}
		}
	}
	return r
}
