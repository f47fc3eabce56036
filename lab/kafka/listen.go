package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
)

// virtualPort is the first port of an in-memory network. Every cluster has a
// network of its own, so all of them can use the same ports.
const virtualPort = 9092

// wire is the network side of a cluster: its listeners, the way to dial them,
// and the connections that the brokers serve.
type wire struct {
	tap       *tap
	dial      func(ctx context.Context, network, address string) (net.Conn, error)
	ports     []int             // of the brokers, in the order of their ids
	listeners map[int]*listener // by port
	serving   sync.WaitGroup    // what the fake's goroutines still hold open
	losses    losses
	hosts     hosts
	fragile   atomic.Int32 // machines that are dying or down
	slow      atomic.Int32 // machines that are slow
	election  atomic.Int64 // when a leader moved last, Unix nanoseconds; 0: never

	mu      sync.Mutex
	dialing map[*linkConn]struct{} // what clients in this process hold open
}

// listen opens one listener a broker.
func listen(config Config, tap *tap) (*wire, error) {
	w := &wire{tap: tap, listeners: make(map[int]*listener), dialing: make(map[*linkConn]struct{})}
	if config.Listen == "" {
		var network network
		w.dial = network.DialContext
		return w, w.open("localhost", "localhost", virtualPort, config.Brokers, network.Listen)
	}
	w.dial = new(net.Dialer).DialContext
	host, portText, err := net.SplitHostPort(config.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen address %q: %w; valid is host:port", config.Listen, err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil || port < 0 || port+config.Brokers-1 > 65535 {
		return nil, fmt.Errorf("listen address %q: the port must be 0 to %d, because %d brokers need ports in a row",
			config.Listen, 65536-config.Brokers, config.Brokers)
	}
	// Clients are sent to the advertised host, and nobody can dial 0.0.0.0.
	advertised := host
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		advertised = "127.0.0.1"
	}
	if port != 0 {
		return w, w.open(host, advertised, port, config.Brokers, net.Listen)
	}
	return w, w.openAnywhere(host, advertised, config.Brokers)
}

// open listens on n ports counted up from first. On failure nothing stays open.
func (w *wire) open(host, advertised string, first, n int, listen func(network, address string) (net.Listener, error)) error {
	for port := first; port < first+n; port++ {
		l, err := listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
		if err != nil {
			w.close()
			if errors.Is(err, syscall.EADDRINUSE) {
				return fmt.Errorf("port %d on %s is taken; %d brokers need ports %d to %d: %w",
					port, advertised, n, first, first+n-1, err)
			}
			return fmt.Errorf("listen on port %d of %q: %w", port, host, err)
		}
		w.add(l, advertised, port)
	}
	return nil
}

// openAnywhere asks the system for a free port and hopes for its neighbours.
func (w *wire) openAnywhere(host, advertised string, n int) (err error) {
	for range 20 {
		l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
		if err != nil {
			return fmt.Errorf("listen on any port of %q: %w", host, err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		l.Close()
		if err = w.open(host, advertised, port, n, net.Listen); err == nil {
			return nil
		}
	}
	return fmt.Errorf("no %d free ports in a row on %q: %w", n, host, err)
}

func (w *wire) add(l net.Listener, advertised string, port int) {
	machine := newMachine(int32(len(w.ports)), w)
	w.ports = append(w.ports, port)
	w.listeners[port] = &listener{Listener: l, wire: w, machine: machine, address: address(net.JoinHostPort(advertised, strconv.Itoa(port)))}
}

// listener hands the fake the listener of a port. The fake asks for each once.
func (w *wire) listener(_, addr string) (net.Listener, error) {
	_, text, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("hand over listener: %w", err)
	}
	port, _ := strconv.Atoi(text)
	l := w.listeners[port]
	if l == nil {
		return nil, fmt.Errorf("hand over listener: nothing was opened for %s", addr)
	}
	w.serving.Add(1) // the accept loop, until Accept fails
	return l, nil
}

func (w *wire) addresses() []string {
	var all []string
	for _, port := range w.ports {
		all = append(all, string(w.listeners[port].address))
	}
	return all
}

// at returns the machine of the broker that is advertised at addr, nil where
// there is none of this cluster.
func (w *wire) at(addr string) *machine {
	for _, l := range w.listeners {
		if string(l.address) == addr {
			return l.machine
		}
	}
	return nil
}

// machine returns the machine of a broker, nil where there is none.
func (w *wire) machine(id int32) *machine {
	if id < 0 || int(id) >= len(w.ports) {
		return nil
	}
	return w.listeners[w.ports[id]].machine
}

// reads tells whether requests are to be kept whole, because somebody has to
// look into them.
func (w *wire) reads() bool { return w.fragile.Load() > 0 || w.losses.armed() }

// close closes the listeners of a cluster that did not start.
func (w *wire) close() {
	for _, l := range w.listeners {
		l.Listener.Close()
	}
	w.ports = nil
	clear(w.listeners)
}

// wait returns when the fake has let go of every listener and connection.
func (w *wire) wait() { w.serving.Wait() }

// address is a net.Addr that says what to advertise instead of what is bound.
type address string

func (address) Network() string  { return "tcp" }
func (a address) String() string { return string(a) }

// listener is the port of one broker.
type listener struct {
	net.Listener
	wire    *wire
	machine *machine
	address address
	ended   sync.Once
}

func (l *listener) Addr() net.Addr { return l.address }

// Accept wraps a connection so that it is counted, bounded and tapped. The
// fake ends its accept loop on the first error. The port of a broker that is
// down stays taken, so that nobody else gets it: who knocks is hung up on.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			l.ended.Do(l.wire.serving.Done)
			return nil, err
		}
		conn := newConn(c, l.wire, l.machine)
		if !l.machine.enter(conn) {
			c.Close()
			continue
		}
		// The fake reads and writes in two goroutines, and each closes the
		// connection as the last thing it does.
		l.wire.serving.Add(2)
		return conn, nil
	}
}
