package main

import (
	"encoding/json"
	"strings"
	"testing"

	"standpipe.dev/sdk"
	"standpipe.dev/sdk/standpipetest"
)

func TestParamsAreChecked(t *testing.T) {
	for params, want := range map[string]string{
		`{"pair_separator":""}`:         "at least one character",
		`{"pair_separator":"=="}`:       "part of the other",
		`{"key_value_separator":" = "}`: "part of the other",
		`{"key_value_separator":"\t"}`:  "separates pairs",
		`{"quote":"''"}`:                "one ASCII character",
		`{"quote":"»"}`:                 "one ASCII character",
		`{"quote":"\\"}`:                "one ASCII character",
		`{"quote":"="}`:                 "part of a separator",
		`{"types":{"a":"int"}}`:         "`types.a` is `int`",
		`{"bare":true}`:                 "cannot unmarshal bool",
		`{"bare":"keep"}`:               "`bare` is `keep`",
		`{"duplicates":"all"}`:          "`duplicates` is `all`",
		`{"separator":";"}`:             "unknown field",
		`{"pair_separator":";","key_value_separator":":"}`: "",
	} {
		err := standpipetest.Init(params)
		if want == "" && err == nil {
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", params, err, want)
		}
	}
}

func TestManyKeys(t *testing.T) {
	var line, want strings.Builder
	for i := range 3 * few {
		key := strings.Repeat("k", i+1)
		line.WriteString(key + "=1 ")
		want.WriteString(`,"` + key + `":"2"`)
	}
	again := strings.ReplaceAll(line.String(), "=1", "=2")
	outcomes := standpipetest.Run(t, `{}`, line.String()+again, "a=1", line.String()+again)
	expected := "{" + want.String()[1:] + "}"
	if got := outcomes.Texts(); got[0] != expected || got[1] != `{"a":"1"}` || got[2] != expected {
		t.Errorf("got %q", got)
	}
}

// Whatever a line is, the record fails with a code or becomes a JSON object.
func FuzzLine(f *testing.F) {
	for _, line := range []string{
		`level=info msg="a \"quoted\" text" dur=1.5s user=`, `a=1 a=2`, "\"a b\"=\"\\ud83d\\ude00\\ud800\" c", `a=-.5e+7, b : 'x' ;;`, "\xff", "a=\"", `a="\`,
	} {
		f.Add(line, " ", "=", `"`, "true", "array")
		f.Add(line, ",", ":", "'", "drop", "fail")
		f.Add(line, "; ", " : ", "", "fail", "first")
	}
	f.Fuzz(func(t *testing.T, line, pair, equals, quote, bare, duplicates string) {
		params, _ := json.Marshal(map[string]any{
			"pair_separator": pair, "key_value_separator": equals, "quote": quote, "bare": bare, "duplicates": duplicates,
			"types": map[string]string{"a": "number", "b": "integer", "c": "boolean"},
		})
		if standpipetest.Init(string(params)) != nil {
			t.Skip()
		}
		outcomes := standpipetest.Run(t, string(params), line)
		for _, output := range outcomes.Outputs {
			var object map[string]any
			if err := json.Unmarshal([]byte(output.Payload), &object); err != nil {
				t.Errorf("%q: %v", output.Payload, err)
			}
		}
		for _, failed := range outcomes.Failed {
			if failed.Code == "error" || failed.Code == "uncaught" {
				t.Errorf("%v", failed)
			}
		}
	})
}

func BenchmarkLine(b *testing.B) {
	p, err := newParser(&Params{Types: map[string]kind{"status": integerKind}}, standpipe.Context{})
	if err != nil {
		b.Fatal(err)
	}
	line := []byte(`ts=2026-11-22T10:00:00Z level=info msg="request \"done\"" path=/a/b/c status=200 dur=1.5s user=ann`)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.parse(line); err != nil {
			b.Fatal(err)
		}
		p.out = p.members.appendJSON(p.out[:0])
	}
}
