package form

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// MaxBytes is the size of the largest file that is read.
const MaxBytes = 64 << 10

// maxDepth bounds how deep values are nested.
const maxDepth = 40

// Pos is a place in a file; both count from 1. The zero Pos is nowhere.
type Pos struct {
	Line   int `json:"line"`
	Column int `json:"column"`
}

// Problem is one thing that is wrong with a file.
type Problem struct {
	Pos
	Message string `json:"message"`
}

func (p Problem) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, p.Message)
}

// File is a file that was read: where its values stand, and what is wrong.
type File struct {
	Problems []Problem
	at       map[string]Pos
	texts    map[string]*yaml.Node // scalars, by path
	failed   map[string]bool       // paths whose value is of the wrong kind
	lines    []string
}

// Reader is a type that reads itself from a value of the file.
type Reader interface{ ReadForm(v Value) }

// Read reads a file into a struct. What could be read is there even where
// there are problems.
func Read(data []byte, into any) *File {
	f := &File{at: map[string]Pos{}, texts: map[string]*yaml.Node{}, failed: map[string]bool{}}
	if len(data) > MaxBytes {
		f.problem(Pos{1, 1}, "the file has %d bytes: at most %d are read", len(data), MaxBytes)
		return f
	}
	if bad := notText(data); bad >= 0 {
		f.problem(Pos{1 + bytes.Count(data[:bad], []byte("\n")), 1}, "this is not text: the file must be written in UTF-8")
		return f
	}
	f.lines = strings.Split(string(data), "\n")
	var doc, more yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); err != nil {
		f.syntax(err)
		return f
	}
	switch err := dec.Decode(&more); {
	case err == nil:
		f.problem(place(&more), "a second document begins here: a file holds one")
		return f
	case !errors.Is(err, io.EOF):
		f.syntax(err)
		return f
	}
	if !f.sane(&doc, 0) {
		return f
	}
	f.value("", doc.Content[0], reflect.ValueOf(into).Elem())
	return f
}

// At says where the value of a path stands, such as "steps[0].goal"; the
// nearest one around it where it is not in the file.
func (f *File) At(path string) Pos {
	for {
		if at, ok := f.at[path]; ok {
			return at
		}
		cut := strings.LastIndexAny(path, ".[")
		if cut < 0 {
			break
		}
		path = path[:cut]
	}
	if at, ok := f.at[""]; ok {
		return at
	}
	return Pos{1, 1}
}

// note keeps where the value of a path stands.
func (f *File) note(path string, n *yaml.Node) {
	f.at[path] = place(n)
	if n.Kind == yaml.ScalarNode {
		f.texts[path] = n
	}
}

// Has tells whether the file gives a value at a path.
func (f *File) Has(path string) bool { _, ok := f.at[path]; return ok }

// Good tells whether the file gives a value at a path, and it is of the kind
// that is wanted there: whoever checks it further need not say so again.
func (f *File) Good(path string) bool { return f.Has(path) && !f.failed[path] }

// Problem notes what is wrong with the value of a path.
func (f *File) Problem(path, format string, args ...any) { f.problem(f.At(path), format, args...) }

// maxProblems bounds what is said of a file that is nothing but problems.
const maxProblems = 100

func (f *File) problem(at Pos, format string, args ...any) {
	if len(f.Problems) >= maxProblems {
		return
	}
	f.Problems = append(f.Problems, Problem{at, fmt.Sprintf(format, args...)})
}

// sane refuses what makes a short file large.
func (f *File) sane(n *yaml.Node, depth int) bool {
	switch {
	case depth > maxDepth:
		f.problem(place(n), "values are nested more than %d deep", maxDepth)
		return false
	case n.Kind == yaml.AliasNode:
		f.problem(place(n), "an alias (*%s) is not taken here: write the value again", n.Value)
		return false
	}
	for _, child := range n.Content {
		if !f.sane(child, depth+1) {
			return false
		}
	}
	return true
}

func place(n *yaml.Node) Pos { return Pos{max(n.Line, 1), max(n.Column, 1)} }

// kindOf names what a node is, for somebody who writes files.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.Tag {
	case "!!null":
		return "empty"
	case "!!int", "!!float":
		return "the number " + n.Value
	case "!!bool":
		return n.Value
	}
	return fmt.Sprintf("the text %q", short(n.Value))
}

