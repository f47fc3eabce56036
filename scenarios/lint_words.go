package scenarios

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"eddy/lab"
	"eddy/lab/form"
)

// verbs say in words what actions do, as a hint would.
var verbs = map[string]string{
	"place_order": `(place|make)( another| one)? +orders?|place +[A-Z]\b|order +(one|two)`,
	"burst":       `burst`, "cancel_order": `cancel`, "publish": `publish|write a record`, "duplicate": `duplicate|send .* (again|twice)`,
	"crash": `crash`, "restart": `restart|start`, "pause": `pause`, "resume": `resume`, "slow": `slow`, "fail": `fail|make .* fail`, "decline": `decline`,
	"heal": `heal|repair`, "scale": `scale`, "broker": `broker .* (down|up)|take .* broker`, "move_leader": `move`, "lose_ack": `lose`, "cut": `cut`, "mend": `mend`,
	"rewind": `rewind`, "rebuild": `rebuild`, "redrive": `redrive`, "discard": `discard`, "add_partitions": `add .*partition`,
}

// doing tells whether a sentence says to do an action: its verb stands there,
// and what it is done to. Whoever sets a setting names the setting.
func doing(a Action, text string) string {
	var args map[string]any
	if argsOf(a.Action, &args) != nil {
		return ""
	}
	if a.Name == "set" {
		for _, name := range slices.Sorted(maps.Keys(args)) {
			if name != "service" && word(text, `set|switch|turn|make|choose`) && (holdsWord(text, name) || holdsWord(text, strings.ReplaceAll(name, "_", " "))) {
				return "set " + name
			}
		}
		return ""
	}
	verb := verbs[a.Name]
	// "The crash" is a thing to look at, "crash" is something to do.
	if verb == "" || !word(aThing.ReplaceAllString(text, " "), verb) {
		return ""
	}
	for _, name := range []string{"service", "topic", "group", "order", "projection", "id"} {
		object, ok := args[name].(string)
		if !ok || object == "" {
			continue
		}
		if short, err := lab.ServiceName(object); err == nil {
			object = short
		}
		if holdsWord(text, object) {
			return a.Name + " " + object
		}
		return ""
	}
	if a.Name == "place_order" || a.Name == "burst" || a.Name == "heal" || a.Name == "rebuild" || a.Name == "decline" {
		return strings.ReplaceAll(a.Name, "_", " ")
	}
	return ""
}

var aThing = regexp.MustCompile(`(?i)\b(the|a|an|its|this|that|each|every|no) \w+`)

func word(text, pattern string) bool {
	re, ok := words.Load(pattern)
	if !ok {
		compiled, err := regexp.Compile(`(?i)(^|\W)(` + pattern + `)($|\W)`)
		if err != nil {
			return false
		}
		re = compiled
		words.Store(pattern, re) // patterns are the verbs above: there are few
	}
	return re.(*regexp.Regexp).MatchString(text)
}

// words are the patterns that were asked for before.
var words sync.Map

// The ways in which a text names things of the shop.
var (
	aService   = regexp.MustCompile(`\b([A-Z][a-z]+) [Ss]ervice\b`)
	aGroup     = regexp.MustCompile(`\b[a-z]+-service\b`)
	aTopic     = regexp.MustCompile("\\btopics? `([a-z][a-z0-9.-]*)`|`([a-z][a-z0-9.-]*)` topic\\b")
	aSideTopic = regexp.MustCompile(`\b[a-z-]+(?:\.dlq\b|-commands\b)`)
	aMessage   = regexp.MustCompile(`\b([A-Z][a-z]+)(?:[A-Z][a-z]+)*([A-Z][a-z]+)\b`)
	pastTense  = regexp.MustCompile(`(ed|Sent|Paid|Made|Taken|Lost|Begun|Shipped)$`)
)

// imperatives begin the name of a command.
var imperatives = []string{
	"Charge", "Refund", "Reserve", "Release", "Send", "Complete", "Cancel", "Place", "Create", "Ship", "Update", "Delete", "Approve", "Reject", "Process", "Notify", "Deliver",
}

// anyService are words before "service" that name none.
var anyService = strings.Fields(`The This That Each Every No One A An Any Some Another Other Which What Whose Your Its Their His Her Our My Slow Fast New Old Same
	Real Single Second First Third Whole Broken Dead Late Most Many Few Such Calling Called Consuming Producing Downstream Upstream Customer Either Neither Both Kafka Go`)

