package quiz

import (
	"slices"
	"strings"
	"unicode"
)

// textMax bounds the answer that is looked at, in bytes; what is longer is cut.
const textMax = 16 << 10

// gapMax is how many other words may stand between two words of a wording;
// fillers do not count. After a negation there may be more: nobody in the whole
// shop has to wait.
const (
	gapMax         = 2
	gapMaxNegation = 4
)

// negators are the words that turn what follows into its opposite, with how far
// that reaches, in words: "without waiting the caller goes on" does not deny
// that the caller goes on. Instead and rather need an of and a than.
var negators = map[string]int{
	"not": 5, "never": 5, "neither": 5, "nor": 5, "hardly": 5, "nobody": 5, "nothing": 5, "none": 5, "impossible": 5,
	"no": 4, "unable": 4, "without": 3, "instead": 3, "rather": 3, "avoid": 3, "avoids": 3, "avoiding": 3,
	"prevent": 3, "prevents": 3, "preventing": 3, "lack": 3, "lacks": 3, "lacking": 3,
}

// Words that bear on what a negation means.
var (
	softened = []string{"only", "just", "merely", "simply"}                                           // not only
	opinions = []string{"true", "think", "believe", "know", "sure", "certain", "say", "mean", "case"} // not true that …: reaches to the end of the clause
	denials  = []string{"false", "wrong", "untrue"}                                                   // false that …
	copulas  = []string{"is", "are", "was", "were"}
	helpers  = []string{"do", "does", "did", "will", "can", "would", "could", "may", "has", "have"}
	objects  = []string{"nothing", "nobody", "none", "no"}
	phrases  = []string{"doubt", "wonder", "matter"}                               // no doubt
	failures = []string{"fail", "fails", "failed", "failing", "forgets", "forgot"} // fails to …
	halts    = []string{"stop", "stops", "stopped"}                                // stops working
	happens  = []string{"happen", "occur", "exist", "appl", "hold", "take", "work", "matter"}
	fillers  = []string{"a", "an", "the", "its", "their", "his", "her", "is", "are", "be", "been", "was", "were", "will", "would", "can", "could", "then", "also"}
)

// matched tells whether one of the words of a wording stands at a place of the
// answer: its word begins with it, or says it with its neighbours. A not is any
// negation, and other negations are themselves.
func matched(answer []token, i int, words []string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		if word == "not" {
			return negates(answer, i) > 0
		}
		if _, ok := negators[word]; ok {
			return answer[i].word == word
		}
		return word != "" && (begins(answer[i].word, word) || word == answer[i].also)
	})
}

// negates tells how far a word of the answer turns what follows into its
// opposite, in words; 0 where it does not.
func negates(answer []token, i int) int {
	word, next := answer[i].word, ""
	if i+1 < len(answer) {
		next = answer[i+1].word
	}
	switch {
	case word == "instead" && next != "of", word == "rather" && next != "than",
		word == "no" && slices.Contains(phrases, next), slices.Contains(softened, next):
		return 0
	case slices.Contains(failures, word) && next == "to", slices.Contains(halts, word) && strings.HasSuffix(next, "ing"):
		return 4
	}
	return negators[word]
}

// endings are what may follow a beginning of up to three letters. Such a one is
// a word: it does not begin items, nor or an order.
var endings = []string{"", "s", "es", "d", "ed", "ing", "er", "est", "ly"}

// irregular are forms that do not begin with their verb.
var irregular = map[string]string{
	"began": "begin", "begun": "begin", "broke": "break", "brought": "bring", "built": "build", "rebuilt": "rebuild", "came": "come",
	"caught": "catch", "chose": "choose", "did": "do", "fell": "fall", "found": "find", "gave": "give", "gone": "go", "got": "get", "grew": "grow",
	"heard": "hear", "held": "hold", "hidden": "hide", "kept": "keep", "knew": "know", "left": "leave", "lost": "lose", "made": "make",
	"paid": "pay", "ran": "run", "resent": "resend", "said": "say", "sat": "sit", "saw": "see", "sent": "send", "sold": "sell", "spoke": "speak", "told": "tell",
	"took": "take", "understood": "understand", "wrote": "write", "rewrote": "rewrite",
}

