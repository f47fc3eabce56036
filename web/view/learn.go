package view

import "strconv"

// LearnPage is the way through the scenarios.
type LearnPage struct {
	Lessons []Lesson // in the order in which they are learned
	Done    int
	Edges   []Edge // of the drawing
	Width   int    // of the drawing, px
	Height  int
	First   int // which lesson to go on with, −1 where all are done
	Course  CoursePath
}

// Lesson is one scenario on the way.
type Lesson struct {
	ID, Title, Pattern, Summary string
	Level, Minutes, Steps       int
	State                       string // new, started, done, review due
	At                          int    // the step that the learner is in, from 1; 0 where it is not started
	Needs                       []string
	Before                      []string // titles of what should be done first and is not yet
	Row, Col                    int      // place in the drawing, from 1; a column is half a card wide
}

// Edge leads from what is needed to what needs it.
type Edge struct {
	Path string
	Done bool // what is needed is done
}

// Measures of the drawing, px; learn.css has the same. A card is two columns
// wide.
const (
	columnWidth = 96
	columnGap   = 20
	cardWidth   = 2*columnWidth + columnGap
	cardHeight  = 104
	rowGap      = 44
	perRow      = 5
)

// Suggest picks the lesson to go on with: one that is started, else the first
// new one that is ready, else one that is due.
func (p *LearnPage) Suggest(ready func(Lesson) bool) {
	p.First = -1
	for _, fits := range []func(Lesson) bool{
		func(l Lesson) bool { return l.State == "started" },
		func(l Lesson) bool { return l.State == "new" && ready(l) },
		func(l Lesson) bool { return l.State == "review due" },
	} {
		for i, l := range p.Lessons {
			if p.First < 0 && fits(l) {
				p.First = i
			}
		}
	}
}

// Lay gives every lesson its place: below everything that it needs.
func (p *LearnPage) Lay() {
	depth := map[string]int{}
	var rows [][]int
	for i, l := range p.Lessons {
		d := 0
		for _, need := range l.Needs {
			d = max(d, depth[need]+1)
		}
		depth[l.ID] = d
		for len(rows) <= d {
			rows = append(rows, nil)
		}
		rows[d] = append(rows[d], i)
	}
	at, top := map[string]*Lesson{}, 1
	for _, row := range rows {
		for n, i := range row {
			l := &p.Lessons[i]
			inRow := min(perRow, len(row)-n/perRow*perRow)
			l.Row, l.Col = top+n/perRow, perRow-inRow+n%perRow*2+1
			at[l.ID] = l
		}
		top += (len(row) + perRow - 1) / perRow
	}
	p.Width, p.Height = perRow*(cardWidth+columnGap)-columnGap, (top-1)*(cardHeight+rowGap)-rowGap
	for i := range p.Lessons {
		to := &p.Lessons[i]
		for _, need := range to.Needs {
			if from := at[need]; from != nil {
				p.Edges = append(p.Edges, Edge{Path: curve(from, to), Done: from.State == "done" || from.State == "review due"})
			}
		}
	}
}

// curve leads from the foot of one card to the head of another.
func curve(from, to *Lesson) string {
	x1, y1 := from.middle(), from.top()+cardHeight
	x2, y2 := to.middle(), to.top()
	n, bend := strconv.Itoa, rowGap*2/3
	return "M" + n(x1) + " " + n(y1) + "C" + n(x1) + " " + n(y1+bend) + " " + n(x2) + " " + n(y2-bend) + " " + n(x2) + " " + n(y2)
}

func (l Lesson) middle() int { return (l.Col-1)*(columnWidth+columnGap) + cardWidth/2 }
func (l Lesson) top() int    { return (l.Row - 1) * (cardHeight + rowGap) }

func (l Lesson) minutes() string { return strconv.Itoa(l.Minutes) + " min" }

// place is the classes that put the card where it belongs.
func (l Lesson) place() string {
	return "row-" + strconv.Itoa(l.Row) + " col-" + strconv.Itoa(l.Col)
}

// level is read out; the dots are seen.
func (l Lesson) level() string { return "level " + strconv.Itoa(l.Level) + " of 5" }

func (l Lesson) state() string {
	switch l.State {
	case "started":
		return "step " + strconv.Itoa(l.At) + " of " + strconv.Itoa(l.Steps)
	case "done", "review due":
		return l.State
	}
	return "new"
}

func (p LearnPage) sum() string {
	return strconv.Itoa(p.Done) + " of " + strconv.Itoa(len(p.Lessons)) + " done"
}

func (p LearnPage) viewBox() string {
	return "0 0 " + strconv.Itoa(p.Width) + " " + strconv.Itoa(p.Height)
}
