package lab

import (
	"context"
	"fmt"

	"eddy/lab/pattern"
	"eddy/lab/shop"

	"github.com/twmb/franz-go/pkg/kgo"
)

// letters names dead letters: one by its place, or all that wait in a topic.
type letters struct {
	topic     string
	partition int32
	offset    *int64
	all       bool
}

// chosenLetters finds the letters that are meant. They all wait: what was
// redriven or discarded is done with.
func (l *Lab) chosenLetters(which letters) ([]Letter, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !isDLQ(which.topic) {
		return nil, Errorf(Invalid, "%q is no dead-letter topic: their names end in .dlq, such as orders.dlq", which.topic)
	}
	if err := l.board.knows(which.topic); err != nil {
		return nil, err
	}
	if which.all == (which.offset != nil) {
		return nil, Errorf(Invalid, "say which letter by partition and offset, or all: true")
	}
	var found []Letter
	for _, letter := range l.board.DeadLetters {
		switch {
		case letter.Topic != which.topic:
		case which.all && letter.State == "waiting":
			found = append(found, *letter)
		case which.all || letter.Partition != which.partition || letter.Offset != *which.offset:
		case letter.State == "waiting":
			return []Letter{*letter}, nil
		default:
			return nil, Errorf(Conflict, "the letter at %s was %s already", placeText(which.topic, which.partition, *which.offset), letter.State)
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case which.all:
		return nil, Errorf(Conflict, "no letter waits in %s", which.topic)
	}
	return nil, Errorf(NotFound, "there is no letter at %s", placeText(which.topic, which.partition, *which.offset))
}

// letterEntry writes what became of a letter. The record stays where it is: a
// log forgets nothing because somebody has read it.
func (l *Lab) letterEntry(letter Letter, state, text string, cause int64) {
	letter.State = state
	l.record(Entry{Kind: KindNote, Topic: letter.Topic, Partition: letter.Partition, Offset: letter.Offset, Order: letter.Order, EventType: letter.EventType,
		Cause: cause, Text: text, Data: &Data{Letter: &letter}})
}

type redrive struct {
	Topic     string   `json:"topic" is:"dead-letter topic"`
	Partition int32    `json:"partition,omitempty"`
	Offset    *int64   `json:"offset,omitempty"`
	All       bool     `json:"all,omitempty"`
	Value     *payload `json:"value,omitempty"`
}

// do sends each letter to the end of its original topic, oldest first. What
// cannot be sent goes on waiting.
func (a *redrive) do(ctx context.Context, l *Lab, c call) (Result, error) {
	chosen, err := l.chosenLetters(letters{a.Topic, a.Partition, a.Offset, a.All})
	if err != nil {
		return Result{}, err
	}
	switch {
	case a.Value != nil && a.All:
		return Result{}, Errorf(Invalid, "a value repairs one letter: say which by partition and offset")
	case a.Value != nil && len(*a.Value) > recordMax:
		return Result{}, Errorf(Invalid, "the value has %d bytes: at most %d", len(*a.Value), recordMax)
	}
	if err := l.needsBroker(); err != nil {
		return Result{}, err
	}
	back := make([]*kgo.Record, len(chosen))
	for i, letter := range chosen {
		if back[i], err = a.copyOf(ctx, l, letter); err != nil {
			return Result{}, err
		}
	}
	order := ""
	if len(chosen) == 1 {
		order = chosen[0].Order
	}
	seq := c.accept(l, order, fmt.Sprintf("you sent %s of %s back", counted(len(chosen), "dead letter"), a.Topic))
	for i, letter := range chosen {
		to := ctx
		if back[i].Key == nil && letter.OriginalPartition >= 0 {
			to = shop.ToPartition(ctx, letter.OriginalPartition)
		}
		if err := l.produce(to, back[i], seq); err != nil {
			return l.handed(Result{Seq: seq, OrderID: order}, err)
		}
		l.letterEntry(letter, "redriven", fmt.Sprintf("the letter at %s was sent back: its copy stands at %s", placeText(letter.Topic, letter.Partition, letter.Offset),
			placeText(back[i].Topic, back[i].Partition, back[i].Offset)), seq)
	}
	return Result{Seq: seq, OrderID: order, Text: "sent back: " + counted(len(chosen), "letter")}, nil
}

// copyOf makes the record that goes back.
func (a *redrive) copyOf(ctx context.Context, l *Lab, letter Letter) (*kgo.Record, error) {
	found := l.readRange(ctx, tp{letter.Topic, letter.Partition}, letter.Offset, letter.Offset+1)
	if len(found) == 0 {
		return nil, Errorf(NotFound, "the letter at %s cannot be read any more", placeText(letter.Topic, letter.Partition, letter.Offset))
	}
	var value []byte
	if a.Value != nil {
		value = []byte(*a.Value)
	}
	back := pattern.Redriven(found[0], value)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.board.knows(back.Topic); err != nil {
		return nil, Errorf(Conflict, "the letter at %s comes from %q, and there is no such topic", placeText(letter.Topic, letter.Partition, letter.Offset), back.Topic)
	}
	return back, nil
}

type discard struct {
	Topic     string `json:"topic" is:"dead-letter topic"`
	Partition int32  `json:"partition,omitempty"`
	Offset    *int64 `json:"offset,omitempty"`
	All       bool   `json:"all,omitempty"`
}

func (a *discard) do(_ context.Context, l *Lab, c call) (Result, error) {
	chosen, err := l.chosenLetters(letters{a.Topic, a.Partition, a.Offset, a.All})
	if err != nil {
		return Result{}, err
	}
	seq := c.accept(l, chosen[0].Order, fmt.Sprintf("you discarded %s of %s", counted(len(chosen), "dead letter"), a.Topic))
	for _, letter := range chosen {
		l.letterEntry(letter, "discarded", fmt.Sprintf("the letter at %s is discarded for good: nobody is going to handle it, and heal does not bring it back",
			placeText(letter.Topic, letter.Partition, letter.Offset)), seq)
	}
	return Result{Seq: seq, Text: "discarded for good: " + counted(len(chosen), "letter")}, nil
}

// counted writes 1 letter, 2 letters.
func counted(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
