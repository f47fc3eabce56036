package quiz

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Lost is something that did not carry over from one format to another.
type Lost struct {
	Question string `json:"question"` // id, "" where it is about the whole
	What     string `json:"what"`
}

// giftSigns have a meaning in GIFT and stand behind a backslash as themselves.
var giftSigns = strings.NewReplacer(`\`, `\\`, "~", `\~`, "=", `\=`, "#", `\#`, "{", `\{`, "}", `\}`, ":", `\:`, "\n", `\n`)

func giftText(text string) string { return giftSigns.Replace(strings.TrimSpace(text)) }

// GIFT writes the quiz in Moodle's GIFT format, as far as its kinds allow.
func (q *Quiz) GIFT() (text string, lost []Lost) {
	var b strings.Builder
	fmt.Fprintf(&b, "// %s\n$CATEGORY: %s\n", strings.ReplaceAll(q.Title, "\n", " "), q.ID)
	for i := range q.Questions {
		question := &q.Questions[i]
		lose := func(what string) { lost = append(lost, Lost{question.ID, what}) }
		body, ok := question.gift(lose)
		if !ok {
			continue
		}
		if question.Points > 0 && question.Points != 1 {
			lose(fmt.Sprintf("its %g points: GIFT has none, set them after the import", question.Points))
		}
		if about := question.aboutGIFT(); about != "" {
			body += "####" + giftText(about)
		}
		fmt.Fprintf(&b, "\n::%s::[markdown]%s {%s}\n", giftText(question.ID), giftText(question.Ask), body)
	}
	return b.String(), lost
}

// aboutGIFT is the feedback of a question: why, and of an essay what it should
// say.
func (q *Question) aboutGIFT() string {
	var ideas []string
	if q.Kind == Text {
		for _, i := range q.Accept {
			ideas = append(ideas, "- "+i.Idea)
		}
	}
	return strings.TrimSpace(strings.Join(ideas, "\n") + "\n\n" + q.Explain)
}

func (q *Question) gift(lose func(string)) (body string, ok bool) {
	var b strings.Builder
	switch q.Kind {
	case Single:
		for _, o := range q.Options {
			sign := "~"
			if o.Correct {
				sign = "="
			}
			fmt.Fprintf(&b, "\n\t%s%s%s", sign, giftText(o.Text), giftFeedback(o.Why))
		}
	case Multiple:
		right := 0
		for _, o := range q.Options {
			if o.Correct {
				right++
			}
		}
		for _, o := range q.Options {
			share := 100 / float64(right)
			if !o.Correct {
				share = -share
			}
			fmt.Fprintf(&b, "\n\t~%%%s%%%s%s", strconv.FormatFloat(share, 'f', 5, 64), giftText(o.Text), giftFeedback(o.Why))
		}
	case Number:
		fmt.Fprintf(&b, "#%s:%s", decimal(q.Number.Value), decimal(q.Number.Tolerance))
	case Match:
		for _, c := range q.Match {
			fmt.Fprintf(&b, "\n\t=%s -> %s", giftText(c.Left), giftText(c.Right))
		}
	case Order:
		lose("the order is asked as a match of places to items, because GIFT has no order; a graph of what comes before what becomes one order")
		for i, item := range q.Order {
			fmt.Fprintf(&b, "\n\t=%d. -> %s", i+1, giftText(item))
		}
	case Text:
		lose("the grading by ideas: it becomes an essay that a person grades; the ideas stand in its feedback")
		return "", true
	default:
		lose("the question itself: only a lab can ask it")
		return "", false
	}
	b.WriteString("\n")
	return b.String(), true
}

func giftFeedback(why string) string {
	if why == "" {
		return ""
	}
	return "#" + giftText(why)
}

// ReadGIFT reads a quiz from GIFT. What it has no kind for is left out and
// named. The quiz that comes back is sound.
func ReadGIFT(id, title, text string) (*Quiz, []Lost, error) {
	in, err := newIncoming(id, title)
	if err != nil {
		return nil, nil, err
	}
	for _, block := range giftBlocks(text) {
		if !in.room() {
			break
		}
		question, missing, err := readGIFT(block)
		if err != nil {
			in.lose("", fmt.Sprintf("question %d: %v", in.n, err))
			continue
		}
		in.take(question, question.ID, missing)
	}
	return in.done()
}

// giftBlocks cuts a file into its questions: an empty line ends one, unless it
// stands in braces. Comments and categories are left out.
func giftBlocks(text string) (blocks []string) {
	var block []string
	depth := 0
	end := func() {
		if s := strings.TrimSpace(strings.Join(block, "\n")); s != "" {
			blocks = append(blocks, s)
		}
		block = nil
	}
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		line = strings.TrimRight(line, "\n")
		bare := strings.TrimSpace(line)
		if depth == 0 && (strings.HasPrefix(bare, "//") || strings.HasPrefix(bare, "$CATEGORY:")) {
			continue
		}
		if bare == "" && depth == 0 {
			end()
			continue
		}
		block = append(block, line)
		for i := 0; i < len(line); i++ {
			switch line[i] {
			case '\\':
				i++
			case '{':
				depth++
			case '}':
				depth = max(0, depth-1)
			}
		}
	}
	end()
	return blocks
}

