package lab

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Question asks why something is as it is. Exactly one field but At says what.
type Question struct {
	Seq       int64  // a journal entry
	Order     string // an order, by handle or id: its state, or what went wrong with it
	Service   string // a service, by short name or group id: its state, or its lag
	Invariant string // a promise that is broken
	Record    string // topic/partition/offset: what became of a record

	At int64 // asked of the lab as it was at this entry; 0: as it is
}

// Answer is the shortest way back from what was asked about to whoever set it
// in motion.
type Answer struct {
	// Chain begins with what was asked about; each link is there because of the
	// next one. It is never empty.
	Chain []Link `json:"chain"`
	// Also are the settings without which it would not have happened.
	Also []Link `json:"also"`
	// Ends says what the last link is: an action; start, the lab's own; outside,
	// a client that is no part of the lab; forgotten, the journal does not keep
	// what came before.
	Ends string `json:"ends"`
	// Sentence is the chain in words.
	Sentence string `json:"sentence"`
}

// Link is one entry of a chain, in words that stand on their own. Seq is 0
// where no single entry tells it. At is lab time in milliseconds.
type Link struct {
	Seq       int64  `json:"seq"`
	At        int64  `json:"at"`
	Kind      Kind   `json:"kind,omitempty"`
	Service   string `json:"service,omitempty"`
	Instance  int    `json:"instance,omitempty"`
	Order     string `json:"order,omitempty"` // order id
	Topic     string `json:"topic,omitempty"`
	Partition int32  `json:"partition"`
	Offset    int64  `json:"offset"`
	Text      string `json:"text"`
}

// Bounds of one question.
const (
	linksMax  = 12           // links of a chain; what lies between the first ones and its end is left out
	walkMax   = 1000         // entries on the way back
	lookedMax = looseEntries // entries looked at beside the way: about what is not packed
)

// Why explains. Its errors say what could be asked; a thing whose history is no
// longer kept is explained as far as it is.
func (l *Lab) Why(q Question) (Answer, error) {
	if q.At != 0 {
		return l.whyThen(q)
	}
	l.mu.Lock()
	x := &why{mu: &l.mu, board: l.board, journal: l.journal.reading()}
	l.mu.Unlock()
	return x.explain(q)
}

func (l *Lab) whyThen(q Question) (Answer, error) {
	l.mu.Lock()
	m, ok := l.journal.moment(q.At)
	r := l.journal.reading()
	l.mu.Unlock()
	if !ok {
		return Answer{}, notKept(q.At, r.first, r.newest)
	}
	return m.why(q, r)
}

// Why is Lab.Why.
func (r *Run) Why(q Question) (Answer, error) {
	at := q.At
	if at == 0 {
		at = r.journal.newest
	}
	m, ok := r.journal.moment(at)
	if !ok {
		return Answer{}, notKept(at, r.journal.first, r.journal.newest)
	}
	return m.why(q, r.journal.reading())
}

// why explains what a moment shows. Nothing that came later is known.
func (m moment) why(q Question, r *reading) (Answer, error) {
	b, err := m.board()
	if err != nil {
		return Answer{}, err
	}
	r.newest = m.seq
	x := &why{mu: new(sync.Mutex), board: b, journal: r}
	return x.explain(q)
}

func (x *why) explain(q Question) (Answer, error) {
	x.mu.Lock()
	begin, err := x.begin(q)
	x.mu.Unlock()
	if err != nil {
		return Answer{}, err
	}
	x.walk(begin)
	return x.answer(), nil
}

// why is an explanation in the making. It reads a journal of its own, so that
// the lab goes on meanwhile.
type why struct {
	mu      sync.Locker // guards board, which is a lab's own or a copy
	board   *Board
	journal *reading
	looked  int
	taken   int64 // the entry at which goods were gone, where that is the reason
	links   []Link
	also    []Link
	ends    string
}

// beginning is where an explanation starts: what was asked about, in words, and
// the entry that explains it best. Without words the entry speaks for itself.
type beginning struct {
	text string
	told Entry // the entry that the words are about; its zero value: none
	next int64 // seq of the entry that explains it, 0: the entry told about is followed back
	also []condition
}

// walk goes back from entry to entry until somebody acted.
func (x *why) walk(begin beginning) {
	at, next := begin.told, begin.next
	if begin.text != "" {
		x.add(at, begin.text)
	}
	for _, c := range begin.also {
		x.condition(c)
	}
	if next == 0 {
		if at.Seq == 0 {
			x.ends = "forgotten"
			return
		}
		if begin.text == "" {
			x.add(at, x.firstWords(at))
		}
		if x.over(at) {
			return
		}
		next = x.before(at)
	}
	for range walkMax {
		e, kept := x.journal.at(next)
		if !kept {
			x.ends = "forgotten"
			x.forgotten(next)
			return
		}
		// Of a long way the end is what matters.
		if text := x.words(e); text != "" && (len(x.links) < linksMax || begins(e)) {
			x.add(e, text)
		}
		if x.over(e) {
			return
		}
		next = x.before(e)
	}
	x.ends = "forgotten"
}

// over tells whether nothing comes before an entry, and what it is then.
func (x *why) over(e Entry) bool {
	switch {
	case e.Seq == 1:
		x.ends = "start"
	case begins(e):
		x.ends = "action"
	case e.Cause == 0:
		x.ends = "outside"
	default:
		return false
	}
	return true
}

// begins tells whether an entry is somebody's own doing, or the lab's start.
func begins(e Entry) bool {
	return e.Kind == KindAction || e.Kind == KindRefused || e.Seq == 1 || e.Data != nil && e.Data.Action != nil
}

func (x *why) add(e Entry, text string) { x.links = append(x.links, link(e, text)) }

func link(e Entry, text string) Link {
	return Link{Seq: e.Seq, At: e.At, Kind: e.Kind, Service: e.Service, Instance: e.Instance, Order: e.Order,
		Topic: e.Topic, Partition: e.Partition, Offset: e.Offset, Text: text}
}

func (x *why) forgotten(seq int64) {
	x.links = append(x.links, Link{Text: fmt.Sprintf("of entry %d, which is no longer kept: the journal keeps %d to %d", seq, x.journal.first, x.journal.head())})
}

// back looks from an entry towards the beginning, newest first, until found
// says so. It ends too when it has looked at too much.
func (x *why) back(from int64, found func(Entry) bool) (Entry, bool) {
	for seq := from; seq >= x.journal.first && x.looked < lookedMax; seq-- {
		x.looked++
		if e, ok := x.journal.at(seq); ok && found(e) {
			return e, true
		}
	}
	return Entry{}, false
}

// orderIDs are the ids that the lab gives to orders.
var orderIDs = regexp.MustCompile(`\bo-\d+\b`)

func (x *why) answer() Answer {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, links := range [][]Link{x.links, x.also} {
		for i := range links {
			links[i].Text = orderIDs.ReplaceAllStringFunc(links[i].Text, x.board.name)
		}
	}
	a := Answer{Chain: x.links, Also: x.also, Ends: x.ends}
	if a.Also == nil {
		a.Also = []Link{}
	}
	var said []string
	for _, one := range x.links {
		said = append(said, one.Text)
	}
	a.Sentence = strings.Join(said, "; because ")
	if root := x.links[len(x.links)-1]; x.ends == "action" {
		a.Sentence += fmt.Sprintf(" at %.1f s", float64(root.At)/1000)
	}
	for _, c := range x.also {
		a.Sentence += "; and " + c.Text
	}
	a.Sentence += "."
	return a
}
