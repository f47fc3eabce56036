package lab

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// Bounds of a run that is read.
const (
	RunEntries    = 200_000  // entries of a run
	runLineMax    = 1 << 20  // bytes of an entry
	runHeadMax    = 32 << 20 // bytes of the first line: it may hold a board
	runBoardMax   = 32 << 20 // bytes of a board, as JSON
	runGroupsMax  = 2000     // consumer groups
	instancesMost = 64       // seats of a service; a lab has at most 8
)

// OpenRun reads a run: a head line and journal entries, a line each, as
// RunFile.Write writes them. A journal that begins with entry 1 may come without
// a head. The error is an *Error that names the line and says what would be
// valid. Ctx bounds how long it takes.
func OpenRun(ctx context.Context, file io.Reader) (*Run, error) {
	o := &opening{ctx: ctx, lines: bufio.NewScanner(file)}
	o.lines.Buffer(make([]byte, 0, 64<<10), runHeadMax)
	for o.lines.Scan() {
		o.line++
		if text := bytes.TrimSpace(o.lines.Bytes()); len(text) > 0 {
			if err := o.read(text); err != nil {
				return nil, err
			}
		}
	}
	if err := o.lines.Err(); err != nil {
		o.line++
		if errors.Is(err, bufio.ErrTooLong) {
			return nil, o.invalid("it is longer than %d MiB, which is the most a line may have", runHeadMax>>20)
		}
		return nil, o.invalid("the file could not be read to its end: %v", err)
	}
	if o.run == nil || o.run.journal.newest < o.run.journal.first {
		return nil, Errorf(Invalid, `the file has no journal entries: valid is what the lab's "Save run" writes, or its journal from entry 1 on`)
	}
	if last := o.run.head.Last; last > 0 && o.run.journal.newest != last {
		return nil, o.invalid("the file ends with entry %d, and its first line promises entries up to %d: it was cut off", o.run.journal.newest, last)
	}
	if err := o.fits(); err != nil {
		return nil, err
	}
	o.run.head.Last = o.run.journal.newest
	return o.run, o.run.pack(ctx)
}

// opening is a run that is being read.
type opening struct {
	ctx   context.Context
	lines *bufio.Scanner
	line  int // number of the line in hand, from 1
	run   *Run
	board *Board // of the entries read so far
}

func (o *opening) invalid(format string, args ...any) error {
	return Errorf(Invalid, "line %d: "+format, append([]any{o.line}, args...)...)
}

// read takes one line that is not empty.
func (o *opening) read(text []byte) error {
	if o.run == nil {
		entry, err := o.begin(text)
		if err != nil || !entry {
			return err
		}
	}
	if len(text) > runLineMax {
		return o.invalid("an entry may have %d KiB, and this one has %d", runLineMax>>10, len(text)>>10)
	}
	var e Entry
	if err := json.Unmarshal(text, &e); err != nil {
		return o.invalid(`this is no journal entry, like {"seq":%d,"at":12,"kind":"note","text":"…"}: %v`, o.run.journal.newest+1, err)
	}
	if err := o.check(e); err != nil {
		return err
	}
	if o.line%256 == 0 && o.ctx.Err() != nil {
		return Errorf(Unavailable, "reading the run took too long and was broken off at line %d", o.line)
	}
	return o.fold(e)
}

// begin makes a run from the first line; entry says that the line is an entry
// already.
func (o *opening) begin(text []byte) (entry bool, err error) {
	var first struct {
		RunHead
		Seq  int64  `json:"seq"`
		Kind string `json:"kind"`
		Data struct {
			Settings *Settings `json:"settings"`
		} `json:"data"`
	}
	if err := json.Unmarshal(text, &first); err != nil {
		return false, o.invalid(`this is neither the head of a run, {"eddy":"run","format":%d,…}, nor a journal entry: %v`, runFormat, err)
	}
	head := first.RunHead
	if first.Kind != "" {
		if first.Seq != 1 || first.Data.Settings == nil {
			return false, o.invalid(`a file without a head must begin with entry 1 of a lab, which has the lab's settings; this one begins with entry %d`, first.Seq)
		}
		head = RunHead{First: 1, Settings: *first.Data.Settings}
	} else if head.Eddy != "run" || head.Format != runFormat {
		return false, o.invalid(`the head must say "eddy":"run" and "format":%d; it says %q and %d`, runFormat, head.Eddy, head.Format)
	}
	if head.First < 1 || head.Last < 0 || head.First > math.MaxInt64/2 {
		return false, o.invalid("first must be the number of a journal entry, 1 or more, not %d", head.First)
	}
	base, err := o.base(&head)
	if err != nil {
		return false, err
	}
	o.run = &Run{head: head, journal: newJournal(math.MaxInt, base)}
	o.run.journal.every = 0
	return first.Kind != "", nil
}

