// Package standpipetest runs the plugin of a package natively, by the code that runs it in the host:
//
//	func TestShout(t *testing.T) {
//		outcomes := standpipetest.Run(t, `{}`, "hey", "you")
//		if got := outcomes.Texts(); !slices.Equal(got, []string{"HEY", "YOU"}) {
//			t.Errorf("got %q", got)
//		}
//	}
package standpipetest

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"standpipe.dev/sdk"
	"standpipe.dev/sdk/internal/batch"
)

// Record is a record to give to a plugin.
type Record struct {
	Payload   string
	ArrivalMS uint64
	Columns   map[string]string
}

// Output is an output.
type Output struct {
	Record  int // the number of the record that it came from
	Payload string
	Columns map[string]string // those of its record, and over them those that the plugin gave it
}

// Failed is a record that failed. Below the first line of its message stands the stack of a panic.
type Failed struct {
	Record        int
	Code, Message string
}

// Line is a line of the log.
type Line struct {
	Level   standpipe.Level
	Message string
}

// Outcomes are what became of the records, and what the plugin said meanwhile.
type Outcomes struct {
	Outputs []Output
	Dropped []int
	Failed  []Failed
	Logs    []Line
	Counts  map[string]uint64
}

// Texts returns the outputs' payloads.
func (o *Outcomes) Texts() []string {
	texts := make([]string, len(o.Outputs))
	for i, output := range o.Outputs {
		texts[i] = output.Payload
	}
	return texts
}

// Init tries params, JSON: what the host does when it makes an instance.
func Init(params string) error {
	if batch.Plugin.Init == nil {
		return errors.New("no plugin is registered: call standpipe.Register in init")
	}
	if refused := batch.Plugin.Init([]byte(params), []byte("{}")); refused != nil {
		return &standpipe.Failure{Code: refused.Code, Message: refused.Message}
	}
	return nil
}

// Run runs the plugin over records with these payloads. The test ends if the params are refused, and fails if a record
// is neither emitted nor dropped nor failed.
func Run(t testing.TB, params string, payloads ...string) *Outcomes {
	t.Helper()
	records := make([]Record, len(payloads))
	for i, payload := range payloads {
		records[i].Payload = payload
	}
	return RunRecords(t, params, records...)
}

// RunRecords is Run for records with arrival times and columns. It passes all columns, also those that plugin.json does
// not ask for.
func RunRecords(t testing.TB, params string, records ...Record) *Outcomes {
	t.Helper()
	if err := Init(params); err != nil {
		t.Fatalf("the plugin refuses its params: %v", err)
	}
	batch.Plugin.Counts, batch.Plugin.Logs = nil, nil
	result, refused := batch.Plugin.Transform(lay(records))
	if refused != nil {
		t.Fatalf("the batch failed as a whole: %s: %s", refused.Code, refused.Message)
	}
	outcomes := read(result, records)
	for i := range records {
		if !outcomes.has(i) {
			t.Errorf("record %d is missing: it was neither emitted nor dropped nor failed", i)
		}
	}
	return outcomes
}

func (o *Outcomes) has(record int) bool {
	return slices.Contains(o.Dropped, record) ||
		slices.ContainsFunc(o.Outputs, func(output Output) bool { return output.Record == record }) ||
		slices.ContainsFunc(o.Failed, func(failed Failed) bool { return failed.Record == record })
}

// lay lays records end to end.
func lay(records []Record) *batch.Records {
	laid := new(batch.Records)
	for i, record := range records {
		laid.Payload = append(laid.Payload, record.Payload...)
		laid.Ends = append(laid.Ends, uint32(len(laid.Payload)))
		laid.ArrivalMS = append(laid.ArrivalMS, record.ArrivalMS)
		for name, value := range record.Columns {
			at := slices.IndexFunc(laid.Columns, func(column batch.Column) bool { return column.Name == name })
			if at < 0 {
				at = len(laid.Columns)
				laid.Columns = append(laid.Columns, batch.Column{Name: name})
			}
			laid.Columns[at].Set(i, []byte(value))
		}
	}
	for i := range laid.Columns {
		laid.Columns[i].Pad(len(records))
	}
	return laid
}

// read copies outcomes, which the next batch overwrites.
func read(result *batch.Outcomes, records []Record) *Outcomes {
	outcomes := &Outcomes{Counts: map[string]uint64{}}
	start := uint32(0)
	for row, end := range result.Ends {
		origin := int(result.Origins[row])
		columns := map[string]string{}
		maps.Copy(columns, records[origin].Columns)
		for i := range result.Columns {
			// The host's rule: a column that comes back takes the inherited one's place, also where it is absent.
			column := &result.Columns[i]
			if value, ok := column.Get(row); ok {
				columns[column.Name] = string(value)
			} else {
				delete(columns, column.Name)
			}
		}
		outcomes.Outputs = append(outcomes.Outputs, Output{origin, string(result.Payload[start:end]), columns})
		start = end
	}
	for _, record := range result.Dropped {
		outcomes.Dropped = append(outcomes.Dropped, int(record))
	}
	for _, failed := range result.Failed {
		outcomes.Failed = append(outcomes.Failed, Failed{int(failed.Index), failed.Code, failed.Message})
	}
	for _, line := range batch.Plugin.Logs {
		outcomes.Logs = append(outcomes.Logs, Line{standpipe.Level(line.Level), line.Message})
	}
	for _, count := range batch.Plugin.Counts {
		outcomes.Counts[count.Metric] += count.Sum
	}
	return outcomes
}
