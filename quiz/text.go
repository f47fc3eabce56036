package quiz

import (
	"slices"
	"strings"
	"unicode"
)

// token is a word of an answer, and the clause that it stands in.
type token struct {
	word   string
	clause int
}

// textMax bounds the answer that is looked at, in bytes; what is longer is cut.
const textMax = 16 << 10

// gapMax is how many other words may stand between two words of a wording, and
// negationReach how far before it a negation is looked for.
const (
	gapMax        = 2
	negationReach = 5
)

// negators turn what follows into its opposite. A few words end a clause as a
// full stop does: what is negated before them is not negated after them.
var (
	negators = []string{"not", "no", "never", "without", "neither", "nor", "hardly", "nobody", "nothing", "lack", "lacks", "lacking", "instead", "rather", "avoid", "avoids", "false", "untrue", "wrong"}
	clauses  = []string{"but", "however", "although", "though", "whereas", "while", "because", "since", "so", "therefore", "and", "which", "then", "yet"}
	copulas  = []string{"is", "are", "was", "were"}
)

// tokens cuts a text into words. Don't is do not, loosely-coupled is two words.
func tokens(text string) (list []token) {
	if len(text) > textMax {
		text = text[:textMax]
	}
	text = strings.NewReplacer("’", "'", "n't", " not", "cannot", "can not", "N'T", " not").Replace(strings.ToLower(text))
	clause := 0
	var word strings.Builder
	end := func() {
		if word.Len() == 0 {
			return
		}
		w := word.String()
		word.Reset()
		if slices.Contains(clauses, w) {
			clause++
		}
		list = append(list, token{w, clause})
	}
	for _, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			word.WriteRune(r)
		case strings.ContainsRune(".;:!?,\n()", r):
			end()
			clause++
		default:
			end()
		}
	}
	end()
	return list
}

// says tells whether an answer says a wording, and does not deny it.
func says(answer []token, wording string) bool {
	words := tokens(wording)
	if len(words) == 0 {
		return false
	}
	for i := range answer {
		if end, ok := matchesAt(answer, i, words); ok && !denied(answer, i, end, words) {
			return true
		}
	}
	return false
}

// matchesAt tells whether a wording begins at a word of the answer, and where
// it ends.
func matchesAt(answer []token, i int, words []token) (end int, ok bool) {
	at := i
	for n, w := range words {
		if n > 0 {
			next := -1
			for j := at + 1; j < len(answer) && j <= at+1+gapMax; j++ {
				if strings.HasPrefix(answer[j].word, w.word) {
					next = j
					break
				}
			}
			if next < 0 {
				return 0, false
			}
			at = next
			continue
		}
		if !strings.HasPrefix(answer[at].word, w.word) {
			return 0, false
		}
	}
	return at, true
}

// denied tells whether the words around a match turn it into its opposite.
func denied(answer []token, from, to int, words []token) bool {
	count := 0
	if !slices.Contains(negators, words[0].word) {
		for i := from - 1; i >= 0 && i >= from-negationReach && answer[i].clause == answer[from].clause; i-- {
			if !slices.Contains(negators, answer[i].word) {
				continue
			}
			if next := answer[i+1].word; next == "only" || next == "just" || next == "merely" {
				continue // not only loosely coupled
			}
			count++
		}
	}
	// Between the words of the match: loosely, but not tightly, coupled.
	for i := from + 1; i < to; i++ {
		if slices.Contains(negators, answer[i].word) && !slices.ContainsFunc(words, func(w token) bool { return strings.HasPrefix(answer[i].word, w.word) }) {
			count++
		}
	}
	// After it: loose coupling is not an advantage.
	if to+2 < len(answer) && slices.Contains(copulas, answer[to+1].word) && answer[to+2].word == "not" && answer[to+2].clause == answer[to].clause {
		count++
	}
	return count%2 == 1
}
