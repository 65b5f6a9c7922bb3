package standpipe_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"standpipe.dev/sdk"
	"standpipe.dev/sdk/internal/batch"
	"standpipe.dev/sdk/standpipetest"
)

type params struct {
	Prefix string `json:"prefix"`
}

func init() { standpipe.RegisterInit(start, transform) }

func start(params *params, context standpipe.Context) (*string, error) {
	switch params.Prefix {
	case "refuse":
		return nil, errors.New("that prefix is taken")
	case "panic":
		panic("boom at init")
	}
	return &params.Prefix, nil
}

func transform(record *standpipe.Record, prefix *string, out *standpipe.Output) error {
	word, value, _ := strings.Cut(record.Text(), " ")
	switch word {
	case "drop":
		out.EmitText("withdrawn", standpipe.Column{Name: "only", Value: "here"})
		out.Drop()
	case "fail":
		out.EmitText("withdrawn")
		return standpipe.Failf("bad", "%q is bad", value)
	case "wrap":
		return fmt.Errorf("first line\nsecond: %w", standpipe.Fail("inner", "text"))
	case "plain":
		return errors.New("no\xffthing")
	case "panic":
		out.EmitText("withdrawn")
		panic("boom at " + value)
	case "index":
		out.Emit(record.Payload()[len(value)+100:])
	case "tenant":
		out.EmitText(value, standpipe.Column{Name: "tenant", Value: value})
	case "json":
		return out.EmitJSON(map[string]any{"a": "<é>"})
	case "channel":
		return out.EmitJSON(make(chan int))
	case "column":
		tenant, ok := record.Column("tenant")
		out.EmitText(fmt.Sprintf("%d %s %v", record.ArrivalMS(), tenant, ok))
	case "say":
		standpipe.Logf(standpipe.Info, "said %s", value)
		standpipe.Count("said", 1)
		out.EmitText("said")
	default:
		out.EmitText(*prefix + word)
	}
	return nil
}

func TestEachRecordHasItsOutcome(t *testing.T) {
	outcomes := standpipetest.Run(t, `{"prefix":"-"}`,
		"a", "drop", "fail x", "wrap", "plain", "panic here", "index", "json", "channel", "say hey", "say you", "b", "")
	if want, got := []string{"-a", `{"a":"<é>"}`, "said", "said", "-b", "-"}, outcomes.Texts(); !slices.Equal(got, want) {
		t.Errorf("outputs %q, want %q", got, want)
	}
	if !slices.Equal(outcomes.Dropped, []int{1}) {
		t.Errorf("dropped %v", outcomes.Dropped)
	}
	want := []standpipetest.Failed{
		{Record: 2, Code: "bad", Message: `"x" is bad`},
		{Record: 3, Code: "inner", Message: "first line; second: text"},
		{Record: 4, Code: "error", Message: "no\ufffdthing"},
		{Record: 5, Code: "uncaught", Message: "boom at here"},
		{Record: 6, Code: "uncaught", Message: "runtime error: slice bounds out of range [100:5]"},
		{Record: 8, Code: "error", Message: "json: unsupported type: chan int"},
	}
	for i, failed := range outcomes.Failed {
		message, stack, _ := strings.Cut(failed.Message, "\n")
		if failed.Message = message; failed != want[i] {
			t.Errorf("failure %+v, want %+v", failed, want[i])
		}
		if inside := strings.HasPrefix(stack, "standpipe.dev/sdk_test.transform ("); inside != (failed.Code == "uncaught") {
			t.Errorf("%s has the stack %q", failed.Message, stack)
		}
	}
	if outcomes.Counts["said"] != 2 || len(outcomes.Logs) != 2 || outcomes.Logs[1].Message != "said you" {
		t.Errorf("counts %v, logs %v", outcomes.Counts, outcomes.Logs)
	}
}

func TestColumnsAreInheritedUnlessSet(t *testing.T) {
	tenant := map[string]string{"tenant": "old", "other": "kept"}
	outcomes := standpipetest.RunRecords(t, `{}`,
		standpipetest.Record{Payload: "tenant new", Columns: tenant},
		standpipetest.Record{Payload: "a", Columns: tenant},
		standpipetest.Record{Payload: "b"},
		standpipetest.Record{Payload: "drop"},
		standpipetest.Record{Payload: "column", Columns: tenant, ArrivalMS: 5},
		standpipetest.Record{Payload: "column"},
	)
	if got := outcomes.Texts()[3:]; !slices.Equal(got, []string{"5 old true", "0  false"}) {
		t.Errorf("outputs %q", got)
	}
	for i, want := range []map[string]string{{"tenant": "new", "other": "kept"}, tenant, {}} {
		if got := outcomes.Outputs[i].Columns; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("output %d has the columns %v, want %v", i, got, want)
		}
	}
}

func TestParamsAreRefused(t *testing.T) {
	for params, want := range map[string]string{
		`{"prefix":5}`:        "bad-params: json: cannot unmarshal number into Go struct field params.prefix of type string",
		`{"prefixes":"a"}`:    `bad-params: json: unknown field "prefixes"`,
		`{} {}`:               "bad-params: something follows the params",
		`{"prefix":"refuse"}`: "bad-params: that prefix is taken",
		`{"prefix":"panic"}`:  "uncaught: boom at init",
	} {
		var failure *standpipe.Failure
		if !errors.As(standpipetest.Init(params), &failure) {
			t.Errorf("%s was taken", params)
			continue
		}
		message, _, _ := strings.Cut(failure.Message, "\n")
		if got := failure.Code + ": " + message; got != want {
			t.Errorf("%s: %q, want %q", params, got, want)
		}
	}
}

func TestABatchThatDoesNotFitTogetherIsRefused(t *testing.T) {
	if err := standpipetest.Init(`{}`); err != nil {
		t.Fatal(err)
	}
	for _, records := range []batch.Records{
		{Payload: []byte("abc"), Ends: []uint32{4}, ArrivalMS: []uint64{0}},
		{Payload: []byte("abc"), Ends: []uint32{3, 2}, ArrivalMS: []uint64{0, 0}},
		{Payload: []byte("abc"), Ends: []uint32{3}},
	} {
		if _, refused := batch.Plugin.Transform(&records); refused == nil || refused.Code != "bad-batch" {
			t.Errorf("%v: %v", records, refused)
		}
	}
}

func TestTheRecordPathAllocatesNothing(t *testing.T) {
	if err := standpipetest.Init(`{}`); err != nil {
		t.Fatal(err)
	}
	var records batch.Records
	for range 100 {
		records.Payload = append(records.Payload, "tenant abcdefgh"...)
		records.Ends = append(records.Ends, uint32(len(records.Payload)))
		records.ArrivalMS = append(records.ArrivalMS, 0)
	}
	// One for the text that the plugin asks for.
	if each := testing.AllocsPerRun(100, func() { batch.Plugin.Transform(&records) }) / 100; each > 1.1 {
		t.Errorf("%v allocations a record", each)
	}
}
