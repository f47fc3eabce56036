package shop

import (
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// Reader decodes records, each of them once: a log never changes, so what
// stands at a place can be remembered by its place. Every service of a shop
// reads the same few newest records. The zero Reader is ready; its methods may
// be called from any goroutine.
type Reader struct {
	mu     sync.Mutex
	recent []decoded     // readerKept of them at most
	at     map[place]int // place → index in recent
	next   int           // which one is dropped next
}

const readerKept = 128

type place struct {
	topic     string
	partition int32
	offset    int64
}

type decoded struct {
	place place
	event Event
	err   error
}

// Decode is the package's Decode, remembered. The event is shared: it must not
// be changed below its own fields.
func (r *Reader) Decode(rec *kgo.Record) (Event, error) {
	p := place{rec.Topic, rec.Partition, rec.Offset}
	r.mu.Lock()
	if i, ok := r.at[p]; ok {
		d := r.recent[i]
		r.mu.Unlock()
		return d.event, d.err
	}
	r.mu.Unlock()

	event, err := Decode(rec)

	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil {
		r.at = map[place]int{}
	}
	if _, ok := r.at[p]; !ok {
		if len(r.recent) < readerKept {
			r.recent = append(r.recent, decoded{})
		}
		delete(r.at, r.recent[r.next].place)
		r.recent[r.next] = decoded{p, event, err}
		r.at[p] = r.next
		r.next = (r.next + 1) % readerKept
	}
	return event, err
}
