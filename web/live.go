package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"runtime/debug"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"eddy/lab"
	"eddy/lab/fleet"
)

const (
	frameEvery   = 50 * time.Millisecond // at most 20 frames a second
	writeWait    = 10 * time.Second      // for one message to leave
	pongWait     = 60 * time.Second      // for a sign of life from the client
	pingEvery    = 50 * time.Second      // must be shorter than pongWait
	closeWait    = time.Second           // for the client to answer a close
	messageMax   = 64 << 10              // bytes of one message from the client
	queueMax     = 32                    // actions of one socket that wait their turn
	labSockets   = 64                    // sockets of one lab
	totalSockets = 4000                  // sockets of the process
	reasonMax    = 123                   // bytes that a close frame has for its reason
)

// No compression: it would let a small message grow without bound in memory.
// The guard has already checked Host and Origin; gorilla's own check lets DNS
// rebinding through.
var upgrader = websocket.Upgrader{
	HandshakeTimeout: writeWait,
	ReadBufferSize:   2 << 10,
	WriteBufferSize:  16 << 10,
	WriteBufferPool:  &sync.Pool{},
	CheckOrigin:      func(*http.Request) bool { return true },
}

// closing is why a socket ends, in words for its client.
type closing string

func (c closing) Error() string { return string(c) }

// socket is one live connection. Four goroutines serve it: read takes messages
// from the client, act carries out its actions in order, feed makes frames and
// write is the only one that writes. Out has no buffer, so a slow client stops
// feed, and the next frame is made of all that happened meanwhile.
type socket struct {
	server *Server
	conn   *websocket.Conn
	world  fleet.World
	guide  *guided // nil in a free lab
	req    *http.Request
	ctx    context.Context
	end    context.CancelCauseFunc
	out    chan []byte
	queue  chan request
}

// request is a message from the client.
type request struct {
	ID     json.RawMessage `json:"id"`
	Action json.RawMessage `json:"action"`
}

// live is the websocket: GET live?from=SEQ.
func (s *Server) live(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := s.mayUse(r, id); err != nil {
		return err
	}
	from, err := seqParam(r, "from", 0)
	if err != nil {
		return err
	}
	if !websocket.IsWebSocketUpgrade(r) {
		return lab.Errorf(lab.Invalid, "This address speaks websocket only.")
	}
	world, release, err := s.cfg.Labs.Watch(id)
	if err != nil {
		return err
	}
	defer release()
	leave, err := s.admit(id)
	if err != nil {
		return err
	}
	defer leave()

	up := upgrader
	up.Error = func(w http.ResponseWriter, r *http.Request, status int, reason error) {
		s.fail(w, r, lab.Errorf(lab.Invalid, "The websocket handshake failed: %v", reason))
	}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return nil // up.Error has answered
	}
	c := &socket{server: s, conn: conn, world: world, guide: s.guides.in(id), req: r, out: make(chan []byte), queue: make(chan request, queueMax)}
	c.ctx, c.end = context.WithCancelCause(s.ctx)
	c.serve(from)
	return nil
}

// admit counts a socket in, or refuses it. The caller calls leave at its end.
func (s *Server) admit(id string) (leave func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ctx.Err() != nil:
		return nil, lab.Errorf(lab.Unavailable, "The server is shutting down.")
	case s.open >= totalSockets:
		return nil, lab.Errorf(lab.TooMany, "This server has %d open pages already, which is the most it serves.", totalSockets)
	case s.sockets[id] >= labSockets:
		return nil, lab.Errorf(lab.TooMany, "This lab is open in %d pages already, which is the most. Close one of them.", labSockets)
	}
	s.open++
	s.sockets[id]++
	s.running.Add(1)
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.open--
		if s.sockets[id]--; s.sockets[id] == 0 {
			delete(s.sockets, id)
		}
		s.running.Done()
	}, nil
}

func (s *Server) openSockets() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// serve returns when the connection and all its goroutines have ended.
func (c *socket) serve(from int64) {
	var others sync.WaitGroup
	parts := []func(){c.write, func() { c.feed(from) }, c.act}
	if c.guide != nil {
		parts = append(parts, func() { c.guide.guide.Watch(c.ctx) }) // only while somebody looks
	}
	for _, f := range parts {
		others.Go(func() { c.guarded(f) })
	}
	// A write to a client that does not read must not outlive the socket.
	stop := context.AfterFunc(c.ctx, func() { c.conn.NetConn().SetWriteDeadline(time.Now().Add(closeWait)) })
	defer stop()
	c.guarded(c.read)
	others.Wait()
	c.conn.Close()
}

// guarded runs f and ends the socket with it. A panic ends this socket only.
func (c *socket) guarded(f func()) {
	defer c.end(nil)
	defer func() {
		if p := recover(); p != nil {
			c.server.cfg.Log.Error("panic", "route", c.req.Pattern, "panic", p, "stack", string(debug.Stack()))
			c.end(closing(broken.Message))
		}
	}()
	f()
}