// base is the board below the run's first entry.
func (o *opening) base(head *RunHead) (base *Board, err error) {
	defer o.recovered(&err)
	if head.From == nil {
		if head.First != 1 {
			return nil, o.invalid("a run that begins with entry %d needs the board below it, as from", head.First)
		}
		settings, err := head.Settings.normal()
		if err != nil {
			return nil, o.invalid("settings: %v", err)
		}
		base = newBoard(settings)
	} else {
		if base, err = unpackBoard(head.From); err != nil {
			return nil, o.invalid("from: %v", err)
		}
		if base.Seq != head.First-1 {
			return nil, o.invalid("from is the board of entry %d, and the one of entry %d is needed", base.Seq, head.First-1)
		}
	}
	head.From = nil
	base.changes.off = true
	o.board = base.clone()
	return base, nil
}

// check asks of an entry what every journal keeps.
func (o *opening) check(e Entry) error {
	j := &o.run.journal
	switch {
	case e.Seq != j.newest+1:
		return o.invalid("this is entry %d, and %d was expected: a journal has no holes", e.Seq, j.newest+1)
	case e.Seq-j.first >= RunEntries:
		return o.invalid("a run may have %d entries, and this one has more", RunEntries)
	case !slices.Contains(Kinds, e.Kind):
		return o.invalid("there is no kind %q: the kinds are %s", e.Kind, kindNames())
	case e.At < o.board.LabTime || e.At > math.MaxInt32*1000:
		return o.invalid("at is lab time in milliseconds and never goes back: %d is not after %d", e.At, o.board.LabTime)
	case e.Cause < 0 || e.Cause >= e.Seq:
		return o.invalid("the cause of entry %d must be an earlier entry, not %d", e.Seq, e.Cause)
	case e.Partition < -1 || e.Offset < -1:
		return o.invalid("partition and offset must be 0 or more, not %d and %d", e.Partition, e.Offset)
	case e.Instance < 0 || e.Instance > instancesMost:
		return o.invalid("instance must be 0 to %d, not %d", instancesMost, e.Instance)
	case len(o.board.Groups) > runGroupsMax:
		return o.invalid("a run may have %d consumer groups, and this one has more", runGroupsMax)
	}
	return nil
}

func kindNames() string {
	var names []string
	for _, k := range Kinds {
		names = append(names, string(k))
	}
	return strings.Join(names, ", ")
}

// fold adds an entry to the run.
func (o *opening) fold(e Entry) (err error) {
	defer o.recovered(&err)
	j := &o.run.journal
	if j.due() {
		if err := o.fits(); err != nil {
			return err
		}
		j.begin(o.board.below(o.board.LabTime))
		if err := o.run.pack(o.ctx); err != nil {
			return o.invalid("%v", err)
		}
	}
	o.board.foldOn(e)
	j.append(e)
	return nil
}

// fits asks that the board is one that can be sent to a browser.
func (o *opening) fits() (err error) {
	defer o.recovered(&err)
	raw, err := json.Marshal(o.board)
	if err != nil {
		return o.invalid("the board cannot be written: %v", err)
	}
	if len(raw) > runBoardMax {
		return o.invalid("the board has grown to more than %d MiB", runBoardMax>>20)
	}
	return nil
}

// recovered makes an error of a panic: the fold trusts a lab, and a file may
// have been written by anybody.
func (o *opening) recovered(err *error) {
	if p := recover(); p != nil {
		*err = o.invalid("no lab can have written this: %v", fmt.Sprint(p))
	}
}