// begins tells whether a word begins with another one. It may be an irregular
// form of it, and if it is long enough to be known all the same, it may be
// spelled as it sounds, or mistyped in one letter.
func begins(word, with string) bool {
	if verb, ok := irregular[word]; ok && begins(verb, with) {
		return true
	}
	if rest, ok := strings.CutPrefix(word, with); ok {
		if rest == "less" { // leaderless
			return false
		}
		if len(with) > 3 || slices.Contains(endings, rest) {
			return true
		}
		// mapped, running: the last letter is doubled.
		return len(rest) > 2 && rest[0] == with[len(with)-1] && slices.Contains(endings, rest[1:])
	}
	w, p := []rune(word), []rune(with)
	if len(p) < 5 || len(w) < 2 || w[0] != p[0] {
		return false
	}
	if len(w) > 5 && strings.HasPrefix(sound(word), sound(with)) {
		return true
	}
	i := 0
	for i < len(w) && i < len(p) && w[i] == p[i] {
		i++
	}
	after := func(r []rune, n int) string { return string(r[min(n, len(r)):]) }
	swapped := i+1 < len(w) && i+1 < len(p) && w[i] == p[i+1] && w[i+1] == p[i] && strings.HasPrefix(after(w, i+2), after(p, i+2))
	missing := i+1 < len(p) && strings.HasPrefix(after(w, i), after(p, i+1))
	twice := strings.HasPrefix(after(w, i+1), after(p, i))
	// Another last letter is another word: consumer, consumed.
	other := i+1 < len(p) && strings.HasPrefix(after(w, i+1), after(p, i+1))
	return swapped || len(p) > 5 && (missing || twice) || len(p) > 6 && other
}

// sounds are letters that are taken for one another: desides, transaktion,
// synchronise, choreografy.
var sounds = strings.NewReplacer("ce", "se", "ci", "si", "cy", "sy", "ch", "ch", "ck", "k", "c", "k", "ph", "f", "z", "s")

// sound is how a word sounds: no letter is doubled.
func sound(word string) string {
	return string(slices.Compact([]rune(sounds.Replace(word))))
}

// says tells whether an answer says a wording, and does not deny it.
//
//   - "loosely coupl": the words follow one another, with few others between.
//   - "take|takes over": one of several words.
//   - "crash + not stop|affect": the parts stand in one sentence, in any order.
//   - "^no": the answer begins with this word, and it stands for itself, as in
//     "No, you must not".
//   - The not of a wording is any negation: never, nobody, without.
//   - "choreography coordinator !orchestration": the last word does not stand
//     between the first two.
func says(answer []token, wording string) bool {
	if word, ok := strings.CutPrefix(wording, "^"); ok {
		return len(answer) > 0 && answer[0].word == word && (len(answer) == 1 || answer[1].clause != answer[0].clause)
	}
	parts := strings.Split(wording, "+")
	if len(parts) == 1 {
		return saysPart(answer, wording)
	}
	return slices.ContainsFunc(sentences(answer), func(s []token) bool {
		return !slices.ContainsFunc(parts, func(p string) bool { return !saysPart(s, p) })
	})
}

// sentences cuts an answer into its sentences.
func sentences(answer []token) (list [][]token) {
	for len(answer) > 0 {
		n := slices.IndexFunc(answer, func(t token) bool { return t.sentence != answer[0].sentence })
		if n < 0 {
			n = len(answer)
		}
		list = append(list, answer[:n])
		answer = answer[n:]
	}
	return list
}

// in tells whether an answer says the idea. A wording of Not counts inside one
// sentence only: the next one may be about the other term.
func (i Idea) in(answer []token) bool {
	return slices.ContainsFunc(i.Any, func(w string) bool { return says(answer, w) }) &&
		!slices.ContainsFunc(sentences(answer), func(s []token) bool {
			return slices.ContainsFunc(i.Not, func(w string) bool { return says(s, w) })
		})
}

