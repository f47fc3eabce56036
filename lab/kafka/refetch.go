package kafka

import (
	"encoding/binary"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// A client has one fetch in flight at each broker. Where nothing is to be had,
// it stays there until something is appended, or FetchMaxWait is over; a
// partition that the client is given meanwhile has to wait for its turn. Long
// waits cost nothing while a lab idles and would stall it after a rebalance,
// so for a moment after one the link sees to it that waits are short.
const (
	eagerFor  = 3 * time.Second        // after an assignment; offsets come late when a broker is slow
	eagerWait = 100 * time.Millisecond // what a fetch waits then
)

// Refetch makes the client of the link ask anew for what it should read: a
// fetch that waits is given up, and for a moment no fetch waits for long. Call
// it when partitions were assigned.
func (l *Link) Refetch() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.eagerUntil = time.Now().Add(eagerFor)
	for c := range l.conns {
		if c.waits {
			c.Conn.Close()
		}
	}
}

// hold remembers the connections of clients in this process.
func (w *wire) hold(c *linkConn, held bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if held {
		w.dialing[c] = struct{}{}
	} else {
		delete(w.dialing, c)
	}
}

// refetch has every client in this process ask anew. A real broker answers a
// fetch that waits when it ceases to lead what is asked for; the fake lets it
// wait to its end.
func (w *wire) refetch() {
	w.mu.Lock()
	links := make(map[*Link]struct{})
	for c := range w.dialing {
		links[c.link] = struct{}{}
	}
	w.mu.Unlock()
	for link := range links {
		link.Refetch()
	}
}

// Write sends what the client says, and shortens the wait of a fetch while the
// link is eager.
func (c *linkConn) Write(p []byte) (int, error) {
	if at, ok := maxWaitOf(p); ok {
		c.link.mu.Lock()
		eager := time.Now().Before(c.link.eagerUntil)
		c.waits = !eager
		c.link.mu.Unlock()
		if eager && binary.BigEndian.Uint32(p[at:]) > uint32(eagerWait.Milliseconds()) {
			p = append([]byte(nil), p...)
			binary.BigEndian.PutUint32(p[at:], uint32(eagerWait.Milliseconds()))
		}
	}
	return c.Conn.Write(p)
}

// maxWaitOf finds the wait in a fetch request: after size, key, version,
// correlation and client id, the tags of a flexible header (from version 12)
// and, up to version 14, the replica id.
func maxWaitOf(p []byte) (at int, ok bool) {
	if len(p) < 14 || int16(binary.BigEndian.Uint16(p[4:])) != int16(kmsg.Fetch) {
		return 0, false
	}
	version := binary.BigEndian.Uint16(p[6:])
	at = 14 + max(0, int(int16(binary.BigEndian.Uint16(p[12:]))))
	if version >= 12 {
		at++ // the client tags nothing
	}
	if version <= 14 {
		at += 4
	}
	return at, len(p) >= at+4
}
