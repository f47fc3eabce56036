package view

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func laid(needs ...[]string) LearnPage {
	p := LearnPage{}
	for i, list := range needs {
		p.Lessons = append(p.Lessons, Lesson{ID: string(rune('a' + i)), State: "new", Needs: list})
	}
	return p
}

// Every scenario stands to the right of what it needs, no two stand in one
// place, and no line crosses a card.
func TestTheWayIsLaidOutByNeeds(t *testing.T) {
	p := laid(nil, []string{"a"}, []string{"a"}, []string{"b"}, []string{"b"}, []string{"c"}, []string{"e", "a"}, nil, []string{"g"}, []string{"i"}, []string{"j"})
	p.Lay()
	at, taken := map[string]Lesson{}, map[string]string{}
	for _, l := range p.Lessons {
		at[l.ID] = l
		place := fmt.Sprint(l.Row, " ", l.Col)
		assert.Empty(t, taken[place], "%s stands where %s does", l.ID, taken[place])
		taken[place] = l.ID
	}
	for _, l := range p.Lessons {
		for _, need := range l.Needs {
			assert.True(t, at[need].Col < l.Col || l.Col == columns, "%s needs %s", l.ID, need)
		}
	}
	assert.Equal(t, at["a"].Row, at["b"].Row, "in line with the first that leads on")
	assert.True(t, at["g"].Also, "a need two columns away is named, not drawn")
	assert.Len(t, p.Edges, 7)
}

func TestWhereToGoOn(t *testing.T) {
	ready := func(l Lesson) bool { return len(l.Before) == 0 }
	p := laid(nil, nil, nil)
	p.Lessons[0].State, p.Lessons[1].Before = "done", []string{"A"}
	p.Suggest(ready)
	assert.Equal(t, 2, p.First, "the first that is ready")
	p.Lessons[2].State = "review due"
	p.Lessons[1].State = "started"
	p.Suggest(ready)
	assert.Equal(t, 1, p.First, "what was started")
	p.Lessons[1].State = "done"
	p.Suggest(ready)
	assert.Equal(t, 2, p.First, "what is worth a second look")
	p.Lessons[2].State = "done"
	p.Suggest(ready)
	assert.Equal(t, -1, p.First)
}