// saysPart tells whether the words of a wording follow one another.
func saysPart(answer []token, part string) bool {
	words, barred := wordsOf(part), barredIn(part)
	if len(words) == 0 {
		return false
	}
	for i := range answer {
		places := matchAt(answer, i, words)
		if places == nil || denied(answer, places) {
			continue
		}
		between := answer[i:places[len(places)-1]]
		if !slices.ContainsFunc(between, func(t token) bool {
			return slices.ContainsFunc(barred, func(b string) bool { return strings.HasPrefix(t.word, b) })
		}) {
			return true
		}
	}
	return false
}

// barredIn are the words of a wording that must not stand between the others.
func barredIn(wording string) (words []string) {
	for field := range strings.FieldsSeq(wording) {
		if list, ok := strings.CutPrefix(field, "!"); ok {
			words = append(words, strings.Split(strings.ToLower(list), "|")...)
		}
	}
	return words
}

// wordsOf cuts a wording into its words, each with what may stand for it.
func wordsOf(wording string) (words [][]string) {
	for field := range strings.FieldsSeq(wording) {
		if strings.HasPrefix(field, "!") {
			continue
		}
		if strings.Contains(field, "|") {
			words = append(words, strings.Split(strings.ToLower(field), "|"))
			continue
		}
		for _, t := range tokens(field) {
			words = append(words, []string{t.word})
		}
	}
	return words
}

// matchAt returns the places of a wording's words in the answer, where the first
// one stands at i, and nil where they do not follow near enough.
func matchAt(answer []token, i int, words [][]string) []int {
	if !matched(answer, i, words[0]) {
		return nil
	}
	places := []int{i}
	for n, w := range words[1:] {
		gap, negation := gapMax, negates(answer, places[n]) > 0
		if negation {
			gap = gapMaxNegation
		}
		at := places[n] + 1
		for ; at < len(answer) && !matched(answer, at, w); at++ {
			if !slices.Contains(fillers, answer[at].word) {
				gap--
			}
			if gap < 0 {
				return nil
			}
		}
		// A negation is one of its own clause: it should be changed and no …
		if at == len(answer) || (negation || slices.Contains(w, "not")) && answer[at].clause != answer[places[n]].clause {
			return nil
		}
		places = append(places, at)
	}
	return places
}

// denied tells whether the words around a match turn it into its opposite. Two
// negations are none.
func denied(answer []token, places []int) bool {
	from, to := places[0], places[len(places)-1]
	count := 0
	for i := from - 1; i >= 0 && answer[i].clause == answer[from].clause; i-- {
		opinion := i+1 < from && (negates(answer, i) > 0 && slices.Contains(opinions, answer[i+1].word) ||
			slices.Contains(denials, answer[i].word) && answer[i+1].word == "that")
		if opinion || from-i <= negates(answer, i) {
			count++
		}
	}
	// Between the words of the match: a partition does not go to one member.
	for i := from + 1; i < to; i++ {
		if negates(answer, i) > 0 && !slices.Contains(places, i) {
			count++
		}
	}
	// After it: it decides nothing; loose coupling is not an advantage; a
	// rebalance does not happen.
	if to+1 < len(answer) && answer[to+1].clause == answer[to].clause && slices.Contains(objects, answer[to+1].word) {
		count++
	}
	if to+2 < len(answer) && answer[to+2].clause == answer[to].clause && negates(answer, to+2) > 0 {
		next := ""
		if to+3 < len(answer) {
			next = answer[to+3].word
		}
		happen := slices.ContainsFunc(happens, func(h string) bool { return strings.HasPrefix(next, h) })
		if slices.Contains(copulas, answer[to+1].word) || slices.Contains(helpers, answer[to+1].word) && happen {
			count++
		}
	}
	return count%2 == 1
}

// token is a word of an answer, and the clause and sentence that it stands in.
type token struct {
	word             string
	clause, sentence int
	also             string // what it says together with its neighbours
}

