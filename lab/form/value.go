package form

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Value is a value of a file, for a type that reads itself.
type Value struct {
	file *File
	path string
	node *yaml.Node
}

// Pos says where the value stands.
func (v Value) Pos() Pos { return place(v.node) }

// Problem notes what is wrong with the value.
func (v Value) Problem(format string, args ...any) { v.file.problem(v.Pos(), format, args...) }

// Mapping returns the pairs of a mapping; ok is false where it is none.
func (v Value) Mapping() (pairs []Pair, ok bool) {
	if v.node.Kind != yaml.MappingNode {
		return nil, false
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key := v.node.Content[i]
		pairs = append(pairs, Pair{Value{v.file, v.path, key}, key.Value, v.child(join(v.path, key.Value), v.node.Content[i+1])})
	}
	return pairs, true
}

// Pair is a key of a mapping and its value.
type Pair struct {
	At    Value // the key itself
	Key   string
	Value Value
}

// List returns the items of a list; ok is false where it is none.
func (v Value) List() (items []Value, ok bool) {
	if v.node.Kind != yaml.SequenceNode {
		return nil, false
	}
	for i, n := range v.node.Content {
		items = append(items, v.child(fmt.Sprintf("%s[%d]", v.path, i), n))
	}
	return items, true
}

func (v Value) child(path string, n *yaml.Node) Value {
	v.file.note(path, n)
	return Value{v.file, path, n}
}

// Text returns a scalar as it is written; ok is false for anything else and
// for an empty value.
func (v Value) Text() (string, bool) {
	return v.node.Value, v.node.Kind == yaml.ScalarNode && v.node.Tag != "!!null"
}

// Kind names what the value is: a mapping, a list, the text "x".
func (v Value) Kind() string { return kindOf(v.node) }

// JSON writes the value as JSON. What has no JSON is noted as a problem, and
// ok is false.
func (v Value) JSON() (data []byte, ok bool) {
	value, ok := v.plain(v.node)
	if !ok {
		return nil, false
	}
	data, err := json.Marshal(value)
	if err != nil {
		v.Problem("this cannot be written as JSON: %v", err)
		return nil, false
	}
	return data, true
}

func (v Value) plain(n *yaml.Node) (any, bool) {
	switch n.Kind {
	case yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key := n.Content[i]
			if _, twice := object[key.Value]; twice || key.Kind != yaml.ScalarNode {
				v.file.problem(place(key), "%q stands here for the second time", key.Value)
				return nil, false
			}
			value, ok := v.plain(n.Content[i+1])
			if !ok {
				return nil, false
			}
			object[key.Value] = value
		}
		return object, true
	case yaml.SequenceNode:
		list := []any{}
		for _, item := range n.Content {
			value, ok := v.plain(item)
			if !ok {
				return nil, false
			}
			list = append(list, value)
		}
		return list, true
	}
	switch n.Tag {
	case "!!null":
		return nil, true
	case "!!bool":
		b, err := strconv.ParseBool(n.Value)
		return b, err == nil
	case "!!int":
		if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil {
			return i, true
		}
		if u, err := strconv.ParseUint(n.Value, 0, 64); err == nil {
			return u, true
		}
		return n.Value, true
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil && !math.IsInf(f, 0) && !math.IsNaN(f) {
			return f, true
		}
		return n.Value, true
	}
	return n.Value, true
}