func short(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

func (f *File) wrong(path string, n *yaml.Node, want string) {
	f.failed[path] = true
	f.problem(place(n), "%s must be %s, and it is %s", lastName(path), want, kindOf(n))
}

var durationType = reflect.TypeFor[time.Duration]()

// value reads a node into a Go value. Path is "" for the whole file.
func (f *File) value(path string, n *yaml.Node, into reflect.Value) {
	f.note(path, n)
	if into.CanAddr() {
		if r, ok := into.Addr().Interface().(Reader); ok {
			r.ReadForm(Value{f, path, n})
			return
		}
	}
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		f.value(path, n, into.Elem())
		return
	}
	if into.Type() == durationType {
		f.duration(path, n, into)
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		f.mapping(path, n, into)
	case reflect.Slice:
		if n.Kind != yaml.SequenceNode {
			f.wrong(path, n, "a list")
			return
		}
		list := reflect.MakeSlice(into.Type(), len(n.Content), len(n.Content))
		for i, item := range n.Content {
			f.value(fmt.Sprintf("%s[%d]", path, i), item, list.Index(i))
		}
		into.Set(list)
	case reflect.String:
		// A number or true is as good a text as any: options may be 1, 2, 3.
		if n.Kind != yaml.ScalarNode || n.Tag == "!!null" {
			f.wrong(path, n, "text")
			return
		}
		into.SetString(n.Value)
	case reflect.Int:
		if v, err := strconv.Atoi(n.Value); n.Kind == yaml.ScalarNode && n.Tag == "!!int" && err == nil {
			into.SetInt(int64(v))
			return
		}
		f.wrong(path, n, "a whole number")
	case reflect.Uint64:
		if v, err := strconv.ParseUint(n.Value, 10, 64); n.Kind == yaml.ScalarNode && n.Tag == "!!int" && err == nil {
			into.SetUint(v)
			return
		}
		f.wrong(path, n, "a whole number, 0 or more")
	case reflect.Float64:
		if v, err := strconv.ParseFloat(n.Value, 64); n.Kind == yaml.ScalarNode && (n.Tag == "!!int" || n.Tag == "!!float") && err == nil {
			into.SetFloat(v)
			return
		}
		f.wrong(path, n, "a number")
	case reflect.Bool:
		if v, err := strconv.ParseBool(n.Value); n.Kind == yaml.ScalarNode && n.Tag == "!!bool" && err == nil {
			into.SetBool(v)
			return
		}
		f.wrong(path, n, "true or false")
	default:
		panic(fmt.Sprintf("form: %s has the type %s, which is not read", path, into.Type()))
	}
}

var durationText = regexp.MustCompile(durationPattern)

func (f *File) duration(path string, n *yaml.Node, into reflect.Value) {
	d, err := time.ParseDuration(n.Value)
	switch text := n.Kind == yaml.ScalarNode && n.Tag == "!!str"; {
	case text && err == nil && d < 0:
		f.failed[path] = true
		f.problem(place(n), "%s is negative: a duration is 0 or more", n.Value)
	case !text || err != nil || !durationText.MatchString(n.Value): // Go reads 0 and +1s too
		f.wrong(path, n, "a duration, such as 500ms, 20s or 2m")
	default:
		into.SetInt(int64(d))
	}
}

// mapping reads a struct, key by key.
func (f *File) mapping(path string, n *yaml.Node, into reflect.Value) {
	what := lastName(path)
	if n.Kind != yaml.MappingNode {
		f.wrong(path, n, "a mapping with the keys "+strings.Join(keys(into.Type()), ", "))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		field, ok := fieldOf(into, key.Value)
		switch {
		case len(f.Problems) >= maxProblems:
			return // whatever else is wrong, no more is said
		case key.Kind != yaml.ScalarNode:
			f.problem(place(key), "a key must be text")
		case seen[key.Value]:
			f.problem(place(key), "%q stands here for the second time", key.Value)
		case !ok:
			f.problem(place(key), "there is no key %q in %s%s: valid are %s", key.Value, what, Likely(key.Value, keys(into.Type())), strings.Join(keys(into.Type()), ", "))
		default:
			f.value(join(path, key.Value), value, field)
		}
		seen[key.Value] = true
	}
	for i := range into.NumField() {
		tag := into.Type().Field(i).Tag
		switch name := tag.Get("yaml"); {
		case tag.Get("form") != "required":
		case !seen[name]:
			f.problem(place(n), "%s needs the key %q", what, name)
		case f.Good(join(path, name)) && into.Field(i).Kind() == reflect.String && strings.TrimSpace(into.Field(i).String()) == "":
			f.Problem(join(path, name), "%s is empty", name)
		}
		if list := oneOf(tag); list != nil && into.Field(i).Kind() == reflect.String {
			if v := into.Field(i).String(); v != "" && !slices.Contains(list, v) {
				f.Problem(join(path, tag.Get("yaml")), "%s cannot be %q: valid are %s", tag.Get("yaml"), v, strings.Join(list, ", "))
			}
		}
	}
}

func oneOf(tag reflect.StructTag) []string {
	if is := tag.Get("is"); is != "" {
		return strings.Split(is, "|")
	}
	return nil
}

func fieldOf(v reflect.Value, name string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if v.Type().Field(i).Tag.Get("yaml") == name && name != "" {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func keys(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

var index = regexp.MustCompile(`\[(\d+)\]$`)

// lastName is what a path is called in a sentence: the key, or which of a list.
func lastName(path string) string {
	if path == "" {
		return "the file"
	}
	if m := index.FindStringSubmatch(path); m != nil {
		n, _ := strconv.Atoi(m[1])
		return fmt.Sprintf("item %d of %s", n+1, lastName(strings.TrimSuffix(path, m[0])))
	}
	if cut := strings.LastIndexByte(path, '.'); cut >= 0 {
		return path[cut+1:]
	}
	return path
}

// Likely names in brackets the word that was probably meant, "" where none is
// near.
func Likely(given string, valid []string) string {
	best, least := "", 3
	for _, v := range valid {
		if d := distance(given, v); d < least {
			best, least = v, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// distance is the Levenshtein distance of two short words.
func distance(a, b string) int {
	if len(a) > 2*len(b)+2 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := last
			if a[i] != b[j] {
				change++
			}
			last = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Sorted returns the problems in the order of the file.
func (f *File) Sorted() []Problem {
	sorted := slices.Clone(f.Problems)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return sorted
}