// prose looks for names that do not exist in what the learner reads. What a
// step says about production is about other systems.
func (l *linter) prose() {
	l.names("title", l.s.Title)
	l.names("summary", l.s.Summary)
	for i := range l.s.Steps {
		st, path := &l.s.Steps[i], fmt.Sprintf("steps[%d].", i)
		l.names(path+"title", st.Title)
		l.names(path+"say", st.Say)
		l.names(path+"explain", st.Explain)
		for n, t := range st.Tasks {
			l.names(fmt.Sprintf("%stasks[%d].text", path, n), t.Text)
		}
		for n, near := range st.Near {
			l.names(fmt.Sprintf("%snear[%d].say", path, n), near.Say)
		}
		for n, line := range st.Score {
			l.names(fmt.Sprintf("%sscore[%d].text", path, n), line.Text)
		}
		for n, h := range st.Hints {
			l.names(fmt.Sprintf("%shints[%d]", path, n), h)
		}
		if q := st.Predict; q != nil {
			l.question(path+"predict", q.Ask, q.Options)
		}
		if q := st.Observe; q != nil {
			l.question(path+"observe", q.Ask, q.Options)
		}
		for n, part := range st.Because {
			for _, text := range part {
				l.names(fmt.Sprintf("%sbecause[%d]", path, n), text)
			}
		}
	}
}

func (l *linter) question(path, ask string, options []string) {
	l.names(path+".ask", ask)
	for i, o := range options {
		l.names(fmt.Sprintf("%s.options[%d]", path, i), o)
	}
}

// names notes every name in a text that the shop does not have, once.
func (l *linter) names(path, text string) {
	seen := map[string]bool{}
	missing := func(what, name string, there []string) {
		if !seen[name] && len(l.found) < maxFindings {
			seen[name] = true
			l.found = append(l.found, Finding{l.s.find(path, name), "no-such-name", fmt.Sprintf("there is no %s %s: there are %s", what, name, strings.Join(there, ", "))})
		}
	}
	services, topics, messages := lab.ServiceNames, lab.AllTopics(), lab.MessageTypes()
	for _, m := range aService.FindAllStringSubmatch(text, -1) {
		if !slices.Contains(anyService, m[1]) && !slices.Contains(services, strings.ToLower(m[1])) {
			missing("service", m[1], services)
		}
	}
	for _, group := range aGroup.FindAllString(text, -1) {
		if _, err := lab.ServiceName(group); err != nil {
			missing("consumer group", group, services)
		}
	}
	for _, m := range aTopic.FindAllStringSubmatch(text, -1) {
		if name := m[1] + m[2]; !slices.Contains(topics, name) {
			missing("topic", name, topics)
		}
	}
	for _, name := range aSideTopic.FindAllString(text, -1) {
		if !slices.Contains(topics, name) {
			missing("topic", name, topics)
		}
	}
	for _, m := range aMessage.FindAllStringSubmatch(text, -1) {
		if (pastTense.MatchString(m[0]) || slices.Contains(imperatives, m[1])) && !slices.Contains(messages, m[0]) {
			missing("event or command", m[0], messages)
		}
	}
}

// holdsWord tells whether a text has a word in it, whatever the case. The word
// may come from a file: it is no pattern.
func holdsWord(text, word string) bool {
	text, word = strings.ToLower(text), strings.ToLower(word)
	for from := 0; ; {
		n := strings.Index(text[from:], word)
		if n < 0 || word == "" {
			return false
		}
		n += from
		before, _ := utf8.DecodeLastRuneInString(text[:n])
		after, _ := utf8.DecodeRuneInString(text[n+len(word):])
		if !letter(before) && !letter(after) {
			return true
		}
		from = n + len(word)
	}
}

func letter(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// find says where a word of a text stands, which may run over several lines.
func (s *Scenario) find(path, word string) form.Pos {
	at := s.file.At(path)
	lines := strings.Split(string(s.text), "\n")
	for i := max(at.Line-1, 0); i < len(lines); i++ {
		text := lines[i]
		if before, _, ok := strings.Cut(text, word); ok {
			return form.Pos{Line: i + 1, Column: utf8.RuneCountInString(before) + 1}
		}
	}
	return at
}
