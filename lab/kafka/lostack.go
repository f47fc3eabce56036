package kafka

// A lost acknowledgement.
//
// What a real cluster does: the leader appends a batch, and its answer does not
// arrive, because a connection breaks or the broker dies at that moment. The
// producer cannot tell this from a batch that was never appended, and sends it
// again. With an idempotent producer the leader knows the batch by its sequence
// number, appends nothing and acknowledges; without, the log has it twice.
//
// Here: the same. The fake appends, its answer is dropped, and the connection
// it was on is closed. What the fake leaves out: followers. A real answer with
// acks=all may also be lost because the leader changes before they have a copy.

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// LostAck is an answer that did not arrive: the records stand in the log, and
// their producer does not know.
type LostAck struct {
	Topic     string
	Partition int32
	Offset    int64  // of the first record
	Records   int    // how many, one after the other
	Client    string // id of the producer

	// Idempotent: the producer numbers what it sends, so that the broker knows
	// a second time when it sees it.
	Idempotent bool
}

// losses are the answers that are still to be lost, oldest first.
type losses struct {
	left atomic.Int64 // of all of them

	mu   sync.Mutex
	list []*loss
}

type loss struct {
	topic string
	id    [16]byte
	left  int
	tell  func(LostAck)
}

func (l *losses) armed() bool { return l.left.Load() > 0 }

// LoseAcks loses the next answers to producers of a topic. It calls lost for
// each, before the producer can send again; lost must not wait for the cluster.
// stop takes back what was not lost yet. It fails where there is no such topic.
func (c *Cluster) LoseAcks(topic string, times int, lost func(LostAck)) (stop func(), _ error) {
	info := c.fake.TopicInfo(topic)
	if info == nil {
		return nil, fmt.Errorf("lose answers: there is no topic %q", topic)
	}
	losses, l := &c.wire.losses, &loss{topic: topic, id: info.TopicID, left: times, tell: lost}
	losses.mu.Lock()
	defer losses.mu.Unlock()
	losses.list = append(losses.list, l)
	losses.left.Add(int64(times))
	return func() {
		losses.mu.Lock()
		defer losses.mu.Unlock()
		losses.left.Add(-int64(l.left))
		l.left = 0
		losses.list = slices.DeleteFunc(losses.list, func(o *loss) bool { return o == l })
	}, nil
}

// strike tells whether a response is to be lost, and says so to whoever asked
// for it. Only one that acknowledges records is.
func (l *losses) strike(c call, response []byte) bool {
	if len(c.produced) == 0 || !l.armed() {
		return false
	}
	r := kbin.Reader{Src: response[8:]}
	if c.flexible() {
		kmsg.SkipTags(&r)
	}
	answer := kmsg.NewPtrProduceResponse()
	answer.SetVersion(c.version)
	if answer.ReadFrom(r.Src) != nil {
		return false
	}
	for _, topic := range answer.Topics {
		for _, p := range topic.Partitions {
			i := slices.IndexFunc(c.produced, func(o produced) bool {
				return o.topic == topic.Topic && o.id == topic.TopicID && o.partition == p.Partition
			})
			if p.ErrorCode != 0 || i < 0 {
				continue
			}
			if hit := l.take(c.produced[i]); hit != nil {
				hit.tell(LostAck{Topic: hit.topic, Partition: p.Partition, Offset: p.BaseOffset, Records: c.produced[i].records, Client: c.produced[i].client, Idempotent: c.produced[i].numbered})
				return true
			}
		}
	}
	return false
}

// take finds the loss that is meant for what was produced, and counts it.
func (l *losses) take(of produced) *loss {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range l.list {
		if one.left == 0 || (one.topic != of.topic && (of.topic != "" || one.id != of.id)) {
			continue
		}
		one.left--
		l.left.Add(-1)
		return one
	}
	return nil
}
