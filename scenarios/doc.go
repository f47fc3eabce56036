// Package scenarios is what guides a learner through a lab: the format of a
// scenario file, its check, and the one engine that plays it, for a browser and
// for the command line.
//
// Guarantees:
//
//   - Parse finds every problem of a file, with its line and column and with what
//     would be valid; a scenario that is handed out has none (form says how files
//     are read and bounded).
//   - A goal is a property of the board: whatever way leads there counts, and no
//     goal can ask whether an action was made.
//   - A Guide judges its step's goal whenever the journal has grown, at most ten
//     times a second, and writes it into the journal once it is met. It never
//     tells what a question's answer is before it was answered.
//   - Run plays a scenario from its first step to its last in a lab of its own, in
//     one of three modes: with the solutions each goal is met in time, and as the
//     step stands or with its wrong moves it is not. A Prover plays all of
//     them, in processes of their own.
//   - What a step does by itself (during) happens once, in its order, and only
//     while the learner is at work on the step, somebody watches and the lab is not
//     frozen. A step that begins again has all of it before it again.
//   - A score is given at the moment at which the goal is met. A promise that a line
//     says was never broken is judged from the journal since the step began.
//   - What NewRecord and Draft make of a lab passes Parse. Once Rehearse has tried
//     it, its goals are unmet before their step and met after it, under several
//     seeds, and none comes true by itself.
//
// The library (library/*.yaml) is part of the program. A folder of further
// scenarios is read again when a file in it changes.
package scenarios