// plainGIFT takes the backslashes away.
func plainGIFT(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) {
			i++
			if text[i] == 'n' {
				b.WriteByte('\n')
				continue
			}
		}
		b.WriteByte(text[i])
	}
	return strings.TrimSpace(b.String())
}

// indexGIFT finds a sign that stands for itself not.
func indexGIFT(text, sign string) int {
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' {
			i++
			continue
		}
		if strings.HasPrefix(text[i:], sign) {
			return i
		}
	}
	return -1
}

var giftFormat = regexp.MustCompile(`^\[(?:markdown|moodle|html|plain)\]`)

func readGIFT(block string) (q Question, lost []string, err error) {
	if rest, ok := strings.CutPrefix(block, "::"); ok {
		name, after, found := strings.Cut(rest, "::")
		if !found {
			return q, nil, fmt.Errorf("its name has no end (::)")
		}
		q.ID, block = plainGIFT(name), strings.TrimSpace(after)
	}
	block = giftFormat.ReplaceAllString(block, "")
	open := indexGIFT(block, "{")
	if open < 0 {
		return q, nil, fmt.Errorf("it has no answers ({…}): it is a text and no question")
	}
	length := indexGIFT(block[open:], "}")
	if length < 0 {
		return q, nil, fmt.Errorf("its answers have no end (})")
	}
	body, after := block[open+1:open+length], strings.TrimSpace(block[open+length+1:])
	q.Ask = plainGIFT(block[:open])
	if after != "" {
		q.Ask += " _____ " + plainGIFT(after)
	}
	if q.Ask == "" {
		return q, nil, fmt.Errorf("it asks nothing")
	}
	if i := indexGIFT(body, "####"); i >= 0 {
		q.Explain, body = plainGIFT(body[i+4:]), body[:i]
	}
	lost, err = q.readAnswers(strings.TrimSpace(body))
	return q, lost, err
}

const noReason = "No reason came with this option."

func (q *Question) readAnswers(body string) (lost []string, err error) {
	switch word := strings.ToUpper(strings.TrimSpace(plainGIFT(cutAt(body, "#")))); {
	case body == "":
		return nil, fmt.Errorf("it is an essay: Eddy grades texts by ideas, write them down as accept")
	case strings.HasPrefix(body, "#"):
		return q.readNumber(body[1:])
	case slices.Contains([]string{"T", "TRUE", "F", "FALSE"}, word):
		q.Kind = Single
		for _, text := range []string{"True", "False"} {
			right := text[0] == word[0]
			o := Option{Text: text, Correct: right}
			if !right {
				o.Why = noReason
			}
			q.Options = append(q.Options, o)
		}
		// {T#said to who is wrong#said to who is right}
		if i := indexGIFT(body, "#"); i >= 0 {
			wrong, right := body[i+1:], ""
			if j := indexGIFT(wrong, "#"); j >= 0 {
				wrong, right = wrong[:j], wrong[j+1:]
			}
			if why := plainGIFT(wrong); why != "" {
				q.Options[slices.IndexFunc(q.Options, func(o Option) bool { return !o.Correct })].Why = why
			}
			lost = q.explainBy(right)
		}
		return lost, nil
	}
	type answer struct {
		right  bool
		weight *float64
		text   string
		why    string
	}
	var answers []answer
	for rest := body; rest != ""; {
		a := answer{right: rest[0] == '='}
		if rest[0] != '=' && rest[0] != '~' {
			return nil, fmt.Errorf("an answer begins with = or ~, not with %q", rest[:1])
		}
		rest = rest[1:]
		end := len(rest)
		for _, sign := range []string{"=", "~"} {
			if i := indexGIFT(rest, sign); i >= 0 {
				end = min(end, i)
			}
		}
		text := strings.TrimSpace(rest[:end])
		rest = rest[end:]
		if m := giftWeight.FindStringSubmatch(text); m != nil {
			w, err := strconv.ParseFloat(m[1], 64)
			if err != nil {
				return nil, fmt.Errorf("%q is no weight", m[1])
			}
			a.weight, text = &w, text[len(m[0]):]
		}
		if i := indexGIFT(text, "#"); i >= 0 {
			a.why, text = plainGIFT(text[i+1:]), text[:i]
		}
		a.text = strings.TrimSpace(text)
		answers = append(answers, a)
	}
	isMatch := len(answers) > 0
	wrongs, weights := 0, 0
	for _, a := range answers {
		isMatch = isMatch && a.right && indexGIFT(a.text, "->") >= 0
		if !a.right {
			wrongs++
		}
		if a.weight != nil {
			weights++
		}
	}
	switch {
	case isMatch:
		q.Kind = Match
		for _, a := range answers {
			i := indexGIFT(a.text, "->")
			c := Couple{Left: plainGIFT(a.text[:i]), Right: plainGIFT(a.text[i+2:])}
			if c.Left == "" {
				lost = append(lost, "a right side that belongs to nothing: "+c.Right)
				continue
			}
			q.Match = append(q.Match, c)
		}
		return lost, nil
	case wrongs == 0:
		q.Kind = Text
		idea := Idea{Idea: plainGIFT(answers[0].text)}
		for _, a := range answers {
			idea.Any = append(idea.Any, plainGIFT(a.text))
		}
		q.Accept = []Idea{idea}
		return []string{"that a short answer must be the whole text: here it is enough that the text says it"}, nil
	}
	q.Kind = Single
	if weights > 0 {
		q.Kind = Multiple
	}
	for _, a := range answers {
		o := Option{Text: plainGIFT(a.text), Correct: a.right || a.weight != nil && *a.weight > 0, Why: a.why}
		if !o.Correct && o.Why == "" {
			o.Why = noReason
			lost = append(lost, fmt.Sprintf("why %q is wrong: no reason came with it, write one", o.Text))
		}
		q.Options = append(q.Options, o)
	}
	if weights > 0 {
		lost = append(lost, "its weights: right options count the same, and wrong ones take as much away")
	}
	return lost, nil
}

