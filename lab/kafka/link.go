package kafka

import (
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// Link is the network cable of one client: everything that the client says to
// the cluster, and to other hosts (Listen, DialHost), goes through it. Its methods may be called from any goroutine.
type Link struct {
	name string
	wire *wire

	mu    sync.Mutex
	down  bool
	conns map[*linkConn]struct{} // to brokers
	calls map[*hostConn]struct{} // from and to other hosts

	eagerUntil time.Time // see Refetch
}

// linkSet keeps the links of a cluster by name.
type linkSet struct {
	mu     sync.Mutex
	byName map[string]*Link
}

// Link returns the link of that name. The same name is the same link.
func (c *Cluster) Link(name string) *Link {
	c.links.mu.Lock()
	defer c.links.mu.Unlock()
	link := c.links.byName[name]
	if link == nil {
		if c.links.byName == nil {
			c.links.byName = make(map[string]*Link)
		}
		link = c.newLink(name)
		c.links.byName[name] = link
	}
	return link
}

func (c *Cluster) newLink(name string) *Link {
	return &Link{name: name, wire: c.wire, conns: make(map[*linkConn]struct{})}
}

// Name returns the name that the link was asked for by.
func (l *Link) Name() string { return l.name }

// Cut closes every connection of the link, without any goodbye of the protocol
// above, and refuses new ones until Mend.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for conn := range l.conns {
		conn.Conn.Close()
	}
	clear(l.conns)
	for conn := range l.calls {
		conn.Conn.Close()
	}
	clear(l.calls)
}

// Mend lets the link dial again. The client connects when it next tries.
func (l *Link) Mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}

// Down reports whether the link is cut.
func (l *Link) Down() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.down
}

// DialContext connects to a broker of the cluster. Any failure but the end of
// ctx is a *net.OpError, which a Kafka client takes as a reason to look for
// another broker.
func (l *Link) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	// Clients dial whatever address metadata advertises.
	machine := l.wire.at(address)
	if machine == nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: fmt.Errorf("%s is not a broker of this lab", address)}
	}
	if l.Down() || machine.condition() == down {
		return nil, refused(network)
	}
	conn, err := l.wire.dial(ctx, network, address)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("dial %s: %w", address, err)
		}
		return nil, refused(network)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		// The cable was cut while the dial was under way.
		conn.Close()
		return nil, refused(network)
	}
	linked := &linkConn{Conn: conn, link: l}
	l.conns[linked] = struct{}{}
	l.wire.hold(linked, true)
	return linked, nil
}

// refused is what the operating system says when nothing listens.
func refused(network string) error {
	return &net.OpError{Op: "dial", Net: network, Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
}

// linkConn is a connection that its link can close.
type linkConn struct {
	net.Conn
	link  *Link
	waits bool // its last request is a fetch that may wait long; guarded by link.mu
}

func (c *linkConn) Close() error {
	c.link.mu.Lock()
	delete(c.link.conns, c)
	c.link.mu.Unlock()
	c.link.wire.hold(c, false)
	return c.Conn.Close()
}
