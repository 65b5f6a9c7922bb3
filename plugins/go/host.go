package standpipe

import (
	"fmt"

	"standpipe.dev/sdk/internal/batch"
)

// Level is how much a line of the log matters.
type Level uint8

// The levels.
const (
	Trace Level = iota // every step
	Debug              // for whoever looks for a fault
	Info               // worth knowing
	Warn               // something is not as it should be
	Error              // somebody has to act
)

// speaking is the record that lines belong to. The host is told before the first line of each.
var speaking struct {
	record uint32
	untold bool
}

// Log writes a line to the host's log. What is logged while a record fails is kept with its failure. What is printed to
// standard output and standard error gets there, too.
func Log(level Level, message string) { hostLog(level, valid(message)) }

// Logf writes a line that is formatted as [fmt.Sprintf] does.
func Logf(level Level, format string, args ...any) { Log(level, fmt.Sprintf(format, args...)) }

// Count adds to one of the plugin's counters. Cheap: sums are passed to the host once a batch. Names match
// [a-z][a-z0-9_]*; list them in plugin.json under `metrics`.
func Count(metric string, value uint64) {
	counts := batch.Plugin.Counts
	for i := range counts {
		if counts[i].Metric == metric {
			counts[i].Sum += value
			return
		}
	}
	batch.Plugin.Counts = append(counts, batch.Count{Metric: valid(metric), Sum: value})
}
