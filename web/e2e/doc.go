// Package e2e has no code of its own: its tests build the program, start it as
// a user would, and look at it from outside, through a browser, a Kafka client
// and the command line.
//
// Tests that need Chromium, kcat or a Python client skip where these are not
// installed, and say so; with EDDY_TEST_ALL=1 such a skip is a failure.
package e2e
