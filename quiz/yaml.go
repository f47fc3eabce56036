package quiz

import (
	"bytes"
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// YAML writes the quiz as a file that Parse reads.
func (q *Quiz) YAML() ([]byte, error) {
	doc := fields{}
	doc.add("id", q.ID)
	doc.add("title", q.Title)
	if q.Pass > 0 {
		doc.add("pass", q.Pass)
	}
	if q.Minutes > 0 {
		doc.add("minutes", q.Minutes)
	}
	var questions []any
	for i := range q.Questions {
		question, err := q.Questions[i].fields()
		if err != nil {
			return nil, fmt.Errorf("write the question %s: %w", q.Questions[i].ID, err)
		}
		questions = append(questions, question)
	}
	doc.add("questions", questions)
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	if err := enc.Encode(doc); err != nil {
		return nil, fmt.Errorf("write the quiz %s: %w", q.ID, err)
	}
	return out.Bytes(), enc.Close()
}

// fields is a mapping that keeps its order.
type fields []struct {
	key   string
	value any
}

func (f *fields) add(key string, value any) {
	*f = append(*f, struct {
		key   string
		value any
	}{key, value})
}

// MarshalYAML implements yaml.Marshaler.
func (f fields) MarshalYAML() (any, error) {
	node := &yaml.Node{Kind: yaml.MappingNode}
	for _, one := range f {
		var value yaml.Node
		if err := value.Encode(one.value); err != nil {
			return nil, err
		}
		node.Content = append(node.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: one.key}, &value)
	}
	return node, nil
}

func (q *Question) fields() (fields, error) {
	f := fields{}
	f.add("id", q.ID)
	if q.Topic != "" {
		f.add("topic", q.Topic)
	}
	f.add("kind", string(q.Kind))
	f.add("ask", q.Ask)
	if q.Points > 0 {
		f.add("points", q.Points)
	}
	if len(q.Options) > 0 {
		var options []any
		for _, o := range q.Options {
			one := fields{}
			one.add("text", o.Text)
			if o.Correct {
				one.add("correct", true)
			}
			if o.Why != "" {
				one.add("why", o.Why)
			}
			options = append(options, one)
		}
		f.add("options", options)
	}
	if len(q.Order) > 0 {
		f.add("order", q.Order)
	}
	if len(q.Before) > 0 {
		var pairs [][]string
		for _, p := range q.Before {
			pairs = append(pairs, []string{p.First, p.Second})
		}
		f.add("before", pairs)
	}
	if len(q.Match) > 0 {
		var couples []any
		for _, c := range q.Match {
			one := fields{}
			one.add("left", c.Left)
			one.add("right", c.Right)
			couples = append(couples, one)
		}
		f.add("match", couples)
	}
	if q.Number != nil {
		one := fields{}
		one.add("value", q.Number.Value)
		one.add("tolerance", q.Number.Tolerance)
		f.add("number", one)
	}
	if len(q.Accept) > 0 {
		var ideas []any
		for _, i := range q.Accept {
			one := fields{}
			one.add("idea", i.Idea)
			one.add("any", i.Any)
			if len(i.Not) > 0 {
				one.add("not", i.Not)
			}
			if i.Points > 0 {
				one.add("points", i.Points)
			}
			ideas = append(ideas, one)
		}
		f.add("accept", ideas)
	}
	if q.Lab != nil {
		task, err := q.Lab.fields()
		if err != nil {
			return nil, err
		}
		f.add("lab", task)
	}
	if len(q.Vary) > 0 {
		f.add("vary", map[string][]string(q.Vary))
	}
	if q.Explain != "" {
		f.add("explain", q.Explain)
	}
	return f, nil
}

func (t *LabTask) fields() (fields, error) {
	f := fields{}
	if t.Scenario != "" {
		f.add("scenario", t.Scenario)
	}
	for _, part := range []struct {
		key string
		raw json.RawMessage
	}{{"lab", t.Lab.raw}, {"do", t.Do.raw}} {
		if part.raw == nil {
			continue
		}
		// JSON is YAML: read as such, numbers stay as they are written.
		var doc yaml.Node
		if err := yaml.Unmarshal(part.raw, &doc); err != nil {
			return nil, fmt.Errorf("write the %s of its lab: %w", part.key, err)
		}
		asBlock(&doc)
		f.add(part.key, doc.Content[0])
	}
	f.add("answer", t.Answer)
	return f, nil
}

// asBlock takes the signs of JSON from a node, so that it looks like the rest.
func asBlock(n *yaml.Node) {
	n.Style = 0
	for _, child := range n.Content {
		asBlock(child)
	}
}
