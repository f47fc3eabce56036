package kafka

import (
	"context"
	"fmt"
	"net"
	"sync"
)

// network is an in-memory network: it has listeners by address, and needs no
// port and no file descriptor. The zero value is ready to use.
type network struct {
	mu        sync.Mutex
	listeners map[string]*doorway
}

// doorway is a listener of a network.
type doorway struct {
	network *network
	address string
	coming  chan net.Conn
	closed  chan struct{}
	closing sync.Once
}

func (n *network) Listen(_, addr string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.listeners[addr] != nil {
		return nil, fmt.Errorf("listen on %s: somebody does", addr)
	}
	if n.listeners == nil {
		n.listeners = make(map[string]*doorway)
	}
	d := &doorway{network: n, address: addr, coming: make(chan net.Conn), closed: make(chan struct{})}
	n.listeners[addr] = d
	return d, nil
}

// DialContext returns when the connection is accepted.
func (n *network) DialContext(ctx context.Context, _, addr string) (net.Conn, error) {
	n.mu.Lock()
	d := n.listeners[addr]
	n.mu.Unlock()
	if d == nil {
		return nil, fmt.Errorf("dial %s: nobody listens", addr)
	}
	client, server := pipe()
	var err error
	select {
	case d.coming <- server:
		return client, nil
	case <-d.closed:
		err = net.ErrClosed
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	return nil, fmt.Errorf("dial %s: %w", addr, err)
}

func (d *doorway) Accept() (net.Conn, error) {
	select {
	case conn := <-d.coming:
		return conn, nil
	case <-d.closed:
		return nil, fmt.Errorf("accept on %s: %w", d.address, net.ErrClosed)
	}
}

func (d *doorway) Close() error {
	d.closing.Do(func() {
		close(d.closed)
		d.network.mu.Lock()
		defer d.network.mu.Unlock()
		delete(d.network.listeners, d.address)
	})
	return nil
}

func (d *doorway) Addr() net.Addr { return address(d.address) }
