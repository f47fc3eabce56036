package pattern

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// DeadSuffix makes the name of a dead letter topic from that of the original.
const DeadSuffix = ".dlq"

// The headers of a dead letter.
const (
	headerError     = "error"
	headerAttempts  = "attempts"
	headerTopic     = "original-topic"
	headerPartition = "original-partition"
	headerOffset    = "original-offset"
	headerFailedAt  = "failed-at"
	headerGroup     = "group"
)

// Dead is what a dead letter says about itself. What a letter does not say is
// empty, and -1 for numbers.
//
// Problem: one record that nobody can handle stops everything behind it.
//
// Guarantee: it is put aside, as it came, with the reason, the place it came
// from and the number of tries; the partition goes on. A repaired copy can be
// sent to the original topic, under the same event id, so that an inbox which
// has seen the event still knows it.
//
// Cost: order. What came after it was handled first, and a redriven copy stands
// at the end of its topic. And somebody has to look after the letters.
//
// Not covered: why it failed. Redriving what was not repaired makes a new letter.
type Dead struct {
	Error     string
	Attempts  int
	Topic     string // the original topic
	Partition int32
	Offset    int64
	At        time.Time
	Group     string // the consumer group that gave up; each writes its own letter
	Value     []byte // the original value
}

// Letter returns the dead letter for a record that a group gave up after so
// many attempts: original key and value, and the reason in headers. The caller
// produces it before the record's offset is committed.
func Letter(rec *kgo.Record, group string, attempts int, cause error, at time.Time) *kgo.Record {
	topic := strings.TrimSuffix(rec.Topic, DeadSuffix) + DeadSuffix
	reason := "unknown"
	if cause != nil {
		reason = cause.Error()
	}
	headers := withoutDead(rec.Headers)
	for _, h := range [][2]string{
		{headerError, reason},
		{headerAttempts, strconv.Itoa(attempts)},
		{headerTopic, rec.Topic},
		{headerPartition, strconv.Itoa(int(rec.Partition))},
		{headerOffset, strconv.FormatInt(rec.Offset, 10)},
		{headerFailedAt, at.UTC().Format(time.RFC3339Nano)},
		{headerGroup, group},
	} {
		headers = append(headers, kgo.RecordHeader{Key: h[0], Value: []byte(h[1])})
	}
	return &kgo.Record{Topic: topic, Key: rec.Key, Value: rec.Value, Headers: headers}
}

// ReadLetter reads what a dead letter says about itself. It understands letters
// of Letter, and those of programs that write no headers but a body with
// "original_event" and "error". False: it is neither.
func ReadLetter(rec *kgo.Record) (Dead, bool) {
	d := Dead{
		Topic: strings.TrimSuffix(rec.Topic, DeadSuffix), Partition: -1, Offset: -1, Attempts: -1,
		At: rec.Timestamp, Value: rec.Value,
	}
	known := false
	for _, h := range rec.Headers {
		value := string(h.Value)
		switch h.Key {
		case headerError:
			d.Error, known = value, true
		case headerAttempts:
			d.Attempts = int(number(value))
		case headerTopic:
			d.Topic, known = value, true
		case headerPartition:
			d.Partition = int32(number(value))
		case headerOffset:
			d.Offset = number(value)
		case headerFailedAt:
			if at, err := time.Parse(time.RFC3339Nano, value); err == nil {
				d.At = at
			}
		case headerGroup:
			d.Group = value
		}
	}
	if known {
		return d, true
	}
	return d.readBody(rec.Value)
}

// readBody reads a letter that says everything in its body.
func (d Dead) readBody(value []byte) (Dead, bool) {
	var body struct {
		Event    json.RawMessage `json:"original_event"`
		Error    any             `json:"error"`
		Attempts *int            `json:"attempts"`
	}
	if json.Unmarshal(value, &body) != nil || len(body.Event) == 0 {
		return Dead{}, false
	}
	d.Value = body.Event
	// The original may be quoted, because it was not JSON itself.
	var text string
	if json.Unmarshal(body.Event, &text) == nil {
		d.Value = []byte(text)
	}
	if body.Error != nil {
		d.Error = fmt.Sprint(body.Error)
	}
	if body.Attempts != nil {
		d.Attempts = *body.Attempts
	}
	return d, true
}

// Redriven returns the copy of a dead letter that goes back to the end of its
// original topic, under the original key. value is the repaired value; nil
// means the original one. The event id stays what it was, because it is part
// of the value; the headers go on saying where the record stood first and how
// often it was tried.
func Redriven(rec *kgo.Record, value []byte) *kgo.Record {
	d, ok := ReadLetter(rec)
	if !ok {
		d = Dead{Topic: strings.TrimSuffix(rec.Topic, DeadSuffix), Value: rec.Value}
	}
	if value == nil {
		value = d.Value
	}
	headers := withoutDead(rec.Headers)
	for _, h := range rec.Headers {
		switch h.Key {
		case headerAttempts, headerTopic, headerPartition, headerOffset:
			headers = append(headers, h)
		}
	}
	return &kgo.Record{Topic: d.Topic, Key: rec.Key, Value: value, Headers: headers}
}

// withoutDead returns a copy of the headers without those of a dead letter: a
// letter that was redriven and failed again tells its newest story only.
func withoutDead(headers []kgo.RecordHeader) []kgo.RecordHeader {
	var kept []kgo.RecordHeader
	for _, h := range headers {
		switch h.Key {
		case headerError, headerAttempts, headerTopic, headerPartition, headerOffset, headerFailedAt, headerGroup:
		default:
			kept = append(kept, h)
		}
	}
	return kept
}

// number reads a decimal; what is none is -1, as if it were not there.
func number(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return -1
	}
	return n
}
