package lab

import "eddy/lab/store"

// WriteStore is the write database, which nobody outside the lab may touch but a
// test.
func (l *Lab) WriteStore() *store.Write { return l.write }