var giftWeight = regexp.MustCompile(`^%(-?[0-9.]+)%`)

func cutAt(text, sign string) string {
	if i := indexGIFT(text, sign); i >= 0 {
		return text[:i]
	}
	return text
}

// explainBy takes what a format says to who is right as the explanation, and
// names it where there is one already.
func (q *Question) explainBy(feedback string) (lost []string) {
	switch said := plainGIFT(feedback); {
	case said == "":
	case q.Explain == "":
		q.Explain = said
	default:
		lost = append(lost, "what is said to who is right: "+said)
	}
	return lost
}

func (q *Question) readNumber(body string) (lost []string, err error) {
	q.Kind = Number
	body = strings.TrimPrefix(strings.TrimSpace(body), "=")
	for _, sign := range []string{"=", "~"} {
		if i := indexGIFT(body, sign); i >= 0 {
			lost = append(lost, "its further answers: here a number has one")
			body = body[:i]
		}
	}
	if i := indexGIFT(body, "#"); i >= 0 {
		lost = append(lost, q.explainBy(body[i+1:])...)
		body = body[:i]
	}
	body = strings.TrimSpace(body)
	if low, high, ok := strings.Cut(body, ".."); ok {
		l, errL := strconv.ParseFloat(strings.TrimSpace(low), 64)
		h, errH := strconv.ParseFloat(strings.TrimSpace(high), 64)
		if errL != nil || errH != nil || h < l {
			return nil, fmt.Errorf("%q is no range of numbers", body)
		}
		q.Number = &Numeric{Value: (l + h) / 2, Tolerance: (h - l) / 2}
		return lost, nil
	}
	value, tolerance, _ := strings.Cut(body, ":")
	v, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
	if err != nil {
		return nil, fmt.Errorf("%q is no number", value)
	}
	q.Number = &Numeric{Value: v}
	if tolerance != "" {
		if q.Number.Tolerance, err = strconv.ParseFloat(strings.TrimSpace(tolerance), 64); err != nil || q.Number.Tolerance < 0 {
			return nil, fmt.Errorf("%q is no tolerance", tolerance)
		}
	}
	return lost, nil
}

var notInID = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes an id of a name.
func slug(name string, n int) string {
	id := strings.Trim(notInID.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if len(id) > 40 {
		id = strings.Trim(id[:40], "-")
	}
	if id == "" {
		id = fmt.Sprintf("question-%d", n)
	}
	return id
}

func unused(id string, seen map[string]bool) string {
	for base, n := id, 2; seen[id]; n++ {
		id = fmt.Sprintf("%s-%d", base, n)
	}
	seen[id] = true
	return id
}
