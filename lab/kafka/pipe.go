package kafka

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// pipe returns the two ends of an in-memory connection that behaves as TCP
// does: a write is done when the bytes are on their way, and what was written
// before a close is still read by the other side. The ends of a net.Pipe meet
// at every read, which costs more than all else that a small request does.
func pipe() (client, server net.Conn) {
	var there, back stream
	there.moved.L, back.moved.L = &there.mu, &back.mu
	return &pipeEnd{in: &back, out: &there}, &pipeEnd{in: &there, out: &back}
}

// streamMax is how many bytes may be on their way before a write waits.
const streamMax = 256 << 10

// pipeEnd is one end. Its methods may be called from any goroutine.
type pipeEnd struct{ in, out *stream }

func (e *pipeEnd) Read(p []byte) (int, error)  { return e.in.read(p) }
func (e *pipeEnd) Write(p []byte) (int, error) { return e.out.write(p) }

// Close ends both directions: the other side reads what is on its way, and then
// io.EOF.
func (e *pipeEnd) Close() error {
	e.in.close(true)
	e.out.close(false)
	return nil
}

func (e *pipeEnd) LocalAddr() net.Addr  { return address("memory") }
func (e *pipeEnd) RemoteAddr() net.Addr { return address("memory") }

func (e *pipeEnd) SetDeadline(t time.Time) error {
	e.in.reading.set(e.in, t)
	e.out.writing.set(e.out, t)
	return nil
}

func (e *pipeEnd) SetReadDeadline(t time.Time) error {
	e.in.reading.set(e.in, t)
	return nil
}

func (e *pipeEnd) SetWriteDeadline(t time.Time) error {
	e.out.writing.set(e.out, t)
	return nil
}

// stream is one direction of a pipe.
type stream struct {
	mu               sync.Mutex
	moved            sync.Cond // with mu: something below changed
	buffer           *[]byte   // what was written and not read yet, from at on; nil: nothing
	at               int
	writerGone       bool
	readerGone       bool
	reading, writing deadline
}

// buffers are shared by all streams, so that an idle one has none.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

func (s *stream) read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.readerGone:
			return 0, net.ErrClosed
		case s.buffer != nil || len(p) == 0:
			return s.take(p), nil
		case s.writerGone:
			return 0, io.EOF
		case s.reading.over():
			return 0, os.ErrDeadlineExceeded
		}
		s.reading.wait(s)
	}
}

// take moves what is there into p. Call it with mu held.
func (s *stream) take(p []byte) int {
	if len(p) == 0 {
		return 0
	}
	full := s.waiting() >= streamMax
	n := copy(p, (*s.buffer)[s.at:])
	s.at += n
	if s.waiting() == 0 {
		if *s.buffer = (*s.buffer)[:0]; cap(*s.buffer) <= streamMax {
			buffers.Put(s.buffer)
		}
		s.buffer, s.at = nil, 0
	}
	if full {
		s.moved.Broadcast()
	}
	return n
}

// waiting counts the bytes on their way. Call it with mu held.
func (s *stream) waiting() int {
	if s.buffer == nil {
		return 0
	}
	return len(*s.buffer) - s.at
}

func (s *stream) write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.writerGone:
			return 0, net.ErrClosed
		case s.readerGone:
			return 0, io.ErrClosedPipe
		case s.writing.over():
			return 0, os.ErrDeadlineExceeded
		case len(p) == 0:
			return 0, nil
		case s.waiting() < streamMax:
			if s.buffer == nil {
				s.buffer = buffers.Get().(*[]byte)
			}
			*s.buffer = append(*s.buffer, p...)
			s.moved.Broadcast()
			return len(p), nil
		}
		s.writing.wait(s)
	}
}

// close ends the stream for the side that reads or for the one that writes.
// What nobody is going to read is dropped.
func (s *stream) close(reader bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if reader {
		s.readerGone, s.buffer, s.at = true, nil, 0
	} else {
		s.writerGone = true
	}
	s.reading.stop()
	s.writing.stop()
	s.moved.Broadcast()
}

// deadline ends the waits of one side of a stream, whose mu guards it. Clients
// set one for every request and hardly ever meet it, so there is a timer only
// where somebody waits, and one that would fire too early is left alone.
type deadline struct {
	at    time.Time
	timer *time.Timer
	fires time.Time // when the timer does; zero: it does not
}

func (d *deadline) over() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

func (d *deadline) set(s *stream, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.at = at
	s.moved.Broadcast() // who waits has another deadline now
}

// wait returns when something changed in the stream, or at the deadline, or
// earlier. Call it with mu held.
func (d *deadline) wait(s *stream) {
	if !d.at.IsZero() && (d.fires.IsZero() || d.fires.After(d.at)) {
		d.fires = d.at
		if d.timer == nil {
			d.timer = time.AfterFunc(time.Until(d.at), func() { d.fired(s) })
		} else {
			d.timer.Reset(time.Until(d.at))
		}
	}
	s.moved.Wait()
}

func (d *deadline) fired(s *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d.fires = time.Time{}
	s.moved.Broadcast()
}

// stop takes the timer away. Nobody waits any more.
func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
	}
}
