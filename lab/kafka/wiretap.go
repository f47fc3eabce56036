package kafka

import (
	"bytes"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// own is how the ids of the lab's own clients begin.
const own = "eddy-"

// call is a request whose response the tap waits for.
type call struct {
	key, version int16
	correlation  int32
	group        string
	client       string // its id, of a produce request that is looked into
	outside      bool
	probe        bool       // it comes from the lab's own look at the cluster
	wanted       bool       // the tap wants to see the response
	edited       bool       // the response names brokers, and not all of them are up
	produced     []produced // what it appends, where an answer is to be lost
}

// parks tells whether the answer waits for other members of the group.
func (c *call) parks() bool {
	return c.key == int16(kmsg.JoinGroup) || c.key == int16(kmsg.SyncGroup)
}

// request looks at the first bytes of a whole request of that size. It says
// whether the response matters; an error means that no client would write such
// a header. What the lab's own clients produce and fetch is not looked into.
//
// The call is the caller's: the fake reads every request on a new goroutine, and
// if its small stack is outgrown here, that costs as much as all of this does.
func (t *tap) request(c *call, head []byte, size int) (err error) {
	*c = call{}
	c.wanted, err = t.read(c, head, size)
	return err
}

func (t *tap) read(c *call, head []byte, size int) (wanted bool, _ error) {
	r := kbin.Reader{Src: head}
	c.key, c.version, c.correlation = r.Int16(), r.Int16(), r.Int32()
	id := r.Span(max(0, int(r.Int16())))
	c.outside, c.probe = !bytes.HasPrefix(id, []byte(own)), bytes.Equal(id, []byte(own+"probe"))
	if tagged := c.flexible() && r.Uvarint() != 0; tagged || !r.Ok() {
		// Clients tag nothing here, and the fake would count to four billion
		// for one that says it does.
		return false, fmt.Errorf("header of request %d is not one that clients write", c.key)
	}
	switch kmsg.Key(c.key) {
	case kmsg.Produce:
		t.count(size)
		if c.outside && acks(&r, c.flexible()) == 0 {
			// No response will come; the append takes far less than this.
			t.later("produce", 20*time.Millisecond, func(c *Changes) { c.Topics[Some] = true })
			return false, nil
		}
		return c.outside, nil
	case kmsg.OffsetCommit, kmsg.OffsetDelete, kmsg.TxnOffsetCommit:
		if !c.outside {
			return false, nil
		}
	case kmsg.EndTxn:
		return c.outside, nil
	case kmsg.JoinGroup, kmsg.SyncGroup, kmsg.LeaveGroup, kmsg.Heartbeat, kmsg.ConsumerGroupHeartbeat:
	case kmsg.CreateTopics, kmsg.DeleteTopics, kmsg.CreatePartitions, kmsg.DeleteRecords,
		kmsg.DeleteGroups, kmsg.ElectLeaders, kmsg.AlterPartitionAssignments:
		return true, nil
	default:
		return false, nil
	}
	if c.key == int16(kmsg.TxnOffsetCommit) {
		text(&r, c.flexible()) // the transactional id
	}
	c.group = text(&r, c.flexible())
	if c.key == int16(kmsg.JoinGroup) {
		t.session(c.group, time.Duration(r.Int32())*time.Millisecond)
	}
	return r.Ok(), nil
}

// response says what changed, from the body of a response (what follows the
// correlation id).
func (t *tap) response(c *call, body []byte) {
	r := kbin.Reader{Src: body}
	if c.flexible() {
		kmsg.SkipTags(&r)
	}
	switch kmsg.Key(c.key) {
	case kmsg.Produce, kmsg.CreateTopics, kmsg.DeleteTopics, kmsg.DeleteRecords:
		t.markTopics()
	case kmsg.CreatePartitions, kmsg.ElectLeaders, kmsg.AlterPartitionAssignments:
		t.mark(func(c *Changes) { c.Topics[Some], c.Brokers = true, true })
	case kmsg.DeleteGroups:
		t.markGroup(Some)
	case kmsg.EndTxn:
		t.endTransaction()
	case kmsg.TxnOffsetCommit:
		t.unfinishedCommit(c.group)
	case kmsg.JoinGroup:
		if c.version >= 2 {
			r.Int32() // throttle
		}
		if failed, generation := r.Int16() != 0, r.Int32(); !failed && r.Ok() {
			t.joined(c.group, generation)
		}
		t.markGroup(c.group)
	case kmsg.Heartbeat:
		if c.version >= 1 {
			r.Int32() // throttle
		}
		// An error is how members hear that others join or leave.
		if r.Int16() != 0 {
			t.markGroup(c.group)
		}
	case kmsg.ConsumerGroupHeartbeat:
		r.Int32() // throttle
		failed := r.Int16() != 0
		text(&r, c.flexible()) // error message
		text(&r, c.flexible()) // member id
		epoch := r.Int32()
		r.Int32() // heartbeat interval
		assigned := r.Int8() != -1
		if failed || epoch < 0 || assigned || epoch != t.generation(c.group) {
			t.joined(c.group, max(epoch, t.generation(c.group)))
			t.markGroup(c.group)
		}
	default:
		t.markGroup(c.group)
	}
}

// session notes how long a member of the group may be silent.
func (t *tap) session(group string, timeout time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sessions[group] = max(t.sessions[group], timeout)
}

func (t *tap) joined(group string, generation int32) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.generations[group] = generation
}

// acks reads the acks of a produce request; r stands behind the header.
func acks(r *kbin.Reader, flexible bool) int16 {
	text(r, flexible) // the transactional id
	return r.Int16()
}

// flexible tells whether lengths are compact and tagged fields follow.
func (c *call) flexible() bool { return c.version >= flexibleFrom[c.key] }

// text reads a string, which may be null, as the version writes it.
func text(r *kbin.Reader, flexible bool) string {
	var s *string
	if flexible {
		s = r.CompactNullableString()
	} else {
		s = r.NullableString()
	}
	if s == nil {
		return ""
	}
	return *s
}
