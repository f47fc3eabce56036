package soak

// Shrink takes moves away from a plan as long as what is left still fails, and
// returns the smallest failing plan that it found. It asks fails at most limit
// times.
func Shrink(p Plan, limit int, fails func(Plan) bool) Plan {
	for size := len(p.Moves) / 2; size >= 1; {
		smaller := false
		for from := 0; from < len(p.Moves); {
			if limit == 0 {
				return p
			}
			limit--
			try := p
			try.Moves = append(append([]Move{}, p.Moves[:from]...), p.Moves[min(from+size, len(p.Moves)):]...)
			if fails(try) {
				p, smaller = try, true
				continue // what follows stands at from now
			}
			from += size
		}
		if !smaller || size > len(p.Moves) {
			size /= 2
		}
	}
	return p
}