// read takes messages until the connection breaks or ends.
func (c *socket) read() {
	c.conn.SetReadLimit(messageMax)
	c.conn.SetReadDeadline(time.Now().Add(pongWait))
	c.conn.SetPongHandler(func(string) error {
		if c.ctx.Err() == nil { // at the end, write has set a nearer deadline
			c.conn.SetReadDeadline(time.Now().Add(pongWait))
		}
		return nil
	})
	for {
		_, data, err := c.conn.ReadMessage()
		if errors.Is(err, websocket.ErrReadLimit) {
			c.drain() // gorilla has sent the close frame
		}
		if err != nil {
			return
		}
		var req request
		if err := json.Unmarshal(data, &req); err != nil {
			c.refuse(nil, lab.Errorf(lab.Invalid, `A message is an object like {"id": 1, "action": {"crash": {"service": "payment"}}}: %v`, err))
			continue
		}
		select {
		case c.queue <- req:
		default:
			c.refuse(req.ID, lab.Errorf(lab.TooMany, "%d actions of this page are waiting already. Try again in a moment.", queueMax))
		}
	}
}

// act carries out the queued actions, one after the other.
func (c *socket) act() {
	for {
		select {
		case <-c.ctx.Done():
			return
		case req := <-c.queue:
			result, err := c.perform(req)
			if err != nil {
				c.refuse(req.ID, err)
				continue
			}
			c.reply(struct {
				ID json.RawMessage `json:"id"`
				lab.Result
			}{req.ID, result})
		}
	}
}

func (c *socket) perform(req request) (lab.Result, error) {
	list, err := c.server.decode(req.Action)
	if err != nil {
		return lab.Result{}, lab.Errorf(lab.Invalid, "%v", err)
	}
	if len(list) != 1 {
		return lab.Result{}, lab.Errorf(lab.Invalid, "A message carries one action; this one has %d.", len(list))
	}
	if err := c.server.allowActions(c.req, 1); err != nil {
		return lab.Result{}, err
	}
	return c.server.do(c.ctx, c.world, list[0])
}

func (c *socket) refuse(id json.RawMessage, err error) {
	c.reply(struct {
		ID    json.RawMessage `json:"id"`
		Error *lab.Error      `json:"error"`
	}{id, c.server.refusal(err)})
}

func (c *socket) reply(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		c.end(closing(c.server.refusal(err).Message))
		return
	}
	c.send(b)
}

// send hands a message to write. It is false at the end of the socket.
func (c *socket) send(message []byte) bool {
	select {
	case c.out <- message:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// feed sends a frame whenever the journal has moved, but not too often.
func (c *socket) feed(from int64) {
	r := &reader{journal: c.world, seq: from}
	f, ok := r.first()
	for told := int64(-1); ; {
		if c.guide != nil {
			if n, _ := c.guide.news(); n != told {
				v := c.guide.view()
				told, f.guide = v.Changes, &v
				f.seq, ok = r.seq, true
			}
		}
		if ok && !c.sendFrame(f) {
			return
		}
		select {
		case <-c.ctx.Done():
			return
		case <-time.After(frameEvery):
		}
		if err := await(c.ctx, c.world, r.seq, c.guide, told); err != nil {
			if c.ctx.Err() == nil {
				c.end(closing(c.server.refusal(err).Message))
			}
			return
		}
		f, ok = r.next()
	}
}

func (c *socket) sendFrame(f frame) bool {
	b, err := f.encode()
	if err != nil {
		c.end(closing(c.server.refusal(err).Message))
		return false
	}
	kind := "patch"
	if f.snapshot != nil {
		kind = "snapshot"
	}
	c.server.metrics.frames.WithLabelValues(kind).Inc()
	return c.send(b)
}

// write is the only goroutine that writes messages. At the end it says why,
// and gives the client a moment to answer.
func (c *socket) write() {
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	defer func() { c.conn.SetReadDeadline(time.Now().Add(closeWait)) }() // ends read
	for {
		select {
		case <-c.ctx.Done():
			var why closing
			errors.As(context.Cause(c.ctx), &why)
			goodbye := websocket.FormatCloseMessage(websocket.CloseGoingAway, cut(string(why), reasonMax))
			c.conn.WriteControl(websocket.CloseMessage, goodbye, time.Now().Add(closeWait))
			return
		case message := <-c.out:
			c.conn.SetWriteDeadline(time.Now().Add(writeWait))
			if c.conn.WriteMessage(websocket.TextMessage, message) != nil {
				return
			}
		case <-ping.C:
			if c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait)) != nil {
				return
			}
		}
	}
}

// drain reads what is left of a message that is too large. Closing a
// connection with unread bytes resets it, and the client would never see why.
func (c *socket) drain() {
	raw := c.conn.NetConn()
	raw.SetReadDeadline(time.Now().Add(closeWait))
	io.Copy(io.Discard, io.LimitReader(raw, maxDrain))
}

// cut shortens text to at most n bytes without splitting a letter.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && text[n]&0xC0 == 0x80 {
		n--
	}
	return text[:n]
}
