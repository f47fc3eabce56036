package form

import "slices"

// Needs says of everything that has an id what must be done before it.
type Needs map[string][]string

// LeadTo tells whether something needs another thing, at once or in the end.
// Ids that are not there need nothing.
func (n Needs) LeadTo(from, to string) bool {
	seen := map[string]bool{}
	var leads func(at string) bool
	leads = func(at string) bool {
		if seen[at] {
			return false
		}
		seen[at] = true
		return slices.ContainsFunc(n[at], func(next string) bool { return next == to || leads(next) })
	}
	return leads(from)
}

// Sort puts what is needed before what needs it. Where no need says otherwise,
// the order that the ids have stays; a circle is cut at its first id.
func (n Needs) Sort(ids []string) (sorted []string) {
	left := slices.Clone(ids)
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(id string) bool {
			return !slices.ContainsFunc(n[id], func(need string) bool { return slices.Contains(left, need) })
		})
		if i < 0 {
			i = slices.IndexFunc(left, func(id string) bool { return n.LeadTo(id, id) })
		}
		sorted, left = append(sorted, left[i]), slices.Delete(left, i, i+1)
	}
	return sorted
}
