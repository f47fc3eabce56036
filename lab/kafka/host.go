package kafka

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// hosts is the network on which the services of a lab call each other. It is
// always in memory: nobody from outside calls them, and it needs no port. The
// zero value is ready to use.
type hosts struct {
	network
	mu    sync.Mutex
	links map[string]*Link // of those that listen, by name
}

// link returns the cable of the host of a name, nil where nobody listens.
func (h *hosts) link(name string) *Link {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.links[name]
}

func (h *hosts) plug(name string, l *Link) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.links == nil {
		h.links = make(map[string]*Link)
	}
	h.links[name] = l
}

// Listen makes the client at the end of this link a server too, under a name
// that others dial. Its connections go through the same cable: Cut closes them,
// and until Mend nobody gets through. The caller closes the listener, which
// frees the name.
func (l *Link) Listen(name string) (net.Listener, error) {
	d, err := l.wire.hosts.Listen("tcp", name)
	if err != nil {
		return nil, err
	}
	l.wire.hosts.plug(name, l)
	return &hostListener{Listener: d, link: l}, nil
}

// DialHost connects to the host of a name. Where nobody listens under it, or
// one of both cables is cut, the connection is refused.
func (l *Link) DialHost(ctx context.Context, name string) (net.Conn, error) {
	if l.Down() {
		return nil, refused("tcp")
	}
	conn, err := l.wire.dialHost(ctx, name)
	if err != nil {
		return nil, err
	}
	return l.carry(conn)
}

// DialHost connects to the host of a name as somebody from outside does, whom
// no cut concerns.
func (c *Cluster) DialHost(ctx context.Context, name string) (net.Conn, error) {
	return c.wire.dialHost(ctx, name)
}

func (w *wire) dialHost(ctx context.Context, name string) (net.Conn, error) {
	if link := w.hosts.link(name); link == nil || link.Down() {
		return nil, refused("tcp")
	}
	conn, err := w.hosts.DialContext(ctx, "tcp", name)
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("dial %s: %w", name, err)
		}
		return nil, refused("tcp")
	}
	return conn, nil
}

// carry has a connection go through the link, so that a cut closes it.
func (l *Link) carry(conn net.Conn) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		conn.Close()
		return nil, refused("tcp")
	}
	carried := &hostConn{Conn: conn, link: l}
	if l.calls == nil {
		l.calls = make(map[*hostConn]struct{})
	}
	l.calls[carried] = struct{}{}
	return carried, nil
}

// hostListener hands out connections that go through the link.
type hostListener struct {
	net.Listener
	link *Link
}

func (h *hostListener) Accept() (net.Conn, error) {
	for {
		conn, err := h.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if carried, err := h.link.carry(conn); err == nil {
			return carried, nil
		}
	}
}

// hostConn is a connection between two hosts that a link can close.
type hostConn struct {
	net.Conn
	link *Link
}

func (c *hostConn) Close() error {
	c.link.mu.Lock()
	delete(c.link.calls, c)
	c.link.mu.Unlock()
	return c.Conn.Close()
}
