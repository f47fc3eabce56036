package form

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?(?:line (\d+): )?(.*)$`)

// syntax words an error of the parser. The parser often knows no more than where
// the list or mapping began that it could not end, so its line is looked for.
func (f *File) syntax(err error) {
	message, known := err.Error(), 1
	if m := yamlLine.FindStringSubmatch(message); m != nil {
		for _, line := range m[1:3] {
			if n, err := strconv.Atoi(line); err == nil {
				known = n
			}
		}
		message = m[3]
	}
	if message == "EOF" {
		f.problem(Pos{1, 1}, "the file is empty")
		return
	}
	f.problem(Pos{f.breaks(known), 1}, "this is not YAML: %s", message)
}

// lookOn is how many lines are tried after a line that breaks the file: a value
// over several lines is broken at each but its last.
const lookOn = 30

// breaks finds the line that breaks the file: the one after the longest
// beginning that is YAML.
func (f *File) breaks(known int) int {
	if len(f.lines) > 4000 {
		return known // it would take too long, and nobody wrote this by hand
	}
	good, bad := 0, len(f.lines)
	for {
		for good+1 < bad {
			if middle := (good + bad) / 2; f.parses(middle) {
				good = middle
			} else {
				bad = middle
			}
		}
		further := 0
		for n := good + 2; n <= min(good+lookOn, len(f.lines)); n++ {
			if f.parses(n) {
				further = n
				break
			}
		}
		if further == 0 {
			return min(good+1, len(f.lines))
		}
		good, bad = further, len(f.lines)
	}
}

// parses tells whether the first n lines are YAML.
func (f *File) parses(n int) bool {
	dec := yaml.NewDecoder(strings.NewReader(strings.Join(f.lines[:n], "\n") + "\n"))
	for {
		var doc yaml.Node
		if err := dec.Decode(&doc); err != nil {
			return err.Error() == "EOF"
		}
	}
}

// notText finds the first byte that is no text, -1 where there is none.
func notText(data []byte) int {
	if zero := bytes.IndexByte(data, 0); zero >= 0 {
		return zero
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == utf8.RuneError && size <= 1 {
			return i
		}
		i += size
	}
	return -1
}

// Inside says where in the file a place within a text stands; line and column
// of the text count from 1. Text may go over several lines of the file.
func (f *File) Inside(path string, line, column int) Pos {
	n := f.texts[path]
	if n == nil {
		return f.At(path)
	}
	at := place(n)
	switch n.Style &^ yaml.TaggedStyle {
	case yaml.LiteralStyle:
		at.Line += line
		return Pos{at.Line, f.indent(at.Line+1-line) + column}
	case yaml.FoldedStyle:
		at = Pos{at.Line + 1, f.indent(at.Line+1) + 1}
	case yaml.DoubleQuotedStyle, yaml.SingleQuotedStyle:
		at.Column++
	}
	// Lines of the file are joined by a space each.
	for left := column - 1; ; {
		here := []rune(strings.TrimRight(f.line(at.Line), " \t\r"))
		room := len(here) - (at.Column - 1)
		if left <= room || at.Line >= len(f.lines) {
			return Pos{at.Line, at.Column + left}
		}
		left -= room + 1
		at = Pos{at.Line + 1, f.indent(at.Line+1) + 1}
	}
}

func (f *File) line(n int) string {
	if n < 1 || n > len(f.lines) {
		return ""
	}
	return f.lines[n-1]
}

func (f *File) indent(line int) int {
	text := f.line(line)
	return len(text) - len(strings.TrimLeft(text, " "))
}
