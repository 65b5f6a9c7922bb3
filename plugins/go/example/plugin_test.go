package main

import (
	"slices"
	"testing"

	"standpipe.dev/sdk/standpipetest"
)

func TestZones(t *testing.T) {
	outcomes := standpipetest.Run(t, `{"zones":["eu","us"]}`, `{"kind":"global"}`, `{"kind":"debug"}`, `[1]`)
	want := []string{`{"kind":"global","zone":"eu"}`, `{"kind":"global","zone":"us"}`}
	if got := outcomes.Texts(); !slices.Equal(got, want) {
		t.Errorf("outputs %q, want %q", got, want)
	}
	if zone := outcomes.Outputs[1].Columns["zone"]; zone != "us" {
		t.Errorf("the second output's zone is %q", zone)
	}
	if !slices.Equal(outcomes.Dropped, []int{1}) || outcomes.Counts["emitted"] != 2 {
		t.Errorf("dropped %v, counts %v", outcomes.Dropped, outcomes.Counts)
	}
	if len(outcomes.Failed) != 1 || outcomes.Failed[0].Code != "not-json" {
		t.Errorf("failed %v", outcomes.Failed)
	}
}

func TestParamsAreChecked(t *testing.T) {
	if err := standpipetest.Init(`{"zone":["eu"]}`); err == nil {
		t.Error("an unknown member was taken")
	}
}
