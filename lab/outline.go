package lab

import "slices"

// Bounds of an outline.
const (
	marksMost   = 600 // the oldest go first
	bucketsMost = 400
	bucketFirst = 250 // ms; doubled whenever there are too many
)

// Outline is the journal in little: where it begins and ends, what stands out
// in it, and how many business records were produced when.
type Outline struct {
	First    Point    `json:"first"` // the oldest kept entry
	Last     Point    `json:"last"`
	Marks    []Entry  `json:"marks"`    // without Data, oldest first
	Produced []Bucket `json:"produced"` // oldest first
}

// Point is an entry and its lab time in milliseconds.
type Point struct {
	Seq int64 `json:"seq"`
	At  int64 `json:"at"`
}

// Bucket counts the records that were produced close to each other. Order is
// the id of their order, "" where there are several.
type Bucket struct {
	Seq   int64  `json:"seq"` // of the first
	At    int64  `json:"at"`
	N     int    `json:"n"`
	Order string `json:"order"`
}

// outline is what an Outline is made of, kept up entry by entry.
type outline struct {
	marks   []Entry
	buckets []Bucket
	width   int64
	first   Point
	last    Point
}

// standsOut tells the kinds that a timeline names one by one.
func standsOut(e Entry) bool {
	switch e.Kind {
	case KindFault, KindHealed, KindCrashed, KindRestarted, KindBroker, KindFrozen, KindThawed, KindInvariant, KindGoal, KindDeadLettered:
		return true
	case KindNote: // a person's, not the lab's own
		return e.Data != nil && e.Data.Action != nil
	}
	return false
}

func (o *outline) add(e Entry) {
	if o.first.Seq == 0 {
		o.first = Point{e.Seq, e.At}
	}
	o.last = Point{e.Seq, e.At}
	switch {
	case standsOut(e):
		e.Data = nil
		o.marks = append(o.marks, e)
		if len(o.marks) > marksMost {
			o.marks = slices.Clone(o.marks[marksMost/4:])
		}
	case e.Kind == KindProduced && e.Order != "" && !isDLQ(e.Topic):
		o.count(Bucket{e.Seq, e.At, 1, e.Order})
	}
}

func (o *outline) count(b Bucket) {
	if o.width == 0 {
		o.width = bucketFirst
	}
	if n := len(o.buckets); n > 0 && o.buckets[n-1].At/o.width == b.At/o.width {
		o.buckets[n-1].join(b)
		return
	}
	o.buckets = append(o.buckets, b)
	for len(o.buckets) > bucketsMost {
		o.width *= 2
		wide := o.buckets[:1]
		for _, b := range o.buckets[1:] {
			if last := &wide[len(wide)-1]; last.At/o.width == b.At/o.width {
				last.join(b)
			} else {
				wide = append(wide, b)
			}
		}
		o.buckets = wide
	}
}

func (b *Bucket) join(o Bucket) {
	b.N += o.N
	if b.Order != o.Order {
		b.Order = ""
	}
}

// forget drops what is older than an entry.
func (o *outline) forget(first int64) {
	o.marks = slices.DeleteFunc(o.marks, func(e Entry) bool { return e.Seq < first })
	o.buckets = slices.DeleteFunc(o.buckets, func(b Bucket) bool { return b.Seq < first })
}

// outlined copies the outline.
func (j *journal) outlined() Outline {
	o := &j.outline
	out := Outline{First: o.first, Last: o.last, Marks: append([]Entry{}, o.marks...), Produced: append([]Bucket{}, o.buckets...)}
	if s := j.segments[0]; s.first > out.First.Seq && len(s.chunks) > 0 {
		out.First = Point{s.first, s.chunks[0].at}
	}
	return out
}
