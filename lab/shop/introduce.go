package shop

import (
	"context"
	"errors"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
)

// introduce waits until the client has its producer id, by which brokers know
// a record that was sent twice, or until ctx is over.
//
// Left to itself the client asks for it with its first records, once for every
// broker that they go to: one of these asks, the others wait on a mutex until
// the answer is there. Virtual time stands still as long as anybody waits on a
// mutex, so an answer that takes time, or a second try, would never come.
func (m *member) introduce(ctx context.Context) error {
	m.asks.Do(func() { m.relays.Go(m.askForID) })
	select {
	case <-m.introduced:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// idPause is the wait before a question for a producer id that failed, with all
// the tries that the client makes itself, is asked again.
const idPause = 200 * time.Millisecond

// askForID asks until there is an id, the cluster gives none, or the member
// ends. A refusal is told by the client, to the first record that is sent.
func (m *member) askForID() {
	again := time.NewTicker(idPause)
	defer again.Stop()
	for {
		_, _, err := m.client.ProducerID(m.ctx)
		var refused *kerr.Error
		if err == nil || errors.As(err, &refused) && !refused.Retriable {
			close(m.introduced)
			return
		}
		select {
		case <-again.C:
		case <-m.ctx.Done():
			return
		}
	}
}
