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
	Row, Col                    int      // place in the drawing, from 1
	Also                        bool     // it needs something that no line of the drawing shows
}

// Edge leads from what is needed to what needs it.
type Edge struct {
	Path string
	Done bool // what is needed is done
}

// Measures of the drawing, px; learn.css has the same.
const (
	cardWidth  = 204
	cardHeight = 74
	columnGap  = 30
	rowGap     = 14
	columns    = 5
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

// Lay gives every lesson its place: a column to the right of everything that it
// needs, and in line with the first of those that lead on from it.
func (p *LearnPage) Lay() {
	depth, after := map[string]int{}, map[string][]int{}
	var roots []int
	for i, l := range p.Lessons {
		d, from := 0, ""
		for _, need := range l.Needs {
			if at, known := depth[need]; known && at+1 > d {
				d, from = at+1, need
			}
		}
		depth[l.ID] = d
		if from == "" {
			roots = append(roots, i)
		} else {
			after[from] = append(after[from], i)
		}
	}
	row, at := 0, map[string]*Lesson{}
	var place func(i int)
	place = func(i int) {
		l := &p.Lessons[i]
		at[l.ID] = l
		l.Row, l.Col = row+1, min(depth[l.ID]+1, columns)
		for n, next := range after[l.ID] {
			if n > 0 || depth[l.ID]+1 >= columns {
				row++
			}
			place(next)
		}
	}
	for n, i := range roots {
		if n > 0 {
			row++
		}
		place(i)
	}
	p.Width, p.Height = columns*(cardWidth+columnGap)-columnGap, (row+1)*(cardHeight+rowGap)-rowGap
	for i := range p.Lessons {
		to := &p.Lessons[i]
		for _, need := range to.Needs {
			// Between neighbouring columns a line crosses no card; other needs are
			// named on the card.
			if from := at[need]; from != nil && from.Col == to.Col-1 {
				p.Edges = append(p.Edges, Edge{Path: elbow(from, to), Done: from.State == "done" || from.State == "review due"})
			} else {
				to.Also = true
			}
		}
	}
}

// elbow leads from one card to one in the next column, along the gap.
func elbow(from, to *Lesson) string {
	n := strconv.Itoa
	x, y1, y2 := (from.Col-1)*(cardWidth+columnGap)+cardWidth, from.middle(), to.middle()
	return "M" + n(x) + " " + n(y1) + "h" + n(columnGap/2) + "V" + n(y2) + "h" + n(columnGap/2)
}

func (l Lesson) middle() int { return (l.Row-1)*(cardHeight+rowGap) + cardHeight/2 }

func (l Lesson) minutes() string { return strconv.Itoa(l.Minutes) + " min" }

// place is the classes that put the card where it belongs.
func (l Lesson) place() string {
	return "row-" + strconv.Itoa(l.Row) + " col-" + strconv.Itoa(l.Col)
}

// level is read out; the dots are seen.
func (l Lesson) level() string { return "level " + strconv.Itoa(l.Level) + " of 5" }

func (l Lesson) state() string { return "step " + strconv.Itoa(l.At) + " of " + strconv.Itoa(l.Steps) }

func (p LearnPage) sum() string {
	return strconv.Itoa(p.Done) + " of " + strconv.Itoa(len(p.Lessons)) + " done"
}

func (p LearnPage) viewBox() string {
	return "0 0 " + strconv.Itoa(p.Width) + " " + strconv.Itoa(p.Height)
}