// Words at which a clause begins: what is negated before them is not negated
// after them. A pronoun begins one too, for those who write without commas.
var (
	clauses  = []string{"but", "however", "although", "though", "whereas", "while", "because", "since", "so", "therefore", "and", "which", "then", "when", "where", "until", "after", "otherwise", "even"}
	pronouns = []string{"they", "we", "you", "i", "he", "she"}
	leading  = []string{"that", "if", "whether", "think", "believe", "know", "sure", "say", "mean", "do", "does", "did", "can", "may", "should", "must"}
	articles = []string{"the", "it", "you", "we", "they", "this", "that", "a", "an", "one", "i", "there", "never", "not", "instead", "because", "in"}
	short    = strings.NewReplacer("can't", "can not", "won't", "will not", "n't", " not", "cannot", "can not")
)

// apostrophes that people leave out.
var joined = map[string]string{
	"dont": "do", "doesnt": "does", "didnt": "did", "isnt": "is", "arent": "are", "wasnt": "was", "cant": "can", "wont": "will",
	"couldnt": "could", "shouldnt": "should", "wouldnt": "would", "mustnt": "must", "neednt": "need", "havent": "have", "hasnt": "has",
}

// tokens cuts a text into words. Don't is do not, loosely-coupled is two words.
func tokens(text string) (list []token) {
	if len(text) > textMax {
		text = text[:textMax]
	}
	text = short.Replace(strings.ReplaceAll(strings.ToLower(text), "’", "'"))
	clause, sentence := 0, 0
	var word strings.Builder
	end := func() {
		if word.Len() == 0 {
			return
		}
		w := word.String()
		word.Reset()
		if verb, ok := joined[w]; ok {
			list = append(list, token{word: verb, clause: clause, sentence: sentence}, token{word: "not", clause: clause, sentence: sentence})
			return
		}
		list = append(list, token{word: w, clause: clause, sentence: sentence})
	}
	for _, r := range text {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			word.WriteRune(r)
		case strings.ContainsRune(".;:!?,\n()=", r):
			end()
			clause++
			if strings.ContainsRune(".;!?\n", r) {
				sentence++
			}
		default:
			end()
		}
	}
	end()
	for i := 1; i < len(list); i++ {
		before, word := list[i-1].word, list[i].word
		if slices.Contains(manyTimes[word], before) {
			list[i].also = "twice"
		}
	}
	return split(list)
}

// manyTimes are the words with what stands before them where they say twice:
// two times, more than once, once more.
var manyTimes = map[string][]string{
	"times": {"two", "2", "several", "multiple", "many", "more", "three", "3", "various", "different"},
	"time":  {"second", "another", "more", "2nd"},
	"once":  {"than"},
	"one":   {"than"},
	"more":  {"once"},
}

// split lets clauses begin where no sign says so.
func split(list []token) []token {
	more, ifAt, notAt := 0, -1, -1
	for i := range list {
		before, next := "", ""
		first := i == 0 || list[i].clause+more != list[i-1].clause
		if i > 0 {
			before = list[i-1].word
		}
		if i+1 < len(list) {
			next = list[i+1].word
		}
		word := list[i].word
		if first {
			ifAt, notAt = -1, -1
		}
		switch {
		case word == "if" || word == "unless":
			ifAt, notAt = i, -1
		case ifAt >= 0 && negators[word] > 0:
			notAt = i
		case notAt >= 0 && i > notAt+1 && slices.Contains(articles, word):
			more++ // if it is not idempotent | the card is charged twice
			ifAt, notAt = -1, -1
		}
		subject := slices.Contains(pronouns, word) || word == "it" && (slices.Contains(copulas, next) || slices.Contains(helpers, next))
		switch {
		case slices.Contains(clauses, word), subject && !first && !slices.Contains(leading, before), word == "instead" && next != "of":
			more++
		}
		list[i].clause += more
		if first && (word == "no" || word == "nope") && slices.Contains(articles, next) {
			more++ // no, the …
		}
	}
	return list
}
