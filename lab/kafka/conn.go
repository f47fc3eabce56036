package kafka

import (
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// maxFrame bounds one request. The fake allocates what a client announces
	// and would take an HTTP GET for a request of 1.2 GB.
	maxFrame = 16 << 20

	// headBytes of a request are kept for the tap: the header, a client id and
	// a group id of the usual lengths. A longer one is cut off and not marked.
	headBytes = 512
)

// flexibleFrom is the first version, by api key, that is written the flexible
// way: with compact lengths and tagged fields. There is a request for each key.
var flexibleFrom = func() (from [kmsg.MaxKey + 1]int16) {
	for key := range from {
		request := kmsg.RequestForKey(int16(key))
		from[key] = math.MaxInt16
		for v := request.MaxVersion(); v >= 0; v-- {
			if request.SetVersion(v); request.IsFlexible() {
				from[key] = v
			}
		}
	}
	return from
}()

// conn is a broker's end of a connection. It bounds what comes in and shows
// requests and responses to the tap.
type conn struct {
	net.Conn
	wire    *wire
	machine *machine
	holders atomic.Int32  // goroutines of the fake that have yet to close it
	probing atomic.Bool   // it is the lab's own look at the cluster
	gone    chan struct{} // closed by the first Close

	// The request that is coming in. Only Read touches these.
	size  [4]byte
	sized int    // bytes of size that are there
	left  int    // bytes of the frame that are not
	head  []byte // the first bytes of the frame, or all of it
	whole bool   // head is to hold all of it
	asked call   // what the newest whole frame asks for

	pace pace // of the answers; only Write touches it

	mu      sync.Mutex
	moved   sync.Cond // with mu: a response was written, or the connection closed
	closed  bool
	waiting []call // requests the tap wants the response of, oldest first
	beats   string // the group whose member joined, or sends its heartbeats, this way
}

func newConn(c net.Conn, w *wire, m *machine) *conn {
	conn := &conn{Conn: c, wire: w, machine: m, gone: make(chan struct{})}
	conn.moved.L = &conn.mu
	conn.holders.Store(2)
	return conn
}

// Read passes on what the client says, up to the first thing no client says.
// What a dying machine hears goes no further.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.read(p)
	for err == nil && c.machine.condition() == dying {
		n, err = c.read(p)
	}
	if err != nil {
		c.outlive()
	}
	return n, err
}

func (c *conn) read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if bad := c.feed(p[:n]); bad != nil {
		return 0, bad
	}
	return n, err
}

// outlive holds back the news that the client is gone until its joins and
// syncs are answered. The fake does not watch the session of a member whose
// answer it cannot hand over: that member would keep its partitions for ever.
func (c *conn) outlive() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed && slices.ContainsFunc(c.waiting, func(w call) bool { return w.parks() }) {
		c.moved.Wait()
	}
}

// feed follows the frames: four bytes of size, then that many bytes.
func (c *conn) feed(in []byte) error {
	for len(in) > 0 {
		if c.sized < len(c.size) {
			k := copy(c.size[c.sized:], in)
			c.sized, in = c.sized+k, in[k:]
			if c.sized < len(c.size) {
				return nil
			}
			size := binary.BigEndian.Uint32(c.size[:])
			if size > maxFrame {
				return fmt.Errorf("request of %d bytes: at most %d are taken", size, maxFrame)
			}
			c.left, c.head, c.whole = int(size), c.head[:0], c.wire.reads()
		}
		k := min(c.left, len(in))
		keep := k
		if !c.whole {
			keep = min(k, headBytes-len(c.head))
		}
		c.head = append(c.head, in[:keep]...)
		c.left, in = c.left-k, in[k:]
		if err := c.check(); err != nil {
			return err
		}
		if c.left == 0 {
			c.sized = 0
			if err := c.request(); err != nil {
				return err
			}
		}
	}
	return nil
}

// check refuses a request with a key that does not exist: the fake panics.
func (c *conn) check() error {
	if len(c.head) < 2 {
		if c.left == 0 {
			return fmt.Errorf("request of %d bytes: it has no api key", len(c.head))
		}
		return nil
	}
	if key := int16(binary.BigEndian.Uint16(c.head)); key < 0 || key > kmsg.MaxKey {
		return fmt.Errorf("api key %d is not one of Kafka's", key)
	}
	return nil
}

// request notes a whole request if somebody wants its response. The fake has
// not seen the end of it yet, so no response can overtake the note.
func (c *conn) request() error {
	defer c.spare()
	if c.machine.condition() == dying {
		c.machine.lose(c.unstored())
		return nil
	}
	call := &c.asked // not on the stack: see tap.request
	if err := c.wire.tap.request(call, c.head, int(binary.BigEndian.Uint32(c.size[:]))); err != nil {
		return err
	}
	c.probing.Store(call.probe)
	call.edited = c.wire.edits(call.key)
	if c.whole && c.wire.losses.armed() {
		call.produced = c.produced()
	}
	if call.wanted || call.edited || len(call.produced) > 0 {
		c.note()
	}
	return nil
}

// note remembers the newest request until its response comes.
func (c *conn) note() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, c.asked)
}

// spare gives back the room of a large frame.
func (c *conn) spare() {
	if cap(c.head) > 64*headBytes {
		c.head = nil
	}
}

// Write gets one whole response from the fake. By then the request has done
// what it does, so this is when the tap may speak of it.
func (c *conn) Write(p []byte) (int, error) {
	call, noted := c.respond(p)
	if c.machine.condition() == dying {
		return len(p), nil
	}
	if noted && c.wire.losses.strike(call, p) {
		c.Conn.Close() // the answer is lost with the connection that it was on
		return 0, net.ErrClosed
	}
	if !c.probing.Load() {
		c.machine.linger(c.gone, c.pace.answer(c.wire.latency()))
	}
	out := p
	if noted && call.edited {
		out = c.wire.edit(call, p)
	}
	if _, err := c.Conn.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}

// respond finds the request that a response is for, if it was noted.
func (c *conn) respond(response []byte) (call call, noted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 || len(response) < 8 {
		return call, false
	}
	// Responses come in the order of requests, but not every request is noted.
	if call = c.waiting[0]; call.correlation != int32(binary.BigEndian.Uint32(response[4:])) {
		return call, false
	}
	c.waiting = slices.Delete(c.waiting, 0, 1)
	if call.wanted {
		c.wire.tap.response(&call, response[8:])
		switch kmsg.Key(call.key) {
		case kmsg.JoinGroup, kmsg.SyncGroup, kmsg.Heartbeat, kmsg.ConsumerGroupHeartbeat:
			c.beats = call.group
		case kmsg.LeaveGroup:
			c.beats = ""
		}
		c.moved.Broadcast()
	}
	return call, true
}

// Close may be called by several goroutines, and by the same one twice.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.mu.Lock()
	group := c.beats
	if !c.closed {
		close(c.gone)
	}
	c.beats, c.closed = "", true
	c.moved.Broadcast()
	c.mu.Unlock()
	c.machine.leave(c)
	if group != "" {
		c.wire.tap.silent(group)
	}
	if c.holders.Add(-1) >= 0 {
		c.wire.serving.Done()
	}
	return err
}
